"""What the catalog does when the plan changes: a dataset says by name which measures it feeds."""

from collections.abc import Mapping
from typing import Final

from opendata_catalog import repository
from tideline.consumer import Handler, Meta
from tideline.database import Connection
from tideline.events import Event, MeasureDefined


async def on_measure_defined(connection: Connection, event: MeasureDefined, _: Meta) -> None:
    await repository.replace_measure(connection, event)


HANDLERS: Final[Mapping[type[Event], Handler]] = {MeasureDefined: on_measure_defined}
