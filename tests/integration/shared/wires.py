"""A minimal service for the tests of the wires: an outbox, a relay's stream, an inbox, a counting handler."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.parts import Nats
from tideline import inbox, outbox
from tideline.bus import Bus
from tideline.database import Database
from tideline.events import DepartmentDefined
from tideline.outbox import Outgoing

NOW = datetime(2017, 3, 14, 9, 30, tzinfo=UTC)
STREAM = "GOALS"


async def prepare(url: str) -> None:
    metadata = sa.MetaData()
    outbox.tables(metadata)
    inbox.tables(metadata)
    sa.Table("effect", metadata, sa.Column("code", sa.Text), sa.Column("version", sa.Integer))
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()


@asynccontextmanager
async def wired(url: str, server: Nats, user: str = "goals-api") -> AsyncIterator[tuple[Database, Bus]]:
    database = await Database.open(url, size=4)
    bus = await Bus.connect(server.url, server.creds(user), user)
    try:
        yield database, bus
    finally:
        await bus.close()
        await database.close()


def defined(code: str, version: int = 1) -> Outgoing:
    event = DepartmentDefined(code=code, version=version, title=code, defined_at=NOW)
    return Outgoing(event, "department", code, version)


async def write(database: Database, *codes: str, version: int = 1) -> None:
    async with database.transaction() as connection:
        await outbox.record(connection, NOW, [defined(code, version) for code in codes])


async def in_stream(bus: Bus) -> list[tuple[int, str]]:
    """(sequence, entity) of everything the stream holds, in order."""
    state = (await bus.js.stream_info(STREAM)).state
    if not state.messages:
        return []
    held = [await bus.js.get_msg(STREAM, seq, direct=True) for seq in range(state.first_seq, state.last_seq + 1)]
    return [(message.seq or 0, (message.headers or {})["ce-subject"]) for message in held]


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
    """Waits for what another process or task brings about. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the change happens in a database, there is nothing to await
            await asyncio.sleep(0.01)
