"""A measure beside its peers and beside its own past.

**Position.** Among the measure and its peers that have a value for the judged period, read in the desired direction:
`rank` 1 is the best, equal values share the better rank, and `of` counts the measure too. `share_worse` is the share
of those peers that do strictly worse. Towards a range, better is nearer to it. A peer without a value for that very
period is counted as missing and takes no part.

**Median and quartiles** are those of the peers alone, the measure left out: linear interpolation between the sorted
values at 1 + (n − 1) · p (Hyndman and Fan 1996, definition 7, as spreadsheets have it).

**Own past** is what the judged level had: the period before, the same period of the year before, the best and worst
ever in the desired direction, the mean of the last five periods, and the baseline.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from rollup_worker.core.decimals import ZERO, divide, exact
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case
from tideline import periods
from tideline.events import Calendar
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Direction

MEAN_OF: Final = 5
QUARTILES: Final = (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"))


@dataclass(frozen=True, slots=True)
class Position:
    """`rank` and `share_worse` None: nothing is desired, so that nobody does better; `tied` share the rank."""

    period: Period
    of: int
    rank: int | None
    tied: int
    share_worse: Decimal | None
    missing: tuple[str, ...]
    quartiles: tuple[Decimal, Decimal, Decimal] | None


@dataclass(frozen=True, slots=True)
class Past:
    """None where there is no such period or it has no value. `mean_of` periods stand in the mean."""

    previous: Headline | None
    year_before: Headline | None
    best: Headline | None
    worst: Headline | None
    mean: Decimal | None
    mean_of: int


@exact
def series(case: Case, known: Mapping[Period, Headline] | None = None) -> list[Headline]:
    """The values at the judged level, oldest first: the measure's own, or those of one peer."""
    held = case if known is None else replace(case, known=known)
    wholes = {periods.parent(period, case.level, case.definition.calendar) for period in held.known}
    found = [held.at_period(whole) for whole in sorted(wholes)]
    return [one for one in found if one.value is not None]


@exact
def position(case: Case, own: Sequence[Headline], peers: Mapping[str, Sequence[Headline]]) -> Position | None:
    """None where the measure itself has no value for the judged period."""
    mine = next((one.value for one in own if one.period == case.judged), None)
    if mine is None:
        return None
    found = {code: next((one.value for one in held if one.period == case.judged), None) for code, held in peers.items()}
    others = [value for value in found.values() if value is not None]
    missing = tuple(sorted(code for code, value in found.items() if value is None))
    found_quartiles = _quartiles(others)
    loss = _loss(case)
    if loss is None:
        return Position(case.judged, len(others) + 1, None, 0, None, missing, found_quartiles)
    own_loss, losses = loss(mine), [loss(value) for value in others]
    worse = sum(1 for other in losses if other > own_loss)
    return Position(
        period=case.judged,
        of=len(others) + 1,
        rank=1 + sum(1 for other in losses if other < own_loss),
        tied=losses.count(own_loss),
        share_worse=divide(Decimal(worse), Decimal(len(losses))) if losses else None,
        missing=missing,
        quartiles=found_quartiles,
    )


@exact
def quantile(values: Sequence[Decimal], share: Decimal) -> Decimal:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place.to_integral_value(ROUND_FLOOR))
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


@exact
def past(case: Case, own: Sequence[Headline]) -> Past:
    """From the measure's own series at the judged level."""
    by_period = {one.period: one for one in own}
    recent = [one.value for one in own if one.value is not None][-MEAN_OF:]
    mean = divide(sum(recent, ZERO), Decimal(len(recent))) if recent else None
    loss = _loss(case)
    best = min(own, key=lambda one: (loss(_value(one)), -one.period.start.toordinal()), default=None) if loss else None
    worst = max(own, key=lambda one: (loss(_value(one)), one.period), default=None) if loss else None
    return Past(
        _at(by_period, _step(case, periods.previous)),
        _at(by_period, _step(case, periods.year_before)),
        best,
        worst,
        mean,
        len(recent),
    )


def _loss(case: Case) -> Callable[[Decimal], Decimal] | None:
    """How bad a value is, so that less is better; None where nothing says what is good."""
    if case.direction is Direction.UP:
        return lambda value: -value
    if case.direction is Direction.DOWN:
        return lambda value: value
    limits = _range(case)
    return None if limits is None else lambda value: max(limits.miss(value), ZERO)


def _range(case: Case) -> Bounds | None:
    """The range of the nearest target; None for a measure that only describes."""
    if case.direction is not Direction.RANGE:
        return None
    ahead = [target for target in case.targets if target.period.end >= case.judged.end]
    target = next(iter([*ahead, *case.targets[::-1]]), None)
    return bounds(target, case.direction) if target else None


def _quartiles(values: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal] | None:
    if not values:
        return None
    low, middle, high = (quantile(values, share) for share in QUARTILES)
    return low, middle, high


def _value(held: Headline) -> Decimal:
    assert held.value is not None
    return held.value


def _at(held: Mapping[Period, Headline], period: Period | None) -> Headline | None:
    return held.get(period) if period else None


def _step(case: Case, step: Callable[[Period, Calendar], Period]) -> Period | None:
    """None where the calendar has no such period."""
    try:
        return step(case.judged, case.definition.calendar)
    except BadPeriod:
        return None
