"""The numbers of series, remembered: a series is never renumbered and never removed."""

from collections.abc import Collection, Mapping
from typing import Final

from measures_ingest.repository import series
from measures_ingest.repository.series import SeriesKey
from tideline.database import Connection, Database

REMEMBERED_MAX: Final = 500_000


class Numbering:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[SeriesKey, int] = {}

    async def numbers(self, keys: Collection[SeriesKey]) -> Mapping[SeriesKey, int]:
        """A number for each key; new series are committed at once, so that no push waits for another one's series."""
        known = self._known
        missing = [key for key in keys if key not in known]
        if not missing:
            return known
        async with self._database.transaction() as connection:
            found = await number(connection, missing)
        self._remember(found)
        return found | {key: known[key] for key in keys if key in known}

    def _remember(self, found: dict[SeriesKey, int]) -> None:
        """When there are too many a new memory begins; those who hold the old one still find everything in it."""
        if len(self._known) + len(found) > REMEMBERED_MAX:
            self._known = {}
        self._known.update(found)


async def number(connection: Connection, keys: Collection[SeriesKey]) -> dict[SeriesKey, int]:
    """A number for each key, inside the caller's transaction."""
    found = await series.find(connection, keys)
    missing = {key for key in keys if key not in found}
    if missing:
        await series.add(connection, missing)
        found |= await series.find(connection, missing)
    return found
