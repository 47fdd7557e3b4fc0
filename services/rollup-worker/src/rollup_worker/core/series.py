"""A measure over time: of each period the headline, what it adds up to, and what stood there before.

Nothing is judged here. Periods are those of the measure or coarser ones, put together by its time aggregation. The
line begins with the first period that has a value and ends with the last; a period between without one has none,
and its coverage says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Target
from rollup_worker.core.headline import Headline, across, over
from rollup_worker.core.methods import threshold
from rollup_worker.core.methods.method import Case
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency

A_YEAR: Final[Mapping[Frequency, int]] = {
    Frequency.DAY: 365,
    Frequency.WEEK: 52,
    Frequency.MONTH: 12,
    Frequency.QUARTER: 4,
    Frequency.HALF: 2,
    Frequency.YEAR: 1,
    Frequency.BIENNIUM: 1,
}
"""How many periods a trailing window has where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Point:
    """One period. `to_date` is the sum, mean or whatever is declared from the begin of its (fiscal) year.

    `trailing` is the same of the last periods up to and with it. Changes are told between whole periods only.
    """

    period: Period
    held: Headline
    to_date: Headline | None
    trailing: Headline
    last_year: Headline | None
    change: Decimal | None
    change_from_last_year: Decimal | None
    target: Target | None
    concealed: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """`known` are the headlines that the reader may see, by the measure's own periods; `concealed` have others.

    What is put together is made of those that may be seen, so that no difference gives another away.
    """

    definition: MeasureDefined
    targets: Sequence[Target]
    known: Mapping[Period, Headline]
    level: Frequency
    window: int
    concealed: frozenset[Period] = frozenset()

    @property
    def last(self) -> Period | None:
        reported = [*self.known, *self.concealed]
        return self._at_level(max(reported)) if reported else None

    @property
    def first(self) -> Period | None:
        reported = [*self.known, *self.concealed]
        return self._at_level(min(reported)) if reported else None

    def newest_first(self, start: Period | None) -> Iterator[Period]:
        """From `start`, or the last period if that is earlier, back to the first that has a value."""
        first, last = self.first, self.last
        if first is None or last is None:
            return
        period: Period | None = min(start, last) if start else last
        while period is not None and period >= first:
            yield period
            period = self._before(period)

    @exact
    def at(self, period: Period) -> Point:
        held, before, last_year = self._value(period), self._before(period), self._year_before(period)
        return Point(
            period,
            held,
            to_date=self._to_date(period),
            trailing=self._trailing(period),
            last_year=last_year,
            change=_change(self._value(before), held) if before else None,
            change_from_last_year=_change(last_year, held) if last_year else None,
            target=self._target(period),
            concealed=not self.concealed.isdisjoint(self._parts(period)),
        )

    def _value(self, period: Period) -> Headline:
        return over(self.definition, self.known, period, self._parts(period)[-1])

    def _to_date(self, period: Period) -> Headline | None:
        """None where the period is longer than a year."""
        if periods.is_coarser(self.level, Frequency.YEAR):
            return None
        year = periods.parent(period, Frequency.YEAR, self.definition.calendar)
        return over(self.definition, self.known, year, self._parts(period)[-1])

    def _trailing(self, period: Period) -> Headline:
        span = [period]
        while len(span) < self.window and (before := self._before(span[-1])):
            span.append(before)
        parts = [part for whole in reversed(span) for part in self._parts(whole)]
        whole = Period(parts[0].start, parts[-1].end, period.frequency)
        return across(self.definition, whole, parts, [self.known[part] for part in parts if part in self.known])

    def _year_before(self, period: Period) -> Headline | None:
        try:
            return self._value(periods.year_before(period, self.definition.calendar))
        except BadPeriod:
            return None

    def _target(self, period: Period) -> Target | None:
        last = self._parts(period)[-1]
        return threshold.target_for(Case(self.definition, self.targets, self.known, last, self.level))

    def _before(self, period: Period) -> Period | None:
        try:
            return periods.previous(period, self.definition.calendar)
        except BadPeriod:
            return None

    def _at_level(self, period: Period) -> Period:
        return periods.parent(period, self.level, self.definition.calendar)

    def _parts(self, period: Period) -> tuple[Period, ...]:
        return periods.parts(period, Frequency(self.definition.frequency), self.definition.calendar)


def is_whole(held: Headline) -> bool:
    return held.value is not None and held.reporting == held.of


def _change(before: Headline, held: Headline) -> Decimal | None:
    if before.value is None or held.value is None or not (is_whole(before) and is_whole(held)):
        return None
    return held.value - before.value
