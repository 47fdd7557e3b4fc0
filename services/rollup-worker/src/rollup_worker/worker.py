"""The roll-up's worker as a process: `python -m rollup_worker.worker`, or `… rebuild` to have everything judged again."""

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

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
from tideline.relay import Relay
from tideline.web import Check, create_app, serve

NAME: Final = "rollup-worker"
log = logging.getLogger(__name__)


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
    recompute = Recompute(database, clock, poll_seconds=settings.poll_seconds, after=relay.wake)
    await record_day(database, clock)
    _run(stack, relay.run())
    _run(stack, recompute.run())
    _run(stack, record_days(database, clock, settings.tick_seconds, recompute.wake))
    for stream, handlers in HANDLERS.items():
        consumer = Consumer(database, bus, stream=stream, durable=NAME, handlers=handlers, after=recompute.wake)
        _run(stack, consumer.run())


def _run(stack: AsyncExitStack, loop: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(loop)
    task.add_done_callback(_end_with)

    async def cancel() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(cancel)


def _end_with(task: asyncio.Task[None]) -> None:
    """A loop that fails takes the process with it: whoever started it starts it again."""
    if not task.cancelled() and (reason := task.exception()):
        log.critical("a loop failed", exc_info=reason)
        signal.raise_signal(signal.SIGTERM)


def _checks(app: FastAPI) -> Mapping[str, Check]:
    state = app.state
    return {"database": state.database.round_trip, "nats": state.bus.round_trip, "relay": state.relay.check}


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
