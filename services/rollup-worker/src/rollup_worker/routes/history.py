"""`…/history`: the versions of a status as they became known, or the statuses at the ends of periods."""

from datetime import date, timedelta
from itertools import takewhile
from typing import Any, Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import calendar_of, definition_of, moment, veil_of
from rollup_worker.actions.judging import Tree
from rollup_worker.actions.past import judge_periods
from rollup_worker.actions.reasons import public_words
from rollup_worker.core.facts import CITY
from rollup_worker.core.veil import covered
from rollup_worker.repository import assessments, plan
from rollup_worker.repository.assessments import Stored, VersionSpan
from rollup_worker.repository.plan import Defined
from rollup_worker.routes.asked import NODE, WHEN, Asked, admit, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.document import Document, coverage_words, words
from rollup_worker.schemas.reads import PeriodLine, PeriodPage, VersionLine, VersionPage
from tideline import periods
from tideline.database import Connection
from tideline.errors import Invalid, Unreadable
from tideline.events import Calendar, MeasureDefined, encode
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency
from tideline.web import cursor_decode, cursor_encode

VERSIONS_MAX: Final = 200
PERIODS_MAX: Final = 60

_documents: Final = msgspec.json.Decoder(Document)


async def history(request: Request) -> Response:
    asked = ask(request)
    by = request.query_params.get("by", "version")
    if by not in ("version", "period"):
        raise Invalid("`by` is version or period", code="bad_request")
    async with database_of(request).transaction(read_only=True) as connection:
        await admit(connection, asked, await assessments.find_current(connection, asked.node))
        page = await (_versions if by == "version" else _periods)(connection, request, asked)
    return Response(encode(page), media_type="application/json", headers={"Cache-Control": "no-cache"})


async def _versions(connection: Connection, request: Request, asked: Asked) -> VersionPage:
    """What was known by then, and of it the versions that had judged no later period than was asked for."""
    limit = _limit(request, 50, VERSIONS_MAX)
    when = await moment(connection, asked.as_of, asked.known_at, asked.node)
    span = VersionSpan(_before(request), when.known_at, when.as_of.end if when.as_of else None)
    found = await assessments.list_versions(connection, asked.node, span, limit)
    items = [_version(each, asked) for each in found if each.published or asked.staff]
    return VersionPage(items, cursor_encode(found[-1].version) if len(found) == limit else None)


async def _periods(connection: Connection, request: Request, asked: Asked) -> PeriodPage:
    """Newest first, back to where there was nothing yet."""
    known = await plan.find_plan(connection, asked.known_at)
    definition = definition_of(known, asked.node)
    calendar = await calendar_of(connection, definition, asked.known_at)
    when = await moment(connection, asked.as_of, asked.known_at, asked.node)
    first = _asked_first(request, definition, calendar, when.as_of.end if when.as_of else None)
    if first is None and (end := await _last_judged(connection, asked)):
        first = _around(end, request, definition, calendar)
    ends = _back(first, calendar, _limit(request, 12, PERIODS_MAX)) if first else []
    if not ends or (asked.node != CITY and definition is None):
        return PeriodPage([], None)
    trees = await judge_periods(connection, known, asked.node, when, ends)
    items = [_line(end, calendar, tree, asked) for end, tree in zip(ends, trees, strict=True)]
    told = list(takewhile(lambda item: item.as_of is not None, items))
    more = _previous(ends[-1], calendar) if len(told) == len(ends) else None
    return PeriodPage(told, cursor_encode(periods.identify(more, calendar)) if more else None)


async def _last_judged(connection: Connection, asked: Asked) -> date | None:
    """The end of the period that the newest version known by then had judged."""
    stored = (
        await assessments.find_known(connection, asked.node, asked.known_at)
        if asked.known_at
        else await assessments.find_current(connection, asked.node)
    )
    return _documents.decode(stored.document).as_of_end if stored else None


