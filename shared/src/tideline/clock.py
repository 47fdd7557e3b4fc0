"""The only place that reads the time."""

from datetime import UTC, date, datetime


class Clock:
    """Wall time in UTC; given `start`, time runs from that instant instead of from now (tests, replays)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._offset = (start.astimezone(UTC) - datetime.now(UTC)) if start else None

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now + self._offset if self._offset else now

    def today(self) -> date:
        return self.now().date()
