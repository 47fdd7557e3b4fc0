"""How far the groups of a measure are apart: four gaps, each better when smaller, each with a status of its own.

**difference** = the worst group's shortfall against the reference group, in the measure's unit. **ratio** = the same
two as a quotient, 1 and above; not told where it would divide by zero or by less. Best and worst follow the measure's
direction; the reference is the group that the rule names, else the best. Of a measure that desires no direction or
a range, the reference is the highest group unless named, and the worst the one farthest from it.

**index of disparity** = 100 × mean(|rate − reference|) / reference, over the groups that are held against the
reference group. J. Pearcy, K. Keppel, A summary measure of health disparity, Public Health Reports 117 (2002).

**slope index of inequality** = the slope of the values on the groups' ridits, weighted by population: what lies
between the very bottom and the very top of the order. With groups from the least to the most advantaged and population
shares p, a group's ridit is the share below it plus half its own. **relative index** = slope / weighted mean value.
E. Pamuk, Social class inequality in mortality, Population Studies 39 (1985); WHO, Handbook on Health Inequality
Monitoring (2013). Without a population for every group, groups weigh the same and `weighted` says so.

**Status.** A gap of at most its target: achieved; beyond it by no more than the near band (percent of the target): at
risk; else off track. Without a target: no_target. Fewer than two groups with a value, or a gap with a target that
cannot be told: insufficient. A slope counts by its size; its sign shows who is better off. What is kept from the
reader has no value, no trend and the status suppressed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from rollup_worker.core.decimals import HUNDRED, ONE, ZERO, divide, exact
from tideline.events import EquityRule
from tideline.vocabulary import Direction, Status

GROUPS_MIN: Final = 2


class Gap(StrEnum):
    DIFFERENCE = "difference"
    RATIO = "ratio"
    INDEX_OF_DISPARITY = "index_of_disparity"
    SLOPE_INDEX = "slope_index"


class Trend(StrEnum):
    NARROWING = "narrowing"
    WIDENING = "widening"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its value and how many people it has, if known."""

    name: str
    value: Decimal
    population: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One gap. `reason` says why there is no value. `relative` and `weighted` belong to the slope index."""

    value: Decimal | None = None
    best: str | None = None
    worst: str | None = None
    reference: str | None = None
    relative: Decimal | None = None
    weighted: bool | None = None
    reason: str | None = None


WITHHELD: Final = Figure(reason="suppressed")
"""A gap that is kept from the reader."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The groups between which a gap lies; no best one where no direction is desired."""

    best: Group | None
    worst: Group
    reference: Group


@exact
def gaps(groups: Sequence[Group], direction: Direction, rule: EquityRule) -> Mapping[Gap, Figure]:
    """All four gaps between groups; their order changes nothing."""
    ordered = sorted(groups, key=lambda group: group.name)
    if len(ordered) < GROUPS_MIN:
        return dict.fromkeys(Gap, Figure(reason="too_few_groups"))
    found = {Gap.SLOPE_INDEX: _slope(ordered, rule.order)}
    ends = _ends(ordered, direction, rule.reference)
    if ends is None:
        return {gap: found.get(gap, Figure(reason="no_reference")) for gap in Gap}
    values = {
        Gap.DIFFERENCE: abs(ends.reference.value - ends.worst.value),
        Gap.RATIO: _ratio(ends, direction),
        Gap.INDEX_OF_DISPARITY: index_of_disparity(ordered, ends.reference),
    }
    told = {gap: _between(ends, value) for gap, value in values.items()}
    return {gap: (told | found)[gap] for gap in Gap}


def index_of_disparity(groups: Sequence[Group], reference: Group) -> Decimal | None:
    """In percent of the reference; None where the reference is zero or less."""
    others = [group for group in groups if group.name != reference.name]
    if reference.value <= 0 or not others:
        return None
    apart = sum((abs(group.value - reference.value) for group in others), ZERO)
    return divide(HUNDRED * apart, len(others) * reference.value)


