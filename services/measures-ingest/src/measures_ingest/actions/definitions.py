"""The definitions in memory, kept up with the table."""

from measures_ingest.core.definitions import Definition
from measures_ingest.repository import definitions
from tideline.database import Database


class Definitions:
    """`known` is one mapping for the life of the process; rules that hold it always see the newest.

    `moved` gathers the measures whose period ids are read otherwise since this process first knew them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mark = 0
        self.known: dict[str, Definition] = {}
        self.moved: set[str] = set()

    async def refresh(self) -> None:
        async with self._database.transaction(read_only=True) as connection:
            changed, mark = await definitions.changed_since(connection, self._mark)
        for definition in changed:
            before = self.known.get(definition.code, definition)
            self.known[definition.code] = definition
            if before.scheme != definition.scheme:
                self.moved.add(definition.code)
        self._mark = max(self._mark, mark)
