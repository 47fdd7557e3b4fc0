"""What ordered rules are told of the way since the baseline: progress, pace, growth and where that leads."""

from dataclasses import dataclass
from decimal import Decimal

from rollup_worker.core.decimals import HUNDRED, ZERO
from rollup_worker.core.facts import Target
from rollup_worker.core.growth import growth, power, quotient, years
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods import pace
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case
from rollup_worker.core.methods.rules import ENDLESS, GROWTH, PROJECTED, Figure
from tideline import periods
from tideline.periods import Period
from tideline.vocabulary import Direction


@dataclass(frozen=True, slots=True)
class Since:
    """Baseline and value of periods of one length, both in `unit`-folds so that no rate of a part is rounded."""

    start: Period
    now: Period
    base: Decimal
    value: Decimal
    unit: Decimal


def figures(case: Case, target: Target | None, held: Headline) -> dict[str, Figure] | tuple[str, str]:
    """By what rules may name, or why nothing can be told: a reason and its words. The headline has a value."""
    if reason := _hindrance(case, target):
        return reason
    told = _since(case, held)
    limits = bounds(target, case.direction) if target else None
    return _growing(case, told) | (_towards(target, limits, told) if target and limits else {})


def _hindrance(case: Case, target: Target | None) -> tuple[str, str] | None:
    """Why nothing can be told since the baseline, if it cannot: a reason and its words."""
    start = case.baseline_period
    if start is None:
        return "no_baseline", "The rules need a baseline."
    if start.end >= case.judged.end:
        return "before_baseline", "The judged period does not lie after the baseline."
    if target and start.end >= target.period.end:
        return "baseline_after_target", "The baseline does not lie before the target."
    length = target.period.frequency if target else case.level
    if case.adds_up and (start.frequency is not length or periods.is_coarser(case.level, length)):
        return "unequal_periods", "Baseline, target and value cover periods of different length."
    return None


def _since(case: Case, held: Headline) -> Since:
    start, baseline = case.baseline_period, case.definition.baseline
    assert start is not None and baseline is not None and held.value is not None
    unit, parts = (held.reporting, held.of) if case.adds_up else (1, 1)
    return Since(start, case.judged, baseline.value * unit, held.value * parts, Decimal(unit))


def _growing(case: Case, told: Since) -> dict[str, Figure]:
    """Percent a year, positive in the desired direction; nothing where growth is no number."""
    rate = growth(told.base, told.value, years(told.start, told.now))
    if rate is None or case.direction not in (Direction.UP, Direction.DOWN):
        return {}
    good = (case.direction is Direction.UP) == (told.base > 0)
    return {GROWTH: Figure((rate if good else -rate) * HUNDRED, reckoned=True)}


def _towards(target: Target, limits: Bounds, told: Since) -> dict[str, Figure]:
    """Progress, pace and what is behind; and the projection, where growth is a number."""
    wanted = limits.times(told.unit)
    way = pace.Way(
        made=wanted.miss(told.base) - wanted.miss(told.value),
        whole=wanted.miss(told.base),
        elapsed=(told.now.end - told.start.end).days,
        length=(target.period.end - told.start.end).days,
    )
    if way.whole <= 0:
        return _no_way(met=wanted.miss(told.value) <= 0)
    due = way.whole * way.elapsed
    return {
        "progress": Figure(way.made * HUNDRED, way.whole),
        "pace": Figure(way.made * way.length * HUNDRED, due),
        "behind": Figure((due - way.made * way.length) * HUNDRED, way.whole * way.length),
        **_projected(target, wanted, told, way),
    }


def _no_way(*, met: bool) -> dict[str, Figure]:
    percent = Figure(HUNDRED if met else -ENDLESS)
    behind = Figure(ZERO if met else ENDLESS)
    return {"progress": percent, "pace": percent, PROJECTED: percent, "behind": behind}


def _projected(target: Target, wanted: Bounds, told: Since, way: pace.Way) -> dict[str, Figure]:
    if told.base == 0 or told.base * told.value < 0:
        return {}
    spans = years(told.start, target.period) / years(told.start, told.now)
    then = told.base * power(quotient(told.value, told.base), spans)
    return {PROJECTED: Figure(quotient((way.whole - wanted.miss(then)) * HUNDRED, way.whole), reckoned=True)}
