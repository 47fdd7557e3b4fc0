"""The journal of the recompute: what has entered since the last pass, in the order in which it did.

An order there is because whatever enters holds the lock of the facts until its commit: consumers, people who publish
a status, a day that begins, a rebuild. Its line here and its marks in the dirty log have the same order.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from rollup_worker.repository import facts
from tideline.consumer import Meta
from tideline.database import Connection
from tideline.events import Entered

OWN: Final = "STATUS"
TICK: Final = "tick"
REBUILD: Final = "rebuild"
PASSES: Final = "RECOMPUTE"

_lines: Final = msgspec.json.Decoder(list[Entered])
_positions: Final = msgspec.json.Decoder(dict[str, int])


class Taken(NamedTuple):
    """What a pass takes with it: its number, the lines since the pass before, how far each stream was read."""

    number: int
    entered: Sequence[Entered]
    positions: dict[str, int]


async def enter(connection: Connection, *entered: Entered) -> None:
    await facts.lock(connection)
    columns = ([getattr(line, name) for line in entered] for name in ("what", "first", "last", "at"))
    await connection.execute(_ENTER, *columns)


async def note(connection: Connection, applied: Sequence[Meta]) -> None:
    """For the consumers: the events that one transaction applied."""
    each = (Entered(what=meta.stream, first=meta.sequence, last=meta.sequence) for meta in applied)
    await enter(connection, *joined(each))


async def enter_own(connection: Connection) -> None:
    """For a fact that enters here, with its event in the outbox: the next of its stream."""
    await enter(connection, Entered(what=OWN))


async def enter_timed(connection: Connection, what: str, at: datetime) -> None:
    await enter(connection, Entered(what=what, at=at))


async def take(connection: Connection) -> Taken:
    """For one pass, under its lock and in its snapshot."""
    row = await connection.fetchrow(_TAKE)
    assert row is not None
    return Taken(row["number"], joined(_lines.decode(row["entered"])), _positions.decode(row["positions"]))


async def find_number(connection: Connection) -> int:
    """Of the last pass; 0 before the first."""
    found: int | None = await connection.fetchval("select sequence from position where stream = $1", PASSES)
    return found or 0


def joined(lines: Iterable[Entered]) -> list[Entered]:
    """Runs of one stream that continue each other become one."""
    found: list[Entered] = []
    for line in lines:
        last = found[-1] if found else None
        if last and last.what == line.what and last.last is not None and line.first == last.last + 1:
            found[-1] = msgspec.structs.replace(last, last=line.last)
        else:
            found.append(line)
    return found


_ENTER: Final = """
with line as (select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[])
    with ordinality l (what, first, last, at, place)),
entered as (insert into entry (what, first, last, at) select what, first, last, at from line order by place)
insert into position (stream, sequence) select what, max(last) from line where last is not null group by what
on conflict (stream) do update set sequence = greatest(position.sequence, excluded.sequence)
"""
_TAKE: Final = f"""
with taken as (delete from entry returning *),
pass as (
    insert into position (stream, sequence) values ('{PASSES}', 1)
    on conflict (stream) do update set sequence = position.sequence + 1 returning sequence)
select
    (select sequence from pass) as number,
    (select coalesce(json_agg(
        json_build_object('what', what, 'first', first, 'last', last, 'at', at) order by id), '[]')
     from taken) as entered,
    (select coalesce(json_object_agg(stream, sequence order by stream), '{{}}') from position
     where stream <> '{PASSES}') as positions
"""  # noqa: S608
