"""A replay's own place beside the live tables, every stored version in order, and the outbox taken from its stream."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from rollup_worker.tables import metadata
from tideline.database import Connection

SCHEMA: Final = "replay"
FIELDS: Final = (
    "document", "public_document", "line", "changed", "why", "published", "stale_on", "known_from", "known_to",
)  # fmt: skip


FACTS: Final = {
    "definition": "kind code version body known_from",
    "target": "measure period breakdown version value lower upper sample reason known_from",
    "observation": "measure period breakdown revision value numerator denominator flag note batch source known_from",
    "published_status": "kind code version status reason actor expires_on known_from",
    "method_in_force": "id version actor known_from",
}


class Spoken(NamedTuple):
    """An event of this service as its stream holds it."""

    sequence: int
    uid: UUID
    entity: str
    version: int
    type: str
    subject: str
    body: bytes
    at: datetime


@asynccontextmanager
async def scratch(url: str) -> AsyncIterator[str]:
    """Empty tables of this service in a schema of their own, gone afterwards; the URL that leads to them."""
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        connect_args={"server_settings": {"search_path": SCHEMA}},
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"drop schema if exists {SCHEMA} cascade"))
            await connection.execute(text(f"create schema {SCHEMA}"))
            await connection.run_sync(metadata.create_all)
        yield f"{url}{'&' if '?' in url else '?'}search_path={SCHEMA}"
        async with engine.begin() as connection:
            await connection.execute(text(f"drop schema if exists {SCHEMA} cascade"))
    finally:
        await engine.dispose()


async def is_empty(connection: Connection) -> bool:
    """Whether nothing has entered here yet, and nothing has been told."""
    return not await connection.fetchval(
        "select exists (table definition) or exists (table observation) or exists (table assessment) "
        "or exists (table event) or exists (table inbox)"
    )


async def is_journalled(connection: Connection, journal: str, told: str) -> bool:
    """Whether no status was told before the journal's first entry; both are types of events."""
    query = "select (select min(id) from event where type = $1), (select min(id) from event where type = $2)"
    row = await connection.fetchrow(query, journal, told)
    assert row is not None
    return row[1] is None or (row[0] is not None and row[0] < row[1])


async def count(connection: Connection) -> tuple[int, int]:
    """How many nodes have a status, in how many versions."""
    row = await connection.fetchrow("select count(distinct (kind, code)), count(*) from assessment")
    assert row is not None
    return row[0], row[1]


async def list_versions(connection: Connection) -> AsyncIterator[asyncpg.Record]:
    """Every version of every node as texts, in an order of its own; inside a transaction."""
    async for row in connection.cursor(_VERSIONS, prefetch=500):
        yield row


async def list_strange_facts(connection: Connection) -> AsyncIterator[tuple[str, str]]:
    """Facts of the replay that the live tables do not hold as they are: table and row; inside a transaction.

    When a row was closed, and on which day its period begins, may have moved on meanwhile.
    """
    for table, columns in FACTS.items():
        asked = ", ".join(f"{column}::text" for column in columns.split())
        query = f"select {asked} from {SCHEMA}.{table} except select {asked} from public.{table} order by 1, 2"  # noqa: S608
        async for row in connection.cursor(query, prefetch=500):
            yield table, " ".join(each for each in row if each)


async def list_told(connection: Connection, types: Sequence[str]) -> AsyncIterator[asyncpg.Record]:
    """The events of the outbox of some types, in order; inside a transaction."""
    async for row in connection.cursor(
        "select id, subject, body from event where type = any($1::text[]) order by id", list(types), prefetch=500
    ):
        yield row


async def forget_told(connection: Connection, last: int) -> None:
    """Begins the outbox anew: what the stream holds comes from there, what it never got stays."""
    await connection.execute("truncate pending")
    await connection.execute("delete from event where id <= $1", last)


async def is_told(connection: Connection, type_name: str, version: int) -> bool:
    """Whether the stream has got the events of a type up to a version."""
    return bool(await connection.fetchval(_IS_TOLD, type_name, version))


async def add_spoken(connection: Connection, held: Sequence[Spoken]) -> None:
    columns: Any = [list(column) for column in zip(*held, strict=True)]
    await connection.execute(_ADD_SPOKEN, *columns)


async def put_rest_behind(connection: Connection, last_sequence: int) -> None:
    """What the stream never got is told after what it holds."""
    await connection.execute(_PUT_BEHIND)
    await connection.execute(
        "insert into relay (name, last_seq) values ('main', $1) on conflict (name) do update set last_seq = $1",
        last_sequence,
    )


_VERSIONS: Final = """
select kind, code, version, document::text, public_document::text, line::text, changed::text, why::text,
    published::text, stale_on::text, known_from::text, known_to::text
from assessment order by kind collate "C", code collate "C", version
"""
_ADD_SPOKEN: Final = """
with held as (select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::text[],
    $7::bytea[], $8::timestamptz[]) h (seq, uid, entity, version, type, subject, body, at)),
added as (
    insert into event (uid, entity, version, type, subject, body, at)
    select uid, entity, version, type, subject, body, at from held order by seq returning id, uid)
insert into published (seq, id) select h.seq, a.id from held h join added a using (uid)
"""
_PUT_BEHIND: Final = """
with rest as (delete from event e where not exists (select from published p where p.id = e.id) returning *),
added as (
    insert into event (uid, entity, version, type, subject, body, at)
    select gen_random_uuid(), entity, version, type, subject, body, at from rest order by id returning id)
insert into pending (id) select id from added
"""
_IS_TOLD: Final = """
select not exists (select from pending join event using (id) where type = $1 and version <= $2)
"""
