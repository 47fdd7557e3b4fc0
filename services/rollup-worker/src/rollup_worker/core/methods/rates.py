"""Rates of growth as classes and native scores of −5 to 5, as Statistics Canada publishes them for `cagr-ratio`."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO
from rollup_worker.core.growth import at_least, power, quotient
from tideline.vocabulary import Status

BEST: Final = Decimal(5)
WORST: Final = Decimal(-5)
STEP: Final = Decimal("2.5")
FLOORS: Final = {Status.ON_TRACK: STEP, Status.AT_RISK: ZERO, Status.OFF_TRACK: -STEP, Status.DETERIORATING: WORST}
EXPONENT: Final = Fraction(111, 25)

_OF_RATIO: Final = (Decimal("0.95"), Decimal("0.60"), ZERO)
_OF_GROWTH: Final = (Decimal("0.015"), Decimal("0.005"), ZERO)


@dataclass(frozen=True, slots=True)
class Rated:
    """A class with its native score."""

    status: Status
    native: Decimal


ACHIEVED: Final = Rated(Status.ACHIEVED, BEST)


def by_ratio(ratio: Decimal) -> Rated:
    """Growth seen / growth needed."""
    status = _class(ratio, _OF_RATIO)
    if status in (Status.ON_TRACK, Status.AT_RISK):
        return Rated(status, min(Decimal("7.1429") * ratio - Decimal("4.2857"), BEST))
    return Rated(status, max(Decimal("4.1667") * ratio - STEP, WORST))


def by_growth(rate: Decimal, share: Decimal) -> Rated:
    """Growth a year in the desired direction; `share` (C) brings the limits down near a natural limit."""
    high, low, none = _OF_GROWTH
    status = _class(rate, (high * share, low * share, none))
    if status is Status.DETERIORATING:
        return Rated(status, max(125 * rate - STEP, WORST))
    if share == 0:
        return Rated(status, BEST)
    if status is Status.OFF_TRACK:
        return Rated(status, quotient(500 * rate, share) - STEP)
    if status is Status.AT_RISK:
        return Rated(status, quotient(250 * rate, share) - Decimal("1.25"))
    return Rated(status, min(quotient(500 * rate, share) - BEST, BEST))


def limit_share(base: Decimal, limit: Decimal | None) -> Decimal:
    """C: how much of the usual growth is asked of a measure that begins near its natural limit."""
    if limit is None or abs(base) >= 2 * abs(limit):
        return ONE
    start, end = abs(base), abs(limit)
    near = start if start <= end else 2 * end - start
    return ONE - power(quotient(near, end), EXPONENT)


def mean(rated: Sequence[Rated]) -> Rated:
    """Several series as one. `rated` is not empty."""
    native = quotient(sum((each.native for each in rated), ZERO), Decimal(len(rated)))
    if all(each.status is Status.ACHIEVED for each in rated):
        return ACHIEVED
    return Rated(_class(native, (STEP, ZERO, -STEP)), native)


def place(rated: Rated) -> Decimal:
    """The place inside the band of the class, from 0 to 1 (and beyond, where the published line leaves its class)."""
    if rated.status is Status.ACHIEVED:
        return ONE
    return (rated.native - FLOORS[rated.status]) / STEP


def _class(rate: Decimal, limits: tuple[Decimal, Decimal, Decimal]) -> Status:
    words = (Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK)
    reached = (word for word, limit in zip(words, limits, strict=True) if at_least(rate, limit))
    return next(reached, Status.DETERIORATING)
