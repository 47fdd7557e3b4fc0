"""Where a measure is heading: when it crosses each target ahead, the pace that it takes, and what it arrives at.

**Horizons.** The end of a goal: of its biennium where it looks at most two years ahead; else so many years after the
biennium's begin, or, without one, after the latest value. Where there is neither a target ahead nor a goal with a
horizon, two and ten years after the latest value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from rollup_worker.core.crossing import (
    Crossing,
    Pace,
    level_crossing,
    level_pace,
    total_crossing,
    total_pace,
    years_after,
)
from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Target
from rollup_worker.core.future import Future, Projected
from rollup_worker.core.methods.bounds import Bounds, bounds
from tideline import periods
from tideline.events import Calendar, GoalDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Direction, Frequency

USUAL_YEARS: Final = (2, 10)
AHEAD_MAX: Final = 40
"""Targets that are projected, the nearest first."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """One target ahead; `holds_target`: the prediction interval holds the bound that decides."""

    target: Target
    crossing: Crossing
    pace: Pace | None
    at: Projected | None
    holds_target: bool | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """A point in time that goals look at; `target` is the one its status is judged by."""

    years: int
    period: Period
    goals: tuple[str, ...]
    at: Projected | None
    target: Target | None
    holds_target: bool | None


@exact
def aheads(future: Future, most: int | None = None) -> list[Ahead]:
    """The targets that end after the latest value, the nearest first."""
    latest = future.case.latest
    later = [target for target in future.case.targets if target.period.end > latest.end]
    return [_ahead(future, target) for target in later[: most or AHEAD_MAX]]


@exact
def horizons(future: Future, goals: Iterable[GoalDefined], calendar: Calendar) -> list[Horizon]:
    """In the order of time; goals that end on the same day stand together. `calendar` is the city's, for bienniums."""
    latest = future.case.latest
    named: dict[tuple[date, int], list[str]] = {}
    for goal in goals:
        end = goal_end(goal, latest, calendar)
        if end is not None and goal.horizon_years is not None and end > latest.end:
            named.setdefault((end, goal.horizon_years), []).append(goal.code)
    if not named and not any(target.period.end > latest.end for target in future.case.targets):
        named = {(years_after(latest.end, years), years): [] for years in USUAL_YEARS}
    found = [_horizon(future, end, years, codes) for (end, years), codes in sorted(named.items())]
    return [horizon for horizon in found if horizon is not None]


def goal_end(goal: GoalDefined, latest: Period, calendar: Calendar) -> date | None:
    """The day after the last one that a goal looks at; None for a goal without a horizon."""
    if goal.horizon_years is None:
        return None
    try:
        biennium = periods.parse(goal.biennium, calendar) if goal.biennium else None
    except BadPeriod:
        biennium = None
    if biennium is None:
        return years_after(latest.end, goal.horizon_years)
    return biennium.end if goal.horizon_years <= 2 else years_after(biennium.start, goal.horizon_years)


def _ahead(future: Future, target: Target) -> Ahead:
    direction = future.case.direction
    limits = None if direction is Direction.NONE else bounds(target, direction)
    if limits is None:
        at = _at(future, target.period)
        return Ahead(target, Crossing(reason="no_bound"), None, at, _holds(at, _plain(target)))
    wider = future.is_wider(target.period)
    crossing = total_crossing(future, target, limits) if wider else level_crossing(future, limits)
    pace = total_pace(future, target, limits) if wider else level_pace(future, target, limits)
    at = _at(future, target.period)
    return Ahead(target, crossing, pace, at, _holds(at, limits))


def _horizon(future: Future, end: date, years: int, goals: Sequence[str]) -> Horizon | None:
    calendar = future.case.definition.calendar
    try:
        step = periods.containing(Period(end, end, Frequency.DAY).last_day, future.step, calendar)
    except BadPeriod:
        return None
    period = periods.parent(step, _whole(future), calendar) if future.case.adds_up else step
    last = future.last_step(period)
    ahead = [target for target in future.case.targets if target.period.end >= last.end]
    target = ahead[0] if ahead else None
    limits = bounds(target, future.case.direction) if target else None
    comparable = target is not None and limits is not None and (period == target.period or not future.case.adds_up)
    at = _at(future, period)
    held = _holds(at, limits) if comparable else None
    return Horizon(years, period, tuple(sorted(goals)), at, target if comparable else None, held)


def _whole(future: Future) -> Frequency:
    """The length of period whose totals are told: that of the targets, or the year."""
    asked = [target.period.frequency for target in future.case.targets] or [Frequency.YEAR]
    return max(asked[-1], future.step, key=list(Frequency).index)


def _at(future: Future, period: Period) -> Projected | None:
    return future.at(period) if future.line else None


def _plain(target: Target) -> Bounds | None:
    """A target of a measure without a desired direction, as a point or a range."""
    lower, upper = (target.lower, target.upper) if target.value is None else (target.value, target.value)
    return None if lower is None and upper is None else Bounds(lower, upper)


def _holds(at: Projected | None, limits: Bounds | None) -> bool | None:
    if at is None or limits is None:
        return None
    return at.lower <= limits.nearest(at.value) <= at.upper
