"""What can go wrong in words a caller can act on; rendered as RFC 9457 problem details.

AppError
 ├─ Unreadable 400 · Unauthorized 401 · Forbidden 403 · NotFound 404 · Conflict 409 · Gone 410
 ├─ PreconditionFailed 412 · TooLarge 413 · Unsupported 415 · Invalid 422 · PreconditionRequired 428
 └─ TooMany 429 · Unavailable 503
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class AppError(Exception):
    """An answer other than success. `code` is stable; `extra` becomes members of the problem document."""

    status = 500
    code = "internal"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.headers = dict(headers or {})
        self.extra = extra


class Unreadable(AppError):
    status, code = 400, "unreadable"


class Unauthorized(AppError):
    status, code = 401, "unauthorized"


class Forbidden(AppError):
    status, code = 403, "forbidden"


class NotFound(AppError):
    status, code = 404, "not_found"


class Conflict(AppError):
    status, code = 409, "conflict"


class Gone(AppError):
    status, code = 410, "gone"


class PreconditionFailed(AppError):
    status, code = 412, "version_is_stale"


class TooLarge(AppError):
    status, code = 413, "too_large"


class Unsupported(AppError):
    status, code = 415, "unsupported_media_type"


class Invalid(AppError):
    status, code = 422, "invalid"


class PreconditionRequired(AppError):
    status, code = 428, "if_match_required"


class TooMany(AppError):
    status, code = 429, "too_many_requests"


class Unavailable(AppError):
    status, code = 503, "unavailable"


def problem(error: AppError, instance: str = "") -> dict[str, Any]:
    """The RFC 9457 members of an error."""
    return {
        "type": f"urn:tideline:problem:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **({"instance": instance} if instance else {}),
        **error.extra,
    }
