"""`…/series`: a measure over time, with what its periods add up to and what stood there before."""

from itertools import islice, takewhile
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import moment
from rollup_worker.actions.loading import Loaded, load_series
from rollup_worker.actions.withholding import withheld_headlines
from rollup_worker.core.facts import Plan
from rollup_worker.core.headline import headlines
from rollup_worker.core.judge import by_owner
from rollup_worker.core.series import A_YEAR, Series
from rollup_worker.core.weights import weighing
from rollup_worker.repository import assessments, plan
from rollup_worker.routes.asked import MEASURE, WHEN, Asked, admit, ask, database_of, number
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.series import SeriesPage, series_line
from tideline import periods
from tideline.errors import Invalid, NotFound, Unreadable
from tideline.events import Calendar, MeasureDefined, encode
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency
from tideline.web import cursor_decode, cursor_encode

ITEMS_MAX: Final = 500
ITEMS: Final = 24
TRAILING_MAX: Final = 400


async def series(request: Request) -> Response:
    asked = ask(request)
    async with database_of(request).transaction(read_only=True) as connection:
        await admit(connection, asked, await assessments.find_current(connection, asked.node))
        known = await plan.find_plan(connection, asked.known_at)
        definition = known.measures.get(asked.node.code)
        if definition is None:
            raise NotFound(f"there was no measure {asked.node.code} then")
        when = await moment(connection, asked.as_of, asked.known_at, asked.node)
        loaded = (await load_series(connection, {definition.code: definition}, when))[definition.code]
    found = _series(request, asked, known, loaded)
    return Response(encode(_page(request, found)), media_type="application/json", headers={"Cache-Control": "no-cache"})


def _series(request: Request, asked: Asked, known: Plan, loaded: Loaded) -> Series:
    """Staff see every headline, the public those that no small number keeps from it."""
    definition, level = loaded.definition, _level(request, loaded.definition)
    own, _ = by_owner(loaded.cells)
    weights = weighing(by_owner(loaded.weights)[0])
    held, concealed = headlines(definition, own, weights), frozenset[Period]()
    if not asked.staff:
        concealed = withheld_headlines(loaded, known)
    return Series(
        definition,
        loaded.targets,
        {period: headline for period, headline in held.items() if period not in concealed},
        level,
        number(request, "trailing", A_YEAR[level], TRAILING_MAX),
        concealed,
    )


def _page(request: Request, found: Series) -> SeriesPage:
    calendar, limit = found.definition.calendar, number(request, "limit", ITEMS, ITEMS_MAX)
    first, start = _asked_first(request, calendar), _asked_last(request, found)
    wanted = takewhile(lambda period: first is None or period.start >= first.start, found.newest_first(start))
    shown = list(islice(wanted, limit + 1))
    return SeriesPage(
        level=found.level,
        trailing=found.window,
        items=[series_line(found.at(period), calendar) for period in shown[:limit]],
        next=cursor_encode(periods.identify(shown[limit], calendar)) if len(shown) > limit else None,
    )


def _asked_first(request: Request, calendar: Calendar) -> Period | None:
    text = request.query_params.get("from")
    return _period(text, calendar) if text else None


def _asked_last(request: Request, found: Series) -> Period | None:
    """The period that the cursor names, else the last that begins within `to`."""
    query, calendar = request.query_params, found.definition.calendar
    if cursor := query.get("cursor"):
        period = _period(str(cursor_decode(cursor)[0]), calendar)
        if period.frequency is not found.level:
            raise Unreadable("this cursor belongs to another list", code="bad_cursor")
        return period
    if text := query.get("to"):
        return periods.containing(_period(text, calendar).last_day, found.level, calendar)
    return None


def _level(request: Request, definition: MeasureDefined) -> Frequency:
    own, text = Frequency(definition.frequency), request.query_params.get("level")
    if text is None or text == own:
        return own
    if text not in set(Frequency) or not periods.is_coarser(Frequency(text), own):
        raise Invalid(f"`level` is {own} or a longer period", code="bad_request")
    return Frequency(text)


def _period(text: str, calendar: Calendar) -> Period:
    try:
        return periods.parse(text, calendar)
    except BadPeriod as fault:
        raise Invalid(str(fault), code="bad_period") from fault


def _whole(name: str, most: int) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": most}}


_TEXT: Final = {"type": "string"}
_QUERY: Final[list[dict[str, Any]]] = [
    {
        "name": "level",
        "in": "query",
        "schema": {"type": "string", "enum": list(Frequency)},
        "description": "The periods to show; unsaid, the measure's own.",
    },
    {"name": "from", "in": "query", "schema": _TEXT, "description": "The first period, by the day it begins."},
    {"name": "to", "in": "query", "schema": _TEXT, "description": "The last period, by the day it begins."},
    {**_whole("trailing", TRAILING_MAX), "description": "The length of the trailing window; unsaid, a year."},
    _whole("limit", ITEMS_MAX),
    {"name": "cursor", "in": "query", "schema": _TEXT},
]
OPERATIONS: Final = [
    Operation(
        "/v1/status/measures/{code}/series", series, "A measure over time", SeriesPage, [*MEASURE, *_QUERY, *WHEN]
    )
]
