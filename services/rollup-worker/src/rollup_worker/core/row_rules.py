"""What a supposed value or target must be, with the codes of a push where they mean the same.

A period may lie in the future: that is what is supposed.
"""

import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final, NamedTuple

from rollup_worker.core.aggregate import quotient
from rollup_worker.core.facts import PEER
from tideline import periods
from tideline.events import MeasureDefined, Observation, Target
from tideline.periods import BadPeriod
from tideline.vocabulary import Aggregation, Flag, Frequency

DIGITS_MAX: Final = 38
PLACE_MIN: Final = -30
"""Of the first digit, as values are stored."""
LABEL_MAX: Final = 200
_WIDE: Final = Context(prec=2 * DIGITS_MAX)


class Wrong(NamedTuple):
    field: str | None
    code: str
    detail: str


def measure_fault(definition: MeasureDefined | None, code: str) -> Wrong | None:
    if definition is None:
        return Wrong("measure", "unknown_measure", f"there is no measure {code[:100]!r}")
    return Wrong("measure", "retired_measure", f"{code!r} is retired") if definition.retired else None


def value_fault(row: Observation, definition: MeasureDefined) -> Wrong | None:
    if definition.formula is not None:
        return Wrong("measure", "derived_measure", f"{row.measure!r} is derived from other measures")
    found = _period_fault(row.period, definition) or _breakdown_fault(row.breakdown, definition)
    if found:
        return found
    if row.flag is not None and row.flag not in set(Flag):
        return Wrong("flag", "bad_flag", f"the flags are {', '.join(Flag)}")
    given = (row.value, row.numerator, row.denominator)
    if row.flag == Flag.WITHDRAWN:
        return None if given == (None, None, None) else Wrong("flag", "bad_flag", "a withdrawn row has no value")
    return _numbers_fault(row, definition)


def target_fault(row: Target, definition: MeasureDefined) -> Wrong | None:
    try:
        period = periods.parse(row.period, definition.calendar)
    except BadPeriod as fault:
        return Wrong("period", "bad_period", str(fault))
    if periods.is_coarser(Frequency(definition.frequency), period.frequency):
        detail = f"{row.period} is a {period.frequency}, the measure is given by {definition.frequency}"
        return Wrong("period", "period_frequency_mismatch", detail)
    for name in ("value", "lower", "upper"):
        number = getattr(row, name)
        if number is not None and (found := number_fault(name, number)):
            return found
    if row.value is not None and (row.lower is not None or row.upper is not None):
        return Wrong("value", "bad_target", "a target is a value or bounds, not both")
    if row.lower is not None and row.upper is not None and row.lower > row.upper:
        return Wrong("lower", "bad_target", "the lower bound lies above the upper one")
    return _breakdown_fault(row.breakdown, definition)


def number_fault(field: str, number: Decimal) -> Wrong | None:
    """A finite number of at most 38 digits, below 10^38 and no nearer to zero than 10^-30."""
    if not number.is_finite():
        return Wrong(field, "bad_value", "not a finite decimal number")
    wide = len(number.as_tuple().digits) > DIGITS_MAX or not PLACE_MIN <= number.adjusted() < DIGITS_MAX
    return Wrong(field, "out_of_range", "more digits than a value may have") if number and wide else None


def as_stored(number: Decimal) -> Decimal:
    """As a push would store it: one zero, no exponent above the point. What cannot be stored is left as it is."""
    if not number:
        return Decimal(0)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent <= 0 or number.adjusted() >= DIGITS_MAX:
        return number
    return number.quantize(Decimal(1), context=_WIDE)


def label_as_stored(label: str | int) -> str:
    """Labels of a breakdown are compared without spaces around them and in one way to write a letter."""
    return unicodedata.normalize("NFC", str(label)).strip()


def _period_fault(text: str, definition: MeasureDefined) -> Wrong | None:
    try:
        period = periods.parse(text, definition.calendar)
    except BadPeriod as fault:
        return Wrong("period", "bad_period", str(fault))
    if period.frequency == definition.frequency:
        return None
    detail = f"{text} is a {period.frequency}, the measure is given by {definition.frequency}"
    return Wrong("period", "period_frequency_mismatch", detail)


def _breakdown_fault(breakdown: Mapping[str, str], definition: MeasureDefined) -> Wrong | None:
    peers = {peer.code for peer in definition.peers}
    allowed = {*definition.breakdowns, *([PEER] if peers else [])}
    for dimension, label in breakdown.items():
        name = f"breakdown.{dimension[:100]}"
        if dimension not in allowed:
            return Wrong(name, "unknown_dimension", f"the measure has: {', '.join(sorted(allowed)) or 'no dimension'}")
        if dimension == PEER and label not in peers:
            return Wrong(name, "unknown_peer", f"the measure lists: {', '.join(sorted(peers))}")
        if not label.strip() or len(label) > LABEL_MAX or not label.isprintable():
            return Wrong(name, "bad_breakdown", f"expected 1 to {LABEL_MAX} printable characters")
    return None


def _numbers_fault(row: Observation, definition: MeasureDefined) -> Wrong | None:
    named = {"value": row.value, "numerator": row.numerator, "denominator": row.denominator}
    for name, number in named.items():
        if number is not None and (found := number_fault(name, number)):
            return found
    if Aggregation.RATIO in (definition.time_aggregation, definition.breakdown_aggregation):
        return _ratio_fault(row, definition)
    if row.value is None and row.numerator is None and row.denominator is None:
        return Wrong("value", "missing_value", "no value; to take one back send null with the flag `withdrawn`")
    if row.value is None:
        return Wrong("value", "value_expected", "the measure takes a value, not a ratio alone")
    return _limits_fault(row.value, definition)


def _ratio_fault(row: Observation, definition: MeasureDefined) -> Wrong | None:
    if row.value is not None:
        return Wrong("value", "ratio_expected", "the measure takes numerator and denominator, and no value")
    if row.numerator is None or row.denominator is None:
        missing = "numerator" if row.numerator is None else "denominator"
        return Wrong(missing, "ratio_expected", "the measure takes numerator and denominator together")
    if not row.denominator:
        return Wrong("denominator", "zero_denominator", "nothing can be divided by zero")
    return _limits_fault(quotient(row.numerator, row.denominator, definition.multiplier), definition)


def _limits_fault(value: Decimal | None, definition: MeasureDefined) -> Wrong | None:
    low, high = definition.minimum, definition.maximum
    if value is None or ((low is None or value >= low) and (high is None or value <= high)):
        return None
    return Wrong("value", "out_of_range", f"the measure lies from {low} to {high}")
