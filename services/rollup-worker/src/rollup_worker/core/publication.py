"""A status that a person puts beside the computed one. It stands until the day before it expires, and always expires.

The computed status stays as it is: it is what parents count, and what both readers and the person come back to.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from tideline.vocabulary import Status

DAYS_UNLESS_SAID: Final = 90
DAYS_MAX: Final = 366


@dataclass(frozen=True, slots=True)
class Publication:
    """One version of it; `status` None: taken back."""

    status: Status | None
    reason: str
    actor: str
    expires_on: date | None
    published_at: datetime
    version: int

    def stands(self, today: date) -> bool:
        return self.status is not None and (self.expires_on is None or today < self.expires_on)


def expiry(asked: date | None, today: date) -> date | None:
    """The first day on which it no longer stands; None when the day asked for is not ahead, or more than a year."""
    day = asked or today + timedelta(days=DAYS_UNLESS_SAID)
    return day if today < day <= today + timedelta(days=DAYS_MAX) else None
