"""The roll-up's reads as a process: `python -m rollup_worker.api`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI

from rollup_worker.repository.presence import worker_is_there
from rollup_worker.routes import (
    comparison,
    contract,
    equity,
    events,
    explain,
    gaps,
    history,
    lint,
    methods,
    pages,
    projection,
    published,
    series,
    status,
    target_check,
    what_if,
)
from rollup_worker.routes.described import describe
from rollup_worker.routes.docs import add_docs
from rollup_worker.routes.live import Hub
from rollup_worker.routes.streams import STREAMS
from rollup_worker.routes.whole import OWN, add_whole, ready_check
from rollup_worker.settings import Settings
from tideline import logs
from tideline.auth import Keys
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.database import Database
from tideline.errors import Unavailable
from tideline.loops import start
from tideline.web import Check, create_app, serve


def build(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, settings, stack)
            yield

    app = create_app("Tideline status", "Statuses, why they are so, and events.", lifespan=lifespan, checks=_checks)
    for part in (events, contract, pages):
        app.include_router(part.router)
    told = (
        status,
        explain,
        history,
        methods,
        published,
        lint,
        gaps,
        equity,
        projection,
        series,
        target_check,
        comparison,
        what_if,
    )
    describe(app, [operation for part in told for operation in part.OPERATIONS])
    add_whole(app)
    add_docs(app)
    return app


async def _start(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    state = app.state
    state.clock, state.peers = Clock(settings.clock_start), settings.peers
    state.keys = Keys.load(settings.token_keys) if settings.token_keys else Keys([])
    state.http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
    state.database = database = await Database.open(settings.database_url, name=OWN)
    stack.push_async_callback(database.close)
    state.bus = bus = await Bus.connect(settings.nats_url, settings.nats_creds, OWN)
    stack.push_async_callback(bus.close)
    state.hub = hub = Hub(bus)
    await hub.start()
    for stream in STREAMS:
        start(stack, hub.run(stream))


def _checks(app: FastAPI) -> Mapping[str, Check]:
    state = app.state

    async def worker() -> None:
        async with state.database.transaction(read_only=True) as connection:
            if not await worker_is_there(connection):
                raise Unavailable("no worker is connected to the database")

    own: Mapping[str, Check] = {
        "database": state.database.round_trip,
        "nats": state.bus.round_trip,
        "rollup-worker": worker,
    }
    return {**own, **{name: ready_check(app, name, url) for name, url in state.peers.items()}}


def main() -> None:
    logs.configure(OWN)
    settings = Settings()
    serve(build(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
