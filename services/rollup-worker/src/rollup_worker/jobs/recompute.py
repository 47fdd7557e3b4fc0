"""The recompute: from the dirty log to new versions of statuses and the events that tell them, in one transaction.

Measures first, then their goals, then departments and areas, then the city; a parent is looked at only when a child's
line to it changed or its own definition or edges did. A crash anywhere leaves the log as it was: the work is redone.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from rollup_worker.actions.loading import find_moment
from rollup_worker.jobs.passing import Pass
from rollup_worker.repository import dirty
from rollup_worker.repository.dirty import DRAIN_MAX, Mark
from tideline.clock import Clock
from tideline.database import AWAY, Connection, Database

log = logging.getLogger(__name__)


class Recompute:
    """`wake` when there may be something to do; the slow poll finds what no hint told of. `after` each commit."""

    def __init__(
        self, database: Database, clock: Clock, *, poll_seconds: float, after: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._after = after
        self._woken = asyncio.Event()
        self._failure: Exception | None = None

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; an absent database is waited for, and what cannot be judged is tried again and said."""
        while True:
            self._woken.clear()
            try:
                while await self.drain() >= DRAIN_MAX:
                    pass
                self._failure = None
            except AWAY as reason:
                log.warning("recompute waits: %r", reason)
            except Exception as reason:
                self._failure = reason
                log.exception("recompute failed; the dirty log is kept")
                await asyncio.sleep(self._poll_seconds)
            await self._sleep()

    async def check(self) -> None:
        """For readiness: raises what the last try failed with."""
        if self._failure:
            raise self._failure

    async def drain(self) -> int:
        """One bite of the log; how many marks it held."""
        async with self._database.transaction() as connection:
            await dirty.lock(connection)
            taken = await bite(connection, self._clock.now())
        if taken:
            self._after()
        return taken

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._woken.wait()
        except TimeoutError:
            return


async def bite(connection: Connection, now: datetime) -> int:
    """Judges what the front of the log marks, in the caller's transaction and under its lock; how many marks."""
    marks = await dirty.list_dirty(connection)
    if marks:
        await _judge(connection, marks, now)
        await dirty.remove_dirty(connection, marks)
    return len(marks)


async def _judge(connection: Connection, marks: Sequence[Mark], now: datetime) -> None:
    work = Pass(connection, now, await find_moment(connection))
    for mark in marks:
        work.because(mark.node, mark.cause)
    if any(mark.cause["type"] in ("definition", "rebuild") for mark in marks):
        await work.derive_edges()
    await work.judge()
