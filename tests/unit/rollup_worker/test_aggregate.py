"""Partials and what is read from them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from rollup_worker.core.aggregate import EMPTY, FIXED_SIZE, Reading, collect, finish, is_summable, merge, partial
from tideline.vocabulary import Aggregation

DAY = date(2017, 1, 1)


def readings(*values: str) -> list[Reading]:
    return [Reading(Decimal(value), DAY + timedelta(days=index)) for index, value in enumerate(values)]


def pair(numerator: str, denominator: str, value: str | None = None) -> Reading:
    return Reading(None if value is None else Decimal(value), DAY, "", Decimal(numerator), Decimal(denominator))


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (Aggregation.SUM, "14"),
        (Aggregation.AVERAGE, "3.5"),
        (Aggregation.WEIGHTED_AVERAGE, "3.5"),
        (Aggregation.LAST, "1"),
        (Aggregation.MIN, "1"),
        (Aggregation.MAX, "7"),
        (Aggregation.COUNT, "4"),
        (Aggregation.MEDIAN, "3"),
    ],
)
def test_every_aggregation_reads_its_value_from_one_partial(aggregation: Aggregation, expected: str) -> None:
    assert finish(collect(readings("7", "2", "4", "1"), aggregation), aggregation) == Decimal(expected)


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_nothing_aggregates_to_nothing_and_never_to_zero(aggregation: Aggregation) -> None:
    assert finish(EMPTY, aggregation) is None


@pytest.mark.parametrize("aggregation", [a for a in Aggregation if a is not Aggregation.COUNT])
def test_a_single_zero_is_a_value(aggregation: Aggregation) -> None:
    assert finish(collect(readings("0"), aggregation), aggregation) == 0


def test_ratios_add_numerators_and_denominators_and_are_never_averaged() -> None:
    whole = collect([pair("1", "2"), pair("1", "100")], Aggregation.RATIO)
    assert (whole.numerator, whole.denominator) == (Decimal(2), Decimal(102))
    assert finish(collect([pair("1", "4"), pair("3", "4")], Aggregation.RATIO), Aggregation.RATIO) == Decimal("0.5")


def test_the_multiplier_turns_a_ratio_into_its_unit() -> None:
    whole = collect([pair("1", "3")], Aggregation.RATIO, Decimal(100))
    value = finish(whole, Aggregation.RATIO, Decimal(100))
    assert value is not None
    assert str(value).startswith("33.3333")


def test_ratios_of_which_some_bring_no_numbers_have_no_value() -> None:
    some = [pair("1", "4"), Reading(Decimal("0.9"), DAY)]
    assert finish(collect(some, Aggregation.RATIO), Aggregation.RATIO) is None
    assert finish(collect(some[1:], Aggregation.RATIO), Aggregation.RATIO) == Decimal("0.9")


def test_nothing_out_of_nothing_adds_nothing_to_a_ratio() -> None:
    whole = collect([pair("0", "0"), pair("1", "2")], Aggregation.RATIO)
    assert finish(whole, Aggregation.RATIO) == Decimal("0.5")
    assert finish(collect([pair("0", "0")], Aggregation.RATIO), Aggregation.RATIO) is None


def test_a_weighted_average_weighs_by_denominators_and_refuses_a_mixture() -> None:
    weighted = [pair("0", "1", value="10"), pair("0", "3", value="20")]
    assert finish(collect(weighted, Aggregation.WEIGHTED_AVERAGE), Aggregation.WEIGHTED_AVERAGE) == Decimal("17.5")
    mixed = [*weighted, Reading(Decimal(1), DAY)]
    assert finish(collect(mixed, Aggregation.WEIGHTED_AVERAGE), Aggregation.WEIGHTED_AVERAGE) is None


def test_only_a_median_keeps_its_values() -> None:
    for aggregation in Aggregation:
        kept = collect(readings("3", "1", "2"), aggregation).values
        assert kept == ((Decimal(1), Decimal(2), Decimal(3)) if aggregation not in FIXED_SIZE else ())


def test_finished_values_add_up_for_sum_and_count_only() -> None:
    assert {a for a in Aggregation if is_summable(a)} == {Aggregation.SUM, Aggregation.COUNT}


def test_sums_of_the_widest_accepted_values_are_exact_in_any_order() -> None:
    huge, tiny = Decimal("9" * 38 + "E+30"), Decimal("1E-30")
    parts = [partial(Reading(value, DAY), Aggregation.SUM) for value in (huge, tiny, huge.copy_negate())]
    forth = merge(merge(parts[0], parts[1]), parts[2])
    back = merge(merge(parts[2], parts[0]), parts[1])
    assert forth == back
    assert finish(forth, Aggregation.SUM) == tiny


def test_weights_that_sum_to_zero_make_no_average() -> None:
    weighted = [pair("0", "1", value="10"), pair("0", "-1", value="20")]
    assert finish(collect(weighted, Aggregation.WEIGHTED_AVERAGE), Aggregation.WEIGHTED_AVERAGE) is None


def test_half_a_pair_is_no_pair() -> None:
    halves = [Reading(Decimal(5), DAY, "", None, Decimal(2)), Reading(Decimal(5), DAY, "", Decimal(2), None)]
    assert [partial(half, Aggregation.RATIO).unpaired for half in halves] == [1, 1]
    assert partial(Reading(None, DAY, "", Decimal(2), None), Aggregation.RATIO) == EMPTY
    assert merge(*(partial(half, Aggregation.RATIO) for half in halves)).unpaired == 2