def _asked_first(request: Request, definition: Defined | None, calendar: Calendar, end: date | None) -> Period | None:
    """The period that the cursor names, else the one in which the period asked for ends."""
    try:
        if cursor := request.query_params.get("cursor"):
            return periods.parse(str(cursor_decode(cursor)[0]), calendar)
    except BadPeriod as fault:
        raise Invalid(str(fault), code="bad_period") from fault
    return _around(end, request, definition, calendar)


def _around(end: date | None, request: Request, definition: Defined | None, calendar: Calendar) -> Period | None:
    try:
        frequency = Frequency(request.query_params.get("frequency") or _own(definition))
    except ValueError as fault:
        raise Invalid(str(fault), code="bad_period") from fault
    return periods.containing(end - timedelta(days=1), frequency, calendar) if end else None


def _back(first: Period, calendar: Calendar, most: int) -> list[Period]:
    found, period = list[Period](), first
    while len(found) < most:
        found.append(period)
        before = _previous(period, calendar)
        if before is None:
            break
        period = before
    return found


def _own(definition: Defined | None) -> str:
    return definition.frequency if isinstance(definition, MeasureDefined) else Frequency.QUARTER


def _previous(period: Period, calendar: Calendar) -> Period | None:
    try:
        return periods.previous(period, calendar)
    except BadPeriod:
        return None


def _line(end: Period, calendar: Calendar, tree: Tree, asked: Asked) -> PeriodLine:
    status = tree.statuses[asked.node]
    found = status if asked.staff else covered(status, veil_of(tree, asked.node))
    return PeriodLine(
        period=periods.identify(end, calendar),
        as_of=found.as_of,
        status=found.status,
        score=found.score,
        value=found.value,
        target=found.target,
        qualifiers=words(found.qualifiers),
        coverage=coverage_words(found.coverage),
    )


def _version(each: Stored, asked: Asked) -> VersionLine:
    """What was not known yet at the time asked for is not told: neither a later end nor its versions."""
    found, why = _documents.decode(each.text(staff=asked.staff)), msgspec.json.decode(each.why)
    ended = each.known_to is not None and (asked.known_at is None or each.known_to <= asked.known_at)
    return VersionLine(
        version=each.version,
        known_from=each.known_from,
        known_to=each.known_to if ended else None,
        as_of=found.as_of,
        status=found.status,
        score=found.score,
        value=found.value,
        target=found.target,
        qualifiers=found.qualifiers,
        published=found.published.status if found.published else None,
        changed=list(each.changed),
        why=why if asked.staff else public_words(why),
    )


def _limit(request: Request, usual: int, most: int) -> int:
    text = request.query_params.get("limit")
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise Invalid(f"`limit` is a number from 1 to {most}", code="bad_request")
    return int(text)


def _before(request: Request) -> int | None:
    cursor = request.query_params.get("cursor")
    if not cursor:
        return None
    (before,) = cursor_decode(cursor)
    if type(before) is not int or not 0 <= before < 2**31:
        raise Unreadable("this cursor belongs to another list", code="bad_cursor")
    return before


_QUERY: Final[list[dict[str, Any]]] = [
    {"name": "by", "in": "query", "schema": {"type": "string", "enum": ["version", "period"]}},
    {"name": "frequency", "in": "query", "schema": {"type": "string", "enum": list(Frequency)}},
    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": VERSIONS_MAX}},
    {"name": "cursor", "in": "query", "schema": {"type": "string"}},
]
OPERATIONS: Final = [
    Operation(
        "/v1/status/city/history",
        history,
        "The city's status over time",
        VersionPage,
        [*WHEN, *_QUERY],
        also=PeriodPage,
    ),
    Operation(
        "/v1/status/{kind}/{code}/history",
        history,
        "A status over time",
        VersionPage,
        [*NODE, *WHEN, *_QUERY],
        also=PeriodPage,
    ),
]
