"""`threshold`: is the value on the good side of its target, near it, or beyond?

**Which target.** The one whose period holds the judged period; of several, that of the shortest period. With rules
that speak of the way to it, the nearest that ends with or after the judged period.

**Which value.** The headline of the judged period. Where values add up over time (`sum`, `count`), a target of a
coarser period is held against the sum to date of that period, and the target is taken pro rata: target × parts
with a value / parts of the period. A part without a value is thus neither zero nor due. Averages, ratios, extremes
and last values are held against a coarser target as they are.

**Judgement.** On or inside the target: achieved; when only a share of the target is due and met, and the whole is
not yet certain: on track. Outside by no more than the near band: at risk. Else off track. All boundaries belong to
their better side. The near band is `near_percent` of the due target (10 unless given), or `near_absolute` in the
measure's unit. With `rules`, the first whose conditions hold decides, and off track is what none matches; what they
may speak of is told in `rules.py`. Rules of growth alone need no target.

**Score.** The place inside the judgement's band, from 0 to 1, with `size` = the due bound without its sign (one unit
where it is zero): on track m / (m + size) for a value m inside the target; at risk 1 - miss / near band; off track
size / (size + miss beyond the near band). A rule's judgement stands in the middle of its band.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, ClassVar, Final

import msgspec

from rollup_worker.core import scores
from rollup_worker.core.decimals import HUNDRED, ONE, divide
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods import way
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import NO_TARGET, Case, Method, Params, unjudged
from rollup_worker.core.methods.rules import GROWTH, ON_THE_WAY, Figure, Rule, decide, named, percent_of
from tideline.vocabulary import Status

NEAR_PERCENT: Final = Decimal(10)


Band = Annotated[Decimal, msgspec.Meta(extra_json_schema={"minimum": 0})]


class ThresholdParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    exclusive: ClassVar[Sequence[tuple[str, str]]] = (*Params.exclusive, ("near_percent", "near_absolute"))

    near_percent: Band | None = None
    near_absolute: Band | None = None
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        for given in (self.near_percent, self.near_absolute):
            if given is not None and not (given.is_finite() and given >= 0):
                raise ValueError("a near band is a finite number, not negative")


def target_for(case: Case) -> Target | None:
    """The target of the shortest period that holds the judged one."""
    holding = [target for target in case.targets if case.within(target)]
    return min(holding, key=lambda target: (target.period.days, target.period.start), default=None)


@dataclass(frozen=True, slots=True)
class Held:
    """A value against the due share of its bounds, both times `parts`, so that no share is ever rounded."""

    value: Decimal
    due: Bounds
    near: Decimal
    parts: Decimal

    @property
    def miss(self) -> Decimal:
        return self.due.miss(self.value)

    @property
    def bound(self) -> Decimal:
        return self.due.nearest(self.value)

    @property
    def size(self) -> Decimal:
        """What a miss is told against: the bound, or one unit where the bound is zero."""
        return abs(self.bound) or self.parts


def assess(case: Case, params: ThresholdParams) -> Assessment:
    told = named(params.rules)
    if told == {GROWTH}:
        return _by_growth(case, params.rules)
    target = case.next_target if told & ON_THE_WAY else target_for(case)
    limits = bounds(target, case.direction) if target else None
    if target is None or limits is None:
        return NO_TARGET
    shown = case.beside(target)
    if shown.value is None:
        return unjudged(Status.INSUFFICIENT, "no_value", "The values given make no number.", target)
    held = _hold(case, params, limits, shown.value, shown)
    if params.rules:
        return _by_rules(case, params.rules, target, held, shown)
    whole = not case.adds_up or shown.reporting == shown.of
    certain = limits.miss(shown.value) <= 0 and (whole or limits.upper is None)
    status, score = _by_band(held, certain=certain)
    return Assessment(status, score, divide(-held.miss, held.parts), target, _why(held, shown))


def _hold(case: Case, params: ThresholdParams, limits: Bounds, value: Decimal, shown: Headline) -> Held:
    reporting, parts = (Decimal(shown.reporting), Decimal(shown.of)) if case.adds_up else (ONE, ONE)
    due = limits.times(reporting)
    percent = NEAR_PERCENT if params.near_percent is None else params.near_percent
    near = abs(due.nearest(value * parts)) * percent / HUNDRED
    if params.near_absolute is not None:
        near = params.near_absolute * reporting
    return Held(value * parts, due, near, parts)


def _by_band(held: Held, *, certain: bool) -> tuple[Status, Decimal]:
    """`certain`: the whole target is met and parts still to come cannot undo it."""
    if certain:
        return Status.ACHIEVED, scores.score(Status.ACHIEVED)
    if held.miss <= 0:
        return Status.ON_TRACK, scores.score(Status.ON_TRACK, divide(-held.miss, held.size - held.miss))
    if held.miss <= held.near:
        return Status.AT_RISK, scores.score(Status.AT_RISK, ONE - divide(held.miss, held.near))
    beyond = held.miss - held.near
    return Status.OFF_TRACK, scores.score(Status.OFF_TRACK, divide(held.size, held.size + beyond))


def _by_rules(case: Case, rules: Sequence[Rule], target: Target, held: Held, shown: Headline) -> Assessment:
    """By the first rule that matches; its score is the middle of its band."""
    figures = {
        "value": Figure(held.value, held.parts),
        "difference": Figure(held.value - held.bound, held.parts),
        "percent": percent_of(held.value, held.bound),
    }
    if named(rules) & (ON_THE_WAY | {GROWTH}):
        found = way.figures(case, target, shown)
        if isinstance(found, tuple):
            return unjudged(Status.INSUFFICIENT, *found, target)
        figures |= found
    decided = _decided(rules, figures, target)
    return replace(decided, native=divide(-held.miss, held.parts), why={**_why(held, shown), **decided.why})


def _by_growth(case: Case, rules: Sequence[Rule]) -> Assessment:
    """Classes of growth ask for no target: the direction alone is judged."""
    shown = case.at(case.level)
    if shown.value is None:
        return unjudged(Status.INSUFFICIENT, "no_value", "The values given make no number.")
    found = way.figures(case, None, shown)
    if isinstance(found, tuple):
        return unjudged(Status.INSUFFICIENT, *found)
    decided = _decided(rules, found, None)
    return replace(decided, why={"value_held": shown.value, "judged_by": "direction alone", **decided.why})


def _decided(rules: Sequence[Rule], figures: Mapping[str, Figure], target: Target | None) -> Assessment:
    if missing := sorted(named(rules) - figures.keys()):
        return unjudged(Status.INSUFFICIENT, f"no_{missing[0]}", f"There is no {missing[0]} of these values.", target)
    status = decide(rules, figures)
    told = {name: figures[name].shown for name in sorted(named(rules)) if name != "value"}
    return Assessment(status, scores.score(status, scores.MIDDLE), target=target, why=told)


def _why(held: Held, shown: Headline) -> dict[str, object]:
    due = held.due
    return {
        "value_held": shown.value,
        "parts_reporting": shown.reporting,
        "parts": shown.of,
        "due_lower": None if due.lower is None else divide(due.lower, held.parts),
        "due_upper": None if due.upper is None else divide(due.upper, held.parts),
        "near_band": divide(held.near, held.parts),
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
