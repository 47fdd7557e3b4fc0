"""What measures are judged and shown from: their values, targets and weights, as known at a moment.

A measure with a formula has the values that it makes of its inputs', and is shown with these. What is supposed
(`Moment.overlay`) takes its place among what is stored before anything is computed.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from rollup_worker.actions.gathering import Gathering
from rollup_worker.actions.moments import Loaded, Moment, find_moment
from rollup_worker.actions.values import cells
from rollup_worker.core.needs import Reach
from rollup_worker.repository import inputs
from rollup_worker.repository.inputs import Value
from tideline.database import Connection
from tideline.events import MeasureDefined

__all__ = ["Loaded", "Moment", "find_moment", "load_recent", "load_series", "stream_recent", "stream_series"]

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
    return {found.definition.code: found async for found in stream_series(connection, definitions, moment)}


async def stream_recent(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment, reach: Reach | None = None
) -> AsyncIterator[Loaded]:
    """As `load_recent`, one measure after the other: what is held at once does not grow with their number."""
    for part in _parts(definitions):
        gathering = await Gathering.begin(connection, part, moment, reach)
        async for found in gathering.recent():
            yield await _with_later(connection, found, moment)


async def stream_series(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> AsyncIterator[Loaded]:
    """As `load_series`, one measure after the other."""
    for part in _parts(definitions):
        gathering = await Gathering.begin(connection, part, moment)
        async for found in gathering.whole(part):
            yield await _with_later(connection, found, moment)


async def _with_later(connection: Connection, found: Loaded, moment: Moment) -> Loaded:
    """What stands now decides with what stood then on what the public may still see of then."""
    if moment.known_at is None or not any(value.breakdown for value in found.values):
        return found
    later = defaultdict[str, list[Value]](list)
    for value in await inputs.list_standing(connection, {(each.measure, each.period) for each in found.values}):
        later[value.measure].append(value)
    definitions = {**found.reads, found.definition.code: found.definition}
    return replace(found, later={code: cells(definitions[code], held) for code, held in later.items()})


def _parts(definitions: Mapping[str, MeasureDefined]) -> Iterator[dict[str, MeasureDefined]]:
    rest = iter(definitions.items())
    while part := dict(islice(rest, MEASURES_MAX)):
        yield part
