"""`threshold`: is the value on the good side of its target, near it, or beyond?

**Which target.** The one whose period holds the judged period; of several, that of the shortest period.

**Which value.** The headline of the judged period. Where values add up over time (`sum`, `count`), a target of a
coarser period is held against the sum to date of that period, and the target is taken pro rata: target × parts
with a value / parts of the period. A part without a value is thus neither zero nor due. Averages, ratios, extremes
and last values are held against a coarser target as they are.

**Judgement.** On or inside the target: achieved; when only a share of the target is due and met, and the whole is
not yet certain: on track. Outside by no more than the near band: at risk. Else off track. All boundaries belong to
their better side. The near band is `near_percent` of the due target (10 unless given), or `near_absolute` in the
measure's unit. With `rules`, the first whose conditions hold decides, and off track is what none matches.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

import msgspec

from rollup_worker.core import scores
from rollup_worker.core.decimals import HUNDRED, ONE, ZERO, divide
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods.bounds import Bounds, bounds, scale
from rollup_worker.core.methods.method import NO_TARGET, Case, Method, Params, unjudged
from tideline.vocabulary import Status

NEAR_PERCENT: Final = Decimal(10)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All given limits must hold for what `of` names.

    `value`: the value itself · `percent`: of the due target · `difference`: value − due target.
    """

    status: Literal["achieved", "on_track", "at_risk", "off_track", "deteriorating"]
    of: Literal["value", "percent", "difference"] = "percent"
    at_least: Decimal | None = None
    above: Decimal | None = None
    at_most: Decimal | None = None
    below: Decimal | None = None

    def __post_init__(self) -> None:
        for limit in (self.at_least, self.above, self.at_most, self.below):
            if limit is not None and not limit.is_finite():
                raise ValueError("a limit is a finite number")

    def holds(self, value: Decimal) -> bool:
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
        )


class ThresholdParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    near_percent: Decimal | None = None
    near_absolute: Decimal | None = None
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if self.near_percent is not None and self.near_absolute is not None:
            raise ValueError("near_percent and near_absolute exclude each other")
        for given in (self.near_percent, self.near_absolute):
            if given is not None and not (given.is_finite() and given >= 0):
                raise ValueError("a near band is a finite number, not negative")


def target_for(case: Case) -> Target | None:
    """The target of the shortest period that holds the judged one."""
    holding = [target for target in case.targets if target.period.holds(case.judged)]
    return min(holding, key=lambda target: (target.period.days, target.period.start), default=None)


def assess(case: Case, params: ThresholdParams) -> Assessment:
    target = target_for(case)
    limits = bounds(target, case.direction) if target else None
    if target is None or limits is None:
        return NO_TARGET
    held = case.beside(target)
    if held.value is None:
        return unjudged(Status.INSUFFICIENT, "no_value", "The values given make no number.", target)
    share = divide(Decimal(held.reporting), Decimal(held.of)) if case.adds_up else ONE
    due = limits if share == ONE else limits.times(share)
    near = _near(params, due, held.value, share)
    if params.rules:
        status, score = _by_rules(params.rules, held.value, due)
    else:
        status, score = _by_band(held.value, due, near, certain=_certain(limits, held.value, share))
    return Assessment(status, score, -due.miss(held.value), target, _why(held, due, near, share))


def _certain(limits: Bounds, value: Decimal, share: Decimal) -> bool:
    """Whether the whole target is met: all parts are in, or there is no upper bound that more could pass."""
    return limits.miss(value) <= 0 and (share == ONE or limits.upper is None)


def _near(params: ThresholdParams, due: Bounds, value: Decimal, share: Decimal) -> Decimal:
    if params.near_absolute is not None:
        return params.near_absolute * share
    percent = NEAR_PERCENT if params.near_percent is None else params.near_percent
    return abs(due.nearest(value)) * percent / HUNDRED


def _by_band(value: Decimal, due: Bounds, near: Decimal, *, certain: bool) -> tuple[Status, Decimal]:
    miss, size = due.miss(value), scale(due.nearest(value))
    if certain:
        return Status.ACHIEVED, scores.score(Status.ACHIEVED)
    if miss <= 0:
        return Status.ON_TRACK, scores.score(Status.ON_TRACK, divide(-miss, size - miss))
    if miss <= near:
        return Status.AT_RISK, scores.score(Status.AT_RISK, ONE - divide(miss, near))
    return Status.OFF_TRACK, scores.score(Status.OFF_TRACK, divide(size, size + miss - near))


def _by_rules(rules: Sequence[Rule], value: Decimal, due: Bounds) -> tuple[Status, Decimal]:
    """The first rule that matches; its score is the middle of its band."""
    bound = due.nearest(value)
    figures = {"value": value, "difference": value - bound}
    if bound != ZERO:
        figures["percent"] = divide(value * HUNDRED, bound)
    matching = (rule.status for rule in rules if rule.of in figures and rule.holds(figures[rule.of]))
    status = Status(next(matching, Status.OFF_TRACK.value))
    return status, scores.score(status, scores.MIDDLE)


def _why(held: Headline, due: Bounds, near: Decimal, share: Decimal) -> dict[str, object]:
    return {
        "value_held": held.value,
        "parts_reporting": held.reporting,
        "parts": held.of,
        "share_due": share,
        "due_lower": due.lower,
        "due_upper": due.upper,
        "near_band": near,
    }


METHOD: Final = Method(
    id="threshold",
    version=1,
    title="Value against its target",
    description="On the good side of the target: achieved. Within the near band: at risk. Beyond it: off track.",
    source="The form most cities use that publish performance measures: percent-of-target bands, ordered rules.",
    params=ThresholdParams,
    assess=assess,
)
