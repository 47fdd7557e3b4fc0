"""The local copy of measure definitions."""

from collections.abc import Collection
from typing import Final

import asyncpg

from measures_ingest.core.definitions import Definition
from tideline.database import Connection
from tideline.events import Calendar, MeasureDefined
from tideline.vocabulary import Aggregation, Frequency

_LOCK: Final = 7_411_101


async def lock_changes(connection: Connection) -> None:
    """Until the end of the transaction no other one changes a definition, and no row enters quarantine."""
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)


async def try_lock_changes(connection: Connection) -> bool:
    """As `lock_changes`, where nobody has to be waited for."""
    locked: bool = await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK)
    return locked


async def find(connection: Connection, codes: Collection[str]) -> list[Definition]:
    """The definitions of these measures as they stand."""
    rows = await connection.fetch("select * from measure where code = any($1::text[])", list(codes))
    return [_definition(row) for row in rows]


async def hold_changes(connection: Connection) -> None:
    """Until the end of the transaction no definition changes; others may hold on to the same."""
    await connection.execute("select pg_advisory_xact_lock_shared($1)", _LOCK)


async def replace(connection: Connection, told: MeasureDefined) -> Definition | None:
    """Keeps what an event told if it is newer than what is known, and gives back what is now known."""
    row = await connection.fetchrow(
        _REPLACE,
        told.code,
        told.version,
        told.department,
        told.frequency,
        told.calendar.fiscal_year_start_month,
        told.calendar.biennium_starts_odd,
        told.breakdowns,
        Aggregation.RATIO in (told.time_aggregation, told.breakdown_aggregation),
        told.multiplier,
        told.minimum,
        told.maximum,
        told.retired,
        told.published,
        told.formula is not None,
        [peer.code for peer in told.peers],
    )
    return _definition(row) if row else None


async def changed_since(connection: Connection, mark: int) -> tuple[list[Definition], int]:
    """Definitions that changed after a mark, and the new mark. Marks grow in the order of commits."""
    rows = await connection.fetch("select * from measure where changed > $1 order by changed", mark)
    return [_definition(row) for row in rows], rows[-1]["changed"] if rows else mark


def _definition(row: asyncpg.Record) -> Definition:
    return Definition(
        code=row["code"],
        version=row["version"],
        department=row["department"],
        frequency=Frequency(row["frequency"]),
        calendar=Calendar(
            fiscal_year_start_month=row["fiscal_year_start_month"], biennium_starts_odd=row["biennium_starts_odd"]
        ),
        breakdowns=frozenset(row["breakdowns"]),
        ratio=row["ratio"],
        multiplier=row["multiplier"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        retired=row["retired"],
        published=row["published"],
        derived=row["derived"],
        peers=frozenset(row["peers"]),
    )


_REPLACE: Final = """
insert into measure as m (code, version, department, frequency, fiscal_year_start_month, biennium_starts_odd,
    breakdowns, ratio, multiplier, minimum, maximum, retired, published, derived, peers, changed)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    (select coalesce(max(changed), 0) + 1 from measure))
on conflict (code) do update set
    version = excluded.version, department = excluded.department, frequency = excluded.frequency,
    fiscal_year_start_month = excluded.fiscal_year_start_month, biennium_starts_odd = excluded.biennium_starts_odd,
    breakdowns = excluded.breakdowns, ratio = excluded.ratio, multiplier = excluded.multiplier,
    minimum = excluded.minimum, maximum = excluded.maximum, retired = excluded.retired,
    published = excluded.published, derived = excluded.derived, peers = excluded.peers, changed = excluded.changed
where m.version < excluded.version
returning *
"""
