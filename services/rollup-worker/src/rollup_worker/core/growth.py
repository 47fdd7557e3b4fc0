"""Compound annual growth in decimals: the same digits on every machine, and boundaries that do not wobble.

Rates are reckoned in 120 digits, far more than any accepted value has. Two rates that differ by less than 10^-100 of
themselves (or of one) are the same rate: a root of whole numbers that should land on a boundary lands on it.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation
from fractions import Fraction
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO, divide
from tideline.periods import Period
from tideline.vocabulary import Frequency

MONTHS_A_YEAR: Final = 12
DAYS_A_YEAR: Final = Fraction(1461, 4)

_WORK: Final = Context(prec=120, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
_SAME: Final = Decimal("1E-100")


@dataclass(frozen=True, slots=True)
class Course:
    """From a base to a value, both in `unit`-folds, so that the rate of a part of a period need not be rounded."""

    start: Period
    base: Decimal
    end: Period
    value: Decimal
    unit: Decimal = ONE

    @property
    def made(self) -> Decimal | None:
        """Growth a year; None where there is no such rate."""
        return growth(self.base, self.value, years(self.start, self.end))

    def needed(self, bound: Decimal, target: Period) -> Decimal | None:
        """Growth a year from the base to a bound; None where there is no such rate."""
        span = years(self.start, target)
        return growth(self.base, bound, span) if span > 0 else None


def years(earlier: Period, later: Period) -> Fraction:
    """From the end of one period to the end of another.

    In twelfths between periods of whole months, so that years are whole; with days or weeks, days / 365.25.
    """
    if {earlier.frequency, later.frequency} & {Frequency.DAY, Frequency.WEEK}:
        return (later.end - earlier.end).days / DAYS_A_YEAR
    months = (later.end.year - earlier.end.year) * MONTHS_A_YEAR + later.end.month - earlier.end.month
    return Fraction(months, MONTHS_A_YEAR)


def growth(earlier: Decimal, later: Decimal, span: Fraction) -> Decimal | None:
    """(later / earlier)^(1 / span) − 1; None where that is no number: from zero, or across it."""
    if earlier == 0 or earlier * later < 0:
        return None
    return _WORK.subtract(power(quotient(later, earlier), 1 / span), ONE)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """In the digits of rates. Raises DivisionByZero."""
    return _WORK.divide(dividend, divisor)


def power(base: Decimal, exponent: Fraction) -> Decimal:
    """base^exponent for a base that is not negative and an exponent above zero."""
    if base in (ZERO, ONE) or exponent == 1:
        return base
    times = _WORK.multiply(_WORK.ln(base), Decimal(exponent.numerator))
    return _WORK.exp(_WORK.divide(times, Decimal(exponent.denominator)))


def at_least(rate: Decimal, limit: Decimal) -> bool:
    """rate ≥ limit, where the same rate reckoned in two ways counts as equal."""
    return rate >= limit or limit - rate <= _SAME * max(abs(rate), abs(limit), ONE)


def shown(rate: Decimal) -> Decimal:
    """Rounded to the digits that are told."""
    return divide(rate, ONE)
