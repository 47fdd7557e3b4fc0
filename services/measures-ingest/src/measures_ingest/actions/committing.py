"""A transaction for judged pushes, with every end it can have known to the caller."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from measures_ingest.actions.definitions import Definitions
from measures_ingest.actions.numbering import Numbering, number
from measures_ingest.actions.pushes import Push
from measures_ingest.actions.storing import DefinedMeanwhile, Outcome, store
from measures_ingest.core import batch as batches_told
from measures_ingest.core.batch import ERRORS_TOLD, Answer
from measures_ingest.repository import batches
from tideline.clock import Clock
from tideline.database import AWAY, Connection, Database, is_away
from tideline.errors import Unavailable

SETTLE_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 0.1


class Undo(Exception):
    """Ends a dry run: everything was done, nothing is kept."""


class InDoubt(Exception):
    """The connection broke while the commit was under way: it may have happened or not."""


_ONCE_MORE: Final[tuple[type[Exception], ...]] = (*AWAY, InDoubt, asyncpg.UniqueViolationError)


class Committer:
    """Commits pushes. All or none of those given together; judges again what a new definition changes."""

    def __init__(self, database: Database, definitions: Definitions, clock: Clock) -> None:
        self.database = database
        self.definitions = definitions
        self.clock = clock
        self.numbering = Numbering(database)

    async def commit(self, pushes: Sequence[Push]) -> list[Outcome]:
        """Raises what the database's absence raises (nothing was stored), or Unavailable when nobody can tell."""
        try:
            return await self._defined(pushes, lambda: self._attempt(pushes))
        except InDoubt:
            return await self._settle(pushes)

    async def rehearse(self, push: Push) -> Outcome:
        """What a commit would have answered."""
        return (await self._defined([push], lambda: self._rehearse(push)))[0]

    async def _defined(self, pushes: Sequence[Push], attempt: Callable[[], Awaitable[list[Outcome]]]) -> list[Outcome]:
        while True:
            try:
                return await attempt()
            except DefinedMeanwhile:
                await self.definitions.refresh()
                for push in pushes:
                    push.judge_again()

    async def _rehearse(self, push: Push) -> list[Outcome]:
        outcomes: list[Outcome] = []
        try:
            async with self.database.transaction() as connection:
                numbers = await number(connection, {row.series for row in push.rows})
                outcomes = await store(connection, [push], numbers, self.clock.now())
                raise Undo
        except Undo:
            return outcomes

    async def _attempt(self, pushes: Sequence[Push]) -> list[Outcome]:
        outcomes: list[Outcome] | None = None
        numbers = await self.numbering.numbers({row.series for push in pushes for row in push.rows})
        try:
            async with self.database.transaction() as connection:
                outcomes = await store(connection, pushes, numbers, self.clock.now())
        except AWAY as reason:
            if outcomes is not None and is_away(reason):
                raise InDoubt from reason
            raise
        return outcomes

    async def _settle(self, pushes: Sequence[Push]) -> list[Outcome]:
        """After a commit in doubt: what is found was stored; the rest is stored now, under the same ids."""
        async with _patience():
            while True:
                await asyncio.sleep(PAUSE_SECONDS)
                try:
                    return await self._once_more(pushes)
                except _ONCE_MORE:
                    continue

    async def look_up(self, push: Push) -> Outcome:
        """The answer of a push whose commit was in doubt and that cannot be stored again. Raises Unavailable."""
        async with _patience():
            while True:
                try:
                    async with self.database.transaction(read_only=True) as connection:
                        found = await find_answer(connection, push)
                except AWAY:
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                if found is None:
                    raise Unavailable("the database went away; nothing was stored", headers={"Retry-After": "1"})
                return found

    async def _once_more(self, pushes: Sequence[Push]) -> list[Outcome]:
        async with self.database.transaction(read_only=True) as connection:
            found = {push.id: await find_answer(connection, push) for push in pushes}
        missing = [push for push in pushes if found[push.id] is None]
        stored = dict(zip((push.id for push in missing), await self._attempt(missing), strict=True)) if missing else {}
        return [found[push.id] or stored[push.id] for push in pushes]


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            yield
    except TimeoutError as reason:
        raise Unavailable(
            "the database went away during the commit, so this push may be stored or not; send it again, with the "
            "same Idempotency-Key if it had one",
            code="outcome_unknown",
            headers={"Retry-After": "5"},
        ) from reason


async def find_answer(connection: Connection, push: Push) -> Answer | None:
    """What a stored push was answered; None when it was never stored."""
    counts = await batches.find_counts(connection, push.id)
    if counts is None:
        return None
    return batches_told.answer(push.id, counts, await batches.list_errors(connection, push.id, -1, ERRORS_TOLD))
