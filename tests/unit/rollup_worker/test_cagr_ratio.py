"""The method `cagr-ratio`, and what Statistics Canada and Open SDG published of it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from rollup_worker.core import scores
from rollup_worker.core.facts import Cell, NodeStatus, Target
from rollup_worker.core.judge import window
from rollup_worker.core.methods import rates
from rollup_worker.core.methods.rates import Rated
from tests.unit.rollup_worker.build import baseline, cell, judge, measure, published_json, published_rows, target
from tideline import periods
from tideline.events import MeasureDefined, MethodChoice
from tideline.vocabulary import JUDGEMENTS, Status

WORDS = {
    "target_achieved": Status.ACHIEVED,
    "substantial_progress": Status.ON_TRACK,
    "moderate_progress": Status.AT_RISK,
    "limited_progress": Status.OFF_TRACK,
    "deterioration": Status.DETERIORATING,
    "not_available": Status.INSUFFICIENT,
}
CLOSE = Decimal("1E-9")


def by_growth(direction: str = "up", params: dict[str, Any] | None = None, **fields: Any) -> MeasureDefined:
    named = [params["series"]] if params and "series" in params else []
    given = {"frequency": "year", "breakdowns": named, **fields}
    return measure(direction=direction, method=MethodChoice(id="cagr-ratio", params=params or {}), **given)


def from_to(base: str, value: str, goal: str | None = None, direction: str = "up", **params: Any) -> NodeStatus:
    """From 2015 to 2016; the goal is for 2017."""
    targets = [target("2017", goal)] if goal else []
    return judge(by_growth(direction, params), targets, [cell("2015", base), cell("2016", value)])


def year(text: str) -> str:
    return str(int(Decimal(text)))


def series_of(row: dict[str, str], series: str | None = None) -> list[Cell]:
    held = {year(row[f"{which}_year"]): row[f"{which}_value"] for which in ("base", "current") if row[f"{which}_value"]}
    found = [cell(period, value) for period, value in held.items()]
    return [replace(one, breakdown=(("series", series),)) for one in found] if series else found


def aim_of(row: dict[str, str]) -> list[Target]:
    return [target(year(row["target_year"]), row["target"])] if row["target"] else []


def definition_of(row: dict[str, str], **params: str) -> MeasureDefined:
    limit = {"limit": row["limit"]} if row["limit"] else {}
    return by_growth("up" if row["direction"] == "1" else "down", {**limit, **params})


def rows() -> list[dict[str, str]]:
    return published_rows("oracles", "statcan_cif_progress.csv")


def test_all_published_progress_values_scores_and_statuses_are_reproduced() -> None:
    agreeing = [row["series"] for row in rows() if agrees(row)]
    assert len(agreeing) == len(rows()) == 132


def agrees(row: dict[str, str]) -> bool:
    cells = series_of(row)
    if not cells:
        return row["expected_status"] == "not_available"
    found = judge(definition_of(row), aim_of(row), cells)
    return (
        found.status is WORDS[row["expected_status"]]
        and near(found.why.get("progress"), row["expected_progress_value"])
        and near(found.native, row["expected_score"])
    )


def near(found: Decimal | None, expected: str) -> bool:
    if found is None or not expected:
        return found is None and not expected
    return abs(found - Decimal(expected)) < CLOSE * max(abs(found), Decimal(1))


def test_published_indicators_of_several_series_are_reproduced_from_the_mean_of_their_scores() -> None:
    several = {name: list(group) for name, group in groupby(rows(), lambda row: row["indicator"])}
    compared = 0
    for members in (members for members in several.values() if len({row["target"] for row in members}) == 1):
        first = members[0]
        cells = [one for row in members for one in series_of(row, row["series"])]
        found = judge(definition_of(first, series="series"), aim_of(first), cells)
        assert found.status is WORDS[first["expected_indicator_status"]], first["indicator"]
        assert near(found.native, first["expected_indicator_score"])
        compared += 1
    assert compared == 81


def test_the_mean_of_series_with_different_targets_is_the_published_one() -> None:
    members = [row for row in rows() if row["indicator"] == "3-9-1"]
    rated = [Rated(WORDS[row["expected_status"]], Decimal(row["expected_score"])) for row in members]
    found = rates.mean(rated)
    assert found.status is WORDS[members[0]["expected_indicator_status"]]
    assert near(found.native, members[0]["expected_indicator_score"])


def test_the_worked_cases_of_open_sdg_are_reproduced() -> None:
    words = {"Deterioration": Status.DETERIORATING, "On track": Status.ON_TRACK}
    anchors = published_json("oracles", "vendor_status_worked_examples.json")
    (anchor,) = [anchor for anchor in anchors if anchor["anchor"] == "Open SDG cucumber feature"]
    for case in anchor["cases"]:
        definition = by_growth("up" if case["direction"] == "positive" else "down")
        cells = [cell(period, str(value)) for period, value in case["values"].items()]
        found = judge(definition, [target(str(case["target_year"]), str(case["target"]))], cells)
        assert found.status is words[case["expected"]]


def test_the_two_examples_of_the_formula() -> None:
    falling = judge(by_growth("down"), [target("2030", "7.25")], [cell("2015", "14.5"), cell("2023", "10.4")])
    assert (round(falling.why["progress"], 5), round(falling.native or 0, 4)) == (Decimal("0.90109"), Decimal("2.1507"))
    rising = judge(by_growth("up", {"limit": 100}), [], [cell("2016", "66.6"), cell("2023", "71.4")])
    assert (round(rising.why["progress"], 7), round(rising.native or 0, 4)) == (Decimal("0.0099915"), Decimal("1.7398"))
    assert (rising.why["judged_by"], falling.why["judged_by"]) == ("direction alone", "direction and target")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("121", Status.ACHIEVED),
        ("120.999", Status.ON_TRACK),
        ("109.5", Status.ON_TRACK),
        ("109.4999999999999999999999999999999999", Status.AT_RISK),
        ("106", Status.AT_RISK),
        ("105.9999999999999999999999999999999999", Status.OFF_TRACK),
        ("100", Status.OFF_TRACK),
        ("99.99999999999999999999999999999999999", Status.DETERIORATING),
    ],
)
def test_bands_against_a_target_include_their_lower_ends_though_roots_are_drawn(value: str, expected: Status) -> None:
    """100 to 121 in two years asks for 10 % a year."""
    found = from_to("100", value, "121")
    assert found.status is expected
    assert found.score is not None
    assert scores.band(found.score) is expected


@pytest.mark.parametrize(
    ("value", "expected", "native"),
    [
        ("103.0225", Status.ON_TRACK, "2.5"),
        ("103.0224999999999999999999999999999", Status.AT_RISK, None),
        ("101.0025", Status.AT_RISK, "0"),
        ("101.0024999999999999999999999999999", Status.OFF_TRACK, None),
        ("100", Status.OFF_TRACK, "-2.5"),
        ("99.99999999999999999999999999999999", Status.DETERIORATING, None),
        ("50", Status.DETERIORATING, "-5"),
        ("200", Status.ON_TRACK, "5"),
    ],
)
def test_bands_by_direction_alone_include_their_lower_ends(value: str, expected: Status, native: str | None) -> None:
    """103.0225 is 1.5 % a year for two years."""
    found = judge(by_growth(), [], [cell("2015", "100"), cell("2017", value)])
    assert found.status is expected
    assert native is None or found.native == Decimal(native)


def test_the_native_score_meets_the_common_one_at_its_anchors() -> None:
    found = {value: from_to("100", value).score for value in ("101.5", "100.5", "100", "90", "120")}
    assert list(found.values()) == [75, 40, Decimal("15.000001"), 0, Decimal("99.999999")]


@pytest.mark.parametrize(
    ("base", "value", "goal", "reason"),
    [
        ("0", "5", "10", "no_rate"),
        ("0", "5", None, "no_rate"),
        ("-5", "5", "10", "no_rate"),
        ("5", "-5", None, "no_rate"),
        ("10", "9", "10", "no_rate"),
        ("10", "9", "-10", None),
        ("-10", "-9", "10", "no_rate"),
    ],
)
def test_from_zero_across_zero_or_from_the_target_itself_there_is_no_rate(
    base: str, value: str, goal: str | None, reason: str | None
) -> None:
    found = from_to(base, value, goal)
    assert (found.why.get("reason"), found.score is None) == (reason, reason is not None)
    assert (found.status is Status.INSUFFICIENT) == (reason is not None)


def test_zero_is_a_value_and_can_be_grown_to() -> None:
    gone = from_to("10", "0", direction="down")
    assert (gone.status, gone.why["growth"], gone.native) == (Status.ON_TRACK, Decimal(-1), Decimal(5))
    found = from_to("100", "50", "0", direction="down")
    assert (found.status, found.why["progress"]) == (Status.OFF_TRACK, Decimal("0.5"))


def test_below_zero_coming_nearer_to_zero_is_growth() -> None:
    assert from_to("-10", "-9").status is Status.ON_TRACK
    assert from_to("-10", "-11").status is Status.DETERIORATING
    assert from_to("-10", "-9", "-5").status is Status.OFF_TRACK
    assert from_to("-10", "-11", "-20", direction="down").status is Status.OFF_TRACK


def test_a_base_on_its_natural_limit_has_only_to_stay() -> None:
    assert (from_to("100", "100", limit=100).status, from_to("100", "100", limit=100).native) == (
        Status.ON_TRACK,
        Decimal(5),
    )
    assert from_to("100", "99", limit=100).status is Status.DETERIORATING
    assert from_to("200", "201", limit=100).why["limit_share"] == 1
    assert from_to("10", "11", limit=0).why["limit_share"] == 1
    assert 0 < from_to("150", "151", limit=100).why["limit_share"] < 1


def test_a_baseline_is_the_base_before_any_value_and_a_named_period_before_the_baseline() -> None:
    cells = [cell("2010", "50"), cell("2013", "80"), cell("2016", "101.5")]
    given = baseline("2015", "100")
    bases = [
        (judge(by_growth(baseline=given), [], cells).why["base_period"], "2015"),
        (judge(by_growth(), [], cells).why["base_period"], "2010"),
        (judge(by_growth("up", {"base_period": "2013"}, baseline=given), [], cells).why["base_period"], "2013"),
        (judge(by_growth("up", {"base_period": "2015"}, baseline=given), [], cells).why["base_value"], 100),
    ]
    assert all(found == expected for found, expected in bases)


@pytest.mark.parametrize(
    ("cells", "base", "reason"),
    [
        ([cell("2016", "5")], None, "too_few_values"),
        ([cell("2016", "5")], baseline("2016", "4"), "before_baseline"),
        ([cell("2016", "5")], baseline("2017", "4"), "before_baseline"),
        ([cell("2015", "5"), cell("2016", "5")], baseline("once", "4"), None),
    ],
)
def test_one_value_alone_has_not_grown(cells: list[Cell], base: Any, reason: str | None) -> None:
    found = judge(by_growth(baseline=base), [target("2018", "10")], cells)
    assert found.why.get("reason") == reason


def test_the_next_target_counts_and_after_the_last_one_the_last() -> None:
    cells = [cell("2015", "100"), cell("2016", "105")]
    targets = [target("2018", "110"), target("2030", "900")]
    assert judge(by_growth(), targets, cells).target == Decimal(110)
    late = judge(by_growth(), targets[:1], [cell("2015", "100"), cell("2020", "109")])
    assert (late.target, late.status) == (Decimal(110), Status.OFF_TRACK)
    assert judge(by_growth(), [target("2014", "110")], cells).why["reason"] == "no_rate"


def test_a_value_on_its_target_has_reached_it_whatever_its_base() -> None:
    for base in ("0", "-5", "121", "500"):
        assert (from_to(base, "121", "121").status, from_to(base, "121", "121").score) == (
            Status.ACHIEVED,
            Decimal(100),
        )


@pytest.mark.parametrize(
    ("params", "reason", "said"),
    [
        ({"base_period": "2011"}, "no_base", "2011"),
        ({"base_period": "2015-03-45"}, "bad_params", "2015-03-45"),
        ({"base_period": "2015-03-45", "series": "d"}, "bad_params", "2015-03-45"),
        ({"series": "e"}, "bad_params", "no breakdown e"),
        ({"level": "month"}, "bad_params", "month is finer"),
    ],
)
def test_what_names_nothing_of_the_measure_judges_nothing(params: dict[str, Any], reason: str, said: str) -> None:
    """Another base would make another judgement, and nobody would see it."""
    cells = [cell("2010", "50"), cell("2013", "80"), cell("2016", "101.5")]
    for given in (baseline("2015", "100"), None):
        found = judge(by_growth("up", params, baseline=given, breakdowns=["d"]), [target("2017", "200")], cells)
        assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, reason)
        assert said in found.why["detail"]


def test_without_a_direction_growth_is_told_and_nothing_judged() -> None:
    found = from_to("100", "110", "121", direction="none")
    assert (found.status, found.why["reason"], found.why["growth"]) == (
        Status.NO_TARGET,
        "no_direction",
        Decimal("0.1"),
    )
    assert from_to("100", "110", direction="range").status is Status.NO_TARGET
    assert from_to("100", "110", direction="none", series="d").status is Status.NO_TARGET


@pytest.mark.parametrize(
    ("value", "expected"),
    [("45", Status.ACHIEVED), ("31", Status.ON_TRACK), ("19", Status.DETERIORATING), ("60", Status.DETERIORATING)],
)
def test_for_a_range_the_bound_that_is_missed_is_the_target(value: str, expected: Status) -> None:
    limits = [target("2017", lower="40", upper="50")]
    found = judge(by_growth("range"), limits, [cell("2015", "20"), cell("2016", value)])
    assert found.status is expected


def test_a_single_wanted_value_is_approached_from_both_sides() -> None:
    for base, value in (("10", "13"), ("25", "23")):
        assert from_to(base, value, "20", direction="range").status is Status.AT_RISK
    assert from_to("25", "26", "20", direction="range").status is Status.DETERIORATING


def test_months_count_as_twelfths_of_a_year() -> None:
    definition = by_growth(frequency="month")
    found = judge(definition, [], [cell("2016-01", "100"), cell("2016-07", "110"), cell("2018-01", "121")])
    assert found.why["growth"] == Decimal("0.1")
    half = judge(definition, [], [cell("2016-01", "100"), cell("2016-07", "110")])
    assert half.why["growth"] == Decimal("0.21")


def test_where_values_add_up_a_part_of_a_year_is_held_at_its_rate() -> None:
    definition = by_growth(frequency="month", time_aggregation="sum", baseline=baseline("2016", "120"))
    months = [cell(f"2017-{month:02}", "11") for month in range(1, 7)]
    found = judge(definition, [target("2018", "145.2")], months)
    assert (found.why["value_held"], found.why["growth"], found.status) == (66, Decimal("0.1"), Status.ON_TRACK)
    alone = judge(definition, [], months)
    assert (alone.why["growth"], alone.why["parts_reporting"]) == (Decimal("0.1"), 6)
    monthly = judge(by_growth(frequency="month", time_aggregation="sum"), [target("2018", "145.2")], months)
    assert monthly.why["reason"] == "too_few_values"
    finer = by_growth(frequency="month", time_aggregation="sum", baseline=baseline("2016-12", "10"))
    assert judge(finer, [target("2018", "145.2")], months).why["reason"] == "unequal_periods"


def test_of_several_series_all_must_be_achieved_and_those_without_a_rate_are_left_out() -> None:
    definition = by_growth("up", {"series": "district"})
    met = [cell("2015", "1", district="a"), cell("2016", "9", district="a"), cell("2016", "9", district="b")]
    found = judge(definition, [target("2017", "9")], met)
    assert (found.status, found.native, found.why["series_achieved"]) == (Status.ACHIEVED, Decimal(5), 2)
    mixed = [*met, cell("2015", "8", district="c"), cell("2016", "8", district="c"), cell("2016", "1", district="d")]
    found = judge(definition, [target("2017", "9")], mixed)
    assert (found.why["series_judged"], found.why["series_left_out"], found.native) == (3, 1, Decimal("2.5"))
    assert found.status is Status.ON_TRACK
    assert judge(definition, [], [cell("2016", "1")]).why["reason"] == "no_series"


def test_every_group_of_a_series_ends_where_its_own_values_end() -> None:
    cells = [
        cell("2015", "100", d="a"),
        cell("2016", "101.5", d="a"),
        cell("2015", "100", d="b"),
        cell("2018", "1", d="b"),
    ]
    found = judge(by_growth("up", {"series": "d"}), [], cells)
    assert (found.status, found.native) == (Status.OFF_TRACK, Decimal("-1.25"))


def test_every_judgement_keeps_its_own_band_of_the_common_score() -> None:
    """The published lines cross the class limits by some millionths; the band is that of the class."""
    for value in ("109.49993", "109.4999301", "105.99999", "106.0000001"):
        found = from_to("100", value, "121")
        assert found.status in JUDGEMENTS and found.score is not None
        assert scores.band(found.score) is found.status


@pytest.mark.parametrize(
    ("params", "fields", "first"),
    [
        ({}, {}, periods.FIRST_DAY),
        ({}, {"baseline": baseline("2010", "5")}, date(2017, 10, 1)),
        ({}, {"baseline": baseline("2010", "5"), "time_aggregation": "sum"}, date(2016, 12, 25)),
        ({"base_period": "2014-01"}, {"baseline": baseline("2010", "5")}, date(2013, 12, 25)),
        ({"series": "district"}, {"baseline": baseline("2010", "5")}, periods.FIRST_DAY),
    ],
)
def test_as_much_of_the_past_is_read_as_the_base_and_the_value_need(
    params: dict[str, Any], fields: dict[str, Any], first: date
) -> None:
    definition = by_growth("up", params, frequency="month", **fields)
    assert window(definition, [], periods.parse("2017-11"))[0] == first
