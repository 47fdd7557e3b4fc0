"""Laws of the roll-up: a parent uses its children and its own rule, and nothing else."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_worker.core import scores
from rollup_worker.core.city import children, judge_city, rule
from rollup_worker.core.facts import CITY, Cell, Child, Edge, Node, NodeStatus, Parent, Plan, Qualifiers, Target
from rollup_worker.core.graph import LEVELS, edges, nodes
from rollup_worker.core.judge import judge_measure
from rollup_worker.core.rollup import reports, roll_up
from tests.unit.rollup_worker.build import area, cell, department, goal, measure, metric, plan, target
from tideline.vocabulary import JUDGEMENTS, Kind, Policy, Status

T = TypeVar("T")
TODAY = date(2017, 5, 15)
CODES = ["m0", "m1", "m2", "m3", "m4"]
AIMS = {code: [target("2017", "50")] for code in CODES[1:]}
values = st.dictionaries(st.sampled_from(CODES), st.integers(0, 100).map(str))
areas = st.sets(st.sampled_from(["a0", "a1"]))
maybe_department = st.sampled_from([None, "d0", "d1"])
policies = st.sampled_from([policy.value for policy in Policy])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    measures = [measure(code, department=draw(maybe_department), areas=draw(areas)) for code in CODES]
    goals = [
        goal(
            code,
            draw(st.none() | st.sampled_from(CODES)),
            department=draw(maybe_department),
            metrics=[metric(other, draw(st.sampled_from("012"))) for other in draw(st.sets(st.sampled_from(CODES)))],
            areas=draw(areas),
            policy=draw(policies),
            retired=draw(st.booleans()),
        )
        for code in ("g0", "g1", "g2")
    ]
    merged = draw(st.sampled_from([None, "d1"]))
    departments = [department("d0", policy=draw(policies), merged_into=merged), department("d1")]
    return plan(*measures, *goals, *departments, area("a0"), area("a1", parents=["a0"]))


def turned(held: Mapping[str, T]) -> dict[str, T]:
    return {code: held[code] for code in reversed(list(held))}


def cells(held: dict[str, str]) -> dict[str, list[Cell]]:
    return {code: [cell("2017-04", value)] for code, value in held.items()}


@settings(max_examples=100, deadline=None)
@given(plans(), values)
def test_recomputing_only_what_a_value_touches_equals_judging_the_whole_city(
    given_plan: Plan, held: dict[str, str]
) -> None:
    """Values come one by one; after each, its measure and then the parents of what changed are judged."""
    known = judge_city(given_plan, AIMS, {}, TODAY)
    for code in held:
        so_far = {c: v for c, v in held.items() if list(held).index(c) <= list(held).index(code)}
        _recompute(given_plan, known, code, cells(so_far)[code], AIMS.get(code, []))
    assert known == judge_city(given_plan, AIMS, cells(held), TODAY)


def _recompute(
    given_plan: Plan, known: dict[Node, NodeStatus], code: str, held: list[Cell], aims: list[Target]
) -> None:
    up, down = defaultdict[Node, set[Node]](set), defaultdict[Node, list[Edge]](list)
    for edge in edges(given_plan):
        up[edge.child].add(edge.parent)
        down[edge.parent].append(edge)
    dirty = {Node(Kind.MEASURE, code)}
    while dirty:
        node = min(dirty, key=lambda node: (LEVELS[node.kind], node))
        dirty.remove(node)
        before = known[node]
        if node.kind is Kind.MEASURE:
            known[node] = judge_measure(given_plan.measures[code], aims, held, TODAY)
        else:
            known[node] = roll_up(rule(given_plan, node), children(down[node], known))
        if known[node] != before:
            dirty |= up[node]


@settings(max_examples=100, deadline=None)
@given(plans())
def test_no_measure_counts_twice_in_the_cut_by_departments(given_plan: Plan) -> None:
    counting = [edge for edge in edges(given_plan) if edge.weight > 0 and edge.parent.kind is not Kind.AREA]
    for node in nodes(given_plan):
        parents = [edge.parent for edge in counting if edge.child == node]
        assert len(parents) <= 1
    for area_node in (node for node in nodes(given_plan) if node.kind is Kind.AREA):
        below = [edge.child for edge in edges(given_plan) if edge.parent == area_node]
        assert len(below) == len(set(below))


@settings(max_examples=100, deadline=None)
@given(plans(), values)
def test_the_order_in_which_a_plan_was_defined_changes_nothing(given_plan: Plan, held: dict[str, str]) -> None:
    other = Plan(
        turned(given_plan.measures),
        turned(given_plan.goals),
        turned(given_plan.departments),
        turned(given_plan.areas),
    )
    assert edges(other) == edges(given_plan)
    assert judge_city(other, AIMS, cells(held), TODAY) == judge_city(given_plan, AIMS, cells(held), TODAY)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_no_data_in_no_data_out(given_plan: Plan) -> None:
    assert {status.status for status in judge_city(given_plan, AIMS, {}, TODAY).values()} == {Status.NO_DATA}


@st.composite
def offspring(draw: st.DrawFn) -> Child:
    status = draw(st.sampled_from(Status))
    low, high = scores.BANDS.get(status, (None, None))
    score = None if low is None or high is None else draw(st.decimals(low, high, places=6))
    return Child(
        Node(Kind.MEASURE, draw(st.text("abcdef", min_size=1, max_size=4))),
        draw(st.decimals(0, 5, places=1)),
        draw(st.booleans()),
        status,
        score,
        qualifiers=Qualifiers(stale=draw(st.booleans())),
    )


families = st.lists(offspring(), max_size=8, unique_by=lambda child: child.node)
parents = st.builds(
    Parent, st.just(CITY), st.sampled_from(Policy), st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])
)


@settings(max_examples=200, deadline=None)
@given(parents, families)
def test_every_parent_is_whole(parent: Parent, family: list[Child]) -> None:
    found = roll_up(parent, family)
    assert (found.score is not None) == (found.status in JUDGEMENTS)
    assert sum(found.counts.values()) == len(family) == len(found.children)
    assert found.coverage.reporting <= found.coverage.of
    if found.score is not None:
        assert scores.band(found.score) is found.status
        assert found.coverage.reporting >= parent.minimum_coverage * found.coverage.of
    if not any(child.status in JUDGEMENTS for child in family):
        assert found.status in {Status.NO_DATA, Status.NO_TARGET, Status.INSUFFICIENT}


@settings(max_examples=200, deadline=None)
@given(parents, families, st.integers(0, 7), st.decimals(0, 100, places=6))
def test_a_better_child_never_makes_a_parent_worse(
    parent: Parent, family: list[Child], at: int, score: Decimal
) -> None:
    if at >= len(family) or not reports(family[at]):
        return
    old = family[at].score or Decimal(0)
    better = replace(family[at], score=max(score, old), status=scores.band(max(score, old)))
    before, after = roll_up(parent, family), roll_up(parent, [*family[:at], better, *family[at + 1 :]])
    if before.score is None or after.score is None:
        assert before.status is after.status
    else:
        assert before.score <= after.score


@settings(max_examples=100, deadline=None)
@given(parents, families)
def test_children_without_weight_inform_only(parent: Parent, family: list[Child]) -> None:
    counted = roll_up(parent, [child for child in family if child.weight > 0])
    whole = roll_up(parent, family)
    assert (whole.status, whole.score, whole.coverage) == (counted.status, counted.score, counted.coverage)
