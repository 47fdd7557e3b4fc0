"""The XmR chart itself: centre, limits, and the patterns that its last value is part of.

All figures are multiples of `unit`, a whole number chosen so that mean, limits and their two thirds are exact: no
boundary is decided by a rounded digit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

WIDTH: Final = Decimal("2.66")
OUTLIER: Final = Decimal("3.267")
RUN: Final = 7


@dataclass(frozen=True, slots=True)
class Chart:
    """`moving_range` is the mean one; `fixed` of the values made mean and limits."""

    values: Sequence[Decimal]
    mean: Decimal
    moving_range: Decimal
    unit: Decimal
    fixed: int

    @property
    def lower(self) -> Decimal:
        return self.mean - WIDTH * self.moving_range

    @property
    def upper(self) -> Decimal:
        return self.mean + WIDTH * self.moving_range

    def side(self, at: int) -> int:
        """1 above the mean, -1 below, 0 on it."""
        return _sign(self.values[at] - self.mean)

    def is_outside(self, at: int) -> bool:
        return abs(self.values[at] - self.mean) > WIDTH * self.moving_range

    def is_near(self, at: int) -> bool:
        """Within the limits, beyond two thirds of the way to one."""
        far = 3 * abs(self.values[at] - self.mean)
        return 2 * WIDTH * self.moving_range < far and not self.is_outside(at)


@dataclass(frozen=True, slots=True)
class Signal:
    """A pattern that the last value is part of, upwards (1) or downwards (-1), and the place where it begins."""

    rule: str
    side: int
    since: int


def chart(values: Sequence[Decimal], baseline: int | None = None, *, screen: bool = False) -> Chart:
    """From two values or more, with mean and limits from all of them or from the first `baseline`."""
    fixed = values[:baseline] if baseline else values
    moves = [abs(later - earlier) for earlier, later in pairwise(fixed)]
    if screen and any(moves):
        total = sum(moves)
        moves = [move for move in moves if move * len(moves) < OUTLIER * total]
    unit = Decimal(len(fixed) * len(moves))
    return Chart(
        [value * unit for value in values],
        sum(fixed) * Decimal(len(moves)),
        sum(moves) * Decimal(len(fixed)),
        unit,
        len(fixed),
    )


def signals(found: Chart) -> list[Signal]:
    """All patterns at the last value, the one that decides first."""
    return [signal for rule in (_outside, _trend, _two_of_three, _shift) if (signal := rule(found))]


def _outside(found: Chart) -> Signal | None:
    last = len(found.values) - 1
    side = found.side(last)
    run = _run(last, lambda at: found.is_outside(at) and found.side(at) == side)
    return Signal("outside", side, run) if found.is_outside(last) else None


def _trend(found: Chart) -> Signal | None:
    values, last = found.values, len(found.values) - 1
    side = _sign(values[last] - values[last - 1])
    first = _run(last, lambda at: at > 0 and _sign(values[at] - values[at - 1]) == side) - 1
    return Signal("trend", side, first) if side and last - first + 1 >= RUN else None


def _two_of_three(found: Chart) -> Signal | None:
    last = len(found.values) - 1
    three = range(max(last - 2, 0), last + 1)
    side, near = found.side(last), [at for at in three if found.is_near(at)]
    together = len(three) == 3 and all(found.side(at) == side for at in three)
    return Signal("two_of_three", side, near[0]) if together and len(near) >= 2 and found.is_near(last) else None


def _shift(found: Chart) -> Signal | None:
    last = len(found.values) - 1
    side = found.side(last)
    first = _run(last, lambda at: found.side(at) == side)
    return Signal("shift", side, first) if side and last - first + 1 >= RUN else None


def _run(last: int, holds: Callable[[int], bool]) -> int:
    """The place from which on it holds up to the last."""
    first = last
    while first > 0 and holds(first) and holds(first - 1):
        first -= 1
    return first


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)
