"""Which version of each method is in force, as known now or at a time, and what readers were last told of it."""

from datetime import date, datetime
from typing import Final

import msgspec

from tideline.database import Connection


async def find_day_and_methods(connection: Connection, known_at: datetime | None = None) -> tuple[date, dict[str, int]]:
    """The day of the last tick (the first day before any) and the adopted versions by method, recorded until then."""
    row = await connection.fetchrow(_DAY_AND_METHODS, known_at)
    assert row is not None
    return row["day"] or date.min, msgspec.json.decode(row["methods"])


async def find_in_force(connection: Connection) -> dict[str, int]:
    return (await find_day_and_methods(connection))[1]


async def adopt(connection: Connection, method: str, version: int, actor: str, at: datetime) -> None:
    """Closes the version that was in force, if one was adopted before, and puts another in its place."""
    await connection.execute(
        "update method_in_force set known_to = greatest($2, known_from) where id = $1 and known_to is null", method, at
    )
    await connection.execute(_ADOPT, method, version, actor, at)


async def find_offer(connection: Connection) -> str | None:
    """The digest of the methods that readers were last told of."""
    found: str | None = await connection.fetchval("select digest from offer order by told_at desc limit 1")
    return found


async def add_offer(connection: Connection, digest: str, at: datetime) -> None:
    await connection.execute(
        "insert into offer (told_at, digest) values ($1, $2) on conflict (told_at) do update set digest = $2",
        at,
        digest,
    )


_DAY_AND_METHODS: Final = """
select
    (select max(day) from tick where $1::timestamptz is null or recorded_at <= $1) as day,
    (select coalesce(json_object_agg(id, version), '{}') from method_in_force
     where case when $1::timestamptz is null then known_to is null
                else known_from <= $1 and (known_to is null or known_to > $1) end) as methods
"""
_ADOPT: Final = """
insert into method_in_force (id, version, actor, known_from) values ($1, $2, $3, $4)
on conflict (id, known_from) do update set version = $2, actor = $3, known_to = null
"""
