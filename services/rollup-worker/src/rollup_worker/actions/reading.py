"""How an event is read before its facts are kept: only known words, and periods in the measure's own calendar."""

from datetime import date
from enum import StrEnum

from rollup_worker.repository.facts import Reading
from tideline import periods
from tideline.consumer import Hopeless


def period_start(period: str, reading: Reading | None) -> date | None:
    """None while the measure is unknown, and for an id that is no period of its frequency."""
    if reading is None:
        return None
    try:
        found = periods.parse(period, reading.calendar)
    except periods.BadPeriod:
        return None
    return found.start if found.frequency == reading.frequency else None


def known_words(words: type[StrEnum], *said: str | None) -> None:
    """Keeps out what the engine could not judge. Raises Hopeless for a word that is not on the list."""
    for word in said:
        if word is not None and word not in set(words):
            raise Hopeless(f"{word!r} is no {words.__name__.lower()}")
