"""The headline value of a period."""

from decimal import Decimal

from rollup_worker.core.facts import Cell
from rollup_worker.core.headline import Headline, headlines, over
from tests.unit.rollup_worker.build import cell, measure
from tideline import periods
from tideline.events import MeasureDefined
from tideline.vocabulary import Flag


def only(definition: MeasureDefined, *cells: Cell) -> Headline:
    (found,) = headlines(definition, cells).values()
    return found


def test_the_value_without_breakdown_is_the_headline() -> None:
    assert only(measure(), cell("2017-03", "9"), cell("2017-03", "4", district="1")).value == 9


def test_else_the_breakdown_aggregation_runs_over_the_smallest_set_of_dimensions() -> None:
    cells = [
        cell("2017-03", "1", group="a", district="1"),
        cell("2017-03", "5", district="1"),
        cell("2017-03", "6", district="2"),
        cell("2017-03", "100", zone="1"),
    ]
    assert only(measure(), *cells).value == 11


def test_a_ratio_adds_up_over_its_breakdown() -> None:
    definition = measure(time_aggregation="ratio", breakdown_aggregation="ratio", multiplier=Decimal(100))
    found = only(
        definition, cell("2017-03", pair=("1", "10"), district="1"), cell("2017-03", pair=("1", "30"), district="2")
    )
    assert [found.value, found.numerator, found.denominator] == [Decimal(5), Decimal(2), Decimal(40)]


def test_a_withdrawn_value_is_no_value_and_a_zero_is_one() -> None:
    cells = [cell("2017-02", flag=Flag.WITHDRAWN), cell("2017-03", "0")]
    assert [(periods.identify(p), h.value) for p, h in headlines(measure(), cells).items()] == [("2017-03", Decimal(0))]


def test_the_same_cell_twice_counts_once() -> None:
    cells = [cell("2017-03", "5", district="1")] * 2
    assert only(measure(), *cells).value == 5


def test_flags_of_the_cells_used_qualify_the_headline() -> None:
    found = only(measure(), cell("2017-03", "5", flag=Flag.ESTIMATED), cell("2017-03", "1", flag=Flag.SAMPLE, d="1"))
    assert (found.provisional, found.sample) == (True, False)


def test_a_missing_month_lowers_the_coverage_of_its_quarter_and_is_not_zero() -> None:
    definition = measure(time_aggregation="average")
    known = headlines(definition, [cell("2017-01", "4"), cell("2017-03", "6")])
    found = over(definition, known, periods.parse("2017-Q1"), periods.parse("2017-03"))
    assert (found.value, found.reporting, found.of) == (Decimal(5), 2, 3)


def test_time_and_breakdown_are_aggregated_separately() -> None:
    definition = measure(time_aggregation="max", breakdown_aggregation="sum")
    cells = [cell(f"2017-0{month}", value, d=d) for month, d, value in ((1, "1", "3"), (1, "2", "4"), (2, "1", "6"))]
    found = over(definition, headlines(definition, cells), periods.parse("2017-Q1"), periods.parse("2017-02"))
    assert found.value == 7


def test_a_ratio_over_a_quarter_is_the_ratio_of_the_sums() -> None:
    definition = measure(time_aggregation="ratio")
    cells = [cell("2017-01", pair=("1", "2")), cell("2017-02", pair=("1", "98"))]
    found = over(definition, headlines(definition, cells), periods.parse("2017-Q1"), periods.parse("2017-02"))
    assert found.value == Decimal("0.02")


def test_a_mean_of_ratios_over_time_is_declared() -> None:
    definition = measure(time_aggregation="average", breakdown_aggregation="ratio")
    cells = [cell("2017-01", pair=("1", "2"), d="1"), cell("2017-01", pair=("1", "2"), d="2")]
    cells += [cell("2017-02", pair=("1", "98"), d="1"), cell("2017-02", pair=("48", "0"), d="2")]
    found = over(definition, headlines(definition, cells), periods.parse("2017-Q1"), periods.parse("2017-02"))
    assert found.value == Decimal("0.5")


def test_a_ratio_is_read_from_its_pair_and_other_measures_from_their_value() -> None:
    both = cell("2017-03", "9", pair=("1", "2"))
    assert only(measure(time_aggregation="ratio"), both).value == Decimal("0.5")
    assert only(measure(), both).value == 9


def test_one_provisional_part_makes_the_whole_provisional() -> None:
    parts = [cell("2017-03", "5", flag=Flag.PROVISIONAL, d="1"), cell("2017-03", "5", flag=Flag.SAMPLE, d="2")]
    found = only(measure(), *parts)
    assert (found.provisional, found.sample) == (True, True)
    months = [cell("2017-01", "5", flag=Flag.PROVISIONAL), cell("2017-02", "5", flag=Flag.SAMPLE)]
    whole = over(measure(), headlines(measure(), months), periods.parse("2017-Q1"), periods.parse("2017-02"))
    assert (whole.provisional, whole.sample) == (True, True)
