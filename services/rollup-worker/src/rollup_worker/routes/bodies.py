"""Bodies of plain routes: JSON within a bound, read straight into the struct that the route takes."""

from typing import Final, TypeVar

import msgspec
from fastapi import Request

from tideline.errors import Invalid, TooLarge, Unreadable, Unsupported

BYTES_MAX: Final = 64 * 1024

Body = TypeVar("Body", bound=msgspec.Struct)


async def read_body(request: Request, shape: type[Body], most: int = BYTES_MAX) -> Body:
    """Decimals keep every digit. Raises Unsupported, TooLarge, Unreadable, and Invalid with the place of the fault."""
    media = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        raise Unsupported("send JSON, without a content encoding")
    try:
        return msgspec.json.decode(await _bounded(request, most), type=shape)
    except msgspec.ValidationError as fault:
        raise _invalid(str(fault)) from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Unreadable(f"this is no JSON: {fault}") from fault


async def _bounded(request: Request, most: int) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"a body here has at most {most} bytes")
    return body


def _invalid(said: str) -> Invalid:
    detail, _, place = said.partition(" - at `$")
    fault = {"path": place.strip("`.").removeprefix("."), "code": "bad_value", "detail": detail}
    return Invalid("the body does not have this shape", errors=[fault])
