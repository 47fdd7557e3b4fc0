"""Days are recorded as facts, so that staleness can be replayed: a timer writes a tick when a day begins."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from rollup_worker.repository import dirty, journal
from tideline.clock import Clock
from tideline.database import AWAY, Connection, Database

log = logging.getLogger(__name__)


async def record_day(database: Database, clock: Clock) -> bool:
    """Writes the tick of a day that has begun and marks what becomes stale with it. False: nothing new.

    Under the lock of the recompute: a judgement made before the tick is seen here, one made after it knows the day.
    """
    async with database.transaction() as connection:
        await dirty.lock(connection)
        return await begin_day(connection, clock.now())


async def begin_day(connection: Connection, at: datetime) -> bool:
    """The day of an instant, in the caller's transaction and under its lock. False: it had begun already."""
    today = at.date()
    if not await dirty.add_tick(connection, today, at):
        return False
    await journal.enter_timed(connection, journal.TICK, at)
    marked = await dirty.mark_stale(connection, today, {"type": "tick", "day": today.isoformat()})
    log.info("%s has begun; %s nodes are judged again", today, marked)
    return True


async def record_days(database: Database, clock: Clock, every_seconds: float, after: Callable[[], None]) -> None:
    """Until cancelled; an absent database is waited for."""
    while True:
        try:
            if await record_day(database, clock):
                after()
        except AWAY as reason:
            log.warning("no tick recorded: %r", reason)
        await asyncio.sleep(every_seconds)
