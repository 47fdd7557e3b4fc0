"""`…/comparison`: a measure beside its peers and its own past."""

from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import moment
from rollup_worker.actions.comparing import compare
from rollup_worker.repository import assessments, plan
from rollup_worker.routes.asked import NODE, WHEN, admit, answer_computed, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.beside import Comparison
from tideline.errors import Invalid
from tideline.events import encode

LIMIT, LIMIT_MAX = 60, 600


async def comparison(request: Request) -> Response:
    asked, most = ask(request), _limit(request.query_params.get("limit"))
    async with database_of(request).transaction(read_only=True) as connection:
        await admit(connection, asked, await assessments.find_current(connection, asked.node))
        when = await moment(connection, asked.as_of, asked.known_at, asked.node)
        known = await plan.find_plan(connection, asked.known_at)
        body = encode(await compare(connection, known, asked.node.code, when, most, staff=asked.staff))
    return answer_computed(request, asked, body)


def _limit(text: str | None) -> int:
    if text is None:
        return LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LIMIT_MAX):
        raise Invalid(f"`limit` is a number from 1 to {LIMIT_MAX}", code="bad_request")
    return int(text)


_QUERY: Final[list[dict[str, Any]]] = [
    NODE[1],
    *WHEN,
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT},
        "description": "How many periods of each series are told, the latest ones.",
    },
]
OPERATIONS: Final = [
    Operation(
        "/v1/status/measures/{code}/comparison",
        comparison,
        "A measure beside its peers and its past",
        Comparison,
        _QUERY,
        tagged=True,
    )
]
