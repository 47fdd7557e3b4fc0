"""The worker as a process: `python -m rollup_worker.worker`; `… rebuild` has everything judged again."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import FastAPI

from rollup_worker.handlers import HANDLERS
from rollup_worker.jobs.recompute import Recompute
from rollup_worker.jobs.staleness import record_day, record_days
from rollup_worker.repository import dirty
from rollup_worker.settings import Settings
from tideline import logs
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.consumer import Consumer
from tideline.database import Database
from tideline.loops import start
from tideline.relay import Relay
from tideline.web import Check, create_app, serve

NAME: Final = "rollup-worker"
HINT: Final = f"hint.{NAME}"


def build(settings: Settings) -> FastAPI:
    """Loops without routes; the small HTTP port tells whether they are well."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, settings, stack)
            yield

    return create_app("Tideline roll-up worker", "Judges what changed.", lifespan=lifespan, checks=_checks)


async def _start(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    clock = Clock(settings.clock_start)
    app.state.database = database = await Database.open(settings.database_url, name=NAME)
    stack.push_async_callback(database.close)
    app.state.bus = bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    stack.push_async_callback(bus.close)
    app.state.relay = relay = Relay(database, bus, "STATUS")
    app.state.recompute = recompute = Recompute(database, clock, poll_seconds=settings.poll_seconds, after=relay.wake)
    await record_day(database, clock)
    start(stack, relay.run())
    await bus.on_hint(HINT, recompute.wake)
    start(stack, recompute.run())
    start(stack, record_days(database, clock, settings.tick_seconds, recompute.wake))
    for stream, handlers in HANDLERS.items():
        consumer = Consumer(database, bus, stream=stream, durable=NAME, handlers=handlers, after=recompute.wake)
        start(stack, consumer.run())


def _checks(app: FastAPI) -> Mapping[str, Check]:
    state = app.state
    return {
        "database": state.database.round_trip,
        "nats": state.bus.round_trip,
        "relay": state.relay.check,
        "recompute": state.recompute.check,
    }


async def rebuild(settings: Settings) -> None:
    """Marks every node; the running worker judges them as it judges anything else."""
    database = await Database.open(settings.database_url, size=1, name="rollup-rebuild")
    try:
        async with database.transaction() as connection:
            await dirty.mark_all_dirty(connection, {"type": "rebuild"})
    finally:
        await database.close()


def main() -> None:
    logs.configure(NAME)
    settings = Settings()
    if sys.argv[1:] == ["rebuild"]:
        asyncio.run(rebuild(settings))
    else:
        serve(build(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
