"""When a status is too old: the next value is overdue by more than the grace.

A value for the period after the latest one is expected when that period ends; with the grace of the measure (or
of its frequency) spent, the status is stale. `today` is given: the day of the last recorded tick, or the end of
the period that is asked about. No clock is read.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from tideline import periods
from tideline.events import Calendar
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency

GRACE_DAYS: Final[Mapping[Frequency, int]] = {
    Frequency.DAY: 3,
    Frequency.WEEK: 7,
    Frequency.MONTH: 30,
    Frequency.QUARTER: 45,
    Frequency.HALF: 60,
    Frequency.YEAR: 120,
    Frequency.BIENNIUM: 180,
}


def stale_from(latest: Period, grace_days: int | None, calendar: Calendar = periods.STANDARD) -> date | None:
    """The first day on which a measure whose latest value is for that period is stale; None: never.

    `end` of the next period is the day after it, so that a grace of 0 makes the day after that the first.
    """
    grace = GRACE_DAYS[latest.frequency] if grace_days is None else grace_days
    try:
        return periods.next(latest, calendar).end + timedelta(days=grace + 1)
    except (BadPeriod, OverflowError):
        return None


def is_stale(latest: Period, grace_days: int | None, today: date, calendar: Calendar = periods.STANDARD) -> bool:
    """Whether `latest` end + one period of its frequency + grace < today."""
    first = stale_from(latest, grace_days, calendar)
    return first is not None and today >= first
