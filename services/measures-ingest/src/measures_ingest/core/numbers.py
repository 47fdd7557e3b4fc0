"""Decimals as they are stored: finite, at most 38 digits, below 10^38, no nearer to zero than 10^-30, and one zero."""

import re
from decimal import Context, Decimal
from typing import Final

from measures_ingest.core.rejects import Code

DIGITS_MAX: Final = 38
PLACE_MIN: Final = -30  # of the first digit: 10^-30 is the smallest number
_ZERO: Final = Decimal(0)
_PLAIN_MAX: Final = -PLACE_MIN
_WIDE: Final = Context(prec=100_000)
_TEXT: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,6})?", re.ASCII)


def canonical(value: Decimal) -> Decimal | Code:
    """The same number as it is stored, or why it cannot be. Digits after the point are kept, also zeros."""
    if not value.is_finite():
        return Code.BAD_VALUE
    if not value:
        return _ZERO
    text = str(value)
    if len(text) <= _PLAIN_MAX and "E" not in text:
        return value
    return _fit(value)


def read(text: str) -> Decimal | Code:
    """A decimal from the text of a cell: digits, a point, an exponent; no thousands separator, no `inf`."""
    if not _TEXT.fullmatch(text):
        return Code.BAD_VALUE
    return Decimal(text)


def _fit(value: Decimal) -> Decimal | Code:
    found = value if _fits(value) else _stripped(value)
    if found is None or not _fits(found):
        return Code.OUT_OF_RANGE
    return found.quantize(Decimal(1), context=_WIDE) if _exponent(found) > 0 else found


def _fits(value: Decimal) -> bool:
    """The same for every way to write a number: only its digits count, and the place of the first one."""
    return len(value.as_tuple().digits) <= DIGITS_MAX and PLACE_MIN <= value.adjusted() < DIGITS_MAX


def _stripped(value: Decimal) -> Decimal | None:
    """Without trailing zeros, which carry no digit that could be lost."""
    return value.normalize(_WIDE) if len(value.as_tuple().digits) <= _WIDE.prec else None


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
