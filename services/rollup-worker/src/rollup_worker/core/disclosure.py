"""Secondary suppression: which further cells are hidden so that no hidden one can be worked out from the rest.

**What a reader knows.** Every cell shown, every sum between them, the threshold, and that a hidden count is a whole
number of 1 or more. Here the reader is even taken to know which cells are hidden because they are small (their count
lies from 1 to below the threshold) and which as partners (from the threshold up).

**What is asked.** Each hidden cell must have another value that fits all that is shown. It is proven by another table
that fits: a set of hidden cells that move by one, up or down, so that every sum stays and every count stays in its
range. A cell for which none is found within a bounded search is taken to be given away, and one more cell is hidden.

**Which cell.** Where a sum has one hidden cell: of the others the one that opens the fewest new sums, of these the
smallest; never a zero, which could be told from the rule; the margin itself only when no other cell is left, the
headline last. When all is hidden, no sum is left that could give anything away.

Source: L. Willenborg, T. de Waal, Elements of Statistical Disclosure Control (2001), chapter 6, on the audit of
suppressed tables; the paths of moves are those of linear sums in two-way tables, tried in as many ways as there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO
from rollup_worker.core.facts import Breakdown

HEADLINE: Final[Breakdown] = ()
MOVES_MAX: Final = 24
TRIES_MAX: Final = 400

Sum = tuple[tuple[Breakdown, int], ...]
"""Cells with +1, and with -1 the one that they add up to."""


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers by breakdown that add up; the empty breakdown is the headline.

    Counts from 1 to below `under` are small; the headline's own only with `headline_too`. `under` 0: no counts but
    numbers of any size, which two hidden ones in a sum protect. `whole`: numbers with a fraction count nobody.
    """

    numbers: Mapping[Breakdown, Decimal]
    under: int
    headline_too: bool = False
    whole: bool = False

    def is_small(self, key: Breakdown) -> bool:
        number = self.numbers[key]
        asked = key != HEADLINE or self.headline_too
        return asked and 0 < number < self.under and not (self.whole and number % 1)

    def can_protect(self, key: Breakdown) -> bool:
        return key in self.numbers and (self.under == 0 or self.numbers[key] != 0)

    def allows(self, key: Breakdown, step: int) -> bool:
        """Whether the cell could also hold a number that much higher or lower."""
        number = self.numbers[key]
        if self.under == 0:
            return True
        lowest, highest = self._range(key)
        return (step > 0 or number + step >= lowest) and (step < 0 or highest is None or number + step <= highest)

    def _range(self, key: Breakdown) -> tuple[Decimal, Decimal | None]:
        number = self.numbers[key]
        if self.is_small(key):
            return ONE, Decimal(self.under - 1) if self.under > 2 else None
        if key == HEADLINE or number < self.under:
            return (ONE if number > 0 else ZERO if number == 0 else number - 1), None
        return Decimal(self.under), None


def protect(tables: Sequence[Table], hidden: Iterable[Breakdown]) -> frozenset[Breakdown]:
    """`hidden` with all that must be hidden beside it; the tables share their cells."""
    found = set(hidden)
    sums = [_sums(table.numbers) for table in tables]
    while found:
        partner = next(_partners(tables, sums, found), None)
        if partner is None:
            break
        found.add(partner)
    return frozenset(found)


def _sums(keys: Iterable[Breakdown]) -> list[Sum]:
    """Every coarser cell with the finer ones that add up to it, over every pair of cuts."""
    cuts = defaultdict[tuple[str, ...], list[Breakdown]](list)
    for key in sorted(keys):
        cuts[tuple(name for name, _ in key)].append(key)
    return [
        ((whole, -1), *((part, 1) for part in parts))
        for fine, cells in cuts.items()
        for coarse, wholes in cuts.items()
        if set(coarse) < set(fine)
        for whole, parts in _grouped(cells, coarse).items()
        if whole in wholes
    ]


def _grouped(cells: Iterable[Breakdown], dimensions: Iterable[str]) -> Mapping[Breakdown, list[Breakdown]]:
    kept, found = set(dimensions), defaultdict[Breakdown, list[Breakdown]](list)
    for cell in cells:
        found[tuple(pair for pair in cell if pair[0] in kept)].append(cell)
    return found


