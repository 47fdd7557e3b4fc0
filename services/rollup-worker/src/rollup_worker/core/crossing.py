"""When the line through a measure reaches a target, and the pace that the target takes.

**Crossing.** The first period ahead in which the line reaches the target; where values add up to the target's
coarser period, the first in which the running total does. A total that must stay below a bound crosses nothing: it is
told when the line breaks the bound. Looked for up to 20 years ahead.

**Pace.** For a level, the change per period that leads from the latest value to the target by its end, beside the
line's own slope; for a measure that is better already it says how much may be lost. For a total, the value that each
period to come must bring, beside the mean of those that have brought one.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO, divide
from rollup_worker.core.facts import Target
from rollup_worker.core.future import Future
from rollup_worker.core.methods.bounds import Bounds
from rollup_worker.core.trend import moved, number
from tideline import periods
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Aggregation

CROSSING_YEARS: Final = 20


@dataclass(frozen=True, slots=True)
class Crossing:
    """`on` is the period of the crossing, or `reason` says why there is none; `broken_on` when a bound is broken.

    Reasons: already_reached · moving_away · standing_still · steps_over (from below a range to above it) ·
    beyond_horizon · beyond_period (the total's period ends before) · stays_within · already_broken · will_be_broken ·
    no_trend · no_bound (nothing is asked in the desired direction).
    """

    on: Period | None = None
    reason: str | None = None
    broken_on: Period | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """`counts` says of what: the `change` from period to period, or the `value` of each period."""

    counts: str
    needed: Decimal | None
    made: Decimal | None
    periods_left: int


def level_crossing(future: Future, limits: Bounds) -> Crossing:
    latest, line, calendar = future.case.latest, future.line, future.case.definition.calendar
    value = future.case.known[latest].value
    if value is not None and limits.miss(value) <= 0:
        return Crossing(reason="already_reached")
    if line is None:
        return Crossing(reason="no_trend")
    first = number(latest) + 1
    next_value = line.at(first)
    if limits.miss(next_value) > 0:
        bound = limits.nearest(next_value)
        rising = line if next_value < bound else line.mirrored()
        reached = rising.first_at_least(bound if rising is line else -bound)
        if reached is None:
            return Crossing(reason="moving_away" if line.rise else "standing_still")
        first = max(first, reached)
    try:
        period = moved(latest, first - number(latest), calendar)
    except BadPeriod:
        return Crossing(reason="beyond_horizon")
    if period.end > years_after(latest.end, CROSSING_YEARS):
        return Crossing(reason="beyond_horizon")
    return Crossing(on=period) if limits.miss(line.at(first)) <= 0 else Crossing(reason="steps_over")


def total_crossing(future: Future, target: Target, limits: Bounds) -> Crossing:
    total, _, ahead = _so_far(future, target)
    if limits.upper is not None and total > limits.upper:
        return Crossing(reason="already_broken")
    if limits.upper is None and limits.lower is not None and total >= limits.lower:
        return Crossing(reason="already_reached")
    if future.line is None:
        return Crossing(reason="no_trend")
    reached = None
    for step in ahead:
        total += _share(future, future.value_at(step))
        if limits.upper is not None and total > limits.upper:
            return Crossing(reason="will_be_broken", broken_on=step)
        if reached is None and limits.lower is not None and total >= limits.lower:
            reached = step
    if limits.lower is None:
        return Crossing(reason="stays_within")
    return Crossing(on=reached) if reached else Crossing(reason="beyond_period")


def level_pace(future: Future, target: Target, limits: Bounds) -> Pace:
    latest = future.case.latest
    left = number(future.last_step(target.period)) - number(latest)
    value, made = future.case.known[latest].value, future.line.slope if future.line else None
    if value is None or left < 1:
        return Pace("change", None, made, max(left, 0))
    inside = limits.miss(value) <= 0 and limits.lower is not None and limits.upper is not None
    way = ZERO if inside else limits.nearest(value) - value
    return Pace("change", divide(way, Decimal(left)), made, left)


def total_pace(future: Future, target: Target, limits: Bounds) -> Pace:
    total, reporting, ahead = _so_far(future, target)
    made = divide(total, Decimal(reporting)) if reporting else None
    if not ahead:
        return Pace("value", None, made, 0)
    bound = limits.lower if limits.lower is not None and total < limits.lower else limits.upper
    way = (limits.nearest(total) if bound is None else bound) - total
    return Pace("value", divide(way, Decimal(len(ahead))), made, len(ahead))


def _so_far(future: Future, target: Target) -> tuple[Decimal, int, list[Period]]:
    """The total to date in a target's period, of how many parts, and the parts that are still to come or missing."""
    case = future.case
    parts = periods.parts(target.period, future.step, case.definition.calendar)
    held = [case.known[part].value for part in parts if part in case.known]
    values = [_share(future, value) for value in held if value is not None]
    return sum(values, ZERO), len(values), future.missing(parts)


def _share(future: Future, value: Decimal) -> Decimal:
    """What one part brings to the total."""
    return ONE if future.case.definition.time_aggregation == Aggregation.COUNT else value


def years_after(day: date, years: int) -> date:
    """The same day so many years later."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February, or beyond what dates can tell
        return date(min(day.year + years, date.max.year), 2, 28)
