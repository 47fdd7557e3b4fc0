"""What a measure has proven it can do, held beside a target: to date, at its best, and in comparable periods before.

Where values add up to the target's coarser period, proven is `total to date + parts without a value × best part`;
otherwise the best value of a judged period. Best is read in the desired direction: the highest part for a floor, the
lowest for a ceiling. Comparable periods have the target's length, lie wholly before it and, where values add up, have
a value for every part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rollup_worker.core.decimals import ZERO
from rollup_worker.core.facts import Target
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods.bounds import Bounds
from rollup_worker.core.methods.method import Case
from tideline import periods
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Aggregation, Frequency

COMPARABLE_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Proven:
    """`capacity` is what can be reached at the best pace so far, None without any value. A level has no parts."""

    capacity: Decimal | None
    best: Headline | None
    before: Sequence[Headline]
    to_date: Decimal | None = None
    reporting: int = 0
    remaining: int = 0

    @property
    def is_total(self) -> bool:
        return self.to_date is not None


def proven(case: Case, target: Target, limits: Bounds) -> Proven:
    calendar, step = case.definition.calendar, case.latest.frequency
    before = _comparable(case, target.period)
    adds_up = case.definition.time_aggregation == Aggregation.SUM and not case.trailing
    if not (adds_up and periods.is_coarser(target.period.frequency, step)):
        best = _best(_judged(case), limits)
        return Proven(best.value if best else None, best, before)
    parts = periods.parts(target.period, step, calendar)
    values = [case.known[part].value for part in parts if part in case.known]
    held = [value for value in values if value is not None]
    total, remaining = sum(held, ZERO), len(parts) - len(held)
    whole = [one for one in case.known.values() if one.value is not None]
    best = _extreme(whole, highest=_has_floor_ahead(limits, total))
    capacity = None if best is None or best.value is None else total + remaining * best.value
    return Proven(capacity, best, before, total, len(held), remaining)


def _has_floor_ahead(limits: Bounds, total: Decimal) -> bool:
    """Whether there is a floor that the total has not reached yet; else a ceiling decides."""
    return limits.lower is not None and (limits.upper is None or total < limits.lower)


def _best(held: Sequence[Headline], limits: Bounds) -> Headline | None:
    """The latest of those that miss the target least, or exceed it most."""
    return max(held, key=lambda one: (-limits.miss(_value(one)), one.period), default=None)


def _extreme(held: Sequence[Headline], *, highest: bool) -> Headline | None:
    return max(held, key=lambda one: (_value(one) if highest else -_value(one), one.period), default=None)


def _value(held: Headline) -> Decimal:
    assert held.value is not None
    return held.value


def _judged(case: Case) -> list[Headline]:
    wholes = {periods.parent(period, case.level, case.definition.calendar) for period in case.known}
    return [held for whole in sorted(wholes) if (held := case.at_period(whole)).value is not None]


def _comparable(case: Case, period: Period) -> list[Headline]:
    """The latest five, oldest first."""
    calendar = case.definition.calendar
    frequency = max(period.frequency, case.latest.frequency, key=list(Frequency).index)
    first, found = min(case.known), list[Headline]()
    try:
        before = periods.containing(period.start, frequency, calendar)
        while len(found) < COMPARABLE_MAX and before.end > first.start:
            before = periods.previous(before, calendar)
            held = case.at_period(before)
            if held.value is not None and (held.reporting == held.of or not case.adds_up):
                found.append(held)
    except BadPeriod:  # the calendar begins here
        pass
    return found[::-1]
