"""goals-api: puts its parts together. Run as `python -m goals_api.main`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI

from goals_api.handlers import HANDLERS, STREAM
from goals_api.routes import areas, city, departments, goals, measures, plans, targets
from goals_api.settings import Settings
from tideline import logs
from tideline.auth import Keys
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.consumer import Consumer
from tideline.database import Database
from tideline.loops import start
from tideline.relay import Relay
from tideline.web import Check, create_app, serve

NAME: Final = "goals-api"
DESCRIPTION: Final = """The strategic plan of a city: areas, departments, goals, measures, targets.

Reads show what is published; with any valid token everything. Writes need a role. Every change is kept with its
author and its moment, and leaves as an event in the same transaction."""


def build(settings: Settings) -> FastAPI:
    """The application; its parts open when it starts and close when it stops."""
    app = create_app(NAME, DESCRIPTION, lifespan=_lifespan, checks=_checks)
    app.state.settings = settings
    for room in (city, plans, areas, departments, goals, measures, targets):
        app.include_router(room.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        await _open(app, app.state.settings, stack)
        yield


async def _open(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    """Opens the wires and starts the loops; the stack ends them in reverse."""
    state = app.state
    state.keys, state.clock = Keys.load(settings.token_keys), Clock(settings.clock_start)
    state.database = database = await Database.open(settings.database_url, name=NAME)
    stack.push_async_callback(database.close)
    state.bus = bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    stack.push_async_callback(bus.close)
    state.relay = relay = Relay(database, bus, stream="GOALS")
    database.after_commit = relay.wake
    consumer = Consumer(database, bus, stream=STREAM, durable=NAME, handlers=HANDLERS)
    for loop in (relay.run(), consumer.run()):
        start(stack, loop)


def _checks(app: FastAPI) -> Mapping[str, Check]:
    return {
        "database": app.state.database.round_trip,
        "nats": app.state.bus.round_trip,
        "relay": app.state.relay.check,
    }


def main() -> None:
    settings = Settings()
    logs.configure(NAME)
    serve(build(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
