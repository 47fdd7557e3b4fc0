"""Which day a period id begins on, in the calendar of the measure it belongs to."""

from datetime import date

from rollup_worker.repository.facts import Reading
from tideline import periods


def period_start(period: str, reading: Reading | None) -> date | None:
    """None while the measure is unknown, and for an id that is no period of its frequency."""
    if reading is None:
        return None
    try:
        found = periods.parse(period, reading.calendar)
    except periods.BadPeriod:
        return None
    return found.start if found.frequency == reading.frequency else None
