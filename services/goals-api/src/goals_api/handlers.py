"""What the stream STATUS tells this service: which status methods measures can choose."""

from collections.abc import Mapping
from typing import Final

from goals_api.core.methods import is_schema
from goals_api.repository import methods
from tideline.consumer import Handler, Hopeless, Meta
from tideline.database import Connection
from tideline.events import Event, MethodAdopted, MethodsOffered

STREAM: Final = "STATUS"


async def on_methods_offered(connection: Connection, event: MethodsOffered, _: Meta) -> None:
    for method in event.methods:
        if not is_schema(method.params):
            raise Hopeless(f"the parameters of {method.id} version {method.version} are described by no JSON Schema")
    await methods.replace(connection, event)


async def on_method_adopted(connection: Connection, event: MethodAdopted, _: Meta) -> None:
    await methods.adopt(connection, event)


HANDLERS: Final[Mapping[type[Event], Handler]] = {
    MethodsOffered: on_methods_offered,
    MethodAdopted: on_method_adopted,
}
