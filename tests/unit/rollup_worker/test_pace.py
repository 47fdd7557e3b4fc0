"""The method `pace`."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core import scores
from rollup_worker.core.facts import NodeStatus, Target
from tests.unit.rollup_worker.build import baseline, cell, judge, measure, target
from tideline.events import MeasureDefined, MethodChoice
from tideline.vocabulary import Status

TWENTY_DAYS = [target("2017-01-21", "200")]


def by_pace(direction: str = "up", **fields: Any) -> MeasureDefined:
    given = {"frequency": "day", "baseline": baseline("2017-01-01", "100"), **fields}
    return measure(direction=direction, method=MethodChoice(id="pace"), **given)


def at_halftime(value: str, direction: str = "up", targets: list[Target] | None = None, **fields: Any) -> NodeStatus:
    """100 on day 0; the target on day 20; judged on day 10."""
    return judge(by_pace(direction, **fields), targets or TWENTY_DAYS, [cell("2017-01-11", value)])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("200", Status.ACHIEVED),
        ("199.9", Status.ON_TRACK),
        ("150", Status.ON_TRACK),
        ("147.5", Status.ON_TRACK),
        ("147.499999999999999999999999999999999999", Status.AT_RISK),
        ("130", Status.AT_RISK),
        ("129.9", Status.OFF_TRACK),
        ("100", Status.OFF_TRACK),
        ("99.9", Status.DETERIORATING),
        ("0", Status.DETERIORATING),
    ],
)
def test_bands_of_progress_made_over_progress_due_include_their_lower_ends(value: str, expected: Status) -> None:
    found = at_halftime(value)
    assert found.status is expected
    assert found.score is not None
    assert scores.band(found.score) is expected


@pytest.mark.parametrize(("value", "score"), [("200", 100), ("147.5", 75), ("130", 40), ("100", "15.000001")])
def test_the_common_score_meets_its_anchors(value: str, score: Any) -> None:
    assert at_halftime(value).score == Decimal(score)


def test_the_numbers_in_between_are_told() -> None:
    found = at_halftime("140")
    assert found.native == Decimal("0.8")
    assert [found.why[name] for name in ("progress_made", "progress_due", "progress_whole")] == [
        Decimal(40),
        Decimal(50),
        Decimal(100),
    ]
    assert (found.why["days_elapsed"], found.why["days"]) == (10, 20)


def test_where_less_is_better_the_same_bands_hold_downwards() -> None:
    down = [target("2017-01-21", "0")]
    found = {value: at_halftime(value, "down", down).status for value in ("0", "52.5", "70", "100", "100.1")}
    assert list(found.values()) == [
        Status.ACHIEVED,
        Status.ON_TRACK,
        Status.AT_RISK,
        Status.OFF_TRACK,
        Status.DETERIORATING,
    ]


def test_what_is_due_belongs_to_the_end_of_the_judged_period_not_to_the_day_of_reading() -> None:
    value = [cell("2017-01-11", "150")]
    early = judge(by_pace(grace_days=9_999), TWENTY_DAYS, value)
    late = judge(by_pace(grace_days=9_999), TWENTY_DAYS, value, today=TWENTY_DAYS[0].period.end)
    assert early == late


def test_the_next_target_counts_of_several() -> None:
    targets = [target("2017-01-05", "110"), target("2017-01-21", "200"), target("2017-06-01", "900")]
    found = at_halftime("150", targets=targets)
    assert (found.status, found.target) == (Status.ON_TRACK, Decimal(200))


def test_after_the_last_target_there_is_none() -> None:
    assert at_halftime("150", targets=[target("2017-01-05", "110")]).status is Status.NO_TARGET


def test_a_target_that_the_baseline_meets_asks_to_keep_it() -> None:
    kept = [target("2017-01-21", "100")]
    assert at_halftime("100", targets=kept).status is Status.ACHIEVED
    missed = at_halftime("99", targets=kept)
    assert (missed.status, missed.native) == (Status.DETERIORATING, None)
    assert missed.score is not None
    assert missed.score <= 15


def test_a_zero_target_and_a_zero_baseline_work() -> None:
    assert at_halftime("0", "down", [target("2017-01-21", "0")]).status is Status.ACHIEVED
    found = at_halftime("50", baseline=baseline("2017-01-01", "0"), targets=[target("2017-01-21", "100")])
    assert found.status is Status.ON_TRACK


@pytest.mark.parametrize(
    ("value", "expected"), [("45", Status.ACHIEVED), ("30", Status.ON_TRACK), ("9", Status.DETERIORATING)]
)
def test_for_a_range_progress_leads_towards_the_nearer_bound(value: str, expected: Status) -> None:
    limits = [target("2017-01-21", lower="40", upper="50")]
    assert at_halftime(value, "range", limits, baseline=baseline("2017-01-01", "10")).status is expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"baseline": None}, "no_baseline"),
        ({"baseline": baseline("once", "1")}, "no_baseline"),
        ({"baseline": baseline("2017-01-21", "1")}, "baseline_after_target"),
        ({"baseline": baseline("2017-01-11", "1")}, "before_baseline"),
        ({"baseline": baseline("2016", "1"), "time_aggregation": "sum"}, "unequal_periods"),
    ],
)
def test_what_pace_cannot_tell_is_insufficient_with_the_reason(fields: dict[str, Any], reason: str) -> None:
    found = at_halftime("150", **fields)
    assert (found.status, found.score, found.why["reason"]) == (Status.INSUFFICIENT, None, reason)


def yearly(months: int, direction: str = "up", goal: str = "240") -> NodeStatus:
    """120 in the whole of 2016, 240 wanted in 2018; so many months of 2017 with 15 each."""
    definition = by_pace(direction, frequency="month", time_aggregation="sum", baseline=baseline("2016", "120"))
    cells = [cell(f"2017-{month:02}", "15") for month in range(1, months + 1)]
    return judge(definition, [target("2018", goal)], cells)


def test_where_values_add_up_a_part_of_a_year_is_held_at_its_rate() -> None:
    part, whole = yearly(6), yearly(12)
    assert (part.why["value_held"], part.why["rate"]) == (Decimal(90), Decimal(180))
    assert (part.value, part.as_of) == (Decimal(15), "2017-06")
    assert (whole.why["rate"], whole.status) == (Decimal(180), Status.ON_TRACK)


def test_a_limit_that_the_rate_keeps_is_on_track_until_the_year_is_over() -> None:
    assert yearly(6, "down", "200").status is Status.ON_TRACK
    assert yearly(12, "down", "200").status is Status.ACHIEVED


def test_a_target_that_ends_with_the_judged_period_is_the_nearest() -> None:
    found = at_halftime("150", targets=[target("2017-01-11", "160"), *TWENTY_DAYS])
    assert (found.target, found.why["progress_due"]) == (Decimal(160), Decimal(60))


def test_a_rate_on_its_limit_keeps_it() -> None:
    assert yearly(6, "down", "180").status is Status.ON_TRACK
    assert yearly(6, "down", "179.9").status is not Status.ON_TRACK


def test_a_bound_in_the_undesired_direction_alone_is_no_target() -> None:
    assert at_halftime("150", targets=[target("2017-01-21", upper="200")]).status is Status.NO_TARGET


@pytest.mark.parametrize(
    ("base", "aggregation", "method"),
    [
        ("2017-02", "last", "pace"),
        ("2017-03", "last", "threshold"),
        ("2017-12", "last", "threshold"),
        ("2016", "sum", "pace"),
        ("2016-12", "sum", "threshold"),
    ],
)
def test_pace_is_the_default_only_where_it_can_judge(base: str, aggregation: str, method: str) -> None:
    definition = measure(time_aggregation=aggregation, baseline=baseline(base, "1"))
    found = judge(definition, [target("2017", "12")], [cell("2017-03", "3")])
    assert (found.method, found.score is None) == (method, False)


@pytest.mark.parametrize(
    ("value", "score"),
    [("160", "86.36"), ("170", "95.45"), ("190", "99.99"), ("140", "60"), ("115", "27.5"), ("50", "7.5")],
)
def test_between_its_anchors_the_score_runs_straight_and_below_zero_it_fades(value: str, score: str) -> None:
    found = at_halftime(value).score
    assert found is not None
    assert abs(found - Decimal(score)) < Decimal("0.02")


def test_where_nothing_is_due_the_score_tells_the_distance_to_the_target() -> None:
    kept = [target("2017-01-21", "100")]
    assert at_halftime("99", targets=kept).score == Decimal("14.851485")
    none = at_halftime("1", "down", [target("2017-01-21", "0")], baseline=baseline("2017-01-01", "0"))
    assert none.score == Decimal("7.5")
    assert yearly(6, "down", "200").score == Decimal("77.272727")


def by_periods(last: str, value: str, **fields: Any) -> NodeStatus:
    """A way of 120 from December 2016 to December 2017, counted in own periods."""
    given = {"baseline": baseline("2016-12", "0"), "frequency": "month", **fields}
    definition = measure(method=MethodChoice(id="pace", version=2), **given)
    return judge(definition, [target("2017-12", "120")], [cell(last, value)])


def test_the_second_version_counts_own_periods_so_that_february_is_not_shorter() -> None:
    found = by_periods("2017-02", "20")
    assert (found.method_version, found.why["periods_elapsed"], found.why["periods"]) == (2, 2, 12)
    assert found.native == Decimal(1)
    leap = by_periods("2016-02", "20", baseline=baseline("2015-12", "0"))
    assert leap.why["periods_elapsed"] == 2


@pytest.mark.parametrize(
    ("frequency", "last", "counted"),
    [
        ("day", "2017-01-31", (31, 365)),
        ("week", "2017-W05", (5, 52)),
        ("quarter", "2017-Q1", (1, 4)),
        ("half", "2017-H1", (1, 2)),
        ("year", "2017", (1, 1)),
    ],
)
def test_every_frequency_counts_in_itself(frequency: str, last: str, counted: tuple[int, int]) -> None:
    found = by_periods(last, "20", frequency=frequency)
    assert (found.why["periods_elapsed"], found.why["periods"]) == counted


def test_a_date_stands_for_the_own_period_that_holds_it() -> None:
    assert by_periods("2017-02", "20", baseline=baseline("2016-12-05", "0")).why["periods_elapsed"] == 2
    assert by_periods("2017-02", "20", baseline=baseline("2017-02-05", "0")).why["reason"] == "before_baseline"


def test_the_first_version_judges_where_none_is_named() -> None:
    assert at_halftime("150").method_version == 1
