"""The method `threshold`."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core import scores
from rollup_worker.core.methods import VERSIONS
from tests.unit.rollup_worker.build import by_threshold, cell, judge, judged, quarter, target
from tideline.vocabulary import Status


@pytest.mark.parametrize(
    ("direction", "value", "limit", "expected"),
    [
        ("up", "100", "100", Status.ACHIEVED),
        ("up", "99.999", "100", Status.AT_RISK),
        ("up", "90", "100", Status.AT_RISK),
        ("up", "89.9", "100", Status.OFF_TRACK),
        ("down", "100", "100", Status.ACHIEVED),
        ("down", "110", "100", Status.AT_RISK),
        ("down", "110.000000000000000000001", "100", Status.OFF_TRACK),
        ("up", "-11", "-10", Status.AT_RISK),
        ("up", "-12", "-10", Status.OFF_TRACK),
        ("down", "0", "0", Status.ACHIEVED),
        ("down", "1", "0", Status.OFF_TRACK),
        ("up", "0", "0", Status.ACHIEVED),
        ("up", "-0.1", "0", Status.OFF_TRACK),
    ],
)
def test_boundaries_belong_to_their_better_side(direction: str, value: str, limit: str, expected: Status) -> None:
    assert judged(direction, value, limit).status is expected


def test_a_zero_target_has_a_near_band_when_it_is_absolute() -> None:
    assert judged("down", "2", "0", near_absolute=2).status is Status.AT_RISK
    assert judged("down", "2.01", "0", near_absolute="2").status is Status.OFF_TRACK


def test_a_perfect_zero_where_lower_is_better_scores_a_hundred() -> None:
    found = judged("down", "0", "40")
    assert (found.status, found.score) == (Status.ACHIEVED, Decimal(100))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", Status.ACHIEVED),
        ("8", Status.ACHIEVED),
        ("7.5", Status.ACHIEVED),
        ("6.3", Status.AT_RISK),
        ("6.29", Status.OFF_TRACK),
        ("8.8", Status.AT_RISK),
        ("8.81", Status.OFF_TRACK),
    ],
)
def test_a_range_is_good_within_and_near_on_either_side(value: str, expected: Status) -> None:
    limits = target("2017-03", lower="7", upper="8")
    assert judge(by_threshold("range"), [limits], [cell("2017-03", value)]).status is expected


def test_a_single_target_of_a_range_measure_is_to_be_hit() -> None:
    assert judged("range", "5", "5").status is Status.ACHIEVED
    assert judged("range", "5.4", "5").status is Status.AT_RISK
    assert judged("range", "4", "5").status is Status.OFF_TRACK


def test_without_a_target_there_is_data_and_no_judgement() -> None:
    found = judge(by_threshold(), [], [cell("2017-03", "5")])
    assert (found.status, found.score, found.value) == (Status.NO_TARGET, None, Decimal(5))


def test_a_target_of_another_period_does_not_apply() -> None:
    found = judge(by_threshold(), [target("2017-02", "1"), target("2017-04", "1")], [cell("2017-03", "5")])
    assert found.status is Status.NO_TARGET


def test_the_target_of_the_shortest_period_around_the_judged_one_applies() -> None:
    found = judge(by_threshold(), [target("2017", "9"), target("2017-Q1", "5")], [cell("2017-03", "5")])
    assert (found.status, found.target) == (Status.ACHIEVED, Decimal(5))


def test_a_bound_in_the_undesired_direction_alone_is_no_target() -> None:
    limits = target("2017-03", upper="8")
    assert judge(by_threshold("up"), [limits], [cell("2017-03", "5")]).status is Status.NO_TARGET


def test_where_values_add_up_a_yearly_target_is_due_in_shares() -> None:
    definition = by_threshold(time_aggregation="sum")
    months = [cell(f"2017-0{month}", "100") for month in (1, 2, 3)]
    found = judge(definition, [target("2017", "1200")], months)
    assert (found.status, found.value, found.target) == (Status.ON_TRACK, Decimal(100), Decimal(1200))
    assert (found.why["value_held"], found.why["due_lower"]) == (Decimal(300), Decimal(300))


def test_a_missing_month_is_neither_zero_nor_due() -> None:
    definition = by_threshold(time_aggregation="sum")
    months = [cell("2017-01", "100"), cell("2017-03", "100")]
    assert judge(definition, [target("2017", "1200")], months).status is Status.ON_TRACK


def test_a_yearly_target_passed_early_is_achieved_where_more_is_better() -> None:
    definition = by_threshold(time_aggregation="sum")
    assert judge(definition, [target("2017", "50")], [cell("2017-01", "60")]).status is Status.ACHIEVED


def test_a_yearly_limit_is_kept_only_when_the_year_is_over() -> None:
    definition = by_threshold("down", time_aggregation="sum")
    months = [cell(f"2017-{month:02}", "1") for month in range(1, 13)]
    assert judge(definition, [target("2017", "12")], months[:11]).status is Status.ON_TRACK
    assert judge(definition, [target("2017", "12")], months).status is Status.ACHIEVED
    assert judge(definition, [target("2017", "0")], months[:1]).status is Status.OFF_TRACK


def test_a_rate_is_held_against_a_yearly_target_as_it_is() -> None:
    definition = by_threshold("down", time_aggregation="average")
    found = judge(definition, [target("2017", "8")], [cell("2017-01", "30"), cell("2017-03", "7.4")])
    assert (found.status, found.value) == (Status.ACHIEVED, Decimal("7.4"))


def test_a_level_judges_the_coarser_period() -> None:
    definition = by_threshold("down", {"level": "quarter"}, time_aggregation="average")
    found = judge(definition, [target("2017", "8")], [cell("2017-01", "10"), cell("2017-03", "7")])
    assert (found.status, found.value, found.as_of) == (Status.AT_RISK, Decimal("8.5"), "2017-Q1")
    assert (found.coverage.reporting, found.coverage.of) == (2, 3)


@pytest.mark.parametrize(
    "params",
    [
        {"near_percent": -1},
        {"near_absolute": "NaN"},
        {"near_percent": 5, "near_absolute": 5},
        {"unknown": 1},
        {"level": "decade"},
        {"rules": [{"status": "green"}]},
        {"rules": [{"status": "on_track", "at_least": "Infinity"}]},
        {"rules": 7},
    ],
)
def test_parameters_that_cannot_be_used_are_named_and_judge_nothing(params: dict[str, Any]) -> None:
    assert VERSIONS["threshold", 1].validate(params)
    found = judged("up", "5", "5", **params)
    assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, "bad_params")


def test_decimals_decide_where_floats_would_not() -> None:
    assert judged("up", "0.3", "0.3", near_percent=0.1).status is Status.ACHIEVED
    assert judged("up", "0.29999999999999999999", "0.3", near_percent="0").status is Status.OFF_TRACK


@pytest.mark.parametrize(("miss", "status"), [("0", Status.ACHIEVED), ("5", Status.AT_RISK), ("50", Status.OFF_TRACK)])
def test_a_score_names_its_judgement(miss: str, status: Status) -> None:
    found = judged("up", str(100 - int(miss)), "100")
    assert found.score is not None
    assert scores.band(found.score) is status is found.status


def test_a_week_belongs_to_the_year_of_its_thursday() -> None:
    definition = by_threshold(frequency="week")
    found = judge(definition, [target("2019", "9"), target("2020", "5")], [cell("2020-W01", "5")])
    assert (found.status, found.target) == (Status.ACHIEVED, Decimal(5))


@pytest.mark.parametrize(
    ("direction", "value", "limit", "score"),
    [
        ("up", "95", "100", "57.499999"),
        ("up", "90", "100", "40"),
        ("up", "80", "100", "37.727271"),
        ("down", "1", "0", "27.5"),
        ("down", "3", "0", "21.25"),
        ("down", "-5", "-100", "28.513513"),
    ],
)
def test_the_score_falls_evenly_through_the_near_band_and_ever_slower_beyond(
    direction: str, value: str, limit: str, score: str
) -> None:
    assert judged(direction, value, limit).score == Decimal(score)


@pytest.mark.parametrize(
    ("each", "expected", "score"),
    [
        ("110", Status.ON_TRACK, "77.272727"),
        ("100", Status.ON_TRACK, "75"),
        ("90", Status.AT_RISK, "40"),
        ("89.9", Status.OFF_TRACK, "39.97"),
    ],
)
def test_the_near_band_shrinks_with_the_share_that_is_due(each: str, expected: Status, score: str) -> None:
    found = quarter(each)
    assert (found.status, found.why["near_band"]) == (expected, Decimal(30))
    assert found.score is not None
    assert abs(found.score - Decimal(score)) < Decimal("0.01")


def test_an_absolute_band_shrinks_with_it_too() -> None:
    assert quarter("99", near_absolute=12).status is Status.AT_RISK
    assert quarter("98.9", near_absolute=12).status is Status.OFF_TRACK


def test_the_native_figure_is_the_distance_to_the_good_side() -> None:
    assert judged("up", "95", "100").native == Decimal(-5)
    assert judged("down", "95", "100").native == Decimal(5)
    assert quarter("110").native == Decimal(30)
