"""Decimal arithmetic with one fixed precision, whatever the thread's own context says.

Sums and products of accepted values (38 digits, exponents to 30) are exact in 400 digits, so that no order of
adding changes a result. Quotients, roots and powers are rounded half-even to 34 digits, scores to six decimals.
"""

from collections.abc import Callable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, localcontext
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)

_EXACT: Final = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
_QUOTIENT: Final = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero])
_SCORE: Final = Decimal("0.000001")


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function in the engine's own decimal context."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(_EXACT):
            return function(*args, **kwargs)

    return run


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Raises DivisionByZero or InvalidOperation for a zero divisor."""
    return _QUOTIENT.divide(dividend, divisor)


def root(value: Decimal) -> Decimal:
    """The square root of a value that is not negative."""
    return _QUOTIENT.sqrt(value)


def exponential(value: Decimal) -> Decimal:
    """e to the power of a value."""
    return _QUOTIENT.exp(value)


def as_score(value: Decimal) -> Decimal:
    """A score with six decimals, never rounded up into the next band."""
    return value.quantize(_SCORE, rounding=ROUND_FLOOR, context=_EXACT)
