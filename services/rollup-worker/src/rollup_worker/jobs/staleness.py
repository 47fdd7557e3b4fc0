"""Days are recorded as facts, so that staleness can be replayed: a timer writes a tick when a day begins."""

import asyncio
import logging
from collections.abc import Callable

from rollup_worker.repository import dirty
from tideline.clock import Clock
from tideline.database import AWAY, Database

log = logging.getLogger(__name__)


async def record_day(database: Database, clock: Clock) -> bool:
    """Writes the tick of a day that has begun and marks what becomes stale with it. False: nothing new.

    Under the lock of the recompute: a judgement made before the tick is seen here, one made after it knows the day.
    """
    today = clock.today()
    async with database.transaction() as connection:
        await dirty.lock(connection)
        if not await dirty.add_tick(connection, today, clock.now()):
            return False
        marked = await dirty.mark_stale(connection, today, {"type": "tick", "day": today.isoformat()})
    log.info("%s has begun; %s measures become stale", today, marked)
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
