"""`GET /v1/observations`: what holds now, what was known at an instant, every revision."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from measures_ingest.core import breakdowns, schemes
from measures_ingest.core.batch import Sender
from measures_ingest.core.definitions import Definition
from measures_ingest.core.rejects import Fault
from measures_ingest.repository import reading
from measures_ingest.repository.reading import Found, Place, Question
from measures_ingest.routes.desk import caller, desk
from measures_ingest.routes.tagged import tagged
from measures_ingest.schemas import ObservationPage, ObservationQuery
from tideline import periods
from tideline.errors import Forbidden, NotFound, Unreadable
from tideline.web import cursor_decode, cursor_encode

router: Final = APIRouter(tags=["observations"])


@router.get("/v1/observations", response_model=ObservationPage, summary="Values and their revisions")
async def list_observations(request: Request, asked: Annotated[ObservationQuery, Query()]) -> Response:
    definition = await _readable(request, asked.measure)
    question = Question(
        measure=asked.measure,
        since=_period(asked.since, definition).start if asked.since else None,
        until=_period(asked.to, definition).end if asked.to else None,
        breakdown=None if asked.breakdown is None else _cell(asked.breakdown, definition),
        known_at=_instant(asked.known_at) if asked.known_at else None,
        revisions=asked.revisions,
        after=_place(asked.cursor) if asked.cursor else None,
        limit=asked.limit + 1,
    )
    async with desk(request).database.transaction(read_only=True) as connection:
        found = await reading.find(connection, question)
    more = found[asked.limit - 1] if len(found) > asked.limit else None
    next_page = cursor_encode(more.series_id, more.start.isoformat(), more.revision) if more else None
    body = {"items": [_told(one, definition) for one in found[: asked.limit]], "next": next_page}
    return tagged(request, body)


async def _readable(request: Request, measure: str) -> Definition:
    """Any valid token reads every measure; a feed key those it may write."""
    who = await caller(request)
    known = desk(request).definitions
    if measure not in known.known:
        await known.refresh()
    definition = known.known.get(measure)
    if definition is None:
        raise NotFound(f"no measure {measure[:100]!r} is defined")
    if isinstance(who, Sender) and not who.scope.admits(definition.code, definition.department):
        raise Forbidden(f"this key does not reach {measure!r}", code="not_your_measure")
    return definition


def _period(given: str, definition: Definition) -> periods.Period:
    try:
        return periods.parse(given, definition.calendar)
    except periods.BadPeriod as reason:
        raise Unreadable(str(reason), code="bad_period") from reason


def _cell(given: str, definition: Definition) -> str:
    cell = breakdowns.canonical(_cells(given.strip()), definition.dimensions)
    if isinstance(cell, Fault):
        raise Unreadable(cell.detail, code=cell.code.value)
    return cell


def _cells(given: str) -> dict[str, str | int]:
    if not given.startswith("{"):
        pairs = (part.partition(":") for part in given.split(",") if part)
        return {dimension.strip(): label for dimension, _, label in pairs}
    try:
        found = json.loads(given)
    except ValueError as reason:
        raise Unreadable(f"the breakdown is not JSON: {reason}", code="bad_breakdown") from reason
    if not all(isinstance(label, str | int) for label in found.values()):
        raise Unreadable("a breakdown holds texts", code="bad_breakdown")
    return {**found}


def _instant(given: str) -> datetime:
    """A `+` that nobody encoded arrives as a space."""
    for text in (given, given.replace(" ", "+")):
        try:
            found = datetime.fromisoformat(text)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    raise Unreadable(f"known_at is an instant such as 2017-03-14T09:30:00Z, not {given!r}", code="bad_instant")


def _place(cursor: str) -> Place:
    series, start, revision = cursor_decode(cursor, 3)
    try:
        return int(series), date.fromisoformat(start), int(revision)
    except (TypeError, ValueError) as reason:
        raise Unreadable("this cursor belongs to another list", code="bad_cursor") from reason


def _told(one: Found, definition: Definition) -> dict[str, Any]:
    return {
        "measure": definition.code,
        "period": schemes.period_id(one.start, one.scheme),
        "breakdown": breakdowns.cells(one.breakdown),
        **{name: getattr(one, name) for name in _PLAIN},
        "left_behind": one.scheme != definition.scheme,
    }


_PLAIN: Final = (
    "value",
    "numerator",
    "denominator",
    "flag",
    "note",
    "revision",
    "batch",
    "source",
    "recorded_at",
    "superseded_at",
)
