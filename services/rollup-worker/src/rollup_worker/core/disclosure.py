"""Secondary suppression: which further cells are hidden so that no hidden one can be worked out from the rest.

**What a reader knows.** Every cell shown, every sum between them, the threshold, and that a hidden count is a whole
number of 1 or more. Here the reader is even taken to know which cells are hidden because they are small (their count
lies from 1 to below the threshold) and which as partners (from the threshold up).

**What is asked.** Each hidden cell must have another value that fits all that is shown. It is proven by another table
that fits: a set of hidden cells that move by one, up or down, so that every sum stays and every count stays in its
range. A cell for which none is found within a bounded search is taken to be given away, and one more cell is hidden.

**Which cell.** Where a sum has one hidden cell: of the others the one that opens the fewest new sums and closes the
most, of these the smallest; never a zero, which could be told from the rule; the margin itself only when no other cell
is left, the headline last. When all is hidden, no sum is left that could give anything away.

Source: L. Willenborg, T. de Waal, Elements of Statistical Disclosure Control (2001), chapter 6, on the audit of
suppressed tables; the paths of moves are those of linear sums in two-way tables, tried in as many ways as there are.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO
from rollup_worker.core.facts import Breakdown

HEADLINE: Final[Breakdown] = ()
MOVES_MAX: Final = 24
TRIES_MAX: Final = 400
ANSWERS_MAX: Final = 64
OPEN_MIN: Final = 2
"""A sum with fewer hidden cells gives its one away."""

Dimensions = frozenset[str]
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


@dataclass(frozen=True, slots=True)
class Guard:
    """A table with its sums, and the cells that are proven: a proof stays one when more cells are hidden."""

    table: Table
    sums: Sequence[Sum]
    safe: set[Breakdown] = field(default_factory=set)


def protect(tables: Sequence[Table], hidden: Iterable[Breakdown]) -> frozenset[Breakdown]:
    """`hidden` with all that must be hidden beside it; the tables share their cells."""
    found = set(hidden)
    guards = [Guard(table, _sums(table.numbers)) for table in tables]
    while found:
        partner = next(_partners(guards, found), None)
        if partner is None:
            break
        found.add(partner)
    return frozenset(found)


def _sums(keys: Iterable[Breakdown]) -> list[Sum]:
    """Every coarser cell with the finer ones that add up to it; sums that follow from others are left out."""
    cuts = defaultdict[Dimensions, set[Breakdown]](set)
    for key in keys:
        cuts[frozenset(name for name, _ in key)].add(key)
    pairs = [(coarse, fine) for fine in cuts for coarse in cuts if coarse < fine and not _follows(coarse, fine, cuts)]
    return [
        ((whole, -1), *((part, 1) for part in sorted(parts)))
        for coarse, fine in sorted(pairs, key=lambda pair: (sorted(pair[1]), sorted(pair[0])))
        for whole, parts in sorted(_grouped(cuts[fine], coarse).items())
        if whole in cuts[coarse]
    ]


def _follows(coarse: Dimensions, fine: Dimensions, cuts: Mapping[Dimensions, set[Breakdown]]) -> bool:
    """Whether a cut between the two is complete: the finer cells add up to it, and it to the coarser."""
    between = [cut for cut in cuts if coarse < cut < fine]
    return any(_grouped(cuts[fine], cut).keys() <= cuts[cut] for cut in between)


def _grouped(cells: Iterable[Breakdown], dimensions: Iterable[str]) -> Mapping[Breakdown, list[Breakdown]]:
    kept, found = frozenset(dimensions), defaultdict[Breakdown, list[Breakdown]](list)
    for cell in cells:
        found[tuple(pair for pair in cell if pair[0] in kept)].append(cell)
    return found


def _partners(guards: Sequence[Guard], hidden: set[Breakdown]) -> Iterator[Breakdown]:
    """First for sums with one hidden cell, then for hidden cells that fit with one value only."""
    for guard in guards:
        for each in guard.sums:
            open_cells = [key for key, _ in each if key in hidden]
            if len(open_cells) == 1 and guard.table.can_protect(open_cells[0]):
                yield from _best(guard, [each], hidden)
    for guard in guards:
        search = Search(guard.table, guard.sums, hidden)
        for key in sorted(key for key in hidden - guard.safe if guard.table.can_protect(key)):
            if key not in guard.safe:
                moved = search.another(key)
                guard.safe.update(moved)
                yield from () if moved else _nearest(guard, key, hidden)


def _nearest(guard: Guard, key: Breakdown, hidden: set[Breakdown]) -> Iterator[Breakdown]:
    """From the cell's own sums, else from those with hidden cells, else from any."""
    own = [each for each in guard.sums if any(part == key for part, _ in each)]
    touched = [each for each in guard.sums if any(part in hidden for part, _ in each)]
    for scope in (own, touched, guard.sums):
        yield from _best(guard, scope, hidden)


def _best(guard: Guard, scope: Iterable[Sum], hidden: set[Breakdown]) -> Iterator[Breakdown]:
    """The cell of some sums that is hidden next, if there is one."""
    table = guard.table
    choice = {key: sign for each in scope for key, sign in each if key not in hidden and table.can_protect(key)}
    if not choice:
        return
    found = Counter[Breakdown]()
    for each in guard.sums:
        open_cells = sum(1 for key, _ in each if key in hidden)
        if open_cells < OPEN_MIN:
            found.update({key: 1 - 2 * open_cells for key, _ in each})
    yield min(choice, key=lambda key: (key == HEADLINE, choice[key] < 0, found[key], table.numbers[key], key))


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
            if self._table.allows(key, step) and (found := self._balance({key: step}, self._off({}, key, step))):
                return found
        return {}

    def _balance(self, moved: dict[Breakdown, int], off: Mapping[int, int]) -> dict[Breakdown, int]:
        """`off`: the sums that the moves disturb, and by how much. The one with the fewest answers comes first."""
        if not off:
            return moved
        self._tries -= 1
        answers = min((self._answers(place, off[place], moved) for place in off), key=len)
        if len(moved) >= MOVES_MAX:
            return {}
        for key, step in sorted(answers, key=lambda move: self._unrest(move, off)):
            if self._tries <= 0:
                break
            if found := self._balance({**moved, key: step}, self._off(off, key, step)):
                return found
        return {}

    def _answers(self, place: int, excess: int, moved: Mapping[Breakdown, int]) -> list[tuple[Breakdown, int]]:
        steps = ((key, -sign if excess > 0 else sign) for key, sign in self._sums[place] if key not in moved)
        return list(islice(((key, step) for key, step in steps if self._table.allows(key, step)), ANSWERS_MAX))

    def _off(self, off: Mapping[int, int], key: Breakdown, step: int) -> dict[int, int]:
        found = dict(off)
        for place, sign in self._of[key]:
            found[place] = found.get(place, 0) + sign * step
            if not found[place]:
                del found[place]
        return found

    def _unrest(self, move: tuple[Breakdown, int], off: Mapping[int, int]) -> int:
        """How much more a move disturbs than it sets right."""
        key, step = move
        return sum(abs(off.get(place, 0) + sign * step) - abs(off.get(place, 0)) for place, sign in self._of[key])
