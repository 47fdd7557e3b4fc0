"""Where a measure is heading: crossings, pace, what it arrives at, and the status it would have."""

from collections.abc import Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from rollup_worker.core import judge, projection
from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Cell, Target
from rollup_worker.core.future import Future, future
from rollup_worker.core.judge import judge_measure
from tests.unit.rollup_worker.build import baseline, by_threshold, cell, goal, measure, target
from tideline import periods
from tideline.events import MeasureDefined, MethodChoice
from tideline.vocabulary import Status

SURE = Decimal("0.95")


@exact
def ahead_of(definition: MeasureDefined, targets: Sequence[Target], cells: Sequence[Cell], **more: Any) -> Future:
    last = judge.latest(cells)
    assert last is not None
    return future(judge.read(definition, targets, cells, last), SURE, MappingProxyType({}), **more)


def months(year: int, *values: str) -> list[Cell]:
    return [cell(f"{year}-{month:02}", value) for month, value in enumerate(values, 1)]


def test_a_rising_level_crosses_its_target_in_the_first_period_that_reaches_it() -> None:
    found = ahead_of(measure(), [target("2017-12", "9.5")], months(2017, "1", "2", "3", "4"))
    (one,) = projection.aheads(found)
    assert one.crossing.on == periods.parse("2017-10")
    assert one.pace is not None
    assert (one.pace.needed, one.pace.made, one.pace.periods_left) == (Decimal("0.6875"), Decimal(1), 8)
    assert one.at is not None
    assert (one.at.value, one.at.lower, one.at.upper) == (Decimal(12), Decimal(12), Decimal(12))
    assert (one.at.status.status, one.holds_target) == (Status.ACHIEVED, False)


def test_a_falling_level_crosses_a_target_below_it() -> None:
    found = ahead_of(measure(direction="down"), [target("2017-12", "7")], months(2017, "12", "11", "10", "9.5"))
    (one,) = projection.aheads(found)
    assert one.crossing.on == periods.parse("2017-07")


def test_no_crossing_says_why() -> None:
    falling, flat = months(2017, "4", "3", "2", "1"), months(2017, "4", "4", "4", "4")
    slow = months(2017, "1", "1.001", "1.002", "1.003")
    reached = months(2017, "1", "2", "3", "10")
    for cells, reason in (
        (falling, "moving_away"),
        (flat, "standing_still"),
        (slow, "beyond_horizon"),
        (reached, "already_reached"),
        (months(2017, "1", "2"), "no_trend"),
    ):
        (one,) = projection.aheads(ahead_of(measure(), [target("2017-12", "9.5")], cells))
        assert (one.crossing.on, one.crossing.reason) == (None, reason)


def test_a_range_is_crossed_from_either_side_and_can_be_stepped_over() -> None:
    for values, reached in ((("1", "2", "3", "4"), "2017-06"), (("12", "11", "10", "9"), "2017-06")):
        wide = [target("2017-12", lower="5.5", upper="7.5")]
        (one,) = projection.aheads(ahead_of(measure(direction="range"), wide, months(2017, *values)))
        assert one.crossing.on == periods.parse(reached)
    narrow = [target("2017-12", lower="5.2", upper="5.8")]
    (one,) = projection.aheads(ahead_of(measure(direction="range"), narrow, months(2017, "1", "2", "3", "4")))
    assert one.crossing.reason == "steps_over"


def test_a_value_below_its_line_crosses_in_the_next_period_even_where_the_line_falls() -> None:
    cells = months(2017, "12", "12", "12", "12", "12", "9")
    (one,) = projection.aheads(ahead_of(measure(), [target("2017-12", "9.5")], cells))
    assert one.crossing.on == periods.parse("2017-07")


def test_a_total_is_what_is_known_and_what_the_line_says_for_the_rest() -> None:
    definition = by_threshold("up", time_aggregation="sum")
    found = ahead_of(definition, [target("2017", "1200")], months(2017, "100", "100", "100", "100"))
    (one,) = projection.aheads(found)
    assert one.at is not None
    assert (one.at.value, one.at.ahead, one.crossing.on) == (Decimal(1200), 8, periods.parse("2017-12"))
    assert one.at.status.status is Status.ACHIEVED
    assert one.pace is not None
    assert (one.pace.counts, one.pace.needed, one.pace.made) == ("value", Decimal(100), Decimal(100))


def test_a_month_that_is_missing_in_a_total_is_taken_from_the_line_and_never_for_zero() -> None:
    definition = by_threshold("up", time_aggregation="sum")
    cells = [
        held for held in months(2017, "100", "100", "100", "100", "100") if "03" not in str(held.period.start)[5:7]
    ]
    (one,) = projection.aheads(ahead_of(definition, [target("2017", "1200")], cells))
    assert one.at is not None
    assert (one.at.value, one.at.ahead) == (Decimal(1200), 8)


def test_a_total_under_a_ceiling_is_told_when_it_breaks_it() -> None:
    definition = by_threshold("down", time_aggregation="sum")
    cells = months(2017, "100", "100", "100", "100")
    for limit, reason, broken in (
        ("950", "will_be_broken", "2017-10"),
        ("1200", "stays_within", None),
        ("399", "already_broken", None),
    ):
        (one,) = projection.aheads(ahead_of(definition, [target("2017", limit)], cells))
        assert (one.crossing.on, one.crossing.reason) == (None, reason)
        assert one.crossing.broken_on == (periods.parse(broken) if broken else None)


