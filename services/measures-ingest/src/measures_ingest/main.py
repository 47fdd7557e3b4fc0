"""Runs measures-ingest: `python -m measures_ingest.main`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.routing import Route

from measures_ingest.actions.committing import Committer
from measures_ingest.actions.definitions import Definitions
from measures_ingest.actions.senders import Feeds
from measures_ingest.handlers import STREAM, handlers
from measures_ingest.jobs.group_commit import GroupCommit
from measures_ingest.jobs.refresh import Refresh
from measures_ingest.routes import batches, observations, sources
from measures_ingest.routes.describe import PATH, add_push
from measures_ingest.routes.desk import Desk
from measures_ingest.routes.push import push
from measures_ingest.settings import Settings
from tideline import logs
from tideline.auth import Keys
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.consumer import Consumer
from tideline.database import Database
from tideline.loops import start
from tideline.relay import Relay
from tideline.web import Check, create_app, serve

NAME: Final = "measures-ingest"


def build(settings: Settings) -> FastAPI:
    """The application; its parts are opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, stack)
            yield

    app = create_app(
        "measures-ingest", "Takes measure values and keeps every revision.", lifespan=lifespan, checks=_checks
    )
    app.router.routes.insert(0, Route(PATH, push, methods=["POST"]))
    for router in (observations.router, batches.router, sources.router):
        app.include_router(router)
    add_push(app)
    return app


async def _open(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    """Opens the wires and starts the loops; the stack ends them in reverse."""
    database = await Database.open(settings.database_url, size=settings.pool_size, name=NAME)
    stack.push_async_callback(database.close)
    bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    stack.push_async_callback(bus.close)
    relay = Relay(database, bus, "MEASUREMENTS")
    database.after_commit = relay.wake
    desk, group = assemble(settings, database)
    refresh = Refresh(database, desk.definitions)
    consumer = Consumer(database, bus, stream=STREAM, durable=NAME, handlers=handlers(desk.clock), after=refresh.wake)
    state = app.state
    state.bus, state.relay, state.keys, state.desk = bus, relay, desk.keys, desk
    for loop in (relay.run(), refresh.run(), consumer.run(), group.run()):
        start(stack, loop)


def assemble(settings: Settings, database: Database) -> tuple[Desk, GroupCommit]:
    """What the routes work with, and the loop that commits small pushes."""
    clock, definitions = Clock(settings.clock_start), Definitions(database)
    committer = Committer(database, definitions, clock)
    group = GroupCommit(committer)
    desk = Desk(
        settings=settings,
        database=database,
        clock=clock,
        keys=Keys.load(settings.token_keys),
        definitions=definitions,
        feeds=Feeds(database),
        committer=committer,
        share=group.submit,
    )
    return desk, group


def _checks(app: FastAPI) -> Mapping[str, Check]:
    return {
        "database": app.state.desk.database.round_trip,
        "bus": app.state.bus.round_trip,
        "relay": app.state.relay.check,
    }


def main() -> None:
    logs.configure(NAME)
    settings = Settings()
    serve(build(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
