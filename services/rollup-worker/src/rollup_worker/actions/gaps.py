"""Gaps between the groups of measures, as staff see them and as the public does: the same ones, or none."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from rollup_worker.actions.loading import Loaded, Moment
from rollup_worker.actions.withholding import withheld
from rollup_worker.core import equity, facts, suppression
from rollup_worker.core.equity import Figure, Gap
from rollup_worker.core.facts import PEER, Cell, NodeStatus, Target
from rollup_worker.core.groups import Cut, cut, dimensions, rule_for
from rollup_worker.core.judge import by_owner, judge_measure, latest, read
from rollup_worker.core.methods.method import Case
from rollup_worker.core.veil import covered, of_measure, read_hidden
from rollup_worker.schemas.gaps import DimensionGaps, GapLine, GapPoint, GroupLine, GroupLines
from tideline import periods
from tideline.events import Calendar, EquityRule, MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Direction, Status

WORST_FIRST: Final = (
    Status.OFF_TRACK,
    Status.AT_RISK,
    Status.ACHIEVED,
    Status.NO_TARGET,
    Status.INSUFFICIENT,
    Status.SUPPRESSED,
)

Step = Callable[[Period, Calendar], Period]


@dataclass(frozen=True, slots=True)
class View:
    """Who looks: staff see every cell, the public those that the city's or the measure's threshold leaves."""

    staff: bool
    city_under: int
    history: int = 0
    dimension: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """One dimension of a measure at the judged period, ready to be told.

    `until` is the last period with a value; `whole`: the judged period is not a part of itself only.
    """

    cut: Cut
    rule: EquityRule
    judged: Period
    until: Period
    whole: bool

    def figures(self, period: Period | None) -> Mapping[Gap, Figure]:
        """None of them where a group is hidden, and no slope by weights of which one is."""
        if period and self.cut.hides_a_group(period):
            return dict.fromkeys(Gap, equity.WITHHELD)
        groups = self.cut.groups(period, self.until) if period else ()
        found = equity.gaps(groups, Direction(self.cut.definition.direction), self.rule)
        if period and found[Gap.SLOPE_INDEX].value is not None and self.cut.hides_people(period, self.until):
            return {**found, Gap.SLOPE_INDEX: equity.WITHHELD}
        return found


def judged_period(found: Loaded, when: Moment) -> Case | None:
    """What is judged of a measure; None where it has no value."""
    own, _ = by_owner(found.cells)
    last = latest(own, when.as_of)
    return read(found.definition, (), own, last, found.weights) if last else None


def gaps_of(found: Loaded, when: Moment, view: View) -> list[DimensionGaps]:
    """The gaps of a measure by dimension; none where it has no value."""
    case = judged_period(found, when)
    if case is None:
        return []
    looks = _looks(found, case, view)
    return [_told(found, each, when, view) for each in looks]


def _looks(found: Loaded, case: Case, view: View) -> list[Look]:
    definition = found.definition
    own, _ = by_owner(cell for cell in found.cells if cell.period.end <= case.latest.end)
    weights, _ = by_owner(found.weights)
    hidden = {} if view.staff else withheld(found, view.city_under)
    shown = case.at(case.level)
    whole = not case.adds_up or shown.reporting == shown.of
    named = [view.dimension] if view.dimension else dimensions(definition, own)
    people = _people(found, weights, view)
    return [
        Look(
            cut(definition, name, own, weights=weights, people=people, hidden=hidden),
            rule_for(definition, name),
            case.judged,
            case.latest,
            whole,
        )
        for name in named
    ]


def _people(found: Loaded, weights: Sequence[Cell], view: View) -> Sequence[Cell]:
    """The populations that the reader may see: of a published measure, and no small ones."""
    if view.staff:
        return weights
    reference = found.reads.get(found.definition.weighted_by or "")
    if reference is None or not reference.published:
        return ()
    return suppression.shown(reference, weights, suppression.limit(reference, view.city_under))


def _told(found: Loaded, look: Look, when: Moment, view: View) -> DimensionGaps:
    calendar = look.cut.definition.calendar
    now = look.figures(look.judged)
    before = look.figures(_step(periods.previous, look.judged, found.definition))
    year = look.figures(_step(periods.year_before, look.judged, found.definition))
    past = [(periods.identify(period, calendar), look.figures(period)) for period in _back(look, view.history)]
    gaps = {
        gap.value: _line(gap, (now[gap], before[gap], year[gap]), look, [(name, then[gap]) for name, then in past])
        for gap in Gap
    }
    lines = [_group(found, look, name, when) for name in look.cut.reporting(look.judged, look.until)]
    return DimensionGaps(
        dimension=look.cut.dimension,
        status=worst(line.status for line in gaps.values()),
        groups=GroupLines(shown=sum(1 for line in lines if not line.suppressed), of=len(lines), items=lines),
        gaps=gaps,
    )


def worst(statuses: Iterable[Status]) -> Status:
    return min(statuses, key=WORST_FIRST.index)


def _line(gap: Gap, figures: tuple[Figure, Figure, Figure], look: Look, past: Sequence[tuple[str, Figure]]) -> GapLine:
    """`figures`: now, the period before, a year before. A part of a period is not compared with whole ones."""
    now, before, year = figures
    target, near = getattr(look.rule, gap.value), look.rule.near_percent
    return GapLine(
        **{name: getattr(now, name) for name in Figure.__slots__},
        target=target,
        status=equity.judge(now, target, near),
        previous=before.value,
        change=_change(now, before) if look.whole else None,
        last_year=year.value,
        change_from_last_year=_change(now, year) if look.whole else None,
        trend=equity.trend(now.value, before.value) if look.whole else None,
        history=[
            GapPoint(period=name, value=then.value, status=equity.judge(then, target, near)) for name, then in past
        ],
    )


def _change(now: Figure, before: Figure) -> Decimal | None:
    return None if now.value is None or before.value is None else now.value - before.value


def _group(found: Loaded, look: Look, name: str, when: Moment) -> GroupLine:
    if look.cut.is_hidden(name, look.judged):
        return GroupLine(group=name, value=None, suppressed=True, status=Status.SUPPRESSED)
    status = _judged(found, look, name, when)
    return GroupLine(
        group=name,
        value=look.cut.value(name, look.judged, look.until).value,
        population=look.cut.population(name, look.judged),
        target=status.target,
        lower=status.lower,
        upper=status.upper,
        status=status.status,
    )


def _judged(found: Loaded, look: Look, name: str, when: Moment) -> NodeStatus:
    """A group as if it were the whole; suppressed where its judgement read what is hidden."""
    member, definition = look.cut.members[name], found.definition
    targets = _targets(found, (look.cut.dimension, name))
    status = judge_measure(
        definition,
        targets,
        member.cells,
        when.today,
        look.until,
        weights=member.weights,
        in_force=when.in_force,
    )
    return covered(
        status, of_measure(definition, targets, status, read_hidden(definition, member.hidden, when.in_force))
    )


def _targets(found: Loaded, group: tuple[str, str]) -> Sequence[Target]:
    """The targets of one group, as if it were the whole."""
    held = []
    for target in found.told:
        if facts.breakdown(target.breakdown) == (group,) and group[0] != PEER:
            try:
                periods.parse(target.period, found.definition.calendar)
            except BadPeriod:
                continue
            held.append(msgspec.structs.replace(target, breakdown={}))
    return facts.headline_targets(found.definition, held)


def _back(look: Look, count: int) -> list[Period]:
    """The judged period and those before it, newest first."""
    found: list[Period] = []
    period: Period | None = look.judged
    while period is not None and len(found) < count:
        found.append(period)
        period = _step(periods.previous, period, look.cut.definition)
    return found


def _step(towards: Step, period: Period, definition: MeasureDefined) -> Period | None:
    try:
        return towards(period, definition.calendar)
    except BadPeriod:
        return None
