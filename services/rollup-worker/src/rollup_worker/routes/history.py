"""`…/history`: the versions of a status as they became known, or the statuses at the ends of periods."""

from datetime import date, timedelta
from typing import Any, Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import judge_known, moment, veil_of
from rollup_worker.actions.reasons import public_words
from rollup_worker.core.facts import NodeStatus
from rollup_worker.core.veil import covered
from rollup_worker.repository import assessments, plan
from rollup_worker.repository.assessments import Stored
from rollup_worker.repository.plan import Defined
from rollup_worker.routes.asked import NODE, Asked, admit, ask, database_of
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
    limit = _limit(request, 50, VERSIONS_MAX)
    before = _before(request)
    found = await assessments.list_versions(connection, asked.node, before, limit)
    items = [_version(each, staff=asked.staff) for each in found if each.published or asked.staff]
    return VersionPage(items, cursor_encode(found[-1].version) if len(found) == limit else None)


async def _periods(connection: Connection, request: Request, asked: Asked) -> PeriodPage:
    """Newest first, back to where there was nothing yet."""
    definition = await plan.find_definition(connection, asked.node)
    known = await plan.find_plan(connection, asked.known_at)
    calendar = definition.calendar if isinstance(definition, MeasureDefined) else periods.STANDARD
    limit = _limit(request, 12, PERIODS_MAX)

    async def at(as_of: str | None) -> NodeStatus:
        when = await moment(connection, as_of, asked.known_at, definition)
        tree = await judge_known(connection, known, asked.node, when)
        found = tree.statuses[asked.node]
        return found if asked.staff else covered(found, veil_of(tree, asked.node))

    period = _asked_first(request, definition, calendar, (await at(None)).as_of_end)
    items: list[PeriodLine] = []
    while period is not None and len(items) < limit:
        name = periods.identify(period, calendar)
        found = await at(name)
        if found.as_of is None:
            return PeriodPage(items, None)
        items.append(_line(name, found))
        period = _previous(period, calendar)
    return PeriodPage(items, cursor_encode(periods.identify(period, calendar)) if period else None)


def _asked_first(request: Request, definition: Defined | None, calendar: Calendar, end: date | None) -> Period | None:
    """The period that the cursor names, else the one in which the last judged one ends."""
    try:
        if cursor := request.query_params.get("cursor"):
            return periods.parse(str(cursor_decode(cursor)[0]), calendar)
        frequency = Frequency(request.query_params.get("frequency") or _own(definition))
    except (BadPeriod, ValueError) as fault:
        raise Invalid(str(fault), code="bad_period") from fault
    return periods.containing(end - timedelta(days=1), frequency, calendar) if end else None


def _own(definition: Defined | None) -> str:
    return definition.frequency if isinstance(definition, MeasureDefined) else Frequency.QUARTER


def _previous(period: Period, calendar: Calendar) -> Period | None:
    try:
        return periods.previous(period, calendar)
    except BadPeriod:
        return None


def _line(period: str, found: NodeStatus) -> PeriodLine:
    return PeriodLine(
        period=period,
        as_of=found.as_of,
        status=found.status,
        score=found.score,
        value=found.value,
        target=found.target,
        qualifiers=words(found.qualifiers),
        coverage=coverage_words(found.coverage),
    )


def _version(each: Stored, *, staff: bool) -> VersionLine:
    found, why = _documents.decode(each.text(staff=staff)), msgspec.json.decode(each.why)
    return VersionLine(
        version=each.version,
        known_from=each.known_from,
        known_to=each.known_to,
        as_of=found.as_of,
        status=found.status,
        score=found.score,
        value=found.value,
        target=found.target,
        qualifiers=found.qualifiers,
        changed=list(each.changed),
        why=why if staff else public_words(why),
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
    Operation("/v1/status/city/history", history, "The city's status over time", VersionPage, _QUERY),
    Operation("/v1/status/{kind}/{code}/history", history, "A status over time", VersionPage, [*NODE, *_QUERY]),
]
