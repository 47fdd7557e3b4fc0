"""What a status read asks for: a node, a period, a time of knowledge, and who is asking."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.core.facts import CITY, Node
from rollup_worker.repository import plan
from rollup_worker.repository.assessments import Stored
from tideline.auth import optional_principal
from tideline.database import Connection, Database
from tideline.errors import Invalid, NotFound
from tideline.vocabulary import CODE, Kind
from tideline.web import etag, not_modified

KINDS: Final = {
    "departments": Kind.DEPARTMENT,
    "areas": Kind.AREA,
    "goals": Kind.GOAL,
    "measures": Kind.MEASURE,
}
NODE: Final[list[dict[str, Any]]] = [
    {"name": "kind", "in": "path", "required": True, "schema": {"type": "string", "enum": list(KINDS)}},
    {"name": "code", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[a-z0-9-]+$"}},
]
MEASURE: Final = NODE[1:]
WHEN: Final[list[dict[str, Any]]] = [
    {
        "name": "as_of",
        "in": "query",
        "schema": {"type": "string"},
        "description": "A period: the status as it stood at its end (`2017-03`, `2017-Q1`).",
    },
    {
        "name": "known_at",
        "in": "query",
        "schema": {"type": "string"},
        "description": "An instant, or a day (its end, UTC): what was known then.",
    },
]


@dataclass(frozen=True, slots=True)
class Asked:
    node: Node
    as_of: str | None
    known_at: datetime | None
    staff: bool

    @property
    def audience(self) -> str:
        return "staff" if self.staff else "public"


def ask(request: Request) -> Asked:
    """Raises NotFound for an unknown kind, Invalid for an unreadable time, Unauthorized for a wrong token."""
    query = request.query_params
    return Asked(_node(request), query.get("as_of"), instant(query.get("known_at")), is_staff(request))


def is_staff(request: Request) -> bool:
    """Whoever brings a valid token also sees what is not published. Raises Unauthorized for a wrong one."""
    return optional_principal(request) is not None


def database_of(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


async def admit(connection: Connection, asked: Asked, current: Stored | None) -> None:
    """Raises NotFound for a node that is not defined, or that this reader may not see."""
    if asked.node == CITY or (current is not None and (current.published or asked.staff)):
        return
    definition = await plan.find_definition(connection, asked.node)
    if definition is None or not (definition.published or asked.staff):
        raise NotFound(f"there is no {asked.node.kind} {asked.node.code}")


def number(request: Request, name: str, usual: int, most: int) -> int:
    """A whole number from the query, from 1 to `most`. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Invalid(f"`{name}` is a number from 1 to {most}", code="bad_request")
    return int(text)


def answer(request: Request, body: bytes, tag: str, *, staff: bool) -> Response:
    """304 for a reader who has this version. Everybody asks again each time; what staff sees is not shared."""
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache" if staff else "public, no-cache",
        "Vary": "Authorization",
    }
    found = not_modified(request, tag) or Response(body, media_type="application/json")
    found.headers.update(headers)
    return found


def answer_computed(request: Request, asked: Asked, body: bytes) -> Response:
    """The same content has the same tag for the same audience."""
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return answer(request, body, etag(f"{tag}-{asked.audience}"), staff=asked.staff)


def _node(request: Request) -> Node:
    words = request.path_params
    if "code" not in words:
        return CITY
    kind = words.get("kind", "measures")
    if kind not in KINDS:
        raise NotFound(f"there is no status of {kind[:60]}; there is of {', '.join(KINDS)} and the city")
    if not CODE.fullmatch(words["code"]):
        raise NotFound(f"there is no {KINDS[kind]} {words['code'][:100]!r}")
    return Node(KINDS[kind], words["code"])


def instant(text: str | None) -> datetime | None:
    """A day stands for its end. Raises Invalid."""
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), UTC)
        found = datetime.fromisoformat(text.replace(" ", "+"))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as fault:
        raise Invalid(f"{text[:60]!r} is no instant; write 2017-03-12T09:30:00Z", code="bad_known_at") from fault
