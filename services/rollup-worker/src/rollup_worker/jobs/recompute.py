"""The recompute: from the dirty log to new versions of statuses and the events that tell them, in one transaction.

Measures first, then their goals, then departments and areas, then the city; a parent is looked at only when a child's
line to it changed or its own definition or edges did. A crash anywhere leaves the log as it was: the work is redone.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final

from rollup_worker.actions.loading import Moment, find_moment
from rollup_worker.core.facts import CITY
from rollup_worker.jobs.passing import Pass
from rollup_worker.jobs.restating import tell_restatements
from rollup_worker.repository import dirty, journal
from rollup_worker.repository.dirty import DRAIN_MAX, Mark
from tideline import outbox
from tideline.clock import Clock
from tideline.database import AWAY, Connection, Database
from tideline.events import RecomputeDone
from tideline.outbox import Outgoing

log = logging.getLogger(__name__)

LINES_MAX: Final = 5_000
"""How many lines of the journal fit into one event."""


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
        async with self._database.transaction(snapshot=True) as connection:
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


async def bite(connection: Connection, now: datetime, most: int = DRAIN_MAX) -> int:
    """Judges what the front of the log marks, in the caller's snapshot and under its lock; how many marks."""
    marks = await dirty.list_dirty(connection, most)
    if marks:
        moment = await find_moment(connection)
        await _keep_journal(connection, moment.today, len(marks), now)
        await _judge(connection, marks, moment, now)
        await tell_restatements(connection, moment, now)
        await dirty.remove_dirty(connection, marks)
    return len(marks)


async def _keep_journal(connection: Connection, today: date, marks: int, now: datetime) -> None:
    """Told before what the pass tells: a stream that was cut within a pass still says how to take it again."""
    number, entered, positions = await journal.take(connection)
    parts = [entered[at : at + LINES_MAX] for at in range(0, len(entered), LINES_MAX)] or [[]]
    told = [
        RecomputeDone(
            number=number,
            positions=positions,
            entered=list(part),
            marks=marks,
            more=part is not parts[-1],
            today=today,
            computed_at=now,
        )
        for part in parts
    ]
    await outbox.record(connection, now, [Outgoing(each, *CITY, number, public=False) for each in told])


async def _judge(connection: Connection, marks: Sequence[Mark], moment: Moment, now: datetime) -> None:
    work = Pass(connection, now, moment)
    for mark in marks:
        work.because(mark.node, mark.cause)
    await work.mark_published()
    if any(mark.cause["type"] in ("definition", "rebuild") for mark in marks):
        await work.derive_edges()
    await work.judge()


async def mark_rebuild(connection: Connection, at: datetime) -> None:
    """Every node is judged again by the one way there is."""
    await journal.enter_timed(connection, journal.REBUILD, at)
    await dirty.mark_all_dirty(connection, {"type": "rebuild"})
