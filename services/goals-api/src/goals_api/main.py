"""goals-api: puts its parts together. Run as `python -m goals_api.main`."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI

from goals_api.routes import areas, departments, goals, measures, plans, targets
from goals_api.settings import Settings
from tideline import logs
from tideline.auth import Keys
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.database import Database
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
    for room in (plans, areas, departments, goals, measures, targets):
        app.include_router(room.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    app.state.keys = Keys.load(settings.token_keys)
    app.state.clock = Clock(settings.clock_start)
    app.state.database = database = await Database.open(settings.database_url, name=NAME)
    app.state.bus = bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    app.state.relay = relay = Relay(database, bus, stream="GOALS")
    database.after_commit = relay.wake
    running = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await bus.close()
        await database.close()


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
