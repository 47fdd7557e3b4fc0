"""Periods and their ids: day, ISO week, month, quarter, half, year, biennium, in a measure's own calendar.

A period is half-open: `end` is the first day after it. A fiscal year is named after the year in which it
ends; its quarters and halves count from its first month, while days, weeks and months are the ordinary ones.
A biennium is two fiscal years, the first with an odd name unless the calendar says otherwise. A week belongs
to the month, quarter, half, year or biennium that holds its Thursday, as in ISO 8601. No clock is read here.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from tideline.events import Calendar
from tideline.vocabulary import Frequency

FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2200, 12, 31)
STANDARD: Final = Calendar()

_MONTHS: Final[Mapping[Frequency, int]] = {
    Frequency.MONTH: 1,
    Frequency.QUARTER: 3,
    Frequency.HALF: 6,
    Frequency.YEAR: 12,
    Frequency.BIENNIUM: 24,
}
_RANK: Final[Mapping[Frequency, int]] = {frequency: rank for rank, frequency in enumerate(Frequency)}


class BadPeriod(ValueError):
    """The text names no period, or one outside 1900 to 2200."""


class LatePeriod(BadPeriod):
    """A period after 2200."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `start` up to but not including `end`."""

    start: date
    end: date
    frequency: Frequency

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def holds(self, other: "Period") -> bool:
        """Whether the whole of `other` lies within this period."""
        return self.start <= other.start and other.end <= self.end


def is_coarser(one: Frequency, other: Frequency) -> bool:
    """Whether a period of `one` is longer than a period of `other`."""
    return _RANK[one] > _RANK[other]


@lru_cache(maxsize=65_536)
def parse(text: str, calendar: Calendar = STANDARD) -> Period:
    """The period that an id names. Raises BadPeriod."""
    for pattern, reader in _READERS:
        if match := pattern.fullmatch(text):
            period = _within_range(text, reader, [int(group) for group in match.groups()], calendar)
            if identify(period, calendar) != text:
                raise BadPeriod(f"{text} is no {period.frequency} of this calendar")
            return period
    raise BadPeriod(f"{text[:40]!r} is not a period id")


def identify(period: Period, calendar: Calendar = STANDARD) -> str:
    """The id that `parse` reads back to the same period."""
    start = period.start
    if period.frequency is Frequency.DAY:
        return start.isoformat()
    if period.frequency is Frequency.WEEK:
        year, week, _ = start.isocalendar()
        return f"{year:04}-W{week:02}"
    if period.frequency is Frequency.MONTH:
        return f"{start.year:04}-{start.month:02}"
    return _fiscal_id(period.frequency, *divmod(_index(start) - _offset(calendar), 12))


