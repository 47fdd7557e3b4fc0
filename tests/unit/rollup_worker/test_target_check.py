"""The five kinds of targets, each with the figures behind it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from rollup_worker.core import judge
from rollup_worker.core.facts import Cell, Target
from rollup_worker.core.target_check import Finding, TargetVersion, check, checked_target, freeze
from tests.unit.rollup_worker.build import baseline, cell, measure, target
from tideline import periods
from tideline.events import MeasureDefined

HALF_YEAR = ("299", "310", "301", "421", "298", "328")
"""Six months with 1,957 in all, 421 at best: the worked example of GovEx's course on setting targets."""


def checked(definition: MeasureDefined, wanted: Target, cells: Sequence[Cell]) -> dict[str, Finding]:
    last = judge.latest(cells)
    case = judge.read(definition, [wanted], cells, last) if last else None
    return {finding.kind: finding for finding in check(case, definition, wanted)}


def months(year: int, values: Sequence[str]) -> list[Cell]:
    return [cell(f"{year}-{month:02}", value) for month, value in enumerate(values, 1)]


def years(*values: str, until: int = 2016) -> list[Cell]:
    return [cell(str(until - len(values) + step), value) for step, value in enumerate(values, 1)]


def kinds(found: dict[str, Finding]) -> list[str]:
    return [kind for kind, finding in found.items() if finding.detected]


def test_the_published_example_is_overconfident_with_its_figures() -> None:
    found = checked(measure(time_aggregation="sum"), target("2017", "5000"), months(2017, HALF_YEAR))
    over = found["overconfidence"]
    assert over.detected
    assert over.figures == {
        "best": 421,
        "best_period": "2017-04",
        "capacity": 4483,
        "asked": 5000,
        "to_date": 1957,
        "parts_reporting": 6,
        "parts_remaining": 6,
    }
    assert over.words.startswith("1,957 to date and 6 more at the best so far, 421, make 4,483; 5,000 is asked")


def test_a_total_at_exactly_its_proven_capacity_is_not_overconfident() -> None:
    found = checked(measure(time_aggregation="sum"), target("2017", "4483"), months(2017, HALF_YEAR))
    assert not found["overconfidence"].detected


def test_a_missing_month_can_still_bring_the_best() -> None:
    held = [one for one in months(2017, HALF_YEAR) if one.period != periods.parse("2017-02")]
    over = checked(measure(time_aggregation="sum"), target("2017", "5000"), held)["overconfidence"]
    assert (over.figures["parts_remaining"], over.figures["capacity"]) == (7, 1647 + 7 * 421)


def test_a_ceiling_that_the_lowest_months_would_break_is_overconfident() -> None:
    definition = measure(time_aggregation="sum", direction="down")
    found = checked(definition, target("2017", "3700"), months(2017, HALF_YEAR))
    assert found["overconfidence"].detected
    assert found["overconfidence"].figures["capacity"] == 1957 + 6 * 298
    assert not checked(definition, target("2017", "3745"), months(2017, HALF_YEAR))["overconfidence"].detected


def test_a_level_beyond_the_best_ever_is_overconfident_in_either_direction() -> None:
    up, down = measure(frequency="year"), measure(frequency="year", direction="down")
    held = years("70", "80", "75")
    for definition, limit, detected in ((up, "81", True), (up, "80", False), (down, "69", True), (down, "70", False)):
        assert checked(definition, target("2017", limit), held)["overconfidence"].detected is detected


def test_a_range_that_was_never_met_is_overconfident_and_no_range_is_mediocre() -> None:
    definition = measure(frequency="year", direction="range")
    found = checked(definition, target("2017", lower="81", upper="90"), years("70", "80", "75"))
    assert kinds(found) == ["overconfidence"]
    assert found["overconfidence"].figures["best"] == 80


def test_without_baseline_and_history_a_target_is_uncertain() -> None:
    definition = measure(frequency="year")
    assert kinds(checked(definition, target("2017", "5"), [])) == ["uncertainty"]
    with_baseline = measure(frequency="year", baseline=baseline("2015", "4"))
    assert kinds(checked(with_baseline, target("2017", "5"), [])) == []
    assert not checked(definition, target("2017", "5"), years("4"))["uncertainty"].detected