def test_a_total_that_is_too_small_by_the_end_of_its_period_says_so() -> None:
    definition = by_threshold("up", time_aggregation="sum")
    (one,) = projection.aheads(ahead_of(definition, [target("2017", "1201")], months(2017, *["100"] * 4)))
    assert (one.crossing.on, one.crossing.reason) == (None, "beyond_period")
    assert one.at is not None
    assert one.at.status.status is Status.AT_RISK


def test_the_status_ahead_is_what_the_method_says_of_the_projected_values() -> None:
    definition = measure(baseline=baseline("2016", "100"), frequency="year")
    cells = [cell(str(2017 + step), str(104 + 4 * step)) for step in range(4)]
    goals = [target("2025", "160")]
    found = ahead_of(definition, goals, cells)
    (one,) = projection.aheads(found)
    assert one.at is not None
    continued = [cell(str(2017 + step), str(104 + 4 * step)) for step in range(9)]
    pushed = judge_measure(definition, goals, continued, periods.parse("2025").end)
    assert (one.at.status.status, one.at.status.score) == (pushed.status, pushed.score)
    assert one.at.status.status is Status.AT_RISK


def test_a_noisy_line_has_an_interval_that_can_hold_the_target() -> None:
    (one,) = projection.aheads(
        ahead_of(measure(), [target("2017-08", "5")], months(2017, "1", "3", "2", "4", "3", "4.5"))
    )
    assert one.at is not None
    assert one.at.lower < one.at.value < one.at.upper
    assert one.holds_target is True


def test_a_projection_never_leaves_the_limits_of_its_measure() -> None:
    definition = measure(minimum=Decimal(0), maximum=Decimal(100), direction="up")
    (one,) = projection.aheads(
        ahead_of(definition, [target("2018-12", "99")], months(2017, "80", "86", "84", "90", "94"))
    )
    assert one.at is not None
    assert (one.at.value, one.at.upper) == (Decimal(100), Decimal(100))


def test_monthly_averages_judged_by_the_year_are_projected_by_the_year() -> None:
    definition = by_threshold("up", {"level": "year"}, time_aggregation="average")
    cells = [one for year in range(2013, 2017) for one in months(year, *[str(year - 2010)] * 12)]
    found = ahead_of(definition, [target("2019", "9")], cells)
    (one,) = projection.aheads(found)
    assert (one.crossing.on, found.line is not None and found.line.slope) == (periods.parse("2019"), 1)
    assert one.at is not None
    assert (one.at.value, one.at.status.status) == (Decimal(9), Status.ACHIEVED)


def test_a_measure_judged_by_trailing_windows_is_projected_by_them() -> None:
    definition = by_threshold("up", {"trailing": 3}, time_aggregation="sum")
    found = ahead_of(definition, [target("2018", "60")], months(2017, *(str(month) for month in range(1, 9))))
    (one,) = projection.aheads(found)
    assert [held.value for held in found.points] == [Decimal(each) for each in (6, 9, 12, 15, 18, 21)]
    assert one.crossing.on == periods.parse("2018-09")
    assert one.at is not None
    assert (one.at.value, one.at.status.value) == (Decimal(69), Decimal(69))
    assert one.at.status.status is Status.ACHIEVED


def test_goals_are_looked_at_by_their_horizons() -> None:
    found = ahead_of(measure(), [target("2018-12", "20")], months(2017, "1", "2", "3", "4"))
    goals = [
        goal("soon", horizon_years=2, biennium="2017-2018"),
        goal("far", horizon_years=10, biennium="2017-2018"),
        goal("loose", horizon_years=2),
        goal("timeless"),
        goal("over", horizon_years=2, biennium="2013-2014"),
    ]
    told = [
        (each.years, periods.identify(each.period), each.goals)
        for each in projection.horizons(found, goals, periods.STANDARD)
    ]
    assert told == [(2, "2018-12", ("soon",)), (2, "2019-04", ("loose",)), (10, "2026-12", ("far",))]


def test_without_target_and_goal_two_and_ten_years_are_told() -> None:
    found = ahead_of(measure(direction="none"), [], months(2017, "1", "2", "3", "4"))
    told = projection.horizons(found, [], periods.STANDARD)
    assert [(each.years, each.at.value if each.at else None) for each in told] == [(2, Decimal(28)), (10, Decimal(124))]
    assert [each.at.status.status for each in told if each.at] == [Status.NO_TARGET, Status.NO_TARGET]


def test_a_measure_that_only_describes_is_projected_and_crosses_nothing() -> None:
    (one,) = projection.aheads(
        ahead_of(measure(direction="none"), [target("2017-12", "9")], months(2017, "1", "2", "3", "4"))
    )
    assert (one.crossing.reason, one.pace, one.at and one.at.value) == ("no_bound", None, Decimal(12))


def test_the_last_target_of_the_calendar_can_be_projected() -> None:
    method = MethodChoice(id="threshold")
    definition = measure(frequency="year", method=method)
    cells = [cell(str(year), "1") for year in range(2013, 2017)]
    (one,) = projection.aheads(ahead_of(definition, [target("2200", "2")], cells))
    assert one.at is not None
    assert one.at.value == 1
