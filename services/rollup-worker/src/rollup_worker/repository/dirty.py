"""The append-only dirty log, the lock of the one recompute, and the recorded days."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import msgspec

from rollup_worker.core.facts import Node
from tideline.database import Connection
from tideline.vocabulary import Kind

DRAIN_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of the log: a node that must be judged again, and the fact that says so."""

    id: int
    node: Node
    cause: dict[str, Any]


async def lock(connection: Connection) -> None:
    """Of several workers one judges at a time; held until the transaction ends.

    A table is locked, as the first statement of a snapshot: an advisory lock would be waited for with the snapshot
    already taken, and the pass before would not be seen.
    """
    await connection.execute("lock table tick in share row exclusive mode")


async def mark_dirty(connection: Connection, kind: Kind, codes: Iterable[str], cause: dict[str, Any]) -> None:
    await connection.execute(
        "insert into dirty (kind, code, cause) select $1, code, $3::jsonb from unnest($2::text[]) code",
        kind.value,
        sorted(codes),
        msgspec.json.encode(cause).decode(),
    )


async def mark_all_dirty(connection: Connection, cause: dict[str, Any]) -> None:
    """A rebuild is nothing but this: every defined node, judged by the one way there is."""
    await connection.execute(
        "insert into dirty (kind, code, cause) select kind, code, $1::jsonb from definition where known_to is null "
        "union select 'city', 'city', $1::jsonb order by 1, 2",
        msgspec.json.encode(cause).decode(),
    )


async def mark_parents_dirty(connection: Connection, cause: dict[str, Any]) -> None:
    """Everything above the measures but the city itself."""
    await connection.execute(
        "insert into dirty (kind, code, cause) select kind, code, $1::jsonb from definition "
        "where known_to is null and kind in ('goal', 'area', 'department') order by 1, 2",
        msgspec.json.encode(cause).decode(),
    )


async def mark_measures_dirty(connection: Connection, cause: dict[str, Any]) -> None:
    await connection.execute(
        "insert into dirty (kind, code, cause) select kind, code, $1::jsonb from definition "
        "where known_to is null and kind = 'measure' order by 2",
        msgspec.json.encode(cause).decode(),
    )


async def mark_stale(connection: Connection, day: date, cause: dict[str, Any]) -> int:
    """Marks the measures that become stale, and the nodes whose published status expires, by that day; how many."""
    done = await connection.execute(
        "insert into dirty (kind, code, cause) select kind, code, $2::jsonb from assessment "
        "where known_to is null and stale_on <= $1 "
        "union all select p.kind, p.code, $2::jsonb from published_status p join assessment a using (kind, code) "
        "where p.known_to is null and p.expires_on <= $1 and a.known_to is null and a.document->>'published' <> '' "
        "order by 1, 2",
        day,
        msgspec.json.encode(cause).decode(),
    )
    return int(done.rsplit(" ", 1)[1])


async def list_dirty(connection: Connection, most: int = DRAIN_MAX) -> list[Mark]:
    rows = await connection.fetch("select id, kind, code, cause from dirty order by id limit $1", most)
    return [Mark(row["id"], Node(Kind(row["kind"]), row["code"]), msgspec.json.decode(row["cause"])) for row in rows]


async def remove_dirty(connection: Connection, marks: Sequence[Mark]) -> None:
    await connection.execute("delete from dirty where id = any($1::bigint[])", [mark.id for mark in marks])


async def find_today(connection: Connection, known_at: datetime | None = None) -> date:
    """The day of the last tick (recorded until then): what `today` means to a judgement. The first day before any."""
    day: date | None = await connection.fetchval(
        "select max(day) from tick where $1::timestamptz is null or recorded_at <= $1", known_at
    )
    return day or date.min


async def add_tick(connection: Connection, day: date, at: datetime) -> bool:
    """False when that day, or a later one, has been recorded already."""
    done = await connection.execute(
        "insert into tick (day, recorded_at) select $1, $2 where not exists (select from tick where day >= $1) "
        "on conflict do nothing",
        day,
        at,
    )
    return bool(done == "INSERT 0 1")
