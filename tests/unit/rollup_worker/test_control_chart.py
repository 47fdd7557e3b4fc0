"""The method `control-chart`, and the XmR chart it draws."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core import scores
from rollup_worker.core.facts import Cell, NodeStatus, Target
from rollup_worker.core.judge import window
from rollup_worker.core.methods import VERSIONS
from rollup_worker.core.methods.xmr import chart, signals
from tests.unit.rollup_worker.build import cell, judge, measure, target
from tideline import periods
from tideline.events import MeasureDefined, MethodChoice
from tideline.periods import Period
from tideline.vocabulary import Frequency, Status

FIRST = periods.parse("2015-01")
STEADY = (50, 52) * 9
PLOTTED = (1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1)


def by_chart(direction: str = "up", params: dict[str, Any] | None = None, **fields: Any) -> MeasureDefined:
    return measure(direction=direction, method=MethodChoice(id="control-chart", params=params or {}), **fields)


def month(at: int) -> Period:
    return periods.containing(FIRST.start.replace(year=2015 + at // 12, month=at % 12 + 1), Frequency.MONTH)


def cells(values: Sequence[float | None]) -> list[Cell]:
    return [cell(periods.identify(month(at)), str(value)) for at, value in enumerate(values) if value is not None]


def drawn(values: Sequence[float | None], limit: str | None = None, direction: str = "up", **params: Any) -> NodeStatus:
    last = periods.identify(month(len(values) - 1))
    return judge(by_chart(direction, params), [target(last, limit)] if limit else [], cells(values))


def rules(values: Sequence[float], baseline: int | None = None) -> list[str]:
    return [signal.rule for signal in signals(chart([Decimal(str(value)) for value in values], baseline))]


@pytest.mark.parametrize("points", [1, 5, 9])
def test_too_few_points_judge_nothing_and_say_how_many_are_needed(points: int) -> None:
    found = drawn(STEADY[:points], "40")
    assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, "too_few_points")
    assert found.why["detail"] == f"{points} values of whole periods; a control chart needs 10."
    assert drawn(STEADY[:points], "40", minimum_points=3).status is not Status.NO_TARGET


@pytest.mark.parametrize(
    "params",
    [
        {"points": 2},
        {"points": 501},
        {"points": 9, "minimum_points": 10},
        {"baseline_points": 25},
        {"step": 5},
        {"minimum_points": 30},
    ],
)
def test_parameters_that_cannot_be_used_are_named(params: dict[str, Any]) -> None:
    assert VERSIONS["control-chart", 1].validate(params)


def test_the_limits_are_the_mean_and_as_published_2_66_moving_ranges() -> None:
    """Mean 36/18 = 2; moving ranges 15 x 1, 8 and 9, together 32 of 17."""
    why = drawn(PLOTTED).why
    assert why["mean"] * 18 == sum(PLOTTED)
    assert round(why["average_moving_range"], 6) == round(Decimal(32) / 17, 6)
    assert round(why["upper_limit"] - why["mean"], 6) == round(Decimal("2.66") * 32 / 17, 6)
    assert why["upper_limit"] + why["lower_limit"] == 2 * why["mean"]


def test_outliers_may_be_kept_out_of_the_moving_range() -> None:
    assert drawn(PLOTTED, screen_outliers=True).why["average_moving_range"] == 1
    assert drawn((5,) * 12, screen_outliers=True).why["average_moving_range"] == 0


@pytest.mark.parametrize(
    ("values", "fires"),
    [
        ((1, 2, 3, 3, 4, 5, 6), False),
        ((1, 2, 3, 4, 5, 6, 7), True),
        ((2, 1, 2, 3, 4, 5, 6, 7), True),
        ((2, 1, 2, 3, 4, 5, 6, 7, 3), False),
        ((7, 6, 5, 4, 3, 2, 1), True),
        ((7, 6, 5, 4, 3, 2), False),
    ],
)
def test_seven_values_in_one_direction_are_a_trend(values: Sequence[float], fires: bool) -> None:
    """As in the cases that the makers of Plot the dots test their own rule with."""
    assert ("trend" in rules(values)) is fires


@pytest.mark.parametrize(
    ("tail", "fires"),
    [
        ((53.5, 51.5, 53.5), True),
        ((51.5, 53.5, 53.5), True),
        ((53.5, 53.5, 51.5), False),
        ((53.5, 50.5, 53.5), False),
        ((53.5, 48.5, 53.5), False),
        ((51.5, 51.5, 53.5), False),
        ((48.5, 50.5, 48.5), True),
        ((53.5, 51.5, 60), False),
    ],
)
def test_two_of_three_near_one_limit_with_all_three_on_its_side_are_special(tail: Sequence[float], fires: bool) -> None:
    """Mean 51 and moving range 1 from the baseline: limits 48.34 and 53.66, near from 1.7733 off the mean."""
    baseline = (50.5, 51.5) * 6
    assert ("two_of_three" in rules((*baseline, *tail), 12)) is fires


def test_seven_on_one_side_of_the_mean_are_a_shift_and_a_value_on_it_breaks_the_run() -> None:
    baseline = (50, 52) * 5
    assert rules((*baseline, *(51.5,) * 7), 10) == ["shift"]
    assert rules((*baseline, *(51.5,) * 6, 50.5), 10) == []
    assert rules((*baseline, *(51.5,) * 5, 51, 51.5), 10) == []


def test_no_boundary_is_a_surprise() -> None:
    """Limits 1/3 apart from any decimal: mean 1/3, moving range 1/2 each."""
    assert rules((0, 1, 0, 1.66, 0), 3) == []
    on_the_limit = Decimal(1) / 3 + Decimal("2.66")
    assert "outside" not in rules((0, 1, 0, float(round(on_the_limit, 9)) - 1e-8), 3)
    assert "outside" in rules((0, 1, 0, float(round(on_the_limit, 9)) + 1e-8), 3)
    assert rules((5,) * 8) == []


def test_what_fired_and_since_when_is_told() -> None:
    why = drawn((*STEADY, 51.5, 51.6, 51.5, 51.6, 51.5, 51.6, 51.7), baseline_points=18, points=30).why
    assert (why["rule"], why["rule_since"], why["rule_side"]) == ("shift", "2016-06", "above")
    outside = drawn((*STEADY, 80)).why
    assert (outside["rule"], outside["rule_since"], outside["rules"]) == ("outside", "2016-07", ["outside"])
    assert drawn(STEADY).why["rule"] is None


@pytest.mark.parametrize(
    ("values", "limit", "expected"),
    [
        ((*STEADY, 70), "40", Status.ACHIEVED),
        (STEADY, "40", Status.ACHIEVED),
        ((*STEADY, 35), "30", Status.AT_RISK),
        ((*STEADY, 70), "51", Status.ON_TRACK),
        (STEADY, "51", Status.AT_RISK),
        ((*STEADY, 35), "51", Status.OFF_TRACK),
        ((*STEADY, 70), "90", Status.AT_RISK),
        (STEADY, "90", Status.OFF_TRACK),
        ((*STEADY, 35), "90", Status.DETERIORATING),
        ((*STEADY, 70), None, Status.ON_TRACK),
        (STEADY, None, Status.AT_RISK),
        ((*STEADY, 35), None, Status.DETERIORATING),
    ],
)
def test_variation_and_assurance_together_make_the_judgement(
    values: Sequence[float], limit: str | None, expected: Status
) -> None:
    found = drawn(values, limit)
    assert found.status is expected
    assert found.score is not None and scores.band(found.score) is expected
    assert found.why["judged_by"] == ("direction and target" if limit else "direction alone")


def test_where_less_is_better_both_sides_change() -> None:
    assert drawn((*STEADY, 70), "90", "down").status is Status.AT_RISK
    assert drawn((*STEADY, 35), "90", "down").status is Status.ACHIEVED
    assert drawn((*STEADY, 35), None, "down").why["variation"] == "improvement"


def test_a_target_on_a_limit_is_met() -> None:
    """Mean 51, moving range 2: limits 45.68 and 56.32."""
    assert drawn(STEADY, "45.68").why["assurance"] == "met"
    assert drawn(STEADY, "45.681").why["assurance"] == "hit_or_miss"
    assert drawn(STEADY, "56.32").why["assurance"] == "hit_or_miss"
    assert drawn(STEADY, "56.321").why["assurance"] == "missed"


def test_the_nearer_a_target_is_to_the_good_limit_the_better_is_hit_or_miss() -> None:
    found = [drawn(STEADY, limit).score for limit in ("46", "50", "52", "56")]
    assert found == sorted(found, key=lambda score: -(score or 0))
    assert drawn(STEADY, "51").score == Decimal("57.499999")


def test_a_better_value_never_makes_a_worse_status_while_the_limits_are_fixed() -> None:
    for tail in ((), (55,) * 2, (53,) * 6, (49,) * 6, range(40, 46), range(60, 54, -1)):
        found = [drawn((*STEADY, *tail, value), "51", baseline_points=18, points=30).score for value in range(30, 75)]
        assert found == sorted(found, key=lambda score: score or 0)


@pytest.mark.parametrize("factor", ["0.001", "3", "1000"])
def test_the_unit_changes_no_judgement(factor: str) -> None:
    def scaled(values: Sequence[float], limit: str) -> tuple[Status, Decimal | None, Decimal | None]:
        times = Decimal(factor)
        each = [Cell(c.period, (), (c.value or Decimal(0)) * times) for c in cells(values)]
        found = judge(by_chart(), [Target(each[-1].period, Decimal(limit) * times)], each)
        return found.status, found.score, found.native

    for limit in ("45.68", "51", "56.32"):
        plain = drawn(STEADY, limit)
        assert scaled(STEADY, limit) == (plain.status, plain.score, plain.native)


def test_a_range_is_approached_or_left() -> None:
    def ranged(values: Sequence[float], lower: str, upper: str) -> NodeStatus:
        last = periods.identify(month(len(values) - 1))
        return judge(by_chart("range"), [target(last, lower=lower, upper=upper)], cells(values))

    assert ranged(STEADY, "40", "60").status is Status.ACHIEVED
    assert ranged((*STEADY, 70), "80", "90").why["variation"] == "improvement"
    assert ranged((*STEADY, 35), "80", "90").why["variation"] == "concern"
    assert ranged((*STEADY, 70), "20", "30").why["variation"] == "concern"
    assert ranged((*STEADY, 70), "40", "60").why["variation"] == "concern"
    assert ranged((*STEADY, 70), "40", "75").why["variation"] == "common"
    assert drawn((*STEADY, 70), None, "range").why["reason"] == "no_direction"


def test_without_a_desired_direction_the_chart_describes() -> None:
    found = drawn((*STEADY, 70), "51", "none")
    assert (found.status, found.score, found.why["rule"], found.why["rule_side"]) == (
        Status.NO_TARGET,
        None,
        "outside",
        "above",
    )


def test_the_window_and_a_step_bound_what_is_charted_and_read() -> None:
    last = month(29)
    assert window(by_chart(), [], last)[0] == month(6).start
    assert window(by_chart(params={"points": 12}), [], last)[0] == month(18).start
    assert window(by_chart(params={"step": "2016-06"}), [], last)[0] == month(17).start
    found = drawn((*(20,) * 12, *STEADY[:12]), step="2016-01")
    assert (found.why["points"], found.why["mean"], found.why["first_period"]) == (12, Decimal(51), "2016-01")


def test_a_step_that_is_no_period_judges_nothing() -> None:
    found = drawn(STEADY, step="last summer")
    assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, "bad_params")
    assert "last summer" in found.why["detail"]


def test_a_short_chart_needs_no_more_points_than_it_has() -> None:
    assert drawn(STEADY[:5], "40", points=5).why["points"] == 5
    assert drawn(STEADY[:4], "40", points=5).why["reason"] == "too_few_points"


def test_older_values_change_nothing() -> None:
    values = (*(1000,) * 40, *STEADY)
    recent = drawn(values, points=18)
    assert (recent.status, recent.why["mean"], recent.why["points"]) == (Status.AT_RISK, Decimal(51), 18)


def test_a_missing_period_is_left_out_and_is_not_zero() -> None:
    found = drawn((*STEADY[:7], None, *STEADY[8:]))
    assert (found.why["points"], found.why["lower_limit"] > 40) == (17, True)


def test_a_yearly_target_of_a_sum_is_shared_by_its_months() -> None:
    definition = by_chart("up", time_aggregation="sum")
    found = judge(definition, [target("2016", "600")], cells((*STEADY, 50, 52)))
    assert (found.why["target_per_period"], found.why["assurance"]) == (Decimal(50), "hit_or_miss")
    assert judge(definition, [target("2016", "480")], cells(STEADY)).status is Status.ACHIEVED


def test_a_part_covered_quarter_is_no_point_where_values_add_up() -> None:
    definition = by_chart("up", {"level": "quarter", "minimum_points": 3}, time_aggregation="sum")
    found = judge(definition, [], cells((10, 10, 10, 20, 20, 20, 10, 10, 10, 20)))
    assert (found.why["points"], found.why["last_period"], found.as_of) == (3, "2015-Q3", "2015-Q4")
