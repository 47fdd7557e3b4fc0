"""`…/gaps`: how far the groups of a measure are apart, and of all measures beneath a node, worst first."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import definition_of, moment, node_name
from rollup_worker.actions.gaps import WORST_FIRST, View, gaps_of, judged_period
from rollup_worker.actions.loading import Loaded, Moment, load_series, stream_series
from rollup_worker.core import graph
from rollup_worker.core.equity import Gap
from rollup_worker.core.facts import CITY, PEER, Node, Plan
from rollup_worker.core.suppression import city_limit
from rollup_worker.repository import assessments, plan
from rollup_worker.routes.asked import MEASURE, NODE, WHEN, Asked, admit, answer, ask, database_of, number
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.gaps import DimensionGaps, GapList, MeasureGap, MeasureGaps
from tideline import periods
from tideline.database import Connection
from tideline.errors import Invalid, NotFound
from tideline.events import MeasureDefined, encode
from tideline.vocabulary import Kind
from tideline.web import etag

HISTORY_MAX: Final = 60


async def gaps(request: Request) -> Response:
    asked = ask(request)
    history = number(request, "history", 0, HISTORY_MAX) if "history" in request.query_params else 0
    async with database_of(request).transaction(read_only=True) as connection:
        await admit(connection, asked, await assessments.find_current(connection, asked.node))
        known = await plan.find_plan(connection, asked.known_at)
        if asked.node != CITY and definition_of(known, asked.node) is None:
            raise NotFound(f"there was no {asked.node.kind} {asked.node.code} then")
        view = View(asked.staff, city_limit(known), history, request.query_params.get("dimension"))
        told = await (_measure if asked.node.kind is Kind.MEASURE else _beneath)(connection, asked, known, view)
    tag = hashlib.blake2b(encode(msgspec.structs.replace(told, known_at=None)), digest_size=12).hexdigest()
    return answer(request, encode(told), etag(f"{tag}-{asked.audience}"), staff=asked.staff)


async def _measure(connection: Connection, asked: Asked, known: Plan, view: View) -> MeasureGaps:
    definition = known.measures[asked.node.code]
    when = await moment(connection, asked.as_of, asked.known_at, asked.node)
    found = (await load_series(connection, {definition.code: definition}, when))[definition.code]
    if view.dimension is not None:
        _admit_dimension(found, view.dimension)
    return MeasureGaps(
        node=node_name(asked.node, definition),
        as_of=_as_of(found, when),
        known_at=asked.known_at,
        unit=definition.unit,
        direction=definition.direction,
        dimensions=gaps_of(found, when, view),
    )


async def _beneath(connection: Connection, asked: Asked, known: Plan, view: View) -> GapList:
    when = await moment(connection, asked.as_of, asked.known_at, asked.node)
    definitions = {
        code: measure
        for code in _measures_under(known, asked.node)
        if ((measure := known.measures[code]).published or asked.staff) and (measure.breakdowns or measure.equity)
    }
    lines = [
        _line(loaded.definition, _as_of(loaded, when), each)
        async for loaded in stream_series(connection, definitions, when)
        for each in gaps_of(loaded, when, view)
        if view.dimension in (None, each.dimension)
    ]
    return GapList(
        node=node_name(asked.node, definition_of(known, asked.node)),
        known_at=asked.known_at,
        counts=dict(sorted(Counter(line.status.value for line in lines).items())),
        items=sorted(lines, key=_urgency),
    )


def _measures_under(known: Plan, root: Node) -> list[str]:
    below: dict[Node, list[Node]] = {}
    for edge in graph.edges(known):
        below.setdefault(edge.parent, []).append(edge.child)
    found, waiting = set[Node](), [root]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += below.get(node, [])
    return sorted(node.code for node in found if node.kind is Kind.MEASURE)


def _urgency(line: MeasureGap) -> tuple[int, Decimal, str, str]:
    """By status, then by the index of disparity, the one gap that compares between measures."""
    index = line.gaps[Gap.INDEX_OF_DISPARITY.value].value
    return WORST_FIRST.index(line.status), -(index if index is not None else Decimal(0)), line.code, line.dimension


def _line(definition: MeasureDefined, as_of: str | None, found: DimensionGaps) -> MeasureGap:
    return MeasureGap(
        code=definition.code,
        title=definition.title,
        department=definition.department,
        as_of=as_of,
        dimension=found.dimension,
        status=found.status,
        groups=found.groups,
        gaps=found.gaps,
    )


def _as_of(found: Loaded, when: Moment) -> str | None:
    case = judged_period(found, when)
    return periods.identify(case.judged, found.definition.calendar) if case else None


def _admit_dimension(found: Loaded, dimension: str) -> None:
    """Raises Invalid for a dimension that the measure does not have; others' values are no groups."""
    declared: Mapping[str, Any] = dict.fromkeys(found.definition.breakdowns)
    if dimension == PEER or (dimension not in declared and not any(dimension in c.breakdown for c in found.values)):
        raise Invalid(f"{dimension[:60]!r} is no dimension of this measure", code="unknown_dimension")


_QUERY: Final[list[dict[str, Any]]] = [
    {"name": "dimension", "in": "query", "schema": {"type": "string"}, "description": "Only this breakdown."},
    {
        "name": "history",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": HISTORY_MAX},
        "description": "The gaps of that many periods, newest first.",
    },
]
_UNDER: Final = "The gaps of the measures beneath"
OPERATIONS: Final = [
    Operation(
        "/v1/status/measures/{code}/gaps",
        gaps,
        "The gaps between groups",
        MeasureGaps,
        [*MEASURE, *_QUERY, *WHEN],
        tagged=True,
    ),
    Operation("/v1/status/city/gaps", gaps, f"{_UNDER} the city", GapList, [*_QUERY, *WHEN], tagged=True),
    Operation("/v1/status/{kind}/{code}/gaps", gaps, f"{_UNDER} a node", GapList, [*NODE, *_QUERY, *WHEN], tagged=True),
]
