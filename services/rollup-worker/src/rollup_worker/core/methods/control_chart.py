"""`control-chart`: has a measure changed, beyond its usual variation, and can it be relied on to meet its target?

**The chart** (XmR, as the NHS draws it). The values of up to `points` periods ending with the judged one, from the
period `step` on if one is named. A period without a value is left out, and so is a part-covered one where values add
up. The centre is their mean, the limits are mean ± 2.66 × the mean of the moving ranges (the differences between
neighbours). `baseline_points`: centre and limits are made from the first so many values alone.
`screen_outliers`: moving ranges of 3.267 times their mean or more are left out of a second mean.
Fewer than `minimum_points` values (ten, or all `points`): insufficient. Limits of fewer than twelve are trial limits.

**Variation.** Special when the last value is part of a pattern; of several, the first of these decides:
`outside` the limits · `trend`: seven values each above, or each below, the one before · `two_of_three`: two of three
on one side are within the limits and beyond two thirds of the way to the same one · `shift`: seven on one side of
the mean. Upwards is an improvement where more is better and a concern where less is. For a range, towards it is an
improvement; with the mean inside, a special last value is a concern when it lies outside the range.

**Assurance.** Both limits on the good side of the target (on it included): consistently `met`. Both beyond it on the
bad side: consistently `missed`. Else `hit_or_miss`. The target is the one of the shortest period that holds the
judged one; where values add up, a coarser period's target is shared equally among its periods.

**Judgement.**
                 met        hit_or_miss  missed         no target
    improvement  achieved   on track     at risk        on track
    common       achieved   at risk      off track      at risk
    concern      at risk    off track    deteriorating  deteriorating
Without a target the direction alone is judged, and `why` says so. Without a desired direction, or for a range
without a target, the chart only describes.

**Score.** Hit or miss: the share of the way between the limits that is on the good side. Else the middle of the band.
Native figure: the last value's distance from the mean in sigma (mean moving range / 1.128).

A better value never makes a worse status while centre and limits are fixed by values before it (`baseline_points`,
and as many values, each with all that trails it, before the judged one); where they move with every value, as
published, it can: a high value raises the mean that others are held against.

Source: NHS England, Making data count; NHS-R community, Plot the dots.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final

import msgspec

from rollup_worker.core import scores
from rollup_worker.core.decimals import divide
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.methods import threshold
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case, Method, Params, period_of, unjudged
from rollup_worker.core.methods.references import PERIOD, Named
from rollup_worker.core.methods.xmr import Chart, Signal, chart, signals
from tideline import periods
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Direction, Status

POINTS: Final = 24
POINTS_MAX: Final = 500
MINIMUM: Final = 10
TRIAL_BELOW: Final = 12
SIGMA: Final = Decimal("1.128")

IMPROVEMENT, COMMON, CONCERN = "improvement", "common", "concern"
MET, HIT_OR_MISS, MISSED, NO_TARGET = "met", "hit_or_miss", "missed", "no_target"
JUDGED: Final[Mapping[tuple[str, str], Status]] = {
    (IMPROVEMENT, MET): Status.ACHIEVED,
    (COMMON, MET): Status.ACHIEVED,
    (CONCERN, MET): Status.AT_RISK,
    (IMPROVEMENT, HIT_OR_MISS): Status.ON_TRACK,
    (COMMON, HIT_OR_MISS): Status.AT_RISK,
    (CONCERN, HIT_OR_MISS): Status.OFF_TRACK,
    (IMPROVEMENT, MISSED): Status.AT_RISK,
    (COMMON, MISSED): Status.OFF_TRACK,
    (CONCERN, MISSED): Status.DETERIORATING,
    (IMPROVEMENT, NO_TARGET): Status.ON_TRACK,
    (COMMON, NO_TARGET): Status.AT_RISK,
    (CONCERN, NO_TARGET): Status.DETERIORATING,
}
Count = Annotated[int, msgspec.Meta(ge=3, le=POINTS_MAX)]


class ControlChartParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`step` is the id of the period from which on the process is a new one.

    `minimum_points` unsaid: ten, or as many as `points` where these are fewer.
    """

    points: Count = POINTS
    minimum_points: Count | None = None
    baseline_points: Count | None = None
    step: Annotated[str, PERIOD] | None = None
    screen_outliers: bool = False

    def __post_init__(self) -> None:
        if max(self.minimum_points or 0, self.baseline_points or 0) > self.points:
            raise ValueError("a chart has at least so many points as it asks for")

    def named(self) -> list[Named]:
        return [*Params.named(self), (PERIOD, self.step)]

    @property
    def least(self) -> int:
        return self.minimum_points or min(MINIMUM, self.points)


@dataclass(frozen=True, slots=True)
class Aim:
    """A target as the good values of one charted period, times `parts` so that no share is rounded."""

    target: Target
    good: Bounds
    parts: Decimal


