"""Rows as sent against the definitions: what fits, what is rejected and why, what waits for its definition."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from measures_ingest.core import breakdowns, numbers
from measures_ingest.core.definitions import PEER, Definition, Rules
from measures_ingest.core.rejects import Code, Fault, Reject
from measures_ingest.core.rows import Raw, Row, Sifted, Unknown
from tideline import periods
from tideline.vocabulary import CODE, Flag

NOTE_MAX: Final = 2_000
_FLAGS: Final = frozenset(flag.value for flag in Flag)

Key: TypeAlias = tuple[str, str, date]


class _Numbers(NamedTuple):
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None


class Sieve:
    """Judges the rows of one batch in order. `seen` finds a key that came before; without it nobody looks."""

    def __init__(self, rules: Rules, *, find_duplicates: bool = True) -> None:
        self._rules = rules
        self._seen: dict[Key, int] | None = {} if find_duplicates else None

    def sift(self, found: Iterable[tuple[int, Raw | Reject]]) -> Sifted:
        sifted = Sifted([], [], [])
        for index, raw in found:
            judged = raw if isinstance(raw, Reject) else self.judge(index, raw)
            if isinstance(judged, Row):
                sifted.rows.append(judged)
            elif isinstance(judged, Unknown):
                sifted.unknown.append(judged)
            else:
                sifted.rejects.append(judged.at(index) if isinstance(judged, Fault) else judged)
        return sifted

    def judge(self, index: int, raw: Raw) -> Row | Fault | Unknown:
        definition = self._rules.definitions.get(raw.measure)
        if definition is None:
            return _undefined(index, raw, self._rules)
        judged = _fit(index, raw, definition, self._rules)
        if self._seen is None or isinstance(judged, Fault):
            return judged
        key = (judged.measure, judged.breakdown, judged.start)
        first = self._seen.setdefault(key, index)
        return judged if first == index else duplicate_of(first)


def duplicate_of(first: int) -> Fault:
    return Fault(Code.DUPLICATE_IN_BATCH, None, f"row {first} has the same measure, period and breakdown")


def _undefined(index: int, raw: Raw, rules: Rules) -> Fault | Unknown:
    if not raw.measure or raw.period == "":
        return _missing("period" if raw.measure else "measure")
    if not rules.scope.may_admit(raw.measure):
        return _not_yours(raw.measure)
    if not CODE.fullmatch(raw.measure):
        return Fault(Code.UNKNOWN_MEASURE, "measure", "a code has 1 to 100 of the characters a-z, 0-9 and -")
    if not rules.quarantine:
        return Fault(Code.UNKNOWN_MEASURE, "measure", f"no measure {raw.measure!r} is defined")
    return Unknown(index, raw)


def _missing(field: str) -> Fault:
    return Fault(Code.MISSING_FIELD, field, "every row names its measure and period")


def _not_yours(code: str) -> Fault:
    return Fault(Code.NOT_YOUR_MEASURE, "measure", f"this sender may not write {code[:100]!r}")


def _fit(index: int, raw: Raw, definition: Definition, rules: Rules) -> Row | Fault:
    refused = _closed(definition, rules) or _words(raw)
    if refused is not None:
        return refused
    period = _period(raw.period, definition, rules.today)
    if isinstance(period, Fault):
        return period
    cell = _cell(raw, definition)
    if isinstance(cell, Fault):
        return cell
    found = _withdrawn(raw) if raw.flag == Flag.WITHDRAWN else _numbers(raw, definition)
    if isinstance(found, Fault):
        return found
    words = (raw.flag or None, raw.note or None, definition.scheme)
    return Row(index, raw.measure, cell, period.start, str(raw.period), *found, *words)


def _closed(definition: Definition, rules: Rules) -> Fault | None:
    if not rules.scope.admits(definition.code, definition.department):
        return _not_yours(definition.code)
    if definition.retired:
        return Fault(Code.RETIRED_MEASURE, "measure", f"{definition.code!r} is retired")
    if definition.derived:
        return Fault(Code.DERIVED_MEASURE, "measure", f"{definition.code!r} is derived from other measures")
    return None


def _cell(raw: Raw, definition: Definition) -> str | Fault:
    cell = breakdowns.canonical(raw.breakdown, definition.dimensions)
    if not definition.peers or isinstance(cell, Fault):
        return cell
    peer = breakdowns.cells(cell).get(PEER)
    if peer is not None and peer not in definition.peers:
        detail = f"{peer[:100]!r} is no peer of this measure; known: {', '.join(sorted(definition.peers))}"
        return Fault(Code.UNKNOWN_PEER, f"breakdown.{PEER}", detail)
    return cell


def _period(given: str | int, definition: Definition, today: date) -> periods.Period | Fault:
    if given == "":
        return _missing("period")
    try:
        period = periods.parse(str(given), definition.calendar)
    except periods.LatePeriod as reason:
        return Fault(Code.FUTURE_PERIOD, "period", str(reason))
    except periods.BadPeriod as reason:
        return Fault(Code.BAD_PERIOD, "period", str(reason))
    if period.frequency is not definition.frequency:
        detail = f"{given} is a {period.frequency}, the measure is given by {definition.frequency}"
        return Fault(Code.PERIOD_FREQUENCY_MISMATCH, "period", detail)
    if period.start > today:
        return Fault(Code.FUTURE_PERIOD, "period", f"{given} begins on {period.start}, after {today}")
    return period


def _words(raw: Raw) -> Fault | None:
    if raw.flag and raw.flag not in _FLAGS:
        return Fault(Code.BAD_FLAG, "flag", f"expected one of {', '.join(sorted(_FLAGS))}")
    if raw.note and (len(raw.note) > NOTE_MAX or "\0" in raw.note):
        return Fault(Code.BAD_NOTE, "note", f"expected at most {NOTE_MAX} characters and no NUL")
    return None


def _withdrawn(raw: Raw) -> _Numbers | Fault:
    if (raw.value, raw.numerator, raw.denominator) != (None, None, None):
        return Fault(Code.BAD_FLAG, "flag", "a value that is taken back travels as null")
    return _Numbers(None, None, None)


def _numbers(raw: Raw, definition: Definition) -> _Numbers | Fault:
    value = _number(raw.value, "value")
    numerator = _number(raw.numerator, "numerator")
    denominator = _number(raw.denominator, "denominator")
    if isinstance(value, Fault):
        return value
    if isinstance(numerator, Fault):
        return numerator
    if isinstance(denominator, Fault):
        return denominator
    found = _Numbers(value, numerator, denominator)
    return (_ratio if definition.ratio else _value)(found, definition)


def _number(given: Decimal | None, field: str) -> Decimal | Fault | None:
    if given is None:
        return None
    number = numbers.canonical(given)
    if isinstance(number, Code):
        detail = f"not a finite number of at most {numbers.DIGITS_MAX} digits, from 10^-30 to below 10^38"
        return Fault(number, field, detail)
    return number


def _value(found: _Numbers, definition: Definition) -> _Numbers | Fault:
    if found.value is None:
        if found.numerator is None and found.denominator is None:
            return Fault(Code.MISSING_VALUE, "value", "no value; to take one back send null with the flag `withdrawn`")
        return Fault(Code.VALUE_EXPECTED, "value", f"{definition.code!r} takes a value, not a ratio alone")
    return _outside(found.value, "value", definition) or found


def _ratio(found: _Numbers, definition: Definition) -> _Numbers | Fault:
    if found.value is not None:
        return Fault(Code.RATIO_EXPECTED, "value", f"{definition.code!r} takes numerator and denominator, and no value")
    if found.numerator is None and found.denominator is None:
        return Fault(Code.MISSING_VALUE, "numerator", "no numerator and denominator")
    if found.numerator is None or found.denominator is None:
        missing = "numerator" if found.numerator is None else "denominator"
        return Fault(Code.RATIO_EXPECTED, missing, f"{definition.code!r} takes numerator and denominator together")
    if not found.denominator:
        return Fault(Code.ZERO_DENOMINATOR, "denominator", "nothing can be divided by zero")
    value = found.numerator / found.denominator * definition.multiplier
    return _outside(value, "numerator", definition) or found


def _outside(value: Decimal, field: str, definition: Definition) -> Fault | None:
    if definition.minimum is not None and value < definition.minimum:
        return Fault(Code.OUT_OF_RANGE, field, f"{value} is below the measure's minimum {definition.minimum}")
    if definition.maximum is not None and value > definition.maximum:
        return Fault(Code.OUT_OF_RANGE, field, f"{value} is above the measure's maximum {definition.maximum}")
    return None