def _partners(tables: Sequence[Table], sums: Sequence[list[Sum]], hidden: set[Breakdown]) -> Iterator[Breakdown]:
    """First for sums with one hidden cell, then for hidden cells that fit with one value only."""
    for table, held in zip(tables, sums, strict=True):
        for each in held:
            open_cells = [key for key, _ in each if key in hidden]
            if len(open_cells) == 1 and table.can_protect(open_cells[0]):
                yield from _best(table, [each], held, hidden)
    for table, held in zip(tables, sums, strict=True):
        search, safe = Search(table, held, hidden), set[Breakdown]()
        for key in sorted(key for key in hidden if table.can_protect(key)):
            if key not in safe:
                moved = search.another(key)
                safe |= moved.keys()
                yield from () if moved else _nearest(table, key, held, hidden)


def _nearest(table: Table, key: Breakdown, sums: list[Sum], hidden: set[Breakdown]) -> Iterator[Breakdown]:
    """From the cell's own sums, else from those with hidden cells, else from any."""
    own = [each for each in sums if any(part == key for part, _ in each)]
    touched = [each for each in sums if any(part in hidden for part, _ in each)]
    for scope in (own, touched, sums):
        yield from _best(table, scope, sums, hidden)


def _best(table: Table, scope: list[Sum], sums: list[Sum], hidden: set[Breakdown]) -> Iterator[Breakdown]:
    """The cell of some sums that is hidden next, if there is one."""
    choice = {key: sign for each in scope for key, sign in each if key not in hidden and table.can_protect(key)}
    if not choice:
        return
    closed = [each for each in sums if not any(key in hidden for key, _ in each)]

    def cost(key: Breakdown) -> tuple[bool, bool, int, Decimal, Breakdown]:
        opened = sum(1 for each in closed if any(part == key for part, _ in each))
        return key == HEADLINE, choice[key] < 0, opened, table.numbers[key], key

    yield min(choice, key=cost)


class Search:
    """Looks for another table that fits what is shown."""

    def __init__(self, table: Table, sums: Sequence[Sum], hidden: set[Breakdown]) -> None:
        self._table = table
        self._sums = [tuple((key, sign) for key, sign in each if key in hidden) for each in sums]
        self._of = defaultdict[Breakdown, list[tuple[int, int]]](list)
        for place, each in enumerate(self._sums):
            for key, sign in each:
                self._of[key].append((place, sign))
        self._tries = 0

    def another(self, key: Breakdown) -> Mapping[Breakdown, int]:
        """Cells with their moves, that of `key` among them; empty: none was found."""
        for step in (1, -1):
            self._tries = TRIES_MAX
            if self._table.allows(key, step) and (found := self._balance({key: step})):
                return found
        return {}

    def _balance(self, moved: dict[Breakdown, int]) -> dict[Breakdown, int]:
        off = self._off(moved)
        if not off:
            return moved
        self._tries -= 1
        if len(moved) >= MOVES_MAX:
            return {}
        place, excess = next(iter(off.items()))
        for key, step in sorted(self._answers(place, excess, moved), key=lambda each: self._unrest(each, off)):
            if self._tries <= 0:
                break
            if found := self._balance({**moved, key: step}):
                return found
        return {}

    def _answers(self, place: int, excess: int, moved: Mapping[Breakdown, int]) -> Iterator[tuple[Breakdown, int]]:
        for key, sign in self._sums[place]:
            step = -sign if excess > 0 else sign
            if key not in moved and self._table.allows(key, step):
                yield key, step

    def _off(self, moved: Mapping[Breakdown, int]) -> dict[int, int]:
        """The sums that the moves disturb, and by how much."""
        found = defaultdict[int, int](int)
        for key, step in moved.items():
            for place, sign in self._of[key]:
                found[place] += sign * step
        return {place: excess for place, excess in found.items() if excess}

    def _unrest(self, move: tuple[Breakdown, int], off: Mapping[int, int]) -> int:
        """How much more a move disturbs than it sets right."""
        key, step = move
        return sum(abs(off.get(place, 0) + sign * step) - abs(off.get(place, 0)) for place, sign in self._of[key])
