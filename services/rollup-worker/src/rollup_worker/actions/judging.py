"""Judging measures, and whole trees of nodes, from what is stored: the recompute and the reads take the same steps."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from rollup_worker.actions.loading import Loaded, Moment, stream_recent
from rollup_worker.actions.withholding import withheld
from rollup_worker.core import city, graph
from rollup_worker.core.facts import Edge, Node, NodeStatus, Plan
from rollup_worker.core.judge import judge_measure, latest
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.staleness import stale_from
from rollup_worker.core.veil import Veil, of_measure, of_parent, read_hidden
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged measure with what was read for it; `stale_on` is when it becomes stale, if it is not.

    `veil` is what the public does not see of it.
    """

    status: NodeStatus
    read: Loaded
    stale_on: date | None = None
    veil: Veil = Veil.OPEN


@dataclass(frozen=True, slots=True)
class Tree:
    """A node with everything under it, judged; with what was read where the node is itself a measure."""

    statuses: Mapping[Node, NodeStatus]
    root: Judgement | None = None
    veils: Mapping[Node, Veil] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shape:
    """A node and what stands under it, children before parents."""

    nodes: Sequence[Node]
    below: Mapping[Node, Sequence[Edge]]

    @property
    def measures(self) -> list[str]:
        return [node.code for node in self.nodes if node.kind is Kind.MEASURE]


async def judge_measures(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> dict[str, Judgement]:
    """Each measure from its latest periods: what is read does not grow with its history."""
    return {code: found async for code, found in judge_each(connection, definitions, moment)}


async def judge_each(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> AsyncIterator[tuple[str, Judgement]]:
    """As `judge_measures`, one after the other, so that nobody need hold the values of all."""
    async for found in stream_recent(connection, definitions, moment):
        yield found.definition.code, judge_loaded(found, moment)


def judge_loaded(found: Loaded, moment: Moment) -> Judgement:
    hidden = withheld(found, moment.suppress_under)
    return judge_with(found, moment, read_hidden(found.definition, hidden, moment.in_force))


def judge_with(found: Loaded, moment: Moment, hidden: Collection[Period]) -> Judgement:
    """`hidden` are the periods, of those that were read, of which the public does not see all that was read."""
    definition = found.definition
    status = judge_measure(
        definition,
        found.targets,
        found.cells,
        moment.today,
        moment.as_of,
        weights=found.weights,
        in_force=moment.in_force,
    )
    last = latest(found.cells)
    first_stale = stale_from(last, definition.grace_days, definition.calendar) if last else None
    veil = of_measure(definition, found.targets, status, hidden)
    return Judgement(status, found, None if status.qualifiers.stale else first_stale, veil)


async def judge_tree(connection: Connection, plan: Plan, root: Node, moment: Moment) -> Tree:
    """The root and all nodes under it, children before parents. Raises KeyError for a root that is not defined."""
    shape, judged, own = shape_under(plan, root), dict[str, Judgement](), None
    async for code, judgement in judge_each(connection, {code: plan.measures[code] for code in shape.measures}, moment):
        judged[code] = replace(judgement, read=Loaded(judgement.read.definition))
        own = judgement if root == Node(Kind.MEASURE, code) else own
    return replace(rolled_up(plan, shape, judged), root=own)


def shape_under(plan: Plan, root: Node) -> Shape:
    below = _below(graph.edges(plan), root)
    return Shape(sorted({root, *(edge.child for held in below.values() for edge in held)}, key=_level), below)


def rolled_up(plan: Plan, shape: Shape, judged: Mapping[str, Judgement]) -> Tree:
    """The nodes above measures that are judged."""
    found = {Node(Kind.MEASURE, code): judgement.status for code, judgement in judged.items()}
    veils = {Node(Kind.MEASURE, code): judgement.veil for code, judgement in judged.items()}
    for node in shape.nodes:
        if node.kind is not Kind.MEASURE:
            found[node] = roll_up(city.rule(plan, node), city.children(shape.below.get(node, ()), found))
            veils[node] = of_parent(found[node], veils)
    return Tree(found, veils=veils)


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
