"""The definitions in memory, kept up with the table."""

from measures_ingest.core.definitions import Definition
from measures_ingest.repository import definitions
from tideline.database import Database


class Definitions:
    """`known` is one mapping for the life of the process; rules that hold it always see the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mark = 0
        self.known: dict[str, Definition] = {}

    async def refresh(self) -> None:
        async with self._database.transaction(read_only=True) as connection:
            changed, mark = await definitions.changed_since(connection, self._mark)
        self.known.update({definition.code: definition for definition in changed})
        self._mark = max(self._mark, mark)
