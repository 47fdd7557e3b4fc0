"""The catalog as a process: `python -m opendata_catalog.main`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI

from opendata_catalog.handlers import HANDLERS
from opendata_catalog.routes import changes, datasets
from opendata_catalog.settings import Settings
from tideline import logs
from tideline.auth import Keys
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.consumer import Consumer
from tideline.database import Database
from tideline.loops import start
from tideline.relay import Relay
from tideline.web import Check, create_app, serve

NAME: Final = "opendata-catalog"


def build(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, stack)
            yield

    app = create_app(
        "Tideline open data catalog",
        "The inventory of the city's datasets and the measures they feed.",
        lifespan=lifespan,
        checks=_checks,
    )
    app.include_router(datasets.router)
    app.include_router(changes.router)
    return app


async def _open(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    """Opens the wires and the two loops; the stack closes them in reverse."""
    state = app.state
    state.clock, state.keys = Clock(settings.clock_start), Keys.load(settings.token_keys)
    state.database = database = await Database.open(settings.database_url, name=NAME)
    stack.push_async_callback(database.close)
    state.bus = bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    stack.push_async_callback(bus.close)
    state.relay = relay = Relay(database, bus, "CATALOG")
    database.after_commit = relay.wake
    start(stack, relay.run())
    start(stack, Consumer(database, bus, stream="GOALS", durable=NAME, handlers=HANDLERS).run())


def _checks(app: FastAPI) -> Mapping[str, Check]:
    state = app.state
    return {"database": state.database.round_trip, "nats": state.bus.round_trip, "relay": state.relay.check}


def main() -> None:
    logs.configure(NAME)
    settings = Settings()
    serve(build(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
