"""Large pushes: judged piece by piece as the body arrives, staged, merged when it has ended. Memory stays bounded."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from measures_ingest.actions import writing
from measures_ingest.actions.committing import Committer, Undo
from measures_ingest.actions.pushes import Push
from measures_ingest.actions.storing import Outcome, claim, describe, replay
from measures_ingest.core import batch as batches_told
from measures_ingest.core import breakdowns, reading, schemes
from measures_ingest.core.batch import ERRORS_KEPT, ERRORS_TOLD, Answer, Counts
from measures_ingest.core.rejects import Reject
from measures_ingest.core.rows import Raw, Row, Sifted
from measures_ingest.repository import batches, definitions, quarantine, series, staging
from measures_ingest.repository.series import SeriesKey
from measures_ingest.repository.staging import Changed, Staged
from tideline.database import AWAY, Connection, is_away
from tideline.events import Observation, PreviousValue

PIECE_ROWS: Final = 2_000
BLOCK_ROWS: Final = 8_000


async def store_stream(
    committer: Committer, push: Push, pieces: AsyncIterator[Sequence[Raw | Reject]], digest: Callable[[], bytes]
) -> Outcome:
    """Stores a push of any length, whole or not at all. `digest` is asked for once the body has ended.

    Raises what `pieces` raises, and what the database's absence raises; nothing was stored then.
    """
    outcome: Outcome | None = None
    try:
        async with committer.database.transaction() as connection:
            stream = _Stream(committer, push, connection)
            await staging.create(connection)
            async for piece in pieces:
                await stream.take(piece)
            push.digest = digest()
            outcome = await stream.finish()
            if push.dry_run or not stream.stored:
                raise Undo
    except Undo:
        assert outcome is not None
    except AWAY as reason:
        if outcome is None or not is_away(reason):
            raise
        return await committer.look_up(push)
    return outcome


class _Stream:
    """The transaction of one large push. `stored` is false when its key stood for an earlier push."""

    def __init__(self, committer: Committer, push: Push, connection: Connection) -> None:
        self._committer = committer
        self._push = push
        self._connection = connection
        self._own_numbers: dict[SeriesKey, int] = {}
        self._gathered: list[Raw | Reject] = []
        self._count = self._staged = self._rejected = self._kept = 0
        self.stored = True

    async def take(self, piece: Sequence[Raw | Reject]) -> None:
        """Gathers rows until staging them pays."""
        self._gathered += piece
        while len(self._gathered) >= PIECE_ROWS:
            await self._judge(self._gathered[:PIECE_ROWS])
            del self._gathered[:PIECE_ROWS]

    async def finish(self) -> Outcome:
        await self._judge(self._gathered)
        if self._push.key is not None and self._push.id not in await claim(self._connection, [self._push]):
            self.stored = False
            return await replay(self._connection, self._push)
        await self._judge_again()
        duplicates = await staging.drop_duplicates(self._connection, self._push.id, ERRORS_KEPT - self._kept)
        self._rejected += duplicates
        refused = self._push.atomic and self._rejected
        if refused:
            return await self._answer(Counts(rejected=self._rejected))
        write = self._compare if self._push.dry_run else self._merge
        return await self._answer(await write(self._staged - duplicates))

    async def _judge(self, rows: Sequence[Raw | Reject]) -> None:
        sifted = self._push.sieve.sift(enumerate(rows, self._count))
        self._count += len(rows)
        await self._stage(sifted)

    async def _stage(self, sifted: Sifted) -> None:
        numbers = await self._numbers({row.series for row in sifted.rows})
        await staging.add(self._connection, (_staged(row, numbers) for row in sifted.rows))
        self._staged += len(sifted.rows)
        kept = sifted.rejects[: ERRORS_KEPT - self._kept]
        if kept:
            await batches.add_errors(self._connection, self._push.id, kept)
        self._kept += len(kept)
        self._rejected += len(sifted.rejects)
        if sifted.unknown:
            waiting = [(one.index, one.raw.measure, reading.text_of(one.raw)) for one in sifted.unknown]
            await staging.add_waiting(self._connection, waiting)

    async def _numbers(self, keys: set[SeriesKey]) -> Mapping[SeriesKey, int]:
        """A dry run adds no series, and waits for nobody who does: it makes up numbers that no series has."""
        if not self._push.dry_run:
            return await self._committer.numbering.numbers(keys)
        missing = keys - self._own_numbers.keys()
        if missing:
            self._own_numbers |= await series.find(self._connection, missing)
        for key in missing:
            self._own_numbers.setdefault(key, -1 - len(self._own_numbers))
        return self._own_numbers

    async def _judge_again(self) -> None:
        """Rows whose measure was defined while the body arrived; from here on no definition changes."""
        measures = await staging.waiting_measures(self._connection)
        if not measures:
            return
        await definitions.hold_changes(self._connection)
        defined = sorted(await quarantine.defined_of(self._connection, measures))
        if defined:
            await self._committer.definitions.refresh()
        while defined and (rows := await staging.take_waiting(self._connection, defined, PIECE_ROWS)):
            await self._stage(self._push.sieve.sift((index, reading.raw_of(row)) for index, row in rows))

    async def _merge(self, staged: int) -> Counts:
        at = self._committer.clock.now()
        accepted, revised = await staging.merge(self._connection, self._push.id, at)
        quarantined = await staging.quarantine(self._connection, self._push.id)
        part = 1
        async for block in staging.changed(self._connection, BLOCK_ROWS):
            observed = [self._observation(one) for one in block]
            outgoing = [*writing.events_of(self._push.id, self._push.sender, at, observed, part)]
            await writing.record(self._connection, at, outgoing)
            part += len(outgoing)
        return Counts(accepted, revised, staged - accepted - revised, quarantined, self._rejected)

    async def _compare(self, staged: int) -> Counts:
        """What `_merge` would have counted; nobody waits for a dry run, however long it takes."""
        accepted, revised, waiting = await staging.compare(self._connection)
        return Counts(accepted, revised, staged - accepted - revised, waiting, self._rejected)

    def _observation(self, one: Changed) -> Observation:
        return Observation(
            measure=one.measure,
            period=schemes.period_id(one.start, one.scheme),
            value=one.value,
            numerator=one.numerator,
            denominator=one.denominator,
            breakdown=breakdowns.cells(one.breakdown),
            flag=one.flag,
            note=one.note,
            revision=one.revision,
            previous=_previous(one) if one.revision > 1 else None,
        )

    async def _answer(self, counts: Counts) -> Answer:
        errors = await batches.list_errors(self._connection, self._push.id, -1, ERRORS_TOLD)
        answer = batches_told.answer(self._push.id, counts, errors, dry_run=self._push.dry_run)
        await batches.add(self._connection, [describe(self._push, counts, answer)])
        return answer


def _staged(row: Row, numbers: Mapping[SeriesKey, int]) -> Staged:
    number_of = numbers[row.series]
    return Staged(row.index, number_of, row.start, row.value, row.numerator, row.denominator, row.flag, row.note)


def _previous(one: Changed) -> PreviousValue:
    return PreviousValue(
        value=one.old_value, numerator=one.old_numerator, denominator=one.old_denominator, flag=one.old_flag
    )
