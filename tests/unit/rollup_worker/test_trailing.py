"""Values put together over the periods that trail the judged one."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.facts import Cell, NodeStatus
from rollup_worker.core.headline import headlines, trailing
from rollup_worker.core.judge import window
from rollup_worker.core.methods import VERSIONS
from tests.unit.rollup_worker.build import baseline, by_threshold, cell, judge, measure, target
from tideline import periods
from tideline.events import MethodChoice
from tideline.vocabulary import Status

MARCH = periods.parse("2017-03")


def months(*values: str | None, year: int = 2017) -> list[Cell]:
    return [cell(f"{year}-{at:02}", value) for at, value in enumerate(values, 1) if value is not None]


def over_three(aggregation: str, *cells: Cell, **fields: Any) -> NodeStatus:
    definition = by_threshold("up", {"trailing": 3}, time_aggregation=aggregation, **fields)
    return judge(definition, [target("2017", "30")], list(cells))


@pytest.mark.parametrize(
    ("aggregation", "value"), [("sum", "60"), ("average", "20"), ("max", "30"), ("last", "30"), ("median", "20")]
)
def test_each_month_is_judged_by_the_three_that_end_with_it(aggregation: str, value: str) -> None:
    found = over_three(aggregation, *months("99", "10", "20", "30"))
    assert (found.value, found.as_of) == (Decimal(value), "2017-04")
    assert (found.coverage.reporting, found.coverage.of) == (3, 3)


def test_a_missing_month_is_no_zero_and_lowers_the_coverage() -> None:
    found = over_three("average", *months("99", "10", None, "30"))
    assert (found.value, found.coverage.reporting, found.coverage.of) == (Decimal(20), 2, 3)


def test_a_ratio_is_made_of_the_sums_of_its_parts() -> None:
    cells = [cell("2017-01", pair=("1", "10")), cell("2017-02", pair=("1", "2")), cell("2017-03", pair=("2", "4"))]
    assert over_three("ratio", *cells).value == Decimal("0.25")


def test_a_trailing_sum_is_held_against_a_years_target_as_it_is_and_its_share_where_parts_are_missing() -> None:
    assert over_three("sum", *months("10", "10", "10")).status is Status.ACHIEVED
    assert over_three("sum", *months("10", "10", "9")).status is Status.AT_RISK
    part = over_three("sum", *months("10", None, "10"))
    assert (part.why["due_lower"], part.status) == (Decimal(20), Status.ON_TRACK)


def test_a_year_before_with_a_baseline_of_a_year_makes_pace_roll_from_month_to_month() -> None:
    choice = MethodChoice(id="pace", params={"trailing": 12})
    definition = measure(method=choice, time_aggregation="sum", baseline=baseline("2016", "120"))
    cells = [*months(*["10"] * 12, year=2016), *months(*["20"] * 6)]
    found = judge(definition, [target("2018", "240")], cells)
    assert (found.value, found.why["value_held"], found.why["parts"]) == (Decimal(180), Decimal(180), 12)
    assert found.status is Status.ON_TRACK


def test_the_trend_compares_with_the_window_one_period_earlier() -> None:
    found = over_three("sum", *months("1", "2", "3", "4"))
    assert (found.why["previous_value"], found.why["change"]) == (Decimal(6), Decimal(3))


def test_the_window_that_is_read_holds_what_trails_the_period_before() -> None:
    definition = by_threshold("up", {"trailing": 3})
    assert window(definition, [], MARCH) == (date(2016, 11, 1), date(2017, 4, 1))


def test_level_and_trailing_exclude_each_other_in_words_and_in_the_schema() -> None:
    found = judge(by_threshold("up", {"trailing": 3, "level": "year"}), [target("2017", "30")], months("1"))
    assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, "bad_params")
    assert "exclude" in found.why["detail"]


@pytest.mark.parametrize("given", [0, 121, "x", 2.5])
def test_a_window_of_no_sensible_length_is_refused(given: object) -> None:
    found = judge(by_threshold("up", {"trailing": given}), [target("2017", "30")], months("1"))
    assert found.why["reason"] == "bad_params"


def test_before_the_first_period_of_all_there_is_nothing_to_trail() -> None:
    definition = measure(time_aggregation="sum", frequency="year")
    found = trailing(definition, headlines(definition, [cell("1901", "5")]), periods.parse("1901"), 4)
    assert (found.value, found.reporting, found.of) == (Decimal(5), 1, 4)


def test_methods_that_continue_a_line_continue_trailing_values() -> None:
    choice = MethodChoice(id="extrapolate", params={"trailing": 2})
    definition = measure(method=choice, time_aggregation="sum")
    found = judge(definition, [], months("1", "2", "3", "4", "5"))
    assert (found.why["points"], found.why["first_value"], found.why["value_held"]) == (4, Decimal(3), Decimal(9))


@pytest.mark.parametrize("name", list(VERSIONS))
def test_every_method_takes_a_trailing_window(name: tuple[str, int]) -> None:
    assert VERSIONS[name].validate({"trailing": 12}) == ()
    assert VERSIONS[name].validate({"trailing": 12, "level": "year"})
