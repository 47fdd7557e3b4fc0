"""What the stream GOALS tells this service: from event to function."""

import logging
from collections.abc import Mapping
from typing import Final

from measures_ingest.actions.moving import follow
from measures_ingest.actions.releasing import release
from measures_ingest.repository import definitions
from tideline.clock import Clock
from tideline.consumer import Handler, Hopeless, Meta
from tideline.database import Connection
from tideline.events import Event, MeasureDefined
from tideline.vocabulary import Frequency

log = logging.getLogger(__name__)

STREAM: Final = "GOALS"
_FREQUENCIES: Final = frozenset(frequency.value for frequency in Frequency)


def handlers(clock: Clock) -> Mapping[type[Event], Handler]:
    async def on_measure_defined(connection: Connection, event: MeasureDefined, _: Meta) -> None:
        if event.frequency not in _FREQUENCIES:
            raise Hopeless(f"no frequency is called {event.frequency!r}")
        await definitions.lock_changes(connection)
        definition = await definitions.replace(connection, event)
        if definition is not None:
            if left := await follow(connection, definition):
                log.warning("%s: %s periods of before are none of a %s", event.code, left, definition.scheme)
            await release(connection, definition, clock.now())

    return {MeasureDefined: on_measure_defined}
