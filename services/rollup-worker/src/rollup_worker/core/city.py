"""A whole city judged at once: what a rebuild, a read about the past and the independent check run on.

It takes the same steps as the recompute that follows a push (a measure by itself, then each parent from its
children), so that no second set of rules exists.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rollup_worker.core import graph
from rollup_worker.core.derived import cells_of
from rollup_worker.core.facts import CITY, Cell, Child, Edge, Node, NodeStatus, Parent, Plan, Target, child, parent
from rollup_worker.core.judge import NOTHING_ADOPTED, judge_measure
from rollup_worker.core.methods import InForce
from rollup_worker.core.rollup import roll_up
from tideline.periods import Period
from tideline.vocabulary import Kind


def judge_city(
    plan: Plan,
    targets: Mapping[str, Sequence[Target]],
    cells: Mapping[str, Iterable[Cell]],
    today: date,
    as_of: Period | None = None,
    in_force: InForce = NOTHING_ADOPTED,
) -> dict[Node, NodeStatus]:
    """The status of every node that is not retired, the city included; targets and cells by measure code.

    Cells are those of measures with values of their own; derived ones are made of them.
    """
    held = {code: list(found) for code, found in cells.items()}
    below = defaultdict[Node, list[Edge]](list)
    for edge in graph.edges(plan):
        below[edge.parent].append(edge)
    found = dict[Node, NodeStatus]()
    for node in graph.nodes(plan):
        if node.kind is Kind.MEASURE:
            definition = plan.measures[node.code]
            own = cells_of(node.code, plan.measures, held)
            weights = cells_of(definition.weighted_by or "", plan.measures, held)
            aims = targets.get(node.code, ())
            found[node] = judge_measure(definition, aims, own, today, as_of, weights=weights, in_force=in_force)
        else:
            found[node] = roll_up(rule(plan, node), children(below[node], found))
    return found


def rule(plan: Plan, node: Node) -> Parent:
    """How a node with children is judged. Raises KeyError for one that is not defined."""
    if node == CITY:
        return parent(plan.city, plan.calendar) if plan.city else Parent(CITY)
    if node.kind is Kind.GOAL:
        return parent(plan.goals[node.code], plan.calendar)
    held = plan.areas if node.kind is Kind.AREA else plan.departments
    return parent(held[node.code], plan.calendar)


def children(below: Iterable[Edge], found: Mapping[Node, NodeStatus]) -> list[Child]:
    return [child(edge, found[edge.child]) for edge in below]