def containing(day: date, frequency: Frequency, calendar: Calendar = STANDARD) -> Period:
    """The period of that frequency in which a day lies. Raises BadPeriod for a day outside 1900 to 2200."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadPeriod(f"{day.isoformat()} is outside {FIRST_DAY.year} to {LAST_DAY.year}")
    return _around(day, frequency, calendar)


def parent(period: Period, frequency: Frequency, calendar: Calendar = STANDARD) -> Period:
    """The coarser period to which this one belongs; itself at its own frequency.

    Raises BadPeriod for a finer frequency.
    """
    if period.frequency is frequency:
        return period
    if not is_coarser(frequency, period.frequency):
        raise BadPeriod(f"a {period.frequency} has no parent {frequency}")
    return _around(_anchor(period), frequency, calendar)


@lru_cache(maxsize=4_096)
def parts(period: Period, frequency: Frequency, calendar: Calendar = STANDARD) -> tuple[Period, ...]:
    """The finer periods that belong to this one, in order: exactly those whose `parent` it is.

    Raises BadPeriod for a coarser frequency.
    """
    if period.frequency is frequency:
        return (period,)
    if is_coarser(frequency, period.frequency):
        raise BadPeriod(f"a {period.frequency} has no parts {frequency}")
    return tuple(
        part
        for part in _run(_around(period.start, frequency, calendar), period.end, calendar)
        if parent(part, period.frequency, calendar) == period
    )


def next(period: Period, calendar: Calendar = STANDARD) -> Period:
    """The period that begins where this one ends. Raises BadPeriod after 2200."""
    return containing(period.end, period.frequency, calendar)


def previous(period: Period, calendar: Calendar = STANDARD) -> Period:
    """The period that ends where this one begins. Raises BadPeriod before 1900."""
    return containing(period.start - timedelta(days=1), period.frequency, calendar)


def year_before(period: Period, calendar: Calendar = STANDARD) -> Period:
    """The same period of the year before: the same day or month, the same number of week, quarter or half.

    29 February and week 53 have the last before them where that year has none. Raises BadPeriod before 1900, and for
    a biennium, which is no part of a year.
    """
    if period.frequency is Frequency.BIENNIUM:
        raise BadPeriod("a biennium has no same period a year before")
    if period.frequency is Frequency.WEEK:
        return containing(_week_before(period.start), Frequency.WEEK, calendar)
    start = period.start
    leap = (start.month, start.day) == (2, 29)
    return containing(start.replace(year=start.year - 1, day=28 if leap else start.day), period.frequency, calendar)


def _week_before(monday: date) -> date:
    year, week, _ = monday.isocalendar()
    try:
        return date.fromisocalendar(year - 1, week, 1)
    except ValueError:
        return date.fromisocalendar(year - 1, week - 1, 1)


def _within_range(
    text: str, reader: Callable[[list[int], Calendar], Period], numbers: list[int], calendar: Calendar
) -> Period:
    outside = f"{text} is outside {FIRST_DAY.year} to {LAST_DAY.year}"
    if numbers[0] > LAST_DAY.year:
        raise LatePeriod(outside)
    try:
        period = reader(numbers, calendar)
    except (ValueError, OverflowError) as fault:
        raise BadPeriod(f"{text} names no day of the calendar") from fault
    if period.start < FIRST_DAY:
        raise BadPeriod(outside)
    if period.last_day > LAST_DAY:
        raise LatePeriod(outside)
    return period


def _run(period: Period, end: date, calendar: Calendar) -> Iterator[Period]:
    while period.start < end:
        yield period
        period = _around(period.end, period.frequency, calendar)


def _anchor(period: Period) -> date:
    return period.start + timedelta(days=3) if period.frequency is Frequency.WEEK else period.start


def _around(day: date, frequency: Frequency, calendar: Calendar) -> Period:
    if frequency is Frequency.DAY:
        return _day(day)
    if frequency is Frequency.WEEK:
        return _week(day - timedelta(days=day.weekday()))
    return _from_fiscal(_index(day) - _offset(calendar), frequency, calendar)


def _day(day: date) -> Period:
    return Period(day, day + timedelta(days=1), Frequency.DAY)


def _week(monday: date) -> Period:
    return Period(monday, monday + timedelta(days=7), Frequency.WEEK)


def _from_fiscal(index: int, frequency: Frequency, calendar: Calendar) -> Period:
    """The period of whole months around a fiscal month; `index` counts months, 12 × fiscal year + 0 to 11."""
    span = _MONTHS[frequency]
    phase = 12 if frequency is Frequency.BIENNIUM and calendar.biennium_starts_odd else 0
    first = index - (index - phase) % span + _offset(calendar)
    return Period(_month_start(first), _month_start(first + span), frequency)


def _index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _offset(calendar: Calendar) -> int:
    """Months from January of a fiscal year's name to its first month: 0, or negative."""
    month = calendar.fiscal_year_start_month
    return 0 if month == 1 else month - 13


def _month_start(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _fiscal_id(frequency: Frequency, year: int, month: int) -> str:
    if frequency is Frequency.QUARTER:
        return f"{year:04}-Q{month // 3 + 1}"
    if frequency is Frequency.HALF:
        return f"{year:04}-H{month // 6 + 1}"
    return f"{year:04}" if frequency is Frequency.YEAR else f"{year:04}-{year + 1:04}"


def _fiscal(frequency: Frequency) -> Callable[[list[int], Calendar], Period]:
    def read(numbers: list[int], calendar: Calendar) -> Period:
        year, part = numbers[0], numbers[1] - 1 if frequency in (Frequency.QUARTER, Frequency.HALF) else 0
        return _from_fiscal(year * 12 + part * _MONTHS[frequency], frequency, calendar)

    return read


_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[list[int], Calendar], Period]], ...]] = tuple(
    (re.compile(pattern, re.ASCII), reader)
    for pattern, reader in (
        (r"(\d{4})-(\d{2})-(\d{2})", lambda n, _: _day(date(n[0], n[1], n[2]))),
        (r"(\d{4})-W(\d{2})", lambda n, _: _week(date.fromisocalendar(n[0], n[1], 1))),
        (r"(\d{4})-(\d{2})", lambda n, calendar: _around(date(n[0], n[1], 1), Frequency.MONTH, calendar)),
        (r"(\d{4})-Q([1-4])", _fiscal(Frequency.QUARTER)),
        (r"(\d{4})-H([12])", _fiscal(Frequency.HALF)),
        (r"(\d{4})", _fiscal(Frequency.YEAR)),
        (r"(\d{4})-(\d{4})", _fiscal(Frequency.BIENNIUM)),
    )
)
