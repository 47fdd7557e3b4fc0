"""What a replay is for: to show that the stored statuses are what the log gives, and to give a lost database back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from rollup_worker.jobs import eventlog
from rollup_worker.jobs.comparing import Comparison
from rollup_worker.jobs.eventlog import Incomplete, Logged
from rollup_worker.jobs.replaying import Log, Replay
from rollup_worker.repository import journal, replayed
from rollup_worker.repository.replayed import Spoken
from tideline.bus import Bus
from tideline.database import Connection, Database
from tideline.errors import Conflict
from tideline.events import RecomputeDone, StatusChanged, decode

TOGETHER: Final = 500
RELAY_SECONDS: Final = 30


async def check(database: Database, url: str, log: Log, say: Callable[[str], object]) -> Comparison:
    """Replays beside the live tables, in a schema of its own, and compares. The worker may go on meanwhile.

    Raises Incomplete for a log with gaps.
    """
    found = Comparison(say)
    async with database.transaction(read_only=True) as live:
        if not await replayed.is_journalled(live, RecomputeDone.type_name(), StatusChanged.type_name()):
            raise Incomplete("statuses were judged here by a release that kept no journal; they cannot be replayed")
        number = await journal.find_number(live)
        await _until_told(database, number)
        async with replayed.scratch(url) as place:
            other = await Database.open(place, size=2, name="rollup-replay")
            try:
                replay = Replay(other, log)
                await replay.run(number)
                if replay.pass_number != number:
                    raise Incomplete(f"STATUS ends with pass {replay.pass_number}, the database with pass {number}")
                await found.events_of(other, log.bus)
                async with other.transaction(read_only=True) as copy:
                    await found.versions_of(live, copy)
                    await found.facts_of(copy)
            finally:
                await other.close()
    return found


async def recover(database: Database, log: Log, say: Callable[[str], object]) -> Comparison:
    """Fills an empty database with what the log gives, ready for the worker to go on from there.

    Raises Conflict for one that is not empty, Incomplete for a log with gaps.
    """
    async with database.transaction(read_only=True) as connection:
        if not await replayed.is_empty(connection):
            raise Conflict("a replay fills an empty database, and this one is not", code="not_empty")
    found, replay = Comparison(say), Replay(database, log)
    await replay.run()
    await found.events_of(database, log.bus)
    await replay.finish()
    async with database.transaction() as connection:
        await _take_outbox(connection, log.bus, found.last_told)
    async with database.transaction(read_only=True) as connection:
        found.nodes, found.versions = await replayed.count(connection)
    return found


async def _until_told(database: Database, number: int) -> None:
    async with asyncio.timeout(RELAY_SECONDS), database.pool.acquire() as connection:
        while not await replayed.is_told(connection, RecomputeDone.type_name(), number):  # noqa: ASYNC110 - another process publishes
            await asyncio.sleep(0.1)


async def _take_outbox(connection: Connection, bus: Bus, last_told: int) -> None:
    """The relay goes on where the stream ends, and subscribers keep ids and places."""
    last = await eventlog.find_last(bus, journal.OWN)
    await replayed.forget_told(connection, last_told)
    async for held in _spoken(bus, last):
        await replayed.add_spoken(connection, held)
    await replayed.put_rest_behind(connection, last)


async def _spoken(bus: Bus, last: int) -> AsyncIterator[list[Spoken]]:
    waiting: list[Spoken] = []
    async with aclosing(eventlog.read(bus, journal.OWN, 1, last)) as logged:
        async for each in logged:
            waiting.append(_as_spoken(each))
            if len(waiting) == TOGETHER or each.sequence == last:
                yield waiting
                waiting = []


def _as_spoken(logged: Logged) -> Spoken:
    body: Any = msgspec.to_builtins(decode(logged.type, logged.body))
    return Spoken(
        sequence=logged.sequence,
        uid=UUID(logged.headers["ce-id"]),
        entity=logged.headers["ce-subject"],
        version=body.get("number") or body.get("version") or 0,
        type=logged.type,
        subject=logged.subject,
        body=logged.body,
        at=datetime.fromisoformat(logged.headers["ce-time"]),
    )
