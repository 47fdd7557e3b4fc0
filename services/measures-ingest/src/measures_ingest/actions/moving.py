"""A definition reads its period ids otherwise than before: values keep their ids, their first days follow."""

import logging

from measures_ingest.core import schemes
from measures_ingest.core.definitions import Definition
from measures_ingest.repository import moving
from tideline.database import Connection

log = logging.getLogger(__name__)


async def follow(connection: Connection, definition: Definition) -> None:
    """Moves what was stored in another calendar; what has no period in this one stays readable where it is."""
    for old in await moving.list_other_schemes(connection, definition.code, definition.scheme):
        starts = await moving.list_starts(connection, definition.code, old)
        found = {start: schemes.moved(start, old, definition.scheme) for start in starts}
        places = {start: place for start, place in found.items() if place is not None}
        if places:
            await moving.move(connection, definition.code, old, definition.scheme, places)
        if len(places) < len(starts):
            left = len(starts) - len(places)
            log.warning("%s: %s periods of %s are none of %s", definition.code, left, old, definition.scheme)
