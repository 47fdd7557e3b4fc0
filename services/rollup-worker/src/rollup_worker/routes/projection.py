"""`…/projection`: where a measure is heading, and the measures under a goal, department, area or the city."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import moment
from rollup_worker.actions.projecting import Wish, project
from rollup_worker.core.trend import POINTS_MAX, POINTS_MIN
from rollup_worker.repository import assessments, plan
from rollup_worker.routes.asked import NODE, WHEN, Asked, admit, answer_computed, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.outlook import Outlook
from tideline.errors import Invalid
from tideline.events import encode

CONFIDENCE: Final = Decimal("0.95")
LOWEST, HIGHEST = Decimal("0.5"), Decimal("0.999")
LIMIT, LIMIT_MAX = 50, 200


async def projection(request: Request) -> Response:
    asked = ask(request)
    wish = _wish(request, asked)
    async with database_of(request).transaction(read_only=True) as connection:
        await admit(connection, asked, await assessments.find_current(connection, asked.node))
        when = await moment(connection, asked.as_of, asked.known_at, asked.node)
        known = await plan.find_plan(connection, asked.known_at)
        body = encode(await project(connection, known, asked.node, when, wish))
    return answer_computed(request, asked, body)


def _wish(request: Request, asked: Asked) -> Wish:
    points = request.query_params.get("points")
    return Wish(
        _confidence(request.query_params.get("confidence")),
        None if points is None else _whole("points", points, POINTS_MIN, POINTS_MAX),
        _whole("limit", request.query_params.get("limit") or str(LIMIT), 1, LIMIT_MAX),
        asked.staff,
    )


def _confidence(text: str | None) -> Decimal:
    try:
        found = CONFIDENCE if text is None else Decimal(text[:12])
    except InvalidOperation:
        found = Decimal("NaN")
    if found.is_nan() or not LOWEST <= found <= HIGHEST:
        raise Invalid(f"`confidence` is a share from {LOWEST} to {HIGHEST}", code="bad_request")
    return found


def _whole(name: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        raise Invalid(f"`{name}` is a number from {least} to {most}", code="bad_request")
    return int(text)


_QUERY: Final[list[dict[str, Any]]] = [
    *WHEN,
    {
        "name": "confidence",
        "in": "query",
        "schema": {"type": "number", "minimum": float(LOWEST), "maximum": float(HIGHEST), "default": float(CONFIDENCE)},
        "description": "How sure the prediction interval shall be.",
    },
    {
        "name": "points",
        "in": "query",
        "schema": {"type": "integer", "minimum": POINTS_MIN, "maximum": POINTS_MAX},
        "description": "Through how many of the last periods the line is laid; unsaid, whole cycles of the season.",
    },
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT},
        "description": "How many measures of a node with children are told.",
    },
]
OPERATIONS: Final = [
    Operation(
        "/v1/status/city/projection",
        projection,
        "Where the measures of the city are heading",
        Outlook,
        _QUERY,
        tagged=True,
    ),
    Operation(
        "/v1/status/{kind}/{code}/projection",
        projection,
        "Where a node is heading",
        Outlook,
        [*NODE, *_QUERY],
        tagged=True,
    ),
]
