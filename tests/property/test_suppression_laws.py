"""An attacker who knows everything shown, the totals, the threshold and the rule works out no hidden cell."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_worker.core.facts import Breakdown, Cell
from rollup_worker.core.suppression import hidden
from tests.unit.rollup_worker.build import measure
from tideline import periods

MARCH = periods.parse("2017-03")
UNDER = 5
"""A low threshold keeps the tables small enough to try every possibility."""

Numbers = Mapping[Breakdown, int]
Sums = list[tuple[Breakdown, list[Breakdown]]]
counts = st.one_of(st.integers(0, 2), st.integers(0, 8))
COUNTED = measure(breakdown_aggregation="sum", time_aggregation="sum", suppress_under=UNDER)
BY_CITY = measure(breakdown_aggregation="sum", time_aggregation="sum")


class Attacker:
    """Looks for a second table that fits: whole numbers from 1 in every hidden cell, and what must add up adds up."""

    def __init__(self, table: Numbers, sums: Sums, concealed: frozenset[Breakdown], reach: int | None = None) -> None:
        """With `reach` it looks no farther from the true numbers, and so may believe too much, never too little."""
        self.table, self.sums, self.reach = table, sums, reach
        self.concealed = sorted(concealed & table.keys(), key=lambda key: (-len(key), key))
        self.most = 2 * max(table.values()) + 2

    def recovers(self) -> list[Breakdown]:
        """The hidden cells that can have one value only."""
        return [key for key in self.concealed if not self._could_be_another(key)]

    def _could_be_another(self, key: Breakdown) -> bool:
        known = {each: number for each, number in self.table.items() if each not in self.concealed}
        others = [each for each in self.concealed if each != key]
        values = (number for number in self._values(key, known) if number != self.table[key])
        return any(self._fits({**known, key: number}, others) for number in values)

    def _fits(self, known: dict[Breakdown, int], waiting: list[Breakdown]) -> bool:
        if not waiting:
            return all(sum(known[part] for part in parts) == known[whole] for whole, parts in self.sums)
        key, *rest = waiting
        return any(self._fits({**known, key: number}, rest) for number in self._values(key, known))

    def _values(self, key: Breakdown, known: Numbers) -> list[int]:
        """What a cell may still be, from the sums it stands in; an unknown part is at least 1. Likely ones first."""
        lowest, highest = 1, self.most
        for whole, parts in self.sums:
            others = [part for part in parts if part != key]
            told, all_told = sum(known.get(part, 1) for part in others), all(part in known for part in others)
            if key == whole:
                lowest, highest = max(lowest, told), min(highest, told) if all_told else highest
            elif key in parts and whole in known:
                highest = min(highest, known[whole] - told)
                lowest = max(lowest, known[whole] - told) if all_told else lowest
        if self.reach is not None:
            lowest, highest = max(lowest, self.table[key] - self.reach), min(highest, self.table[key] + self.reach)
        return sorted(range(lowest, highest + 1), key=lambda number: abs(number - self.table[key]))


def one_way(row: list[int]) -> tuple[dict[Breakdown, int], Sums]:
    cells: dict[Breakdown, int] = {(("district", str(place)),): number for place, number in enumerate(row)}
    return {**cells, (): sum(row)}, [((), list(cells))]


def two_ways(rows: list[list[int]]) -> tuple[dict[Breakdown, int], Sums]:
    fine: dict[Breakdown, int] = {
        (("district", str(row)), ("group", str(column))): number
        for row, numbers in enumerate(rows)
        for column, number in enumerate(numbers)
    }
    keys = {pair for key in fine for pair in key}
    parts: dict[Breakdown, list[Breakdown]] = {(pair,): [key for key in fine if pair in key] for pair in keys}
    margins = {margin: sum(fine[key] for key in held) for margin, held in parts.items()}
    sums: Sums = list(parts.items())
    for dimension in ("district", "group"):
        sums.append(((), [margin for margin in margins if margin[0][0] == dimension]))
    return {**fine, **margins, (): sum(fine.values())}, sums


def three_ways(numbers: list[int]) -> tuple[dict[Breakdown, int], Sums]:
    """Two by two by two, with every margin."""
    places = [(("district", d), ("group", g), ("sex", s)) for d, g, s in product("12", "12", "fm")]
    fine: dict[Breakdown, int] = dict(zip(places, numbers, strict=True))
    table, sums = dict(fine), list[tuple[Breakdown, list[Breakdown]]]()
    for size in (2, 1, 0):
        for key in {kept for place in places for kept in combinations(place, size)}:
            table[key] = sum(number for place, number in fine.items() if set(key) <= set(place))
            sums.append((key, [place for place in places if set(key) <= set(place)]))
    return table, sums


def cells_of(table: Numbers, *, total: bool = True) -> list[Cell]:
    return [Cell(MARCH, key, Decimal(number)) for key, number in table.items() if key or total]


rows = st.lists(counts, min_size=1, max_size=6)
tables = st.integers(2, 3).flatmap(
    lambda wide: st.lists(st.lists(counts, min_size=wide, max_size=wide), min_size=2, max_size=3)
)


@settings(max_examples=150, deadline=None)
@given(rows, st.booleans(), st.booleans())
def test_no_hidden_cell_of_a_row_can_be_worked_out(row: list[int], total: bool, own_rule: bool) -> None:
    table, sums = one_way(row)
    concealed = hidden(COUNTED if own_rule else BY_CITY, cells_of(table, total=total), UNDER)
    assert Attacker(table, sums, concealed, reach=1).recovers() == []


@settings(max_examples=150, deadline=None)
@given(tables)
def test_no_hidden_cell_of_a_table_with_its_margins_can_be_worked_out(rows: list[list[int]]) -> None:
    table, sums = two_ways(rows)
    concealed = hidden(BY_CITY, cells_of(table), UNDER)
    assert Attacker(table, sums, concealed, reach=1).recovers() == []


@settings(max_examples=60, deadline=None)
@given(st.lists(counts, min_size=8, max_size=8))
def test_no_hidden_cell_of_a_three_way_table_can_be_worked_out(numbers: list[int]) -> None:
    table, sums = three_ways(numbers)
    concealed = hidden(BY_CITY, cells_of(table), UNDER)
    assert Attacker(table, sums, concealed, reach=1).recovers() == []


@settings(max_examples=100, deadline=None)
@given(tables)
def test_every_small_count_is_hidden_and_no_zero_ever(rows: list[list[int]]) -> None:
    table, _ = two_ways(rows)
    concealed = hidden(BY_CITY, cells_of(table), UNDER)
    assert {key for key, number in table.items() if key and 0 < number < UNDER} <= concealed
    assert not [key for key in concealed if table[key] == 0]


@settings(max_examples=100, deadline=None)
@given(tables, st.randoms())
def test_the_order_of_cells_changes_nothing(rows: list[list[int]], random: object) -> None:
    table, _ = two_ways(rows)
    cells = cells_of(table)
    mixed = sorted(cells, key=lambda cell: hash((str(random), cell.breakdown)))
    assert hidden(BY_CITY, mixed, UNDER) == hidden(BY_CITY, cells, UNDER)


def test_the_attacker_is_a_real_one() -> None:
    """Hiding the small cells alone gives them back: otherwise the laws above would prove nothing."""
    caught = 0
    for row in product(range(4), repeat=3):
        table, sums = one_way([*row, 9])
        small = frozenset(key for key, number in table.items() if key and 0 < number < UNDER)
        caught += bool(Attacker(table, sums, small).recovers())
    assert caught > 10
