"""Averages weighted by another measure."""

from datetime import date
from decimal import Decimal

import pytest

from rollup_worker.core.facts import Cell, NodeStatus
from rollup_worker.core.headline import headlines, over
from rollup_worker.core.judge import judge_measure
from rollup_worker.core.weights import weighing
from tests.unit.rollup_worker.build import cell, measure, target
from tideline import periods
from tideline.events import MethodChoice
from tideline.vocabulary import Flag, Status

TODAY = date(2018, 2, 1)
PEOPLE = [cell("2017", "1000", district="1"), cell("2017", "3000", district="2")]
ANSWERS = [cell("2017", "10", district="1"), cell("2017", "20", district="2")]


def judged(cells: list[Cell], weights: list[Cell], level: str | None = None, **fields: str) -> NodeStatus:
    params = {"level": level} if level else {}
    weighted = {"time_aggregation": "weighted_average", "breakdown_aggregation": "weighted_average"}
    definition = measure(
        frequency="month" if level else "year",
        weighted_by="people",
        method=MethodChoice(id="threshold", params=params),
        **weighted | fields,
    )
    return judge_measure(definition, [target("2017", "15")], cells, TODAY, weights=weights)


def test_a_value_without_its_weight_is_not_averaged_in_silence() -> None:
    found = judged(ANSWERS, PEOPLE[:1])
    assert (found.status, found.value, found.why["reason"]) == (Status.INSUFFICIENT, None, "no_value")
    assert judged(ANSWERS, []).value is None


def test_a_single_value_needs_no_weight() -> None:
    assert judged(ANSWERS[:1], []).value == 10


def test_districts_count_by_the_people_who_live_there() -> None:
    found = judged(ANSWERS, PEOPLE)
    assert (found.status, found.value) == (Status.ACHIEVED, Decimal("17.5"))


def test_a_denominator_of_its_own_comes_before_another_measure() -> None:
    own = [Cell(each.period, each.breakdown, each.value, None, Decimal(1)) for each in ANSWERS]
    assert judged(own, PEOPLE).value == 15


def test_without_a_weight_for_the_period_the_latest_before_it_counts() -> None:
    before = [cell("2015", "9", district="1"), cell("2016", "3000", district="1"), *PEOPLE[1:]]
    assert judged(ANSWERS, before).value == 15


def test_a_weight_of_a_later_period_is_never_used() -> None:
    later = [cell("2018", "1000", district="1"), *PEOPLE[1:]]
    assert judged(ANSWERS, later).value is None


def test_a_month_counts_by_the_last_year_that_is_over() -> None:
    months = [cell("2017-01", "10"), cell("2017-12", "20")]
    people = [cell("2016", "1"), cell("2017", "3")]
    assert judged(months, people, level="year").value == Decimal("17.5")


def test_months_are_weighted_by_the_sum_of_their_districts() -> None:
    months = [cell("2017-01", "10", district="1"), cell("2017-02", "40", district="1")]
    months += [cell("2017-01", "20", district="2")]
    people = [cell("2016", "1", district="1"), cell("2016", "3", district="2")]
    assert judged(months, people, level="year").value == Decimal(10 + 60 + 40) / 5


def test_only_weighted_averages_are_weighted() -> None:
    found = judged(ANSWERS, PEOPLE, time_aggregation="average", breakdown_aggregation="average")
    assert found.value == 15


def test_others_are_weighted_by_their_own_people() -> None:
    theirs = [Cell(c.period, (("peer", "salford"), *c.breakdown), c.value) for c in PEOPLE]
    found = judged([*ANSWERS, cell("2017", "99", peer="salford")], [*theirs, PEOPLE[0]])
    assert found.value is None


def test_a_withdrawn_weight_gives_way_to_the_one_before() -> None:
    people = weighing([cell("2016", "7"), cell("2017", flag=Flag.WITHDRAWN)])
    assert people.of(cell("2017", "1")) == 7


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_in_which_weights_arrive_changes_nothing(order: int) -> None:
    assert judged(ANSWERS, PEOPLE[::order]).value == Decimal("17.5")


def test_a_stock_adds_up_over_districts_and_not_over_months() -> None:
    definition = measure(time_aggregation="last", breakdown_aggregation="sum")
    beds = [cell("2017-01", "5", d="1"), cell("2017-01", "6", d="2"), cell("2017-02", "4", d="1")]
    beds += [cell("2017-02", "3", d="2")]
    found = over(definition, headlines(definition, beds), periods.parse("2017-Q1"), periods.parse("2017-03"))
    assert (found.value, found.reporting, found.of) == (Decimal(7), 2, 3)


@pytest.mark.parametrize(("breakdown", "value"), [("ratio", "0.04"), ("average", "0.3")])
def test_the_ratio_of_sums_and_the_mean_of_ratios_are_declared(breakdown: str, value: str) -> None:
    definition = measure(time_aggregation="ratio", breakdown_aggregation=breakdown)
    pairs = [cell("2017-03", pair=("1", "2"), d="1"), cell("2017-03", pair=("5", "50"), d="2")]
    pairs += [cell("2017-03", pair=("0", "98"), d="3")] if breakdown == "ratio" else []
    (found,) = headlines(definition, pairs).values()
    assert found.value == Decimal(value)
