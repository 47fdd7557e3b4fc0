"""Confidence intervals of proportions and counts, as UKHSA's Fingertips computes them.

Wilson score for a proportion (Wilson 1927; Newcombe 1998, method 3), Byar's approximation for a count of ten or more
(Breslow and Day 1987), the exact Poisson limits for a smaller one (Garwood 1936: half a chi-square quantile, found
here from the Poisson sums themselves). Everything is decimal, with limits to 30 digits: no table, no float.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO, divide, exact, exponential, root

Z: Final[Mapping[Decimal, Decimal]] = {
    Decimal(95): Decimal("1.959963984540054235524594430521"),
    Decimal("99.8"): Decimal("3.090232306167813541540399830107"),
}
"""The quantiles of the normal distribution that leave half of what is outside on either side, by percent."""
EXACT_BELOW: Final = 10
_DIGITS: Final = 30
_NINE: Final = Decimal(9)
_THREE: Final = Decimal(3)


@dataclass(frozen=True, slots=True)
class Interval:
    lower: Decimal
    upper: Decimal

    def times(self, factor: Decimal) -> "Interval":
        """`factor` is not negative."""
        return Interval(self.lower * factor, self.upper * factor)

    def over(self, divisor: Decimal) -> "Interval":
        """`divisor` is above zero."""
        return Interval(divide(self.lower, divisor), divide(self.upper, divisor))


@exact
def wilson(numerator: Decimal, denominator: Decimal, confidence: Decimal = Decimal(95)) -> Interval:
    """The share numerator / denominator, with 0 ≤ numerator ≤ denominator and a denominator above zero."""
    z = Z[confidence]
    square, rest = z * z, denominator - numerator
    spread = z * root(square + divide(4 * numerator * rest, denominator))
    whole, middle = 2 * (denominator + square), 2 * numerator + square
    # At the ends the limit is the end itself, whatever the last digit of a root says.
    return Interval(
        divide(middle - spread, whole) if numerator else ZERO,
        divide(middle + spread, whole) if rest else ONE,
    )


def count(observed: Decimal, confidence: Decimal = Decimal(95)) -> Interval:
    """A count of events, not negative; below ten it is a whole number."""
    return (exact_poisson if observed < EXACT_BELOW else byars)(observed, confidence)


@exact
def byars(observed: Decimal, confidence: Decimal = Decimal(95)) -> Interval:
    """For a count above zero; good to 0.2 % from ten upwards at 95 %."""
    return Interval(_cubed(observed, -Z[confidence]), _cubed(observed + 1, Z[confidence]))


@lru_cache(maxsize=64)
@exact
def exact_poisson(observed: Decimal, confidence: Decimal = Decimal(95)) -> Interval:
    """For a small whole count: the means under which so many, or so few, are just too unlikely."""
    tail = divide(Decimal(100) - confidence, Decimal(200))
    events = int(observed)
    lower = _mean(lambda mean: _at_most(events - 1, mean) > 1 - tail, observed) if events else ZERO
    return Interval(lower, _mean(lambda mean: _at_most(events, mean) > tail, 3 * observed + 20))


def _cubed(observed: Decimal, z: Decimal) -> Decimal:
    inside = 1 - divide(ONE, _NINE * observed) + divide(z, _THREE * root(observed))
    return divide(observed * inside**3, ONE)


def _at_most(events: int, mean: Decimal) -> Decimal:
    """The chance of so many events or fewer: e^-mean × Σ mean^k / k!."""
    term = total = ONE
    for k in range(1, events + 1):
        term = divide(term * mean, Decimal(k))
        total += term
    return divide(exponential(-mean) * total, ONE)


def _mean(too_low: Callable[[Decimal], bool], high: Decimal) -> Decimal:
    """By bisection between zero and `high`: the mean at which `too_low` ends."""
    low, step = ZERO, Decimal(1).scaleb(-_DIGITS)
    while high - low > step:
        middle = divide(low + high, Decimal(2))
        low, high = (middle, high) if too_low(middle) else (low, middle)
    return divide(low + high, Decimal(2)).quantize(step)
