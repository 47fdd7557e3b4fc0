"""Gaps between groups: the figures, their status, and which groups they are told from."""

from decimal import Decimal

import pytest

from rollup_worker.core.equity import Figure, Gap, Group, Trend, gaps, index_of_disparity, judge, slope_index, trend
from rollup_worker.core.groups import cut, dimensions
from rollup_worker.core.suppression import hidden_by_period
from tests.unit.rollup_worker.build import cell, measure, number
from tideline import periods
from tideline.events import EquityRule
from tideline.vocabulary import Direction, Status

RULE = EquityRule(dimension="district")
MARCH = periods.parse("2017-03")


def group(name: str, value: str, population: str | None = None) -> Group:
    return Group(name, Decimal(value), number(population))


THREE = [group("a", "20"), group("b", "12"), group("c", "16")]


def test_fewer_than_two_groups_have_no_gap() -> None:
    found = gaps(THREE[:1], Direction.UP, RULE)
    assert {figure.reason for figure in found.values()} == {"too_few_groups"}
    assert judge(found[Gap.DIFFERENCE], Decimal(1), Decimal(10)) is Status.INSUFFICIENT


def test_a_ratio_is_not_told_where_it_divides_by_zero() -> None:
    up = gaps([group("a", "5"), group("b", "0")], Direction.UP, RULE)
    down = gaps([group("a", "5"), group("b", "0")], Direction.DOWN, RULE)
    assert (up[Gap.RATIO].value, up[Gap.RATIO].reason) == (None, "zero")
    assert (down[Gap.RATIO].value, down[Gap.DIFFERENCE].value) == (None, Decimal(5))
    assert down[Gap.INDEX_OF_DISPARITY].value is None


def test_where_up_is_better_the_worst_is_the_lowest() -> None:
    found = gaps(THREE, Direction.UP, RULE)
    difference, ratio = found[Gap.DIFFERENCE], found[Gap.RATIO]
    assert (difference.best, difference.worst, difference.reference) == ("a", "b", "a")
    assert difference.value == 8
    assert ratio.value is not None and round(ratio.value, 6) == Decimal("1.666667")


def test_where_down_is_better_the_worst_is_the_highest() -> None:
    found = gaps(THREE, Direction.DOWN, RULE)
    assert (found[Gap.DIFFERENCE].best, found[Gap.DIFFERENCE].worst) == ("b", "a")
    assert found[Gap.DIFFERENCE].value == 8


def test_a_named_reference_replaces_the_best_group() -> None:
    found = gaps(THREE, Direction.UP, EquityRule(dimension="district", reference="c"))
    assert (found[Gap.DIFFERENCE].reference, found[Gap.DIFFERENCE].value) == ("c", Decimal(4))
    ratio = found[Gap.RATIO].value
    assert ratio is not None and round(ratio, 6) == Decimal("1.333333")


def test_a_reference_without_value_leaves_no_gap_but_the_slope() -> None:
    rule = EquityRule(dimension="district", reference="z", order=["b", "c", "a"])
    found = gaps(THREE, Direction.UP, rule)
    assert found[Gap.DIFFERENCE].reason == "no_reference"
    assert found[Gap.SLOPE_INDEX].value is not None


def test_without_a_direction_the_highest_is_the_reference_and_nobody_is_best() -> None:
    found = gaps(THREE, Direction.NONE, RULE)[Gap.DIFFERENCE]
    assert (found.best, found.worst, found.reference, found.value) == (None, "b", "a", Decimal(8))


def test_the_index_of_disparity_is_the_mean_deviation_in_percent_of_the_reference() -> None:
    assert index_of_disparity(THREE, THREE[0]) == Decimal(30)


def test_the_index_of_disparity_of_equal_groups_is_zero() -> None:
    same = [group("a", "7"), group("b", "7")]
    assert index_of_disparity(same, same[0]) == 0


def test_the_slope_of_a_straight_line_over_equal_groups_is_that_line() -> None:
    """Fifths with the ridits 0.1, 0.3, 0.5, 0.7, 0.9: 10 + 20 × ridit."""
    found = slope_index([Decimal(v) for v in (12, 16, 20, 24, 28)], [Decimal(1)] * 5)
    assert found == (Decimal(20), Decimal(20))


