"""What the public does not see of a judged node, and what its parents keep to themselves for it."""

import inspect
import sys
from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.facts import Breakdown, Child, Node, Parent, Target
from rollup_worker.core.methods import VERSIONS
from rollup_worker.core.methods.method import Method
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.veil import Veil, covered, of_measure, of_parent, read_hidden
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


GROUP = (("district", "3"),)
BY_GROUP = MethodChoice(id="cagr-ratio", params={"series": "district"})


@pytest.mark.parametrize(
    ("method", "hidden", "found"),
    [
        (BY_GROUP, GROUP, {"2016"}),
        (BY_GROUP, (("district", "3"), ("sex", "f")), {"2016"}),
        (BY_GROUP, (("sex", "f"),), set()),
        (MethodChoice(id="cagr-ratio"), GROUP, set()),
        (None, GROUP, set()),
        (None, (), {"2016"}),
    ],
)
def test_a_judgement_that_reads_groups_reads_their_hidden_ones(
    method: MethodChoice | None, hidden: Breakdown, found: set[str]
) -> None:
    concealed = {periods.parse("2016"): frozenset({hidden})}
    read = read_hidden(measure(method=method), concealed, {})
    assert {periods.identify(period, periods.STANDARD) for period in read} == found


@pytest.mark.parametrize("method", VERSIONS.values(), ids=lambda method: f"{method.id}-{method.version}")
def test_a_method_that_reads_single_cells_says_so(method: Method[Any]) -> None:
    written = inspect.getsource(sys.modules[method.assess.__module__])
    assert (method.reads_groups is not None) == any(read in written for read in (".groups(", ".cells"))
