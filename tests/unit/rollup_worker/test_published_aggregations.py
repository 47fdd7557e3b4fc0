"""Published aggregation cases over a tree of units, months and quarters."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from rollup_worker.core import facts
from rollup_worker.core.aggregate import Reading, collect, finish
from rollup_worker.core.facts import Cell
from rollup_worker.core.headline import Headline, headlines, over
from tests.unit.rollup_worker.build import measure, published_json
from tideline import periods
from tideline.periods import Period
from tideline.vocabulary import Aggregation, Frequency

ALONE = {
    "sum_subtree_quarter",
    "sum_subtree_month",
    "average_over_orgunits",
    "average_filter_ous",
    "max_max_filter_ous",
    "period_filter_with_gap_max",
    "custom_date_range_only_whole_periods",
    "indicator_sum_of_two",
    "indicator_const_denominator",
    "ratio_of_sums",
    "lag_minus1_plus_lag_minus2",
    "nested_indicator_jan",
    "nested_indicator_feb",
    "reporting_rate_1_of_3",
    "value_times_reporting_rate",
}
BOOLEAN = {"true": "1", "false": "0"}


class Tree:
    """The published values, read through the engine's own aggregation."""

    def __init__(self, oracle: dict[str, Any]) -> None:
        self.above: dict[str, str | None] = oracle["hierarchy"]
        self.data: list[dict[str, str]] = oracle["data"]
        self.expected = {case["name"]: Decimal(str(case["expected"])) for case in oracle["cases"]}

    def under(self, *units: str) -> set[str]:
        found = set(units)
        while more := {unit for unit, above in self.above.items() if above in found} - found:
            found |= more
        return found

    def cells(self, element: str, units: set[str]) -> list[Cell]:
        return [
            Cell(
                periods.parse(row["period"]),
                facts.breakdown({"unit": row["ou"]}),
                Decimal(BOOLEAN.get(row["value"], row["value"])),
            )
            for row in self.data
            if row["de"] == element and row["ou"] in units
        ]

    def read(
        self,
        element: str,
        units: set[str],
        whole: str,
        time: str = "sum",
        units_by: str = "sum",
        until: str | None = None,
        only: tuple[str, ...] = (),
    ) -> Headline:
        definition = measure(time_aggregation=time, breakdown_aggregation=units_by)
        period = periods.parse(whole)
        last = periods.parse(until) if until else periods.parts(period, Frequency.MONTH)[-1]
        cells = [cell for cell in self.cells(element, units) if not only or periods.identify(cell.period) in only]
        return over(definition, headlines(definition, cells), period, last)

    def value(self, *args: Any, **kwargs: Any) -> Decimal:
        value = self.read(*args, **kwargs).value
        assert value is not None
        return value


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree(published_json("oracles", "dhis2_aggregation_cases.json"))


def test_every_published_case_is_tested_here(tree: Tree) -> None:
    extremes = {f"{extreme}_in_period_sum_over_ou_{unit}" for extreme in ("max", "min") for unit in "DEB"}
    ratios = {f"{name}_of_ratios_ou{unit}" for name in ("sum", "mean") for unit in "AB"}
    to_date = {f"year_to_date_{month:02}" for month in range(5, 10)}
    boolean = {f"boolean_{name}" for name in ("SUM", "COUNT", "MIN", "MAX")}
    assert extremes | ratios | to_date | boolean | ALONE == tree.expected.keys()


def rounded(value: Decimal | None) -> Decimal:
    assert value is not None
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def test_sums_over_units_and_months(tree: Tree) -> None:
    everyone = tree.under("A")
    assert tree.value("A", everyone, "2017-Q1") == tree.expected["sum_subtree_quarter"]
    assert tree.value("C", tree.under("B"), "2017-03") == tree.expected["sum_subtree_month"]
    assert 2 * tree.value("A", everyone, "2017-01") == tree.expected["nested_indicator_jan"]
    assert 2 * tree.value("A", everyone, "2017-02") == tree.expected["nested_indicator_feb"]


def test_averages_over_units(tree: Tree) -> None:
    averaged = {"units_by": "average"}
    assert tree.value("C", tree.under("A"), "2017-03", **averaged) == tree.expected["average_over_orgunits"]
    assert tree.value("D", {"C", "E"}, "2017-04", **averaged) == tree.expected["average_filter_ous"]