def assess(case: Case, params: ControlChartParams) -> Assessment:
    aim = _aim(case)
    target = aim.target if aim else None
    held = _held(case, params)
    if len(held) < params.least:
        detail = f"{len(held)} values of whole periods; a control chart needs {params.least}."
        return unjudged(Status.INSUFFICIENT, "too_few_points", detail, target)
    found = chart([value for _, value in held], params.baseline_points, screen=params.screen_outliers)
    fired = signals(found)
    why = _why(case, found, fired, held) | _aimed(found, aim)
    variation = _variation(case, found, fired, aim)
    if variation is None:
        return Assessment(Status.NO_TARGET, native=_sigmas(found), target=target, why={**why, "reason": "no_direction"})
    status = JUDGED[variation, why["assurance"]]
    score = scores.score(status, _fraction(found, aim, why["assurance"]))
    return Assessment(status, score, _sigmas(found), target, {**why, "variation": variation})


def since(case: Case, params: ControlChartParams) -> date:
    first = _charted(case, params)[0]
    return periods.parts(first, case.latest.frequency, case.definition.calendar)[0].start


def _charted(case: Case, params: ControlChartParams) -> list[Period]:
    """The periods of the chart, oldest first."""
    found, start = [case.judged], _step(case, params)
    while len(found) < params.points:
        try:
            before = periods.previous(found[-1], case.definition.calendar)
        except BadPeriod:
            break
        if start and before.start < start:
            break
        found.append(before)
    return found[::-1]


def _step(case: Case, params: ControlChartParams) -> date | None:
    """None without a step, or with one that names no period of the measure's calendar."""
    found = period_of(params.step, case.definition.calendar) if params.step else None
    return found.start if found else None


def _held(case: Case, params: ControlChartParams) -> list[tuple[Period, Decimal]]:
    found = [(period, case.at_period(period)) for period in _charted(case, params)]
    return [
        (period, shown.value)
        for period, shown in found
        if shown.value is not None and (shown.reporting == shown.of or not case.adds_up)
    ]


def _aim(case: Case) -> Aim | None:
    target = threshold.target_for(case)
    good = bounds(target, case.direction) if target and case.direction is not Direction.NONE else None
    if target is None or good is None:
        return None
    parts = 1
    if case.adds_up and not case.trailing and periods.is_coarser(target.period.frequency, case.level):
        parts = len(periods.parts(target.period, case.level, case.definition.calendar))
    return Aim(target, good, Decimal(parts))


def _variation(case: Case, found: Chart, fired: list[Signal], aim: Aim | None) -> str | None:
    """None where no side is the good one."""
    if case.direction in (Direction.UP, Direction.DOWN):
        wanted = 1 if case.direction is Direction.UP else -1
        return COMMON if not fired else IMPROVEMENT if fired[0].side == wanted else CONCERN
    if case.direction is Direction.NONE or aim is None:
        return None
    good, mean, last = aim.good.times(found.unit), found.mean * aim.parts, found.values[-1] * aim.parts
    if not fired:
        return COMMON
    if good.miss(mean) <= 0:
        return CONCERN if good.miss(last) > 0 else COMMON
    return IMPROVEMENT if (fired[0].side > 0) == (mean < good.nearest(mean)) else CONCERN


def _aimed(found: Chart, aim: Aim | None) -> dict[str, Any]:
    if aim is None:
        return {"assurance": NO_TARGET, "judged_by": "direction alone"}
    good, low, high = aim.good.times(found.unit), found.lower * aim.parts, found.upper * aim.parts
    per_period = divide(aim.good.nearest(divide(found.mean, found.unit) * aim.parts), aim.parts)
    word = HIT_OR_MISS
    if good.miss(low) <= 0 and good.miss(high) <= 0:
        word = MET
    elif (good.lower is not None and high < good.lower) or (good.upper is not None and low > good.upper):
        word = MISSED
    return {"assurance": word, "judged_by": "direction and target", "target_per_period": per_period}


def _fraction(found: Chart, aim: Aim | None, assurance: str) -> Decimal:
    if aim is None or assurance != HIT_OR_MISS:
        return scores.MIDDLE
    good, low, high = aim.good.times(found.unit), found.lower * aim.parts, found.upper * aim.parts
    inside = min(high, high if good.upper is None else good.upper) - max(low, low if good.lower is None else good.lower)
    return divide(inside, high - low)


def _sigmas(found: Chart) -> Decimal | None:
    return divide((found.values[-1] - found.mean) * SIGMA, found.moving_range) if found.moving_range else None


def _why(case: Case, found: Chart, fired: list[Signal], held: list[tuple[Period, Decimal]]) -> dict[str, Any]:
    def named(at: int) -> str:
        return periods.identify(held[at][0], case.definition.calendar)

    return {
        "points": len(held),
        "trial_limits": found.fixed < TRIAL_BELOW,
        "first_period": named(0),
        "last_period": named(-1),
        "last_value": held[-1][1],
        "mean": divide(found.mean, found.unit),
        "average_moving_range": divide(found.moving_range, found.unit),
        "lower_limit": divide(found.lower, found.unit),
        "upper_limit": divide(found.upper, found.unit),
        "rule": fired[0].rule if fired else None,
        "rule_since": named(fired[0].since) if fired else None,
        "rule_side": ("above" if fired[0].side > 0 else "below") if fired else None,
        "rules": [signal.rule for signal in fired],
    }


METHOD: Final = Method(
    id="control-chart",
    version=1,
    title="Variation and assurance",
    description="A control chart: special or common cause variation, and whether the target is met by itself.",
    source="NHS England, Making data count: XmR charts with four rules of special cause, and assurance.",
    params=ControlChartParams,
    assess=assess,
    since=since,
    needs_direction=False,
)