def test_a_target_below_the_year_before_is_mediocre() -> None:
    definition = measure(frequency="year")
    found = checked(definition, target("2017", "4500"), years("3000", "4000", "5000"))
    assert kinds(found) == ["mediocrity"]
    assert found["mediocrity"].figures == {"past": 5000, "past_period": "2016", "asked": 4500}
    assert not checked(definition, target("2017", "5000"), years("3000", "4000", "5000"))["mediocrity"].detected


def test_a_total_is_compared_with_whole_years_only() -> None:
    definition = measure(time_aggregation="sum")
    held = [*months(2015, ["100"] * 12), *months(2016, ["200"] * 11), *months(2017, ["90"])]
    found = checked(definition, target("2017", "1100"), held)
    assert found["mediocrity"].figures == {"past": 1200, "past_period": "2015", "asked": 1100}


def test_a_baseline_stands_in_where_no_comparable_period_is_known() -> None:
    definition = measure(time_aggregation="sum", baseline=baseline("2016", "6000"))
    found = checked(definition, target("2017", "4000"), months(2017, HALF_YEAR))
    assert kinds(found) == ["mediocrity"]
    monthly = measure(time_aggregation="sum", baseline=baseline("2016-12", "6000"))
    assert kinds(checked(monthly, target("2017", "4000"), months(2017, HALF_YEAR))) == ["accuracy"]


def test_a_target_between_the_last_and_the_best_is_accurate() -> None:
    found = checked(measure(frequency="year"), target("2017", "78"), years("70", "80", "75"))
    assert kinds(found) == ["accuracy"]


@pytest.mark.parametrize(
    ("values", "stable"),
    [
        (("98", "98.5", "97.5"), True),
        (("97", "99", "98"), True),
        (("96.9", "98", "98"), False),
        (("97", "98", "98.5"), False),
        (("98", "98"), False),
    ],
)
def test_steady_near_the_top_is_stability(values: tuple[str, ...], stable: bool) -> None:
    found = checked(measure(frequency="year", unit="%"), target("2017", "98"), years(*values))
    assert found["stability"].detected is stable


def test_a_low_share_of_faults_is_as_stable_as_a_high_share_of_successes() -> None:
    definition = measure(frequency="year", direction="down", maximum=Decimal(1))
    found = checked(definition, target("2017", "0.02"), years("0.02", "0.015", "0.02"))
    assert found["stability"].detected
    assert found["stability"].figures["lowest_percent"] == 98


def test_where_nothing_says_what_the_top_is_the_target_does() -> None:
    found = checked(measure(frequency="year", unit="minutes"), target("2017", "1000"), years("980", "985", "984"))
    assert found["stability"].detected
    zero = checked(measure(frequency="year", unit="deaths"), target("2017", "0"), years("1", "1", "1"))
    assert not zero["stability"].detected


def test_without_a_desired_direction_no_kind_can_be_told() -> None:
    found = checked(measure(frequency="year", direction="none"), target("2017", "5"), years("4"))
    assert (len(found), kinds(found)) == (5, [])


def version(number: int, value: str, known_from: datetime) -> TargetVersion:
    found = target("2017", value)
    return TargetVersion(Target(found.period, found.value, version=number), known_from)


def test_a_change_once_the_period_has_begun_makes_it_a_forecast() -> None:
    before, inside = datetime(2016, 12, 31, 23, tzinfo=UTC), datetime(2017, 6, 1, tzinfo=UTC)
    first = version(1, "5000", before)
    found = freeze([version(3, "4400", inside), version(2, "5000", inside), first], first.target.period)
    assert not found.set_late
    assert [(old.target.value, new.target.value) for old, new in found.changes] == [(Decimal(5000), Decimal(4400))]


def test_a_target_that_was_first_set_inside_its_period_is_late() -> None:
    found = freeze([version(1, "5000", datetime(2017, 1, 1, tzinfo=UTC))], periods.parse("2017"))
    assert (found.set_late, list(found.changes)) == (True, [])


def test_the_nearest_target_that_is_not_over_is_checked() -> None:
    targets = [target(year, "1") for year in ("2015", "2017", "2020")]
    judged = periods.parse("2017-03")
    assert checked_target(targets, judged, None) == targets[1]
    assert checked_target(targets, judged, periods.parse("2020")) == targets[2]
    assert checked_target(targets, judged, periods.parse("2021")) is None
    assert checked_target(targets[:1], judged, None) == targets[0]