def test_extremes_over_months_and_units(tree: Tree) -> None:
    greatest = tree.value("A", tree.under("B", "C"), "2017-02", "max", "max")
    assert greatest == tree.expected["max_max_filter_ous"]


@pytest.mark.parametrize("unit", ["D", "E", "B"])
@pytest.mark.parametrize("extreme", ["max", "min"])
def test_sums_over_units_of_each_units_extreme_month(tree: Tree, unit: str, extreme: str) -> None:
    """Here every unit's months come first; a measure's own coarser period is made of its headlines."""
    of_units = sum(tree.value("A", {one}, "2017-Q1", extreme) for one in tree.under(unit))
    assert of_units == tree.expected[f"{extreme}_in_period_sum_over_ou_{unit}"]


def test_a_gap_in_the_periods_is_skipped(tree: Tree) -> None:
    value = tree.value("A", {"D"}, "2017-Q1", "max", only=("2017-01", "2017-03"))
    assert value == tree.expected["period_filter_with_gap_max"]


def test_a_range_of_days_counts_whole_periods_only(tree: Tree) -> None:
    value = tree.value("A", tree.under("B"), "2017-Q1", until="2017-02-20")
    assert value == tree.expected["custom_date_range_only_whole_periods"]


def test_indicators_aggregate_their_operands_first(tree: Tree) -> None:
    a, b, c = (tree.value(element, tree.under("A"), "2017-Q1") for element in "ABC")
    assert b + c == tree.expected["indicator_sum_of_two"]
    assert b * c / 100 == tree.expected["indicator_const_denominator"]
    ratio = collect([Reading(None, periods.parse("2017").start, "", a * c, b)], Aggregation.RATIO)
    assert rounded(finish(ratio, Aggregation.RATIO)) == tree.expected["ratio_of_sums"]


@pytest.mark.parametrize("unit", ["A", "B"])
@pytest.mark.parametrize(("name", "aggregation"), [("sum", Aggregation.SUM), ("mean", Aggregation.AVERAGE)])
def test_ratios_by_unit_differ_from_the_ratio_of_sums(
    tree: Tree, unit: str, name: str, aggregation: Aggregation
) -> None:
    def reading(one: str, quarter: Period) -> Reading | None:
        a, b = (tree.read(element, {one}, "2017-Q1").value for element in "AB")
        return None if a is None or b is None else Reading(None, quarter.start, one, a, b)

    quarter = periods.parse("2017-Q1")
    pairs = [found for one in sorted(tree.under(unit)) if (found := reading(one, quarter))]
    value = finish(collect(pairs, aggregation), aggregation)
    assert rounded(value) == tree.expected[f"{name}_of_ratios_ou{unit}"]


def test_the_year_to_date_carries_across_missing_months_and_starts_with_the_first_value(tree: Tree) -> None:
    for month in ("05", "06", "07", "08", "09"):
        value = tree.value("E", {"A"}, "2017", until=f"2017-{month}")
        assert value == tree.expected[f"year_to_date_{month}"]
    assert tree.read("E", {"A"}, "2017", until="2017-04").value is None


def test_earlier_periods_are_found_by_stepping_back(tree: Tree) -> None:
    before = periods.previous(periods.parse("2017-07"))
    steps = (before, periods.previous(before))
    total = sum(tree.value("E", {"A"}, periods.identify(period)) for period in steps)
    assert total == tree.expected["lag_minus1_plus_lag_minus2"]


@pytest.mark.parametrize("name", ["sum", "count", "min", "max"])
def test_yes_and_no_are_one_and_zero_and_no_is_a_value(tree: Tree, name: str) -> None:
    assert tree.value("F", {"A"}, "2017-Q1", name) == tree.expected[f"boolean_{name.upper()}"]


def test_a_part_covered_quarter_says_its_coverage(tree: Tree) -> None:
    held = tree.read("B", {"D"}, "2017-Q1")
    rate = rounded(Decimal(held.reporting * 100) / held.of)
    assert (held.reporting, held.of, rate) == (1, 3, tree.expected["reporting_rate_1_of_3"])
    value = tree.value("A", {"D"}, "2017-Q1") * rate / 100
    assert rounded(value) == tree.expected["value_times_reporting_rate"]
