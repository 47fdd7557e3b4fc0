"""What the public does not see of a judged node, and what its parents keep to themselves for it."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.facts import Child, Node, Parent, Target
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.veil import Veil, covered, of_measure, of_parent
from tests.unit.rollup_worker.build import by_threshold, cell, child, judge, measure, target
from tideline import periods
from tideline.events import MethodChoice
from tideline.vocabulary import Kind, Policy, Status

GOAL = Node(Kind.GOAL, "g")


def veil(*hidden: str, aim: Target | None = None, **fields: Any) -> Veil:
    definition = by_threshold("up", **fields)
    cells = [cell(period, "50") for period in ("2017-01", "2017-02", "2017-03")]
    targets = [aim or target("2017-03", "40")]
    status = judge(definition, targets, cells)
    return of_measure(definition, targets, status, [periods.parse(period) for period in hidden])


def test_a_hidden_judged_period_hides_everything() -> None:
    assert veil("2017-03") is Veil.ALL


def test_a_hidden_period_before_hides_the_trend_alone() -> None:
    assert veil("2017-02") is Veil.TREND


def test_a_score_that_reads_back_is_hidden_with_what_it_read() -> None:
    assert veil("2017-02", params={"trailing": 3}) is Veil.ALL
    assert veil("2017-02", params={"confirm": 2}) is Veil.ALL
    assert veil("2017-02", aim=target("2017", "400"), time_aggregation="sum") is Veil.ALL


def test_a_hidden_part_hides_the_coarser_period_judged() -> None:
    assert veil("2017-02", params={"level": "quarter"}) is Veil.ALL


def test_nothing_hidden_hides_nothing_and_later_periods_do_not_matter() -> None:
    assert veil() is Veil.OPEN
    assert veil("2017-04") is Veil.OPEN


def test_a_parents_score_is_hidden_with_a_child_that_contributed() -> None:
    children = [child("a", Status.ON_TRACK, "80"), child("b", Status.ON_TRACK, "90")]
    status = roll_up(Parent(GOAL), children)
    assert of_parent(status, {children[0].node: Veil.ALL}) is Veil.SCORE
    assert of_parent(status, {children[0].node: Veil.TREND}) is Veil.OPEN
    assert covered(status, Veil.SCORE).score is None
    assert covered(status, Veil.SCORE).status is Status.ON_TRACK


def test_a_child_that_only_informs_hides_nothing_above() -> None:
    children = [child("a", Status.ON_TRACK, "80", weight="0"), child("b", Status.ON_TRACK, "90")]
    assert of_parent(roll_up(Parent(GOAL), children), {children[0].node: Veil.ALL}) is Veil.OPEN


def test_a_goal_that_shows_its_kpi_is_suppressed_with_it() -> None:
    kpi = child("a", Status.ON_TRACK, "80", kpi=True)
    shown = Child(**{name: getattr(kpi, name) for name in Child.__slots__} | {"value": Decimal(7)})
    status = roll_up(Parent(GOAL, Policy.KPI), [shown])
    assert of_parent(status, {shown.node: Veil.ALL}) is Veil.ALL
    hidden = covered(status, Veil.ALL)
    assert (hidden.status, hidden.score, hidden.value) == (Status.SUPPRESSED, None, None)


@pytest.mark.parametrize("method", ["extrapolate", "cagr-ratio", "control-chart"])
def test_a_method_with_history_is_hidden_with_it(method: str) -> None:
    definition = measure(method=MethodChoice(id=method))
    cells = [cell(f"2016-{month:02}", str(month)) for month in range(1, 13)]
    status = judge(definition, [target("2017-12", "40")], cells)
    assert status.method == method
    assert of_measure(definition, [], status, [periods.parse("2016-10")]) is Veil.ALL
