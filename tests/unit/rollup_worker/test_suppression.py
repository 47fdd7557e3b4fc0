"""Small numbers: what is hidden, what is hidden beside it, and what an attacker is left with."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rollup_worker.core.facts import Cell
from rollup_worker.core.suppression import hidden, hidden_headlines, limit, shown
from rollup_worker.core.weights import weighing
from tests.unit.rollup_worker.build import cell, measure
from tideline.events import MeasureDefined

COUNTED = measure(time_aggregation="sum", breakdown_aggregation="sum")
RATIO = measure(time_aggregation="ratio", breakdown_aggregation="ratio")
AVERAGE = measure(time_aggregation="average", breakdown_aggregation="weighted_average", weighted_by="people")


def districts(*counts: str) -> list[Cell]:
    return [cell("2017-03", count, district=str(place)) for place, count in enumerate(counts, 1)]


def names(definition: MeasureDefined, cells: list[Cell], under: int = 10) -> list[str]:
    found = hidden(definition, cells, under)
    return sorted("/".join(group for _, group in key) or "total" for key in found)


def test_a_hidden_cell_is_not_given_back_by_the_total() -> None:
    assert names(COUNTED, districts("3", "25", "40")) == ["1", "2"]


def test_the_total_computed_from_the_cells_gives_none_back_either() -> None:
    assert names(COUNTED, [*districts("3", "25", "40"), cell("2017-03", "68")]) == ["1", "2"]


def test_a_zero_is_never_the_partner() -> None:
    assert names(COUNTED, districts("3", "0", "40")) == ["1", "3"]


def test_where_only_zeros_are_left_the_total_is_hidden() -> None:
    assert names(COUNTED, districts("3", "0")) == ["1", "total"]


def test_two_ones_whose_sum_says_what_they_are_need_a_third() -> None:
    assert names(COUNTED, districts("1", "1", "30")) == ["1", "2", "3"]


def test_two_ones_alone_hide_their_total() -> None:
    assert names(COUNTED, districts("1", "1")) == ["1", "2", "total"]


def test_two_nines_need_a_third_against_a_reader_who_knows_that_both_are_small() -> None:
    assert names(COUNTED, districts("9", "9", "30")) == ["1", "2", "3"]


def test_a_single_group_hides_the_total_that_equals_it() -> None:
    assert names(COUNTED, districts("4")) == ["1", "total"]


def test_a_margin_does_not_give_a_cell_back() -> None:
    table = [("a", "x", "3"), ("a", "y", "20"), ("a", "z", "30"), ("b", "x", "40"), ("b", "y", "50"), ("b", "z", "60")]
    fine = [cell("2017-03", count, district=d, group=g) for d, g, count in table]
    margins = [
        cell("2017-03", "53", district="a"),
        cell("2017-03", "150", district="b"),
        *(cell("2017-03", total, group=g) for g, total in (("x", "43"), ("y", "70"), ("z", "90"))),
    ]
    assert names(COUNTED, [*fine, *margins]) == ["a/x", "a/y", "b/x", "b/y"]


def test_nine_is_hidden_and_ten_and_zero_are_shown() -> None:
    assert names(COUNTED, districts("9", "0", "10", "11", "12")) == ["1", "3"]


def test_nothing_small_hides_nothing() -> None:
    assert names(COUNTED, districts("10", "0", "11")) == []


def test_a_rate_is_hidden_with_its_small_numerator_and_with_its_small_denominator() -> None:
    pairs = [("3", "100"), ("60", "120"), ("0", "7"), ("70", "140"), ("80", "160")]
    cells = [cell("2017-03", pair=pair, district=str(place)) for place, pair in enumerate(pairs, 1)]
    found = names(RATIO, cells)
    assert {"1", "3"} <= set(found) and "total" not in found


def test_a_rate_out_of_nothing_small_is_shown() -> None:
    cells = [cell("2017-03", pair=pair, district=str(place)) for place, pair in enumerate([("0", "50"), ("20", "50")])]
    assert names(RATIO, cells) == []


def test_an_average_is_hidden_where_few_people_stand_behind_it() -> None:
    people = weighing([cell("2017-03", "6", district="1"), *(cell("2017-03", "900", district=d) for d in "23")])
    cells = districts("7.5", "8.5", "9.5")
    assert len(hidden(AVERAGE, cells, 10, people)) == 2
    assert (("district", "1"),) in hidden(AVERAGE, cells, 10, people)


def test_an_average_of_which_nothing_tells_a_count_is_shown() -> None:
    plain = measure(time_aggregation="average", breakdown_aggregation="average")
    assert names(plain, districts("3", "4", "5")) == []


def test_a_number_that_is_not_whole_counts_nobody() -> None:
    assert names(COUNTED, districts("3.4", "5.1", "20")) == []


def test_a_headline_is_hidden_only_where_the_measure_itself_asks_for_it() -> None:
    alone = [cell("2017-03", "4")]
    assert names(COUNTED, alone) == []
    assert names(measure(time_aggregation="sum", suppress_under=10), alone) == ["total"]


def test_the_measure_decides_before_the_city_and_zero_hides_nothing() -> None:
    assert limit(COUNTED, 10) == 10
    assert limit(measure(suppress_under=5), 10) == 5
    assert limit(measure(suppress_under=0), 10) == 0
    assert names(COUNTED, districts("3", "4"), under=0) == []


def test_the_numbers_of_others_are_neither_hidden_nor_counted() -> None:
    cells = [*districts("30", "40"), cell("2017-03", "3", peer="salford")]
    assert names(COUNTED, cells) == []
    assert shown(COUNTED, cells, 10) == cells


def test_whether_anything_is_small_is_seen_before_sums_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("sums were put together for nothing")

    monkeypatch.setattr("rollup_worker.core.suppression.headline", never)
    pair = cell("2017-03", pair=("12", "40"), district="1")
    people = [cell("2017-01", "100", district=district) for district in "123"]
    assert hidden(COUNTED, districts("10", "0", "40"), 10) == frozenset()
    assert hidden(RATIO, [pair], 10) == frozenset()
    assert hidden(AVERAGE, districts("3", "5", "7"), 10, weighing(people)) == frozenset()
    with pytest.raises(AssertionError):
        hidden(COUNTED, districts("9", "0", "40"), 10)


PICKING = ["min", "max", "median", "last"]


def rates(*pairs: tuple[str, str]) -> list[Cell]:
    """Values with the people behind them."""
    return [
        replace(cell("2017-03", amount, district=str(place)), denominator=Decimal(people))
        for place, (amount, people) in enumerate(pairs, 1)
    ]


@pytest.mark.parametrize("aggregation", PICKING)
def test_a_headline_that_is_the_value_of_one_group_is_hidden_with_any_of_them(aggregation: str) -> None:
    definition = measure(time_aggregation="last", breakdown_aggregation=aggregation)
    cells = rates(("90", "4"), ("50", "80"), ("70", "100"), ("60", "90"))
    assert "total" in names(definition, cells)
    assert names(definition, rates(("90", "40"), ("50", "80"), ("70", "100"))) == []


@pytest.mark.parametrize("aggregation", PICKING)
def test_a_headline_of_its_own_stays_beside_two_hidden_groups(aggregation: str) -> None:
    definition = measure(time_aggregation="last", breakdown_aggregation=aggregation)
    cells = [*rates(("90", "4"), ("50", "80"), ("70", "100"), ("60", "90")), cell("2017-03", "90")]
    assert names(definition, cells) == ["1", "2"]


def test_an_average_hides_two_groups_of_which_it_is_made_and_stays() -> None:
    cells = rates(("90", "4"), ("50", "80"), ("70", "100"), ("60", "90"))
    found = names(measure(time_aggregation="last", breakdown_aggregation="average"), cells)
    assert len(found) == 2 and "1" in found and "total" not in found


def test_each_period_is_looked_at_by_itself() -> None:
    march, april = districts("3", "25"), [cell("2017-04", "30", district=d) for d in "12"]
    assert shown(COUNTED, [*march, *april], 10) == april


def test_a_withdrawn_value_is_no_value() -> None:
    assert (
        names(COUNTED, [cell("2017-03", None, district="1"), *districts("20")[:0], cell("2017-03", "20", district="2")])
        == []
    )


@pytest.mark.parametrize("under", [1, 2, 3, 5, 10, 25])
def test_every_threshold_comes_to_an_end(under: int) -> None:
    cells = districts(*(str(number) for number in range(30)))
    found = hidden(COUNTED, cells, under)
    assert {c.breakdown for c in cells if c.value and 0 < c.value < under} <= found


def test_a_wide_table_is_protected_without_hiding_everything() -> None:
    cells = [
        cell("2017-03", str((7 * row + 11 * column) % 60), district=str(row), group=str(column))
        for row in range(12)
        for column in range(12)
    ]
    rows = [(("district", str(row)),) for row in range(12)]
    columns = [(("group", str(column)),) for column in range(12)]
    for margin in [*rows, *columns]:
        total = sum((c.value or Decimal(0) for c in cells if margin[0] in c.breakdown), Decimal(0))
        cells = [*cells, Cell(cells[0].period, margin, total)] if len(margin) == 1 else cells
    found = hidden(COUNTED, cells, 10)
    small = {c.breakdown for c in cells if c.value and 0 < c.value < 10}
    assert small <= found and len(found) <= 2 * len(small)


def test_the_periods_whose_headline_is_hidden_are_named() -> None:
    strict = measure(time_aggregation="sum", suppress_under=10)
    cells = [cell("2017-02", "40"), cell("2017-03", "4")]
    assert [period.start.month for period in hidden_headlines(strict, cells, 10)] == [3]