def slope_index(values: Sequence[Decimal], weights: Sequence[Decimal]) -> tuple[Decimal, Decimal] | None:
    """The slope, and the weighted mean value; groups from the least to the most advantaged.

    With r = 2 × (weights below) + own weight and W all weights together, the ridit is r / 2W and its mean 1/2, so
    that the slope is 2W × Σ w(r − W)y / Σ w(r − W)². None where all weight lies on one group.
    """
    whole, below = sum(weights, ZERO), ZERO
    above_middle, spread, total = ZERO, ZERO, ZERO
    for value, weight in zip(values, weights, strict=True):
        off = 2 * below + weight - whole
        above_middle += weight * off * value
        spread += weight * off * off
        total += weight * value
        below += weight
    if not spread:
        return None
    return divide(2 * whole * above_middle, spread), divide(total, whole)


@exact
def judge(figure: Figure, target: Decimal | None, near_percent: Decimal) -> Status:
    """The status of a gap against the most that is acceptable; the boundaries belong to their better side."""
    if figure is WITHHELD:
        return Status.SUPPRESSED
    if figure.reason == "too_few_groups":
        return Status.INSUFFICIENT
    if target is None:
        return Status.NO_TARGET
    if figure.value is None:
        return Status.INSUFFICIENT
    size = abs(figure.value)
    if size <= target:
        return Status.ACHIEVED
    return Status.AT_RISK if size * HUNDRED <= target * (HUNDRED + near_percent) else Status.OFF_TRACK


def trend(now: Decimal | None, before: Decimal | None) -> Trend | None:
    """Which way a gap goes, by its size."""
    if now is None or before is None:
        return None
    if abs(now) == abs(before):
        return Trend.UNCHANGED
    return Trend.NARROWING if abs(now) < abs(before) else Trend.WIDENING


def _between(ends: Ends, value: Decimal | None) -> Figure:
    return Figure(
        value,
        best=ends.best.name if ends.best else None,
        worst=ends.worst.name,
        reference=ends.reference.name,
        reason="zero" if value is None else None,
    )


def _ends(groups: Sequence[Group], direction: Direction, named: str | None) -> Ends | None:
    """None: the group that the rule names has no value."""
    known = {group.name: group for group in groups}
    if named is not None and named not in known:
        return None
    if direction in _BETTER:
        good = _BETTER[direction]
        best, worst = max(groups, key=good), min(groups, key=good)
        return Ends(best, worst, known[named] if named is not None else best)
    reference = known[named] if named is not None else max(groups, key=lambda group: group.value)
    return Ends(None, max(groups, key=lambda group: abs(group.value - reference.value)), reference)


_BETTER: Final[Mapping[Direction, Callable[[Group], Decimal]]] = {
    Direction.UP: lambda group: group.value,
    Direction.DOWN: lambda group: -group.value,
}


def _ratio(ends: Ends, direction: Direction) -> Decimal | None:
    pair = (ends.reference.value, ends.worst.value)
    above, under = pair if direction is Direction.UP else pair[::-1]
    if direction not in _BETTER:
        above, under = max(pair), min(pair)
    return divide(above, under) if under > 0 else None


def _slope(groups: Sequence[Group], order: Sequence[str]) -> Figure:
    known = {group.name: group for group in groups}
    ranked = [known[name] for name in order if name in known]
    if not order:
        return Figure(reason="no_order")
    if len(ranked) < len(groups):
        return Figure(reason="group_outside_the_order")
    populations = [group.population for group in ranked]
    weighted = all(population is not None and population > 0 for population in populations)
    weights = [population or ONE for population in populations] if weighted else [ONE] * len(ranked)
    found = slope_index([group.value for group in ranked], weights)
    if found is None:
        return Figure(reason="too_few_groups")
    slope, mean = found
    return Figure(
        slope,
        worst=ranked[0].name,
        best=ranked[-1].name,
        relative=divide(slope, mean) if mean > 0 else None,
        weighted=weighted,
    )
