"""A definition reads its period ids otherwise than before: values keep their ids, their first days follow."""

from collections.abc import Mapping

from measures_ingest.core import schemes
from measures_ingest.core.definitions import Definition
from measures_ingest.repository import definitions, moving
from tideline.database import Connection


async def follow_late(connection: Connection, schemes: Mapping[str, str]) -> None:
    """Moves what came in the old calendar of measures (code → scheme) after they had got the new one.

    Does nothing while somebody holds or changes definitions.
    """
    late = await moving.list_late(connection, schemes)
    if late and await definitions.try_lock_changes(connection):
        for definition in await definitions.find(connection, late):
            await follow(connection, definition)


async def follow(connection: Connection, definition: Definition) -> int:
    """Moves what was stored in another calendar; what has no period in this one stays readable where it is.

    Gives back how many periods stayed.
    """
    left = 0
    for old in await moving.list_other_schemes(connection, definition.code, definition.scheme):
        starts = await moving.list_starts(connection, definition.code, old)
        found = {start: schemes.moved(start, old, definition.scheme) for start in starts}
        places = {start: place for start, place in found.items() if place is not None}
        if places:
            await moving.move(connection, definition.code, old, definition.scheme, places)
        left += len(starts) - len(places)
    return left
