"""Weights from another measure: what a value counts for where averages are weighted and it has no denominator.

`weighted_by` names a measure such as the population. A value's weight is that measure's value of the same breakdown
at the same period, else at the latest period before it: the last that is over when the value's own period is.
A weight of a later period is never used, so that a value keeps its weight whatever becomes known of later years.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from rollup_worker.core.aggregate import quotient
from rollup_worker.core.facts import Breakdown, Cell


@dataclass(frozen=True, slots=True)
class Weights:
    """Of each breakdown the weights by the end of their period, oldest first."""

    held: Mapping[Breakdown, tuple[tuple[date, date, Decimal], ...]] = field(default_factory=dict)

    def of(self, cell: Cell) -> Decimal | None:
        """The weight of a value; None where none is known for its breakdown by the end of its period."""
        known = self.held.get(cell.breakdown, ())
        before = bisect_right(known, cell.period.end, key=lambda each: each[0])
        return known[before - 1][2] if before else None

    def within(self, pair: tuple[str, str]) -> "Weights":
        """The weights of one group, without the dimension that tells it from others."""
        return Weights(
            {
                tuple(p for p in breakdown if p != pair): each
                for breakdown, each in self.held.items()
                if pair in breakdown
            }
        )


def weighing(cells: Iterable[Cell]) -> Weights:
    """From the cells of the measure that weighs; withdrawn ones and negative ones weigh nothing."""
    found: defaultdict[Breakdown, list[tuple[date, date, Decimal]]] = defaultdict(list)
    for cell in set(cells):
        value = _value(cell)
        if value is not None and value >= 0:
            found[cell.breakdown].append((cell.period.end, cell.period.start, value))
    return Weights({breakdown: tuple(sorted(each)) for breakdown, each in found.items()})


def _value(cell: Cell) -> Decimal | None:
    if not cell.present:
        return None
    return cell.value if cell.value is not None else quotient(cell.numerator, cell.denominator)


NONE: Final = Weights()
