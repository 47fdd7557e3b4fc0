"""Writing observations: new rows by COPY, or one statement that inserts, revises and keeps what was replaced."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

import asyncpg

from tideline.database import Connection, plain

Place: TypeAlias = tuple[int, date]


class Value(NamedTuple):
    """One observation on its way in."""

    series_id: int
    start: date
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    note: str | None
    batch: uuid.UUID


class Written(NamedTuple):
    """What became of an observation that was added (`revision` 1) or revised; `old_*` is what it replaced."""

    revision: int
    old_value: Decimal | None = None
    old_numerator: Decimal | None = None
    old_denominator: Decimal | None = None
    old_flag: str | None = None


ADDED: Final = Written(1)


async def add_all(connection: Connection, values: Iterable[Value], at: datetime) -> bool:
    """Adds observations whose keys are all new, by COPY. False, and nothing added, when one was known already."""
    try:
        async with connection.transaction():
            await connection.copy_records_to_table(
                "observation",
                records=((*value, 1, at) for value in values),
                columns=[*_COLUMNS, "revision", "recorded_at"],
            )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def merge(connection: Connection, values: Sequence[Value], at: datetime) -> dict[Place, Written]:
    """Adds new observations, revises those that differ, leaves the others; a key may stand only once in `values`."""
    rows = await connection.fetch(_MERGE, *_arrays(values), at)
    return {(row[0], row[1]): ADDED if row[2] == 1 else Written(*map(plain, row[2:])) for row in rows}


def _arrays(values: Sequence[Value]) -> list[list[object] | None]:
    """A column each; a column of nulls alone travels as null, which unnest fills up."""
    columns = (list(column) for column in zip(*values, strict=True))
    return [None if column.count(None) == len(values) else column for column in columns]


_COLUMNS: Final = [*Value._fields]
_COLUMNS[1] = "period_start"

# `{source}` yields one row a key, with the columns of a Value; `{take}` says what to do with what was written.
# Rows are locked in the order of their keys, so that two merges never wait for each other in a circle. A revision is
# always later than what it replaces, also after a clock was set back or when both come from one transaction.
MERGE: Final = """
with merged as (
    insert into observation as o
        (series_id, period_start, value, numerator, denominator, flag, note, batch, revision, recorded_at)
    select series_id, period_start, value, numerator, denominator, flag, note, batch, 1, {at}
    from {source} order by series_id, period_start
    on conflict (series_id, period_start) do update set
        value = excluded.value, numerator = excluded.numerator, denominator = excluded.denominator,
        flag = excluded.flag, note = excluded.note, batch = excluded.batch, revision = o.revision + 1,
        recorded_at = greatest(excluded.recorded_at, o.recorded_at + interval '1 microsecond')
    where (o.value, o.numerator, o.denominator, o.flag, o.note) is distinct from
        (excluded.value, excluded.numerator, excluded.denominator, excluded.flag, excluded.note)
    returning new.*, old.value as old_value, old.numerator as old_numerator, old.denominator as old_denominator,
        old.flag as old_flag, old.note as old_note, old.revision as old_revision, old.batch as old_batch,
        old.recorded_at as old_recorded_at),
kept as (
    insert into observation_history (series_id, period_start, value, numerator, denominator, flag, note, revision,
        batch, recorded_at, superseded_at)
    select series_id, period_start, old_value, old_numerator, old_denominator, old_flag, old_note, old_revision,
        old_batch, old_recorded_at, recorded_at
    from merged where old_revision is not null)
{take}
"""
_GIVEN: Final = """unnest($1::int[], $2::date[], $3::numeric[], $4::numeric[], $5::numeric[], $6::text[], $7::text[],
    $8::uuid[]) as given (series_id, period_start, value, numerator, denominator, flag, note, batch)"""
_TAKE: Final = """
select series_id, period_start, revision, old_value, old_numerator, old_denominator, old_flag from merged
"""
_MERGE: Final = MERGE.format(source=_GIVEN, at="$9::timestamptz", take=_TAKE)
