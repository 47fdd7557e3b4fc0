"""Which node counts in which: from the definitions of a whole plan to its edges.

- A goal stands under its department, or under the city when it names none.
- A measure stands under the goal that has it as KPI or gives it weight; else, where goals only list it to inform,
  under these goals with weight 0 and nowhere else; else under its department, or the city when it names none.
- A department stands under the city. One that was merged answers for nothing; what it had stands under the last
  of its successors. What a retired department without successor had stands under the city: nothing is lost.
- An area holds the goals, and the measures of no goal, that are aligned to it or to an area standing under it.
  Areas are a second cut over the same goals and do not count in the city.

Retired nodes have no edges. A department that is not defined yet gives none either. Where two goals claim one
measure, the one whose code comes first has it: a plan should refuse that before it comes here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from rollup_worker.core.facts import CITY, Edge, Node, Plan
from tideline.events import GoalDefined, MeasureDefined
from tideline.vocabulary import Kind

LEVELS: Final[Mapping[Kind, int]] = {
    Kind.MEASURE: 0,
    Kind.GOAL: 1,
    Kind.DEPARTMENT: 2,
    Kind.AREA: 2,
    Kind.CITY: 3,
}
_NOTHING: Final = Decimal(0)
_ONCE: Final = Decimal(1)


def edges(plan: Plan) -> tuple[Edge, ...]:
    """Every edge of the plan, sorted. The same plan gives the same edges, whatever order it was defined in."""
    goals = [goal for _, goal in sorted(plan.goals.items()) if not goal.retired]
    claims = _claims(plan, goals)
    return tuple(
        sorted(
            [
                *_city_departments(plan),
                *_goal_parents(plan, goals),
                *claims,
                *_loose_measures(plan, {edge.child.code for edge in claims}),
                *_areas(plan, goals, {edge.child.code for edge in claims}),
            ]
        )
    )


def nodes(plan: Plan) -> tuple[Node, ...]:
    """Every node that is judged, children before parents: all that are not retired, and the city."""
    kinds = (
        (Kind.MEASURE, plan.measures),
        (Kind.GOAL, plan.goals),
        (Kind.AREA, plan.areas),
        (Kind.DEPARTMENT, plan.departments),
    )
    held = [Node(kind, code) for kind, held in kinds for code, it in held.items() if not it.retired]
    return tuple(sorted([*held, CITY], key=lambda node: (LEVELS[node.kind], node)))


def _city_departments(plan: Plan) -> Iterator[Edge]:
    for code, department in plan.departments.items():
        if not department.retired and department.merged_into is None:
            yield Edge(CITY, Node(Kind.DEPARTMENT, code), department.weight)


def _goal_parents(plan: Plan, goals: Iterable[GoalDefined]) -> Iterator[Edge]:
    for goal in goals:
        parent = answering(plan, goal.department)
        if parent is not None:
            yield Edge(parent, Node(Kind.GOAL, goal.code), goal.weight)


def answering(plan: Plan, code: str | None) -> Node | None:
    """The node that answers for a department's goals and measures; None while it is not defined."""
    seen = set[str]()
    while code is not None and code not in seen:
        department = plan.departments.get(code)
        if department is None:
            return None
        if department.merged_into is None:
            return CITY if department.retired else Node(Kind.DEPARTMENT, code)
        seen.add(code)
        code = department.merged_into
    return CITY


def _claims(plan: Plan, goals: Iterable[GoalDefined]) -> list[Edge]:
    """Edges from goals to measures: the first goal that gives a measure weight has it, informed goals list it."""
    weighted = dict[str, Edge]()
    informing = list[Edge]()
    for goal in goals:
        for edge in _metrics(plan, goal):
            if edge.weight > 0 and edge.child.code not in weighted:
                weighted[edge.child.code] = edge
            else:
                informing.append(Edge(edge.parent, edge.child, _NOTHING))
    return [*weighted.values(), *informing]


def _metrics(plan: Plan, goal: GoalDefined) -> Iterator[Edge]:
    """A goal's measures; its KPI decides with weight 1 unless it is given another."""
    weights = {metric.measure: max(metric.weight, _NOTHING) for metric in goal.metrics}
    if goal.kpi is not None:
        weights[goal.kpi] = weights.get(goal.kpi) or _ONCE
    for code, weight in weights.items():
        if _active(plan, code):
            yield Edge(Node(Kind.GOAL, goal.code), Node(Kind.MEASURE, code), weight, kpi=code == goal.kpi)


def _active(plan: Plan, measure: str) -> MeasureDefined | None:
    found = plan.measures.get(measure)
    return found if found and not found.retired else None


def _loose_measures(plan: Plan, claimed: set[str]) -> Iterator[Edge]:
    for code in plan.measures.keys() - claimed:
        measure = _active(plan, code)
        parent = answering(plan, measure.department) if measure else None
        if measure and parent:
            yield Edge(parent, Node(Kind.MEASURE, code), measure.weight)


def _areas(plan: Plan, goals: Iterable[GoalDefined], claimed: set[str]) -> Iterator[Edge]:
    loose = [measure for code in plan.measures.keys() - claimed if (measure := _active(plan, code))]
    aligned = [(Node(Kind.GOAL, goal.code), goal.areas, goal.weight) for goal in goals]
    aligned += [(Node(Kind.MEASURE, measure.code), measure.areas, measure.weight) for measure in loose]
    for code, within in _standing_under(plan).items():
        for node, areas, weight in aligned:
            if not within.isdisjoint(areas):
                yield Edge(Node(Kind.AREA, code), node, weight)


def _standing_under(plan: Plan) -> dict[str, set[str]]:
    """Each active area with itself and all active areas below it; a circle of areas ends where it began."""
    below = defaultdict[str, list[str]](list)
    active = {code for code, area in plan.areas.items() if not area.retired}
    for code in active:
        for parent in plan.areas[code].parents:
            below[parent].append(code)
    return {code: _reach(code, below) for code in active}


def _reach(code: str, below: Mapping[str, list[str]]) -> set[str]:
    found, waiting = {code}, [code]
    while waiting:
        fresh = [area for area in below.get(waiting.pop(), []) if area not in found]
        found.update(fresh)
        waiting.extend(fresh)
    return found
