"""Streams: rows wait in temporary tables of their transaction until the body has ended, then merge in one statement."""

import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from measures_ingest.core.rejects import Code
from measures_ingest.repository.observations import MERGE
from tideline.database import Connection, plain

# Whole-body statements may take minutes; the pool's limit for a statement is meant for ordinary ones.
PATIENCE_SECONDS: Final = 3_600.0


class Staged(NamedTuple):
    row_index: int
    series_id: int
    start: date
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    note: str | None


class Changed(NamedTuple):
    """One observation that the stream added or revised."""

    measure: str
    breakdown: str
    scheme: str
    start: date
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    note: str | None
    revision: int
    old_value: Decimal | None
    old_numerator: Decimal | None
    old_denominator: Decimal | None
    old_flag: str | None


async def create(connection: Connection) -> None:
    await connection.execute(_CREATE)


async def add(connection: Connection, rows: Iterable[Staged]) -> None:
    columns = ["index", "series_id", "period_start", "value", "numerator", "denominator", "flag", "note"]
    await connection.copy_records_to_table("staged", records=rows, columns=columns)


async def add_waiting(connection: Connection, rows: Sequence[tuple[int, str, bytes]]) -> None:
    """Rows of undefined measures: index, measure, the row as sent."""
    await connection.copy_records_to_table("waiting", records=rows, columns=["index", "measure", "row"])


async def drop_duplicates(connection: Connection, batch: uuid.UUID, keep: int) -> int:
    """Takes out every row whose key an earlier row has; tells the first `keep` of them among the batch's errors."""
    await connection.execute(_FIND_DUPLICATES, timeout=PATIENCE_SECONDS)
    found: int = await connection.fetchval("select count(*) from duplicate")
    if found:
        await connection.execute(_TELL_DUPLICATES, batch, Code.DUPLICATE_IN_BATCH.value, keep, timeout=PATIENCE_SECONDS)
        await connection.execute(_DROP_DUPLICATES, timeout=PATIENCE_SECONDS)
    return found


async def merge(connection: Connection, batch: uuid.UUID, at: datetime) -> tuple[int, int]:
    """Adds and revises; gives back how many of each."""
    await connection.execute(_MERGE, batch, at, timeout=PATIENCE_SECONDS)
    row = await connection.fetchrow(
        "select count(*) filter (where revision = 1), count(*) filter (where revision > 1) from changed",
        timeout=PATIENCE_SECONDS,
    )
    assert row is not None
    return row[0], row[1]


async def compare(connection: Connection) -> tuple[int, int, int]:
    """What a merge would add and revise and how many rows would wait, without locking any row."""
    row = await connection.fetchrow(_COMPARE, timeout=PATIENCE_SECONDS)
    waiting = await connection.fetchval("select count(*) from waiting")
    assert row is not None
    return row[0], row[1], waiting


async def changed(connection: Connection, at_once: int) -> AsyncIterator[list[Changed]]:
    """Everything that was added or revised, so many at a time."""
    cursor = await connection.cursor(_CHANGED, timeout=PATIENCE_SECONDS)
    while rows := await cursor.fetch(at_once, timeout=PATIENCE_SECONDS):
        yield [Changed(*map(plain, row)) for row in rows]


async def waiting_measures(connection: Connection) -> list[str]:
    rows = await connection.fetch("select distinct measure from waiting")
    return [row["measure"] for row in rows]


async def take_waiting(connection: Connection, measures: Sequence[str], limit: int) -> list[tuple[int, bytes]]:
    """Takes rows of these measures back out, at most `limit`."""
    rows = await connection.fetch(
        "delete from waiting where ctid = any (array(select ctid from waiting where measure = any($1) limit $2)) "
        "returning index, row",
        list(measures),
        limit,
    )
    return [(row["index"], row["row"]) for row in rows]


async def quarantine(connection: Connection, batch: uuid.UUID) -> int:
    """Moves what waits into quarantine; gives back how many rows."""
    done = await connection.execute(_QUARANTINE, batch, timeout=PATIENCE_SECONDS)
    return int(done.rpartition(" ")[2])


_CREATE: Final = """
create temp table staged (index bigint, series_id int, period_start date, value numeric, numerator numeric,
    denominator numeric, flag text, note text) on commit drop;
create temp table waiting (index bigint, measure text, row bytea) on commit drop;
create temp table duplicate (place tid, index bigint, first bigint) on commit drop;
create temp table changed (series_id int, period_start date, value numeric, numerator numeric, denominator numeric,
    flag text, note text, revision int, old_value numeric, old_numerator numeric, old_denominator numeric,
    old_flag text) on commit drop
"""
_FIND_DUPLICATES: Final = """
insert into duplicate select place, index, first from (
    select ctid as place, index, first_value(index) over same as first, row_number() over same as number
    from staged window same as (partition by series_id, period_start order by index)) ranked
where number > 1
"""
_TELL_DUPLICATES: Final = """
insert into batch_error (batch, index, code, detail)
select $1, index, $2, 'row ' || first || ' has the same measure, period and breakdown'
from duplicate order by index limit $3
"""
_DROP_DUPLICATES: Final = "delete from staged using duplicate where staged.ctid = duplicate.place"
_STAGED: Final = "(select *, $1::uuid as batch from staged) given"
_TAKE: Final = """
insert into changed select series_id, period_start, value, numerator, denominator, flag, note, revision,
    old_value, old_numerator, old_denominator, old_flag from merged
"""
_MERGE: Final = MERGE.format(source=_STAGED, at="$2::timestamptz", take=_TAKE)
_COMPARE: Final = """
select count(*) filter (where o.series_id is null),
    count(*) filter (where o.series_id is not null
        and (o.value, o.numerator, o.denominator, o.flag, o.note) is distinct from
            (s.value, s.numerator, s.denominator, s.flag, s.note))
from staged s left join observation o using (series_id, period_start)
"""
_QUARANTINE: Final = """
insert into quarantine (measure, batch, index, row) select measure, $1, index, row from waiting order by index
"""
_CHANGED: Final = """
select s.measure, s.breakdown, s.scheme, c.period_start, c.value, c.numerator, c.denominator, c.flag, c.note,
    c.revision, c.old_value, c.old_numerator, c.old_denominator, c.old_flag
from changed c join series s on s.id = c.series_id
"""
