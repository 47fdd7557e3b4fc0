"""A definition has arrived: rows that waited for it are judged and stored under the batches they came with."""

import uuid
from datetime import datetime
from itertools import groupby
from typing import Final

from measures_ingest.actions import writing
from measures_ingest.actions.numbering import number
from measures_ingest.core import reading
from measures_ingest.core.definitions import Definition, Rules
from measures_ingest.core.sieve import Sieve
from measures_ingest.repository import batches, quarantine
from measures_ingest.repository.quarantine import Waiting
from tideline.database import Connection

ROWS_AT_ONCE: Final = 5_000


async def release(connection: Connection, definition: Definition, now: datetime) -> None:
    """Stores what waited, oldest first, in the transaction that makes the definition known.

    No push sees the definition before that, so nothing newer is overtaken. What fails appears in its batch.
    """
    sieves: dict[uuid.UUID, Sieve] = {}
    while waiting := await quarantine.take(connection, definition.code, ROWS_AT_ONCE):
        for batch, rows in groupby(waiting, key=lambda one: one.batch):
            await _settle(connection, definition, batch, list(rows), sieves, now)


async def _settle(
    connection: Connection,
    definition: Definition,
    batch: uuid.UUID,
    waiting: list[Waiting],
    sieves: dict[uuid.UUID, Sieve],
    now: datetime,
) -> None:
    sender = await batches.sender_of(connection, batch)
    if batch not in sieves:
        sieves[batch] = Sieve(Rules({definition.code: definition}, sender.scope, now.date()))
    sifted = sieves[batch].sift((one.row_index, reading.raw_of(one.row)) for one in waiting)
    numbers = await number(connection, {row.series for row in sifted.rows})
    written = await writing.write(connection, [(batch, row) for row in sifted.rows], numbers, now)
    if sifted.rejects:
        await batches.add_errors(connection, batch, sifted.rejects)
    await batches.settle(connection, batch, writing.tally(written)._replace(rejected=len(sifted.rejects)))
    found = writing.observed(sifted.rows, written)
    await writing.record(connection, now, writing.events_of(batch, sender, now, found))
