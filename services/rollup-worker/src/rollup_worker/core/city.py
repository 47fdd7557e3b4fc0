"""A whole city judged at once: what a rebuild, a read about the past and the independent check run on.

It takes the same steps as the recompute that follows a push (a measure by itself, then each parent from its
children), so that no second set of rules exists.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rollup_worker.core import graph
from rollup_worker.core.facts import CITY, Cell, Child, Edge, Node, NodeStatus, Parent, Plan, Target, child, parent
from rollup_worker.core.judge import judge_measure
from rollup_worker.core.rollup import roll_up
from tideline.periods import Period
from tideline.vocabulary import Kind


def judge_city(
    plan: Plan,
    targets: Mapping[str, Sequence[Target]],
    cells: Mapping[str, Iterable[Cell]],
    today: date,
    as_of: Period | None = None,
) -> dict[Node, NodeStatus]:
    """The status of every node that is not retired, the city included; targets and cells by measure code."""
    below = defaultdict[Node, list[Edge]](list)
    for edge in graph.edges(plan):
        below[edge.parent].append(edge)
    found = dict[Node, NodeStatus]()
    for node in graph.nodes(plan):
        if node.kind is Kind.MEASURE:
            definition = plan.measures[node.code]
            held = targets.get(node.code, ()), cells.get(node.code, ())
            found[node] = judge_measure(definition, *held, today, as_of)
        else:
            found[node] = roll_up(rule(plan, node), children(below[node], found))
    return found


def rule(plan: Plan, node: Node) -> Parent:
    """How a node with children is judged. Raises KeyError for one that is not defined."""
    if node == CITY:
        return Parent(CITY)
    if node.kind is Kind.GOAL:
        return parent(plan.goals[node.code])
    return parent(plan.areas[node.code] if node.kind is Kind.AREA else plan.departments[node.code])


def children(below: Iterable[Edge], found: Mapping[Node, NodeStatus]) -> list[Child]:
    return [child(edge, found[edge.child]) for edge in below]
