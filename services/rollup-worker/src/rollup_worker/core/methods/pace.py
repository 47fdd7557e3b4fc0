"""`pace`: has as much of the way from the baseline to the target been made as is due by now?

**Which target.** The nearest that ends with or after the judged period.

**What is due.** A straight line runs from the baseline, on the last day of its period, to the target, on the last
day of its period; due is the line's progress at the END of the judged period. Time is counted in days.
`ratio = progress made / progress due`.

**Judgement.** Target reached: achieved. Otherwise ratio ≥ 0.95 on track, ≥ 0.60 at risk, ≥ 0 off track, below 0
deteriorating. For a desired range, progress is the way made towards the nearer bound. A target that is already met
by its baseline asks to keep it: missed, it is deteriorating.

**Where values add up** (`sum`, `count`), baseline and target must be of one length of period, and a part-covered
period is held against them at its rate: sum to date × parts / parts with a value.

**Score.** Straight between ratio 0 → 15, 0.60 → 40, 0.95 → 75 and 1.50 → 100 (not included); below zero it falls
from 15 towards 0 as the ratio falls.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rollup_worker.core import scores
from rollup_worker.core.decimals import ONE, ZERO, divide
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import NO_TARGET, Case, Method, Params, unjudged
from tideline import periods
from tideline.periods import Period
from tideline.vocabulary import Status

ON_TRACK: Final = Decimal("0.95")
AT_RISK: Final = Decimal("0.60")
AHEAD: Final = Decimal("1.50")
_EDGES: Final[Mapping[Status, tuple[Decimal, Decimal]]] = {
    Status.OFF_TRACK: (ZERO, AT_RISK),
    Status.AT_RISK: (AT_RISK, ON_TRACK),
    Status.ON_TRACK: (ON_TRACK, AHEAD),
}


class PaceParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pace has no parameters of its own."""


@dataclass(frozen=True, slots=True)
class Way:
    """From baseline to target, counted towards the good side, in `unit`-folds; `elapsed` of `length` are over."""

    made: Decimal
    whole: Decimal
    elapsed: int
    length: int
    unit: Decimal = ONE

    @property
    def ratio(self) -> Decimal | None:
        """None where nothing is due."""
        due = self.whole * self.elapsed
        return divide(self.made * self.length, due) if due > 0 else None

    def at_least(self, share: Decimal) -> bool:
        """ratio ≥ share, decided without dividing."""
        return self.made * self.length >= share * self.whole * self.elapsed


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time from the end of one period to the end of another is counted, and in what."""

    unit: str
    count: Callable[[Case, Period, Period], int]


DAYS: Final = Clock("days", lambda _, earlier, later: (later.end - earlier.end).days)


def applies(case: Case) -> bool:
    """Whether pace can judge this measure: a target ahead, and a baseline before it that compares with it."""
    target, start = case.next_target, case.baseline_period
    if target is None or start is None or bounds(target, case.direction) is None:
        return False
    return start.end < target.period.end and start.end < case.judged.end and _comparable(case, start, target)


def assess(case: Case, _: PaceParams) -> Assessment:
    return assess_by(DAYS, case)


def assess_by(clock: Clock, case: Case) -> Assessment:
    target = case.next_target
    limits = bounds(target, case.direction) if target else None
    if target is None or limits is None:
        return NO_TARGET
    held = case.beside(target)
    if held.value is None:
        return unjudged(Status.INSUFFICIENT, "no_value", "The values given make no number.", target)
    if reason := _hindrance(clock, case, target):
        return unjudged(Status.INSUFFICIENT, *reason, target)
    return _judge(clock, case, target, limits, held)


def _hindrance(clock: Clock, case: Case, target: Target) -> tuple[str, str] | None:
    """Why pace cannot be told, if it cannot."""
    start = case.baseline_period
    if start is None:
        return "no_baseline", "Pace needs a baseline."
    if clock.count(case, start, target.period) <= 0:
        return "baseline_after_target", "The baseline does not lie before the target."
    if clock.count(case, start, case.judged) <= 0:
        return "before_baseline", "The judged period does not lie after the baseline."
    if not _comparable(case, start, target):
        return "unequal_periods", "Baseline, target and value cover periods of different length."
    return None


def _comparable(case: Case, start: Period, target: Target) -> bool:
    if not case.adds_up:
        return True
    return start.frequency is target.period.frequency and not periods.is_coarser(case.level, start.frequency)


def _judge(clock: Clock, case: Case, target: Target, limits: Bounds, held: Headline) -> Assessment:
    baseline, start = case.definition.baseline, case.baseline_period
    assert baseline is not None and start is not None and held.value is not None
    whole = not case.adds_up or held.reporting == held.of
    # Everything is told in `unit`-folds, so that the rate of a part-covered period is never rounded.
    unit, value = (ONE, held.value) if whole else (Decimal(held.reporting), held.value * held.of)
    wanted = limits.times(unit)
    origin = wanted.miss(baseline.value * unit)
    way = Way(
        made=origin - wanted.miss(value),
        whole=origin,
        elapsed=clock.count(case, start, case.judged),
        length=clock.count(case, start, target.period),
        unit=unit,
    )
    reached = limits.miss(held.value) <= 0 and (whole or limits.upper is None)
    status = Status.ACHIEVED if reached else _band(way, met=wanted.miss(value) <= 0)
    score = scores.score(status, _fraction(status, way, wanted, value))
    return Assessment(status, score, way.ratio, target, _why(clock, way, held, divide(value, unit)))


def _band(way: Way, *, met: bool) -> Status:
    """`met`: the rate satisfies the target, though the parts still to come may not."""
    if met:
        return Status.ON_TRACK
    if way.made < 0:
        return Status.DETERIORATING
    if way.at_least(ON_TRACK):
        return Status.ON_TRACK
    return Status.AT_RISK if way.at_least(AT_RISK) else Status.OFF_TRACK


def _fraction(status: Status, way: Way, wanted: Bounds, value: Decimal) -> Decimal:
    """The place inside the band of the judgement, from 0 to 1."""
    ratio, size = way.ratio, abs(wanted.nearest(value)) or way.unit
    if status is Status.ACHIEVED:
        return ONE
    if status is Status.DETERIORATING:
        back = -ratio if ratio is not None else divide(-way.made, size)
        return divide(ONE, ONE + back)
    if ratio is None:
        inside = -wanted.miss(value)
        return divide(inside, inside + size)
    low, high = _EDGES[status]
    return divide(ratio - low, high - low)


def _why(clock: Clock, way: Way, held: Headline, rate: Decimal) -> dict[str, object]:
    return {
        "value_held": held.value,
        "rate": rate,
        "parts_reporting": held.reporting,
        "parts": held.of,
        "progress_made": divide(way.made, way.unit),
        "progress_due": divide(way.whole * way.elapsed, way.unit * way.length),
        "progress_whole": divide(way.whole, way.unit),
        f"{clock.unit}_elapsed": way.elapsed,
        clock.unit: way.length,
        "ratio": way.ratio,
    }


METHOD: Final = Method(
    id="pace",
    version=1,
    title="Progress made against progress due",
    description="Progress from the baseline to the dated target, held against a straight line between them.",
    source="Linear pace to a dated target, as used for sustainable development indicators; bands 0.95, 0.60 and 0.",
    params=PaceParams,
    assess=assess,
)
