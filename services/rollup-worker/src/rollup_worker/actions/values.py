"""Stored values and targets as the core reads them."""

from collections.abc import Iterable, Sequence
from datetime import date

from rollup_worker.core import facts
from rollup_worker.core.facts import Cell, Target
from rollup_worker.repository.inputs import Value
from tideline import events, periods
from tideline.events import MeasureDefined, Observation
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Flag, Frequency

SUPPOSED = "supposed"
"""The source of a value that is nowhere stored."""


def over_values(stored: Sequence[Value], supposed: Sequence[Observation]) -> Sequence[Value]:
    """The values of one measure; a supposed one takes the place of the stored one of its period and breakdown."""
    if not supposed:
        return stored
    found = {(value.period, facts.breakdown(value.breakdown)): value for value in stored}
    found |= {(each.period, facts.breakdown(each.breakdown)): _supposed(each) for each in supposed}
    return [value for value in found.values() if value.flag != Flag.WITHDRAWN]


def cells(definition: MeasureDefined, values: Iterable[Value]) -> list[Cell]:
    """Without those whose id was no period of the measure as it was defined then."""
    return [cell for value in values if (cell := _cell(definition, value))]


def within(definition: MeasureDefined, values: Iterable[Value], first: date, upto: date) -> list[Value]:
    """Those of the measure's periods that begin in a half-open span of days, oldest first."""
    dated = [(cell.period.start, value) for value in values if (cell := _cell(definition, value))]
    return [value for start, value in sorted(dated, key=lambda pair: pair[0]) if first <= start < upto]


def last_named(definition: MeasureDefined, names: Iterable[str], before: date | None) -> Period | None:
    """The latest of the measure's periods that begins before a day (None: any)."""
    found = (period for name in names if (period := _own_period(definition, name)))
    return max((period for period in found if before is None or period.start < before), default=None)


def targets(definition: MeasureDefined, told: Iterable[events.Target]) -> Sequence[Target]:
    """Those that bind the headline, as far as the measure's own calendar can read them."""
    readable = [target for target in told if _is_readable(target.period, definition)]
    return facts.headline_targets(definition, readable)


def first_after(definition: MeasureDefined, as_of: Period | None) -> date | None:
    """Periods that begin before this day are over by the end of `as_of`; None: all are."""
    if as_of is None:
        return None
    try:
        return periods.containing(as_of.end, Frequency(definition.frequency), definition.calendar).start
    except BadPeriod:
        return None


def _supposed(told: Observation) -> Value:
    return Value(
        measure=told.measure,
        period=told.period,
        breakdown=told.breakdown,
        revision=told.revision,
        value=told.value,
        numerator=told.numerator,
        denominator=told.denominator,
        flag=told.flag,
        batch=None,
        source=SUPPOSED,
        known_from=None,
    )


def _cell(definition: MeasureDefined, value: Value) -> Cell | None:
    period = _own_period(definition, value.period)
    if period is None:
        return None
    flag = Flag(value.flag) if value.flag else None
    breakdown = facts.breakdown(value.breakdown)
    return Cell(period, breakdown, value.value, value.numerator, value.denominator, flag)


def _own_period(definition: MeasureDefined, name: str) -> Period | None:
    try:
        period = periods.parse(name, definition.calendar)
    except BadPeriod:
        return None
    return period if period.frequency == definition.frequency else None


def _is_readable(period: str, definition: MeasureDefined) -> bool:
    try:
        periods.parse(period, definition.calendar)
    except BadPeriod:
        return False
    return True
