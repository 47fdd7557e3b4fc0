"""A target as two bounds, either of which may be open, and how far outside of them a value lies."""

from dataclasses import dataclass
from decimal import Decimal

from rollup_worker.core.facts import Target
from tideline.vocabulary import Direction


@dataclass(frozen=True, slots=True)
class Bounds:
    """The good values, both ends included."""

    lower: Decimal | None
    upper: Decimal | None

    def miss(self, value: Decimal) -> Decimal:
        """How far a value lies outside; zero on a bound, negative inside."""
        return max(self._misses(value))

    def nearest(self, value: Decimal) -> Decimal:
        """The bound that `miss` was measured from."""
        below = self.lower is not None and self.lower - value == self.miss(value)
        bound = self.lower if below else self.upper
        assert bound is not None
        return bound

    def times(self, share: Decimal) -> "Bounds":
        return Bounds(
            None if self.lower is None else self.lower * share, None if self.upper is None else self.upper * share
        )

    def _misses(self, value: Decimal) -> list[Decimal]:
        below = [] if self.lower is None else [self.lower - value]
        return below if self.upper is None else [*below, value - self.upper]


def bounds(target: Target, direction: Direction) -> Bounds | None:
    """The good values of a target; None where it sets no bound in the desired direction.

    Up: at least the value, or the lower bound. Down: at most the value, or the upper bound. Range: between the
    bounds; a single value is a range of one point.
    """
    if direction is Direction.UP:
        found = Bounds(target.value if target.value is not None else target.lower, None)
    elif direction is Direction.DOWN:
        found = Bounds(None, target.value if target.value is not None else target.upper)
    elif target.value is not None:
        found = Bounds(target.value, target.value)
    else:
        found = Bounds(target.lower, target.upper)
    return None if found == Bounds(None, None) else found
