"""A measure continued: its known values, the line through the last of them, and what lies ahead judged by its method.

Where values add up, the line runs through the measure's own periods, and the value of a coarser period is the total
of what is known in it and of what the line says for the rest; a missing period since the first known one is taken
from the line too. Otherwise the line runs through the periods that are judged, or through the values of their trailing
windows, of which only whole ones count.
A projected value never leaves the measure's own minimum and maximum.

What lies ahead is judged on the same way as what is there: the projected values stand as observations beside the
known ones, and the measure's method judges the period at which the question is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import msgspec

from rollup_worker.core import trend
from rollup_worker.core.decimals import ZERO, exact
from rollup_worker.core.facts import Cell, NodeStatus
from rollup_worker.core.headline import Headline, over
from rollup_worker.core.judge import judge_measure, read, window
from rollup_worker.core.methods import InForce
from rollup_worker.core.methods.method import Case
from rollup_worker.core.trend import POINTS, Line, fit, moved, number
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Aggregation, Flag, Frequency


@dataclass(frozen=True, slots=True)
class Projected:
    """The value of a period ahead with its prediction interval, and the status the measure would have at its end.

    `ahead` of its parts are projected; the interval is that of their sum.
    """

    period: Period
    value: Decimal
    lower: Decimal
    upper: Decimal
    ahead: int
    status: NodeStatus


@dataclass(frozen=True, slots=True)
class Future:
    """`case` is read at the frequency of the line's steps. `points` are the last whole periods that have a value."""

    case: Case
    points: Sequence[Headline]
    line: Line | None
    confidence: Decimal
    in_force: InForce

    @property
    def step(self) -> Frequency:
        return self.case.latest.frequency

    def is_wider(self, period: Period) -> bool:
        """Whether the value of that period is the total of more than one step."""
        return self.case.adds_up and periods.is_coarser(period.frequency, self.step)

    def last_step(self, period: Period) -> Period:
        """The last step that belongs to a period."""
        if periods.is_coarser(self.step, period.frequency):
            return periods.containing(period.last_day, self.step, self.case.definition.calendar)
        return periods.parts(period, self.step, self.case.definition.calendar)[-1]

    def value_at(self, step: Period) -> Decimal:
        """What the line says, within the measure's own limits."""
        assert self.line is not None
        return self._within_limits(self.line.at(number(step)))

    def missing(self, steps: Iterable[Period]) -> list[Period]:
        """Those that the line must tell: all that lie ahead and, where values add up, gaps since the first value."""
        known, latest = self.case.known, self.case.latest
        first = min(known)
        gaps = self.case.adds_up
        return [step for step in steps if step > latest or (gaps and step > first and step not in known)]

    def at(self, period: Period) -> Projected:
        """The value of a period ahead, a coarser one as a whole. Needs the line."""
        last = self.last_step(period)
        steps = periods.parts(period, self.step, self.case.definition.calendar) if self.is_wider(period) else (last,)
        ahead = self.missing(steps)
        filled = {**self.case.known, **{step: Headline(step, self.value_at(step)) for step in ahead}}
        whole = over(self.case.definition, filled, period if self.is_wider(period) else last, last).value
        value = ZERO if whole is None else whole
        lower, upper = self._interval(value, ahead)
        return Projected(period, value, lower, upper, len(ahead), self.judged_at(last))

    def judged_at(self, last: Period) -> NodeStatus:
        """The status at the end of a step ahead."""
        case = self.case
        start, _ = window(case.definition, case.targets, last, self.in_force)
        known = [_cell(held) for period, held in case.known.items() if period.start >= start]
        projected = [
            Cell(step, (), self.value_at(step), flag=Flag.ESTIMATED) for step in self.missing(self._steps(start, last))
        ]
        cells = [*known, *projected]
        return judge_measure(case.definition, case.targets, cells, last.end, last, in_force=self.in_force)

    def _steps(self, start: date, last: Period) -> list[Period]:
        """All steps from a day, or from the first known value, up to and with the last."""
        calendar = self.case.definition.calendar
        first = periods.containing(max(start, min(self.case.known).start), self.step, calendar)
        return [moved(first, count, calendar) for count in range(number(last) - number(first) + 1)]

    def _interval(self, value: Decimal, ahead: Sequence[Period]) -> tuple[Decimal, Decimal]:
        if not ahead or self.case.definition.time_aggregation == Aggregation.COUNT:
            return value, value
        assert self.line is not None
        numbers = [number(step) for step in ahead]
        half = self.line.half_width(numbers, self.confidence)
        middle = sum((self.line.at(x) for x in numbers), ZERO)
        known = value - sum((self.value_at(step) for step in ahead), ZERO)
        ends = [known + self._within_limits(middle + side, len(ahead)) for side in (-half, half)]
        return min(value, *ends), max(value, *ends)

    def _within_limits(self, value: Decimal, times: int = 1) -> Decimal:
        definition = self.case.definition
        low = value if definition.minimum is None else max(value, definition.minimum * times)
        return low if definition.maximum is None else min(low, definition.maximum * times)


