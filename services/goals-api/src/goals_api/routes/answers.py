"""Answers: exact JSON with an ETag, one page of a list, and what the documentation says of problems."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from fastapi import Response
from pydantic import BaseModel, Field

from goals_api.core.entities import Content, Stored, plain
from goals_api.routes.visit import Visit
from tideline import events
from tideline.errors import Unreadable
from tideline.web import PROBLEM, cursor_decode, cursor_encode, etag, not_modified

Item = TypeVar("Item")


class FaultView(BaseModel):
    path: str = Field(examples=["goals[3].metrics[1]"])
    code: str = Field(examples=["unknown_measure"])
    detail: str = Field(examples=["there is no measure potholes"])


class ProblemView(BaseModel):
    """RFC 9457 problem details; `code` is stable."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: list[FaultView] = Field(default=[], description="Every fault, where there are several.")


_SAID: Final = {
    400: "The body cannot be read.",
    401: "A token is needed, or the one given is not valid.",
    403: "The token does not carry the role or the department.",
    404: "There is none, or it is not published.",
    409: "The code is taken.",
    412: "The version named by If-Match is not the newest.",
    413: "The body is too large.",
    415: "The body is of a type that is not read here.",
    422: "Faults; all of them are listed and nothing is stored.",
    428: "If-Match is needed.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of the answers a route may give beside its own."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemView"}}
    return {
        status: {"model": ProblemView, "description": _SAID[status], "content": {PROBLEM: schema}}
        for status in statuses
    }


def shown(stored: Stored[Content]) -> dict[str, Any]:
    """An entity as readers see it."""
    return plain(stored.content) | {
        "version": stored.version,
        "plan": stored.plan,
        "retired": stored.retired,
        "retirement_note": stored.retirement_note,
        "changed_at": stored.changed_at,
    }


def answer(
    visit: Visit,
    body: Mapping[str, Any],
    *,
    status: int = 200,
    version: int | None = None,
    location: str | None = None,
) -> Response:
    """JSON with every digit. The ETag is the version where there is one, else a digest of the body."""
    content = events.encode(body)
    tag = etag(version if version is not None else hashlib.sha256(content).hexdigest()[:32])
    headers = {"ETag": tag, "Vary": "Authorization"} | ({"Location": location} if location else {})
    if visit.request.method == "GET" and (unchanged := not_modified(visit.request, tag)):
        unchanged.headers["Vary"] = "Authorization"
        return unchanged
    return Response(content, status, headers, "application/json")


def position(cursor: str, *parts: type[str] | type[int]) -> list[Any]:
    """Where a list goes on. Raises Unreadable for a cursor of another list, or none of ours."""
    found = cursor_decode(cursor, len(parts))
    for value, part in zip(found, parts, strict=True):
        if type(value) is not part or "\0" in str(value) or (isinstance(value, int) and not 0 <= value < 2**63):
            raise Unreadable("this cursor belongs to another list", code="bad_cursor")
    return found


def page(
    visit: Visit,
    found: Sequence[Item],
    limit: int,
    show: Callable[[Item], Mapping[str, Any]],
    place: Callable[[Item], tuple[str | int, ...]],
) -> Response:
    """One page of a list that was asked for one item more than the limit."""
    kept = found[:limit]
    following = cursor_encode(*place(kept[-1])) if len(found) > limit else None
    return answer(visit, {"items": [show(item) for item in kept], "next": following})
