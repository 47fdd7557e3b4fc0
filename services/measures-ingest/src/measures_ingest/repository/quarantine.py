"""Rows that wait for the definition of their measure."""

import uuid
from collections.abc import Collection, Iterable
from typing import NamedTuple

from tideline.database import Connection


class Waiting(NamedTuple):
    """A row as it was sent, and its place in its batch."""

    measure: str
    batch: uuid.UUID
    row_index: int
    row: bytes


async def add(connection: Connection, rows: Iterable[Waiting]) -> None:
    await connection.copy_records_to_table("quarantine", records=rows, columns=["measure", "batch", "index", "row"])


async def defined_of(connection: Connection, measures: Collection[str]) -> set[str]:
    """Which of these measures have a definition by now."""
    rows = await connection.fetch("select code from measure where code = any($1::text[])", list(measures))
    return {row["code"] for row in rows}


async def take(connection: Connection, measure: str, limit: int) -> list[Waiting]:
    """Takes the oldest rows of a measure out, in the order in which they arrived."""
    rows = await connection.fetch(
        "with gone as (delete from quarantine where id in "
        "(select id from quarantine where measure = $1 order by id limit $2) returning id, measure, batch, index, row) "
        "select measure, batch, index, row from gone order by id",
        measure,
        limit,
    )
    return [Waiting(*row) for row in rows]
