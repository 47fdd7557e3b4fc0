"""What measures are judged and shown from: their values, targets and weights, as known at a moment.

A measure with a formula has the values that it makes of its inputs', and is shown with these. What is supposed
(`Moment.overlay`) takes its place among what is stored before anything is computed.
"""

from collections.abc import AsyncIterator, Mapping
from itertools import islice
from typing import Final

from rollup_worker.actions.gathering import Gathering
from rollup_worker.actions.moments import Loaded, Moment, find_moment
from tideline.database import Connection
from tideline.events import MeasureDefined

__all__ = ["Loaded", "Moment", "find_moment", "load_recent", "load_series", "stream_recent"]

MEASURES_MAX: Final = 200
"""How many measures are looked at together."""


async def load_recent(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> dict[str, Loaded]:
    """Of each measure what its judgement reads: the latest periods, however long its history is."""
    return {found.definition.code: found async for found in stream_recent(connection, definitions, moment)}


async def load_series(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> dict[str, Loaded]:
    """Of each measure everything up to the moment."""
    gathering = await Gathering.begin(connection, definitions, moment)
    return {found.definition.code: found async for found in gathering.whole(definitions)}


async def stream_recent(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> AsyncIterator[Loaded]:
    """As `load_recent`, one measure after the other: what is held at once does not grow with their number."""
    rest = iter(definitions.items())
    while part := dict(islice(rest, MEASURES_MAX)):
        gathering = await Gathering.begin(connection, part, moment)
        async for found in gathering.recent():
            yield found
