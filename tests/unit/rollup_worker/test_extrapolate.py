"""The method `extrapolate`."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core import scores
from rollup_worker.core.facts import Cell, NodeStatus, Target
from tests.unit.rollup_worker.build import cell, judge, measure, target
from tideline.events import MeasureDefined, MethodChoice
from tideline.vocabulary import Status

IN_TWO_YEARS = [target("2017", "200")]


def continued(direction: str = "up", params: dict[str, Any] | None = None, **fields: Any) -> MeasureDefined:
    given = {"frequency": "year", **fields}
    return measure(direction=direction, method=MethodChoice(id="extrapolate", params=params or {}), **given)


def years(*values: str, last: int = 2015) -> list[Cell]:
    """One value a year, the last in 2015."""
    return [cell(str(last - len(values) + at), value) for at, value in enumerate(values, 1)]


def line(
    first: str, last: str, targets: list[Target] | None = None, direction: str = "up", **params: Any
) -> NodeStatus:
    """Six values from first to last; those between lie halfway."""
    middle = str((Decimal(first) + Decimal(last)) / 2)
    return judge(continued(direction, params), targets or [], years(first, middle, middle, middle, middle, last))


def test_the_mean_yearly_change_of_the_last_six_values_is_continued_to_the_target() -> None:
    found = judge(continued(), IN_TWO_YEARS, years("0", "100", "110", "120", "110", "140", "150"))
    assert (found.why["points"], found.why["first_period"], found.why["slope"]) == (6, "2010", Decimal(10))
    assert (found.why["value_at_target"], found.why["years_ahead"]) == (Decimal(170), Decimal(2))
    assert (found.native, found.why["miss"], found.status) == (Decimal("0.6"), Decimal("0.6"), Status.OFF_TRACK)


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("120", Status.ON_TRACK),
        ("121.05", Status.ON_TRACK),
        ("121.05263157894736842105263157894736842105", Status.ON_TRACK),
        ("121.05263157894736842105263157894736842106", Status.AT_RISK),
        ("125", Status.AT_RISK),
        ("125.0000000000000000000000000000000001", Status.OFF_TRACK),
        ("900", Status.OFF_TRACK),
        ("100", Status.ACHIEVED),
    ],
)
def test_less_than_five_percent_may_be_missed_on_track_and_twenty_at_risk(goal: str, expected: Status) -> None:
    """At 100, with 10 a year for two years: miss = 1 − 20 / (goal − 100)."""
    found = line("50", "100", [target("2017", goal)])
    assert found.status is expected
    assert found.score is not None
    assert scores.band(found.score) is expected


def test_a_miss_of_just_five_percent_is_at_risk_as_published() -> None:
    found = line("5", "100", [target("2017", "140")])
    assert (found.why["miss"], found.status) == (Decimal("0.05"), Status.AT_RISK)


@pytest.mark.parametrize(
    ("first", "score"),
    [
        ("-75", "99.999999"),
        ("5", "74.999999"),
        ("20", "40"),
        ("100", "15.000001"),
        ("125", "5.625"),
        ("140", "0"),
        ("150", "2.5"),
    ],
)
def test_the_common_score_meets_its_anchors(first: str, score: str) -> None:
    """100 last and 140 wanted in two years: miss = 1 − (100 − first) / 100."""
    assert line(first, "100", [target("2017", "140")]).score == Decimal(score)


def test_moving_away_from_the_target_is_deteriorating_and_standing_still_is_not() -> None:
    assert line("101", "100", IN_TWO_YEARS).status is Status.DETERIORATING
    assert line("100", "100", IN_TWO_YEARS).status is Status.OFF_TRACK
    assert line("99", "100", [target("2017", "50")], "down").status is Status.DETERIORATING
    assert line("101", "100", [target("2017", "50")], "down").status is Status.OFF_TRACK


@pytest.mark.parametrize(
    ("first", "last", "once", "kept"),
    [
        ("150", "200", Status.ACHIEVED, Status.ON_TRACK),
        ("200", "200", Status.ACHIEVED, Status.ON_TRACK),
        ("250", "200", Status.AT_RISK, Status.AT_RISK),
        ("100", "199", Status.ON_TRACK, Status.OFF_TRACK),
        ("199", "199", Status.OFF_TRACK, Status.OFF_TRACK),
        ("250", "199", Status.DETERIORATING, Status.DETERIORATING),
    ],
)
def test_a_target_once_reached_and_a_target_kept_every_year(first: str, last: str, once: Status, kept: Status) -> None:
    assert line(first, last, IN_TWO_YEARS).status is once
    assert line(first, last, IN_TWO_YEARS, keep_every_year=True).status is kept


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (("100", "130", "120", "140"), Status.ON_TRACK),
        (("100", "100", "100", "100"), Status.ON_TRACK),
        (("100", "150", "150", "140"), Status.AT_RISK),
        (("100", "90", "80", "90"), Status.OFF_TRACK),
        (("100", "90", "80", "70"), Status.DETERIORATING),
    ],
)
def test_without_a_target_slope_and_last_change_decide_together(values: tuple[str, ...], expected: Status) -> None:
    found = judge(continued(), [], years(*values))
    assert (found.status, found.why["judged_by"]) == (expected, "direction alone")
    mirrored = judge(continued("down"), [], years(*(f"-{value}" for value in values)))
    assert (mirrored.status, mirrored.score) == (expected, found.score)


def test_at_least_four_values_are_needed() -> None:
    found = judge(continued(), IN_TWO_YEARS, years("1", "2", "3"))
    assert (found.status, found.score, found.why["reason"]) == (Status.INSUFFICIENT, None, "too_few_points")
    assert judge(continued(), IN_TWO_YEARS, years("1", "2", "3", "4")).why["points"] == 4


def test_years_without_a_value_are_no_points_but_time_passes() -> None:
    cells = [cell("2000", "100"), cell("2005", "110"), cell("2006", "110"), cell("2010", "120")]
    assert judge(continued(), [], cells).why["slope"] == Decimal(2)


def test_more_or_fewer_points_can_be_asked_for() -> None:
    cells = years("0", "100", "110", "120", "110", "140", "150")
    assert judge(continued("up", {"points": 7}), [], cells).why["slope"] == Decimal(25)
    assert judge(continued("up", {"points": 3}), [], cells).why["reason"] == "bad_params"


def test_of_a_range_the_weakest_bound_decides() -> None:
    inside = [target("2017", lower="100", upper="200")]
    assert line("150", "150", inside, "range").status is Status.ACHIEVED
    assert line("140", "150", inside, "range").status is Status.AT_RISK
    assert line("250", "210", inside, "range").status is Status.AT_RISK
    assert line("200", "210", inside, "range").status is Status.DETERIORATING
    assert line("100", "150", [target("2017", upper="200")], "range").status is Status.AT_RISK


def test_of_several_target_years_the_next_counts_and_after_the_last_one_the_last() -> None:
    targets = [target("2014", "1"), target("2017", "200"), target("2030", "900")]
    assert line("140", "150", targets).target == Decimal(200)
    late = line("140", "150", [target("2014", "160")])
    assert (late.target, late.why["miss"], late.status) == (Decimal(160), Decimal(1), Status.OFF_TRACK)
    assert line("140", "150", [target("2014", "150")]).status is Status.ACHIEVED


def test_without_a_direction_the_slope_is_told_and_nothing_judged() -> None:
    found = line("100", "150", IN_TWO_YEARS, "none")
    assert (found.status, found.why["reason"], found.native) == (Status.NO_TARGET, "no_direction", Decimal(10))
    assert line("100", "150", direction="range").status is Status.NO_TARGET


def test_where_values_add_up_whole_years_are_compared_and_the_judged_one_at_its_rate() -> None:
    definition = continued(frequency="month", time_aggregation="sum")
    cells = [cell(f"{year}-{month:02}", str(year - 2000)) for year in range(2011, 2016) for month in range(1, 13)]
    part = [*cells[2:], cell("2016-01", "16"), cell("2016-02", "16")]
    found = judge(definition, [target("2017", "204")], part)
    assert (found.why["points"], found.why["first_period"], found.why["slope"]) == (5, "2012", Decimal(12))
    assert (found.why["value_at_target"], found.why["parts_reporting"]) == (Decimal(204), 2)
    assert found.status is Status.ON_TRACK
    reached = judge(definition, [target("2016", "192")], part)
    assert reached.status is Status.ON_TRACK


def test_values_that_make_no_number_are_not_continued() -> None:
    definition = continued(time_aggregation="ratio", breakdown_aggregation="ratio")
    cells = [*years("1", "2", "3", "4"), cell("2016", pair=("1", "0"))]
    assert judge(definition, [], cells).why["reason"] == "no_value"
