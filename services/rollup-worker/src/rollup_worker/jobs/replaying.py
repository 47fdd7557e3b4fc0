"""A replay: the event log applied again, pass by pass, until the same documents stand in another place.

The journal in STATUS says what had entered before each pass and in which order, how many marks it took, and when it
was made. The same handlers and the same pass do the work, so that what comes out can only differ where the log, the
database or the engine is not what it was.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from rollup_worker.actions.publishing import enter_publication
from rollup_worker.jobs import eventlog
from rollup_worker.jobs.adoption import compare, replace_in_force
from rollup_worker.jobs.eventlog import Incomplete, Logged
from rollup_worker.jobs.recompute import bite, mark_rebuild
from rollup_worker.jobs.staleness import begin_day
from rollup_worker.repository import dirty, journal
from tideline import inbox
from tideline.bus import Bus
from tideline.consumer import Handler, Hopeless, Meta
from tideline.database import Connection, Database
from tideline.events import Entered, Event, MethodAdopted, RecomputeDone, StatusPublished, decode

TOGETHER: Final = 200


@dataclass(frozen=True, slots=True)
class Log:
    """The streams, and by stream what their events do here."""

    bus: Bus
    handlers: Mapping[str, Mapping[type[Event], Handler]]


class Replay:
    """Fills an empty database; `pass_number` is the last pass that it has taken again."""

    def __init__(self, database: Database, log: Log) -> None:
        self._database = database
        self._bus = log.bus
        self._handlers = {
            stream: {event.type_name(): handler for event, handler in held.items()}
            for stream, held in log.handlers.items()
        }
        self._own: deque[Logged] = deque()
        self.pass_number = 0

    async def run(self, upto: int | None = None) -> None:
        """Takes the passes again, up to and with one. Raises Incomplete where the log has a gap."""
        lines: list[Entered] = []
        async for logged in self._status():
            if logged.type in _OWN:
                self._own.append(logged)
            if logged.type != RecomputeDone.type_name():
                continue
            done = decode(logged.type, logged.body)
            assert isinstance(done, RecomputeDone)
            lines += done.entered
            if not done.more:
                await self._take(done, lines)
                lines = []
            if self.pass_number == upto:
                return

    async def finish(self) -> None:
        """Applies what no pass of the log had seen yet, and leaves it to be judged."""
        while self._own:
            await self._enter(Entered(what=journal.OWN))
        for stream in self._handlers:
            last = await eventlog.find_last(self._bus, stream)
            async for logged in eventlog.read(self._bus, stream, 1, last):
                await self._apply_or_bury(stream, logged)

    async def _status(self) -> AsyncIterator[Logged]:
        for stream in self._handlers:
            await eventlog.find_last(self._bus, stream)
        last = await eventlog.find_last(self._bus, journal.OWN)
        async with aclosing(eventlog.read(self._bus, journal.OWN, 1, last)) as logged:
            async for each in logged:
                yield each

    async def _take(self, done: RecomputeDone, lines: Sequence[Entered]) -> None:
        if done.number != self.pass_number + 1:
            raise Incomplete(f"the journal goes from pass {self.pass_number} to pass {done.number}")
        for line in lines:
            await self._enter(line)
        async with self._database.transaction(snapshot=True) as connection:
            await dirty.lock(connection)
            await bite(connection, done.computed_at, done.marks)
        self.pass_number = done.number

    async def _enter(self, line: Entered) -> None:
        if line.first is not None and line.last is not None:
            await self._apply_run(line.what, line.first, line.last)
            return
        if line.what == journal.OWN and not self._own:
            raise Incomplete("a pass has seen a fact of STATUS that STATUS does not hold before it")
        async with self._database.transaction() as connection:
            if line.what == journal.OWN:
                await _enter_own(connection, self._own.popleft())
            else:
                assert line.at is not None
                await dirty.lock(connection)
                await _TIMED[line.what](connection, line.at)

    async def _apply_run(self, stream: str, first: int, last: int) -> None:
        waiting: list[Logged] = []
        async for logged in eventlog.read(self._bus, stream, first, last):
            waiting.append(logged)
            if len(waiting) == TOGETHER or logged.sequence == last:
                async with self._database.transaction() as connection:
                    await self._apply(connection, stream, waiting)
                waiting = []

    async def _apply_or_bury(self, stream: str, logged: Logged) -> None:
        try:
            async with self._database.transaction() as connection:
                await self._apply(connection, stream, [logged])
        except Hopeless as reason:
            meta = _meta(stream, logged)
            async with self._database.transaction() as connection:
                if await inbox.first_time(connection, stream, [meta.id]):
                    place = (meta.id, stream, meta.sequence, meta.type)
                    await inbox.bury(connection, *place, logged.body, f"Hopeless: {reason}")

    async def _apply(self, connection: Connection, stream: str, held: Sequence[Logged]) -> None:
        """As the consumer does: what is new, in order, and noted."""
        handlers = self._handlers[stream]
        metas = [_meta(stream, logged) for logged in held if logged.type in handlers]
        bodies = {logged.sequence: logged.body for logged in held}
        new = await inbox.first_time(connection, stream, [meta.id for meta in metas])
        fresh = [meta for meta in metas if meta.id in new]
        for meta in fresh:
            await handlers[meta.type](connection, decode(meta.type, bodies[meta.sequence]), meta)
        if fresh:
            await journal.note(connection, fresh)


def _meta(stream: str, logged: Logged) -> Meta:
    at = datetime.fromisoformat(logged.headers["ce-time"])
    return Meta(UUID(logged.headers["ce-id"]), stream, logged.sequence, logged.type, logged.subject, at)


async def _enter_own(connection: Connection, logged: Logged) -> None:
    await journal.enter_own(connection)
    await _OWN[logged.type](connection, decode(logged.type, logged.body), logged.public)


async def _on_status_published(connection: Connection, event: Event, public: bool) -> None:
    assert isinstance(event, StatusPublished)
    await enter_publication(connection, event, public=public)


async def _on_method_adopted(connection: Connection, event: Event, _: bool) -> None:
    assert isinstance(event, MethodAdopted)
    found = await compare(connection, event.id, event.version)
    await replace_in_force(connection, found, event.actor, event.adopted_at)


_OWN: Final[Mapping[str, Callable[[Connection, Event, bool], Awaitable[None]]]] = {
    StatusPublished.type_name(): _on_status_published,
    MethodAdopted.type_name(): _on_method_adopted,
}
_TIMED: Final[Mapping[str, Callable[[Connection, datetime], Awaitable[object]]]] = {
    journal.TICK: begin_day,
    journal.REBUILD: mark_rebuild,
}
