"""How the ids of a series are read: its frequency and, where that matters, its calendar, as one short text.

`month`, `quarter/7`, `biennium/1/odd`. A stored value keeps only the first day of its period; with the scheme of its
series that day names the period under which the value was sent, whatever the measure's definition says by now.
"""

from datetime import date
from functools import lru_cache
from typing import Final

from tideline import periods
from tideline.events import Calendar
from tideline.vocabulary import Frequency

_PLAIN: Final = frozenset({Frequency.DAY, Frequency.WEEK, Frequency.MONTH})


@lru_cache(maxsize=1_024)
def scheme(frequency: Frequency, calendar: Calendar) -> str:
    """The same text exactly where every id is read as the same days."""
    if frequency in _PLAIN:
        return frequency.value
    start = f"{frequency.value}/{calendar.fiscal_year_start_month}"
    if frequency is not Frequency.BIENNIUM:
        return start
    return f"{start}/{'odd' if calendar.biennium_starts_odd else 'even'}"


@lru_cache(maxsize=1_024)
def told(text: str) -> tuple[Frequency, Calendar]:
    """The frequency and a calendar of which a scheme was made."""
    frequency, _, rest = text.partition("/")
    month, _, parity = rest.partition("/")
    calendar = Calendar(fiscal_year_start_month=int(month or 1), biennium_starts_odd=parity != "even")
    return Frequency(frequency), calendar


@lru_cache(maxsize=65_536)
def period_id(start: date, text: str) -> str:
    """The id of the period that begins on a day."""
    frequency, calendar = told(text)
    return periods.identify(periods.containing(start, frequency, calendar), calendar)


def moved(start: date, old: str, new: str) -> date | None:
    """Where the period of the same id begins in another scheme; None: there it is no period of the same kind."""
    frequency, calendar = told(new)
    try:
        period = periods.parse(period_id(start, old), calendar)
    except periods.BadPeriod:
        return None
    return period.start if period.frequency is frequency else None
