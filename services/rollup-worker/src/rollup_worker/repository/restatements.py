"""Revisions of known values that are still to be told, with what they replaced."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from rollup_worker.repository.keys import breakdown_of
from tideline.database import Connection, plain
from tideline.events import PreviousValue


@dataclass(frozen=True, slots=True)
class Replaced:
    """One value that another took the place of, and who said so when: the batch of a source, and who pushed it."""

    measure: str
    period: str
    breakdown: dict[str, str]
    revision: int
    old: PreviousValue
    new: PreviousValue
    note: str | None
    batch: UUID
    source: str
    recorded_at: datetime
    actor: str = ""


async def take(connection: Connection, most: int) -> list[Replaced]:
    """The first of those whose measure is defined, in the order in which they came; they are told from here."""
    rows = await connection.fetch(_SELECT, most)
    if rows:
        await connection.execute("delete from restatement where id = any($1::bigint[])", [row["id"] for row in rows])
    return [_replaced(row) for row in rows]


async def list_waiting(connection: Connection) -> list[str]:
    """The defined measures of which there is still something to tell."""
    return [row["measure"] for row in await connection.fetch(_WAITING)]


async def add_restatements(connection: Connection, revisions: Iterable[tuple[str, str, str, int]], actor: str) -> None:
    """Of these (measure, period, breakdown, revision) the ones that replace a known value and are the newest."""
    columns = (list(column) for column in zip(*revisions, strict=True))
    await connection.execute(_ADD, *columns, actor)


def _replaced(row: asyncpg.Record) -> Replaced:
    return Replaced(
        measure=row["measure"],
        period=row["period"],
        breakdown=breakdown_of(row["breakdown"]),
        revision=row["revision"],
        old=_value(row, "old_"),
        new=_value(row, ""),
        note=row["note"],
        batch=row["batch"],
        source=row["source"],
        recorded_at=row["known_from"],
        actor=row["actor"],
    )


def _value(row: asyncpg.Record, prefix: str) -> PreviousValue:
    return PreviousValue(**{name: plain(row[prefix + name]) for name in PreviousValue.__struct_fields__})


_ADD: Final = """
insert into restatement (measure, period, breakdown, revision, actor)
select g.*, $5 from unnest($1::text[], $2::text[], $3::text[], $4::int[]) g (measure, period, breakdown, revision)
join observation n using (measure, period, breakdown, revision)
where n.known_to is null and exists (
    select from observation o where o.measure = g.measure and o.period = g.period and o.breakdown = g.breakdown
    and o.revision < g.revision)
order by g.measure, g.period, g.breakdown, g.revision
"""
_SELECT: Final = """
select r.id, r.actor, n.*, o.value as old_value, o.numerator as old_numerator, o.denominator as old_denominator,
    o.flag as old_flag
from restatement r
join definition d on d.kind = 'measure' and d.code = r.measure and d.known_to is null
join observation n using (measure, period, breakdown, revision)
cross join lateral (
    select * from observation o
    where o.measure = r.measure and o.period = r.period and o.breakdown = r.breakdown and o.revision < r.revision
    order by o.revision desc limit 1) o
order by r.id limit $1
"""
_WAITING: Final = """
select distinct r.measure from restatement r
join definition d on d.kind = 'measure' and d.code = r.measure and d.known_to is null order by 1
"""