def test_the_slope_weighs_groups_by_their_people() -> None:
    """Shares 0.25 and 0.75: ridits 0.125 and 0.625, so that 2 between them is 4 from bottom to top."""
    found = slope_index([Decimal(10), Decimal(12)], [Decimal(100), Decimal(300)])
    assert found == (Decimal(4), Decimal("11.5"))


def test_the_slope_needs_an_order_and_says_whether_people_weigh() -> None:
    without = gaps(THREE, Direction.UP, RULE)[Gap.SLOPE_INDEX]
    rule = EquityRule(dimension="district", order=["b", "c", "a"])
    unweighed = gaps(THREE, Direction.UP, rule)[Gap.SLOPE_INDEX]
    people = [group(g.name, str(g.value), "50") for g in THREE]
    weighed = gaps(people, Direction.UP, rule)[Gap.SLOPE_INDEX]
    assert (without.value, without.reason) == (None, "no_order")
    assert (unweighed.value, unweighed.weighted) == (Decimal(12), False)
    assert (weighed.value, weighed.weighted, weighed.relative) == (Decimal(12), True, Decimal("0.75"))


def test_a_group_that_the_order_does_not_name_leaves_no_slope() -> None:
    found = gaps(THREE, Direction.UP, EquityRule(dimension="district", order=["a", "b"]))[Gap.SLOPE_INDEX]
    assert found.reason == "group_outside_the_order"


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        ("5", "5", Status.ACHIEVED),
        ("5.5", "5", Status.AT_RISK),
        ("5.51", "5", Status.OFF_TRACK),
        ("-5", "5", Status.ACHIEVED),
        ("0", "0", Status.ACHIEVED),
        ("0.1", "0", Status.OFF_TRACK),
        ("5", None, Status.NO_TARGET),
        (None, "5", Status.INSUFFICIENT),
        (None, None, Status.NO_TARGET),
    ],
)
def test_a_gap_is_judged_by_its_size(value: str | None, target: str | None, expected: Status) -> None:
    assert judge(Figure(number(value)), number(target), Decimal(10)) is expected


def test_a_gap_that_gets_smaller_is_narrowing_whatever_its_sign() -> None:
    assert trend(Decimal(-3), Decimal(5)) is Trend.NARROWING
    assert trend(Decimal(6), Decimal(-5)) is Trend.WIDENING
    assert trend(Decimal(5), Decimal(-5)) is Trend.UNCHANGED
    assert trend(None, Decimal(5)) is None


def test_a_group_is_made_from_its_finer_cells_where_it_has_none_of_its_own() -> None:
    cells = [cell("2017-03", v, district="1", sex=s) for v, s in (("20", "f"), ("30", "m"))]
    found = cut(measure(time_aggregation="sum"), "district", [*cells, cell("2017-03", "7", district="2")])
    assert {g.name: g.value for g in found.groups(MARCH, MARCH)} == {"1": 50, "2": 7}


def test_the_values_of_others_are_no_groups() -> None:
    cells = [cell("2017-03", "20", district="1"), cell("2017-03", "30", peer="leeds", district="2")]
    assert dimensions(measure(breakdowns=["district"]), cells) == ["district"]
    assert list(cut(measure(), "district", cells).members) == ["1"]


def test_a_year_of_a_group_is_not_shown_where_a_month_of_it_is_hidden() -> None:
    definition = measure(time_aggregation="sum", breakdowns=["district"])
    cells = [cell("2017-02", "40", district=d) for d in "123"] + [
        cell("2017-03", v, district=d) for d, v in zip("123", ("3", "20", "50"), strict=True)
    ]
    hidden = hidden_by_period(definition, cells, 10)
    found = cut(definition, "district", cells, hidden=hidden)
    year = periods.parse("2017")
    assert [g.name for g in found.groups(year, MARCH)] == ["3"]
    assert found.reporting(year, MARCH) == ["1", "2", "3"]


def test_a_group_made_from_finer_cells_is_hidden_with_any_of_them() -> None:
    definition = measure(time_aggregation="sum", breakdowns=["district", "sex"])
    table = {("1", "f"): "3", ("1", "m"): "30", ("2", "f"): "40", ("2", "m"): "50", ("3", "f"): "60", ("3", "m"): "70"}
    cells = [cell("2017-03", v, district=d, sex=s) for (d, s), v in table.items()]
    found = cut(definition, "district", cells, hidden=hidden_by_period(definition, cells, 10))
    assert "1" not in [g.name for g in found.groups(MARCH, MARCH)]
