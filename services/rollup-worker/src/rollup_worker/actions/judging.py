"""Judging measures, and whole trees of nodes, from what is stored: the recompute and the reads take the same steps."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from rollup_worker.core import city, facts, graph
from rollup_worker.core.facts import Cell, Edge, Node, NodeStatus, Plan, Target
from rollup_worker.core.judge import judge_measure, window
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.staleness import stale_from
from rollup_worker.repository import inputs
from rollup_worker.repository.inputs import Value
from tideline import events, periods
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Flag, Frequency, Kind


@dataclass(frozen=True, slots=True)
class Moment:
    """The last period to look at (None: the latest there is), what was known when (None: all), and what day it is."""

    today: date
    as_of: Period | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged measure with the values that were read for it; `stale_on` is when it becomes stale, if it is not."""

    status: NodeStatus
    values: Sequence[Value] = ()
    targets: Sequence[Target] = ()
    stale_on: date | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """A node with everything under it, judged."""

    statuses: Mapping[Node, NodeStatus]
    measures: Mapping[str, Judgement] = field(default_factory=dict)


async def judge_measures(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> dict[str, Judgement]:
    """Each measure from its latest periods: what is read does not grow with its history."""
    found = await inputs.list_targets(connection, definitions, moment.known_at)
    targets = {code: _targets(definition, found[code]) for code, definition in definitions.items()}
    befores = {code: _before(definition, moment.as_of) for code, definition in definitions.items()}
    latest = {
        code: facts.period_from(start, definitions[code].frequency, definitions[code].calendar)
        for code, start in (await inputs.list_latest(connection, befores, moment.known_at)).items()
    }
    windows = {code: window(definitions[code], targets[code], last) for code, last in latest.items()}
    values = await inputs.list_values(connection, windows, moment.known_at)
    return {
        code: _judge(definition, targets[code], values.get(code, []), moment)
        for code, definition in definitions.items()
    }


async def judge_tree(connection: Connection, plan: Plan, root: Node, moment: Moment) -> Tree:
    """The root and all nodes under it, children before parents. Raises KeyError for a root that is not defined."""
    below = _below(graph.edges(plan), root)
    nodes = sorted({root, *(edge.child for held in below.values() for edge in held)}, key=_level)
    codes = [node.code for node in nodes if node.kind is Kind.MEASURE]
    judged = await judge_measures(connection, {code: plan.measures[code] for code in codes}, moment)
    found = {Node(Kind.MEASURE, code): judgement.status for code, judgement in judged.items()}
    for node in nodes:
        if node.kind is not Kind.MEASURE:
            found[node] = roll_up(city.rule(plan, node), city.children(below.get(node, ()), found))
    return Tree(found, judged)


def _judge(definition: MeasureDefined, targets: Sequence[Target], values: Sequence[Value], moment: Moment) -> Judgement:
    cells = [cell for value in values if (cell := _cell(definition, value))]
    status = judge_measure(definition, targets, cells, moment.today, moment.as_of)
    last = max((cell.period for cell in cells), default=None)
    first_stale = stale_from(last, definition.grace_days, definition.calendar) if last else None
    return Judgement(status, values, targets, None if status.qualifiers.stale else first_stale)


def _cell(definition: MeasureDefined, value: Value) -> Cell | None:
    """None for an id that was no period of the measure as it was defined then."""
    try:
        period = periods.parse(value.period, definition.calendar)
    except BadPeriod:
        return None
    if period.frequency != definition.frequency:
        return None
    flag = Flag(value.flag) if value.flag else None
    breakdown = facts.breakdown(value.breakdown)
    return Cell(period, breakdown, value.value, value.numerator, value.denominator, flag)


def _targets(definition: MeasureDefined, found: Iterable[events.Target]) -> Sequence[Target]:
    readable = [target for target in found if _is_readable(target.period, definition)]
    return facts.headline_targets(definition, readable)


def _is_readable(period: str, definition: MeasureDefined) -> bool:
    try:
        periods.parse(period, definition.calendar)
    except BadPeriod:
        return False
    return True


def _before(definition: MeasureDefined, as_of: Period | None) -> date | None:
    """Periods that begin before this day are over by the end of `as_of`."""
    if as_of is None:
        return None
    try:
        return periods.containing(as_of.end, Frequency(definition.frequency), definition.calendar).start
    except BadPeriod:
        return None


def _below(edges: Iterable[Edge], root: Node) -> dict[Node, list[Edge]]:
    """The edges of the root and of every node under it."""
    everywhere = defaultdict[Node, list[Edge]](list)
    for edge in edges:
        everywhere[edge.parent].append(edge)
    found: dict[Node, list[Edge]] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node not in found and node in everywhere:
            found[node] = everywhere[node]
            waiting.extend(edge.child for edge in everywhere[node])
    return found


def _level(node: Node) -> tuple[int, Node]:
    return graph.LEVELS[node.kind], node
