"""What partners build against: the AsyncAPI document and a JSON Schema per event, both made from the event types."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tideline import events
from tideline.errors import NotFound
from tideline.events import Event, ObservationsRecorded

router = APIRouter(tags=["contract"])

PUBLIC: Final[Mapping[str, type[Event]]] = {
    f"{event.noun}.{event.verb}.v{event.generation}": event
    for event in events.EVENTS
    if event is not ObservationsRecorded
}
"""Raw observations stay inside the city."""


@router.get("/v1/schemas/{event}.json", summary="The JSON Schema of an event's data")
@router.get("/schemas/{event}.json", include_in_schema=False)
async def schema(event: str) -> JSONResponse:
    if event not in PUBLIC:
        raise NotFound(f"there is no event {event[:80]}; there are {', '.join(PUBLIC)}")
    return JSONResponse(events.schema(PUBLIC[event]), media_type="application/schema+json")


@router.get("/asyncapi.json", summary="The events, as AsyncAPI 3")
async def asyncapi() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Tideline events", "version": "1.0.0", "description": _ABOUT},
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, event) for name, event in PUBLIC.items()},
        "operations": {
            f"hear {name}": {"action": "receive", "channel": {"$ref": f"#/channels/{name}"}} for name in PUBLIC
        },
        "components": {"messages": {name: _message(event) for name, event in PUBLIC.items()}},
    }


def _channel(name: str, event: type[Event]) -> dict[str, Any]:
    return {
        "address": f"{name}.{{kind}}.{{code}}",
        "title": (event.__doc__ or name).splitlines()[0],
        "parameters": {
            "kind": {"description": "What it is about: measure, goal, department, area, city, dataset."},
            "code": {"description": "Its code."},
        },
        "messages": {"event": {"$ref": f"#/components/messages/{name}"}},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type_name(),
        "contentType": "application/json",
        "headers": {"type": "object", "required": list(_HEADERS), "properties": _HEADERS},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"/v1{events.dataschema(event)}"},
        },
    }


_HEADERS: Final[Mapping[str, Any]] = {
    name: {"type": "string", "description": text}
    for name, text in {
        "ce-specversion": "1.0",
        "ce-id": "A UUID; the same event has the same one for ever.",
        "ce-source": "The stream it came from.",
        "ce-type": "The event type with its version.",
        "ce-subject": "What it is about: kind.code.",
        "ce-time": "When it was recorded.",
        "ce-sequence": "Its place in the stream.",
    }.items()
}
_ABOUT: Final = (
    "CloudEvents 1.0 in NATS binary mode, one JetStream stream per service. The same events come as server-sent "
    "events from /v1/events. Readers ignore fields they do not know; a type only gains fields inside its version."
)
