"""What holds for every judgement, as known now or at a time: above all which version of each method is in force."""

from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

from tideline.database import Connection


class Standing(NamedTuple):
    """The day of the last tick (the first day before any), the adopted versions by method, and the city's threshold
    for small numbers (None: it has said nothing)."""

    today: date
    in_force: dict[str, int]
    suppress_under: int | None


async def find_standing(connection: Connection, known_at: datetime | None = None) -> Standing:
    """What stands now, or what was recorded until a time."""
    row = await connection.fetchrow(_STANDING, known_at)
    assert row is not None
    return Standing(row["day"] or date.min, msgspec.json.decode(row["methods"]), row["suppress_under"])


async def find_in_force(connection: Connection) -> dict[str, int]:
    return (await find_standing(connection)).in_force


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


_STANDING: Final = """
select
    (select max(day) from tick where $1::timestamptz is null or recorded_at <= $1) as day,
    (select coalesce(json_object_agg(id, version), '{}') from method_in_force
     where case when $1::timestamptz is null then known_to is null
                else known_from <= $1 and (known_to is null or known_to > $1) end) as methods,
    (select (body->>'suppress_under')::int from definition
     where kind = 'city' and case when $1::timestamptz is null then known_to is null
                else known_from <= $1 and (known_to is null or known_to > $1) end) as suppress_under
"""
_ADOPT: Final = """
insert into method_in_force (id, version, actor, known_from) values ($1, $2, $3, $4)
on conflict (id, known_from) do update set version = $2, actor = $3, known_to = null
"""