@exact
def future(case: Case, confidence: Decimal, in_force: InForce, points: int | None = None) -> Future:
    """`points`: how many of the last periods the line is laid through; None: as many as suit the frequency."""
    steps = _steps(case)
    whole = [case.at_period(step) if steps is not case else held for step, held in steps.known.items()]
    first = trend.since(steps.latest, steps.definition.calendar, points)
    usable = [held for held in whole if held.value is not None and held.reporting == held.of]
    usable = [held for held in usable if held.period.start >= first]
    last = sorted(usable, key=lambda held: held.period)[-(points or POINTS[steps.latest.frequency]) :]
    line = fit([(number(held.period), held.value) for held in last if held.value is not None])
    return Future(steps, last, line, confidence, in_force)


def since(definition: MeasureDefined, last: Period, points: int | None = None) -> date:
    """The first day of the values that projecting from a latest period reads."""
    case = read(definition, (), (), last)
    step = case.latest if case.adds_up else case.judged
    return trend.since(step, definition.calendar, points, more=case.trailing or 0)


def _steps(case: Case) -> Case:
    """The case at the frequency of the line's steps."""
    if case.trailing:
        return _of_windows(case)
    return case if case.adds_up or case.level is case.latest.frequency else _at_level(case)


def _at_level(case: Case) -> Case:
    """The same case as if the periods that are judged were the measure's own."""
    calendar = case.definition.calendar
    wholes = {periods.parent(period, case.level, calendar) for period in case.known}
    definition = msgspec.structs.replace(case.definition, frequency=case.level.value)
    return replace(case, definition=definition, known=_values(case, wholes), latest=case.judged)


def _of_windows(case: Case) -> Case:
    """The same case as if the values of the trailing windows were the measure's own; they no longer add up."""
    choice = case.definition.method
    assert choice is not None
    params = {name: held for name, held in choice.params.items() if name != "trailing"}
    times = case.trailing if case.adds_up and case.trailing else 1
    low, high = case.definition.minimum, case.definition.maximum
    definition = msgspec.structs.replace(
        case.definition,
        time_aggregation=Aggregation.LAST.value,
        method=msgspec.structs.replace(choice, params=params),
        minimum=None if low is None else low * times,
        maximum=None if high is None else high * times,
    )
    return replace(case, definition=definition, known=_values(case, case.known), trailing=None)


def _values(case: Case, wholes: Iterable[Period]) -> dict[Period, Headline]:
    return {whole: replace(case.at_period(whole), reporting=1, of=1) for whole in sorted(wholes)}


def _cell(held: Headline) -> Cell:
    flag = Flag.SAMPLE if held.sample else Flag.PROVISIONAL if held.provisional else None
    return Cell(held.period, (), held.value, held.numerator, held.denominator, flag)
