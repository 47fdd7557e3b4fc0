"""One node from its children."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from rollup_worker.core.facts import CITY, Child, NodeStatus, Parent, Qualifiers
from rollup_worker.core.rollup import roll_up
from tests.unit.rollup_worker.build import child
from tideline.vocabulary import Policy, Status

STALE = Qualifiers(stale=True)


def rolled(*children: Child, policy: Policy = Policy.WEIGHTED, **rule: Any) -> NodeStatus:
    return roll_up(Parent(CITY, policy, **rule), children)


def of(status: NodeStatus) -> tuple[int, int, int]:
    return status.coverage.reporting, status.coverage.of, status.coverage.stale


def test_the_weighted_mean_of_the_scores_is_read_back_through_the_bands() -> None:
    found = rolled(child("a", Status.ON_TRACK, "80", "3"), child("b", Status.OFF_TRACK, "20"))
    assert (found.status, found.score) == (Status.AT_RISK, Decimal(65))
    assert [c.contribution for c in found.children] == [Decimal(60), Decimal(5)]


def test_the_mean_on_a_boundary_belongs_to_the_better_band() -> None:
    found = rolled(child("a", Status.ACHIEVED, "100"), child("b", Status.AT_RISK, "50"))
    assert found.status is Status.ON_TRACK
    below = rolled(child("a", Status.ACHIEVED, "100"), child("b", Status.AT_RISK, "49.999999"))
    assert (below.status, below.score) == (Status.AT_RISK, Decimal("74.999999"))


def test_a_node_is_achieved_only_when_every_reporting_child_is() -> None:
    assert rolled(*[child(code, Status.ACHIEVED, "100") for code in "abc"]).status is Status.ACHIEVED
    nearly = [child(str(n), Status.ACHIEVED, "100", "1000000") for n in range(9)]
    assert rolled(*nearly, child("x", Status.ON_TRACK, "99.999999", "0.001")).status is Status.ON_TRACK


def test_a_node_whose_mean_falls_to_fifteen_is_deteriorating() -> None:
    assert rolled(child("a", Status.DETERIORATING, "15")).status is Status.DETERIORATING
    mixed = rolled(child("a", Status.DETERIORATING, "0"), child("b", Status.AT_RISK, "60"))
    assert mixed.status is Status.OFF_TRACK


def test_missing_children_lower_the_coverage_and_not_the_score() -> None:
    found = rolled(child("a", Status.ON_TRACK, "80"), child("b", Status.NO_DATA))
    assert (found.status, found.score, of(found)) == (Status.ON_TRACK, Decimal(80), (1, 2, 0))


def test_coverage_under_the_minimum_is_insufficient_and_on_it_is_not() -> None:
    children = [child("a", Status.ON_TRACK, "80"), child("b", Status.NO_DATA), child("c", Status.INSUFFICIENT)]
    found = rolled(*children)
    assert (found.status, found.score, of(found)) == (Status.INSUFFICIENT, None, (1, 3, 0))
    assert rolled(*children, minimum_coverage=Decimal("0.3")).status is Status.ON_TRACK
    assert rolled(*children[:2]).status is Status.ON_TRACK


def test_a_stale_child_keeps_its_judgement_and_does_not_report() -> None:
    fresh = [child("a", Status.ON_TRACK, "80"), child("b", Status.ON_TRACK, "80")]
    found = rolled(*fresh, child("c", Status.OFF_TRACK, "20", qualifiers=STALE))
    assert (found.status, found.score, of(found)) == (Status.ON_TRACK, Decimal(80), (2, 3, 1))
    assert found.counts == {Status.ON_TRACK: 2, Status.OFF_TRACK: 1}
    assert not found.qualifiers.stale


def test_a_node_of_which_only_stale_children_are_left_is_stale_and_insufficient() -> None:
    found = rolled(child("a", Status.ON_TRACK, "80", qualifiers=STALE))
    assert (found.status, found.qualifiers.stale) == (Status.INSUFFICIENT, True)


def test_no_target_is_counted_apart_and_never_turns_a_node_green() -> None:
    found = rolled(child("a", Status.ON_TRACK, "80"), child("b", Status.NO_TARGET), child("c", Status.NO_TARGET))
    assert (of(found), found.counts[Status.NO_TARGET]) == ((1, 1, 0), 2)
    only = rolled(child("b", Status.NO_TARGET), child("c", Status.NO_TARGET))
    assert (only.status, only.score, of(only)) == (Status.NO_TARGET, None, (0, 0, 0))


def test_no_data_in_no_data_out() -> None:
    assert rolled().status is Status.NO_DATA
    assert rolled(child("a", Status.NO_DATA), child("b", Status.NO_DATA)).status is Status.NO_DATA
    assert rolled(child("a", Status.ON_TRACK, "80", weight="0")).status is Status.NO_DATA


def test_some_without_data_and_some_without_target_is_insufficient() -> None:
    found = rolled(child("a", Status.NO_DATA), child("b", Status.NO_TARGET))
    assert (found.status, found.qualifiers.stale) == (Status.INSUFFICIENT, False)


def test_the_kpi_decides_and_other_metrics_inform() -> None:
    kpi = child("k", Status.AT_RISK, "60", kpi=True)
    found = rolled(kpi, child("m", Status.OFF_TRACK, "20", weight="0"), policy=Policy.KPI)
    assert (found.status, found.score, of(found)) == (Status.AT_RISK, Decimal(60), (1, 1, 0))
    assert [c.contribution for c in found.children] == [Decimal(60), None]
    assert found.counts == {Status.AT_RISK: 1, Status.OFF_TRACK: 1}


def test_with_weights_given_the_metrics_of_a_goal_count_beside_its_kpi() -> None:
    kpi = child("k", Status.AT_RISK, "60", kpi=True)
    found = rolled(kpi, child("m", Status.OFF_TRACK, "20"), policy=Policy.KPI)
    assert (found.status, found.score, found.value) == (Status.AT_RISK, Decimal(40), None)


def test_a_goal_that_its_kpi_decides_shows_its_value_and_target() -> None:
    kpi = Child(CITY, Decimal(1), True, Status.AT_RISK, Decimal(60), Decimal(7), Decimal(8))
    found = rolled(kpi, policy=Policy.KPI)
    assert (found.value, found.target) == (Decimal(7), Decimal(8))


def test_the_worst_child_decides_under_worst_of() -> None:
    children = child("a", Status.ON_TRACK, "80"), child("b", Status.DETERIORATING, "3")
    found = rolled(*children, policy=Policy.WORST_OF)
    assert (found.status, found.score) == (Status.DETERIORATING, Decimal(3))


@pytest.mark.parametrize(
    ("good", "bad", "expected", "score"),
    [
        (4, 0, Status.ON_TRACK, "99.999999"),
        (3, 1, Status.ON_TRACK, "75"),
        (2, 2, Status.AT_RISK, "50"),
        (1, 3, Status.OFF_TRACK, "25"),
        (0, 4, Status.OFF_TRACK, "15.000001"),
    ],
)
def test_the_share_on_track_is_banded(good: int, bad: int, expected: Status, score: str) -> None:
    children = [child(f"g{n}", Status.ON_TRACK, "80") for n in range(good)]
    children += [child(f"b{n}", Status.DETERIORATING, "3") for n in range(bad)]
    found = rolled(*children, policy=Policy.SHARE_ON_TRACK)
    assert (found.status, found.score) == (expected, Decimal(score))


def test_where_all_achieved_the_share_is_achieved() -> None:
    found = rolled(child("a", Status.ACHIEVED, "100"), policy=Policy.SHARE_ON_TRACK)
    assert (found.status, found.score) == (Status.ACHIEVED, Decimal(100))


def test_samples_and_provisional_values_are_told_upwards() -> None:
    marked = Qualifiers(provisional=True, sample=True)
    found = rolled(child("a", Status.ON_TRACK, "80"), child("b", Status.AT_RISK, "50", qualifiers=marked))
    assert (found.qualifiers.provisional, found.qualifiers.sample) == (True, True)
    informed = rolled(child("a", Status.ON_TRACK, "80"), child("b", Status.AT_RISK, "50", "0", qualifiers=marked))
    assert informed.qualifiers == Qualifiers()
    assert rolled(child("a", Status.ON_TRACK, "80"), sample=True).qualifiers.sample


@pytest.mark.parametrize("policy", list(Policy))
def test_the_order_of_children_changes_nothing(policy: Policy) -> None:
    children = [
        child("a", Status.ON_TRACK, "80", "0.3"),
        child("b", Status.DETERIORATING, "3", "0.7"),
        child("c", Status.DETERIORATING, "3"),
    ]
    results = [rolled(*order, policy=policy) for order in permutations(children)]
    assert all(result == results[0] for result in results)


def test_the_contributions_of_children_add_up_to_the_score() -> None:
    for policy in (Policy.WEIGHTED, Policy.WORST_OF, Policy.SHARE_ON_TRACK):
        found = rolled(
            child("a", Status.ON_TRACK, "80"),
            child("b", Status.AT_RISK, "50"),
            child("c", Status.ON_TRACK, "90", "2"),
            policy=policy,
        )
        assert found.score is not None
        total = sum(c.contribution for c in found.children if c.contribution is not None)
        assert abs(total - found.score) < Decimal("0.00001")


def test_only_a_deciding_kpi_lends_its_value() -> None:
    kpi = Child(CITY, Decimal(1), True, Status.AT_RISK, Decimal(60), Decimal(7), Decimal(8))
    assert rolled(kpi, policy=Policy.WEIGHTED).value is None
    assert rolled(replace(kpi, kpi=False), policy=Policy.KPI).value is None


def test_the_period_of_the_most_recent_child_is_shown() -> None:
    old = replace(child("a", Status.ON_TRACK, "80"), as_of="2016", as_of_end=date(2017, 1, 1))
    without = replace(child("b", Status.NO_DATA), as_of=None, as_of_end=None)
    found = rolled(old, child("c", Status.ON_TRACK, "80"), without)
    assert (found.as_of, found.as_of_end) == ("2017-03", date(2017, 4, 1))


def test_a_full_share_on_track_is_achieved_only_when_all_achieved() -> None:
    mixed = [child("a", Status.ACHIEVED, "100"), child("b", Status.ON_TRACK, "80")]
    assert rolled(*mixed, policy=Policy.SHARE_ON_TRACK).status is Status.ON_TRACK
