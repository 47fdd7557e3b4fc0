"""What pushes did, which rows they could not place, and the idempotency keys they came with."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg

from measures_ingest.core.batch import Batch, Claim, Counts, Replay, Sender
from measures_ingest.core.definitions import Scope
from measures_ingest.core.rejects import Code, Reject
from tideline.database import Connection


async def claim(connection: Connection, claims: Sequence[Claim]) -> set[uuid.UUID]:
    """Takes the keys nobody has used; gives back the batches that got theirs.

    Waits for a transaction that is about to use the same key.
    """
    rows = await connection.fetch(
        "insert into push_key (sender, key, digest, batch) "
        "select * from unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[]) k order by 1, 2 "
        "on conflict do nothing returning batch",
        [c.sender for c in claims],
        [c.key for c in claims],
        [c.digest for c in claims],
        [c.batch for c in claims],
    )
    return {row["batch"] for row in rows}


async def find_replay(connection: Connection, sender: str, key: str) -> Replay | None:
    row = await connection.fetchrow(
        "select k.digest, b.status, b.answer from push_key k join batch b on b.id = k.batch "
        "where k.sender = $1 and k.key = $2",
        sender,
        key,
    )
    return Replay(row["digest"], row["status"], row["answer"]) if row else None


async def find_counts(connection: Connection, batch: uuid.UUID) -> Counts | None:
    """What became of a batch; None when it was never stored."""
    row = await connection.fetchrow(
        "select accepted, revised, unchanged, quarantined, rejected from batch where id = $1", batch
    )
    return Counts(*row) if row else None


async def add(connection: Connection, batches: Sequence[Batch]) -> None:
    records = [
        (b.id, b.source, b.sender, _scope(b.scope), b.format, b.atomic, b.received_at, b.status, *b.counts, b.answer)
        for b in batches
    ]
    await connection.execute(_ADD, *(list(column) for column in zip(*records, strict=True)))


async def add_errors(connection: Connection, batch: uuid.UUID, rejects: Sequence[Reject]) -> None:
    await connection.copy_records_to_table(
        "batch_error",
        records=[(batch, r.index, r.code.value, r.field, r.detail) for r in rejects],
        columns=["batch", "index", "code", "field", "detail"],
    )


async def find(connection: Connection, batch: uuid.UUID) -> asyncpg.Record | None:
    return await connection.fetchrow("select * from batch where id = $1", batch)


async def list_batches(
    connection: Connection, source: str | None, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[asyncpg.Record]:
    """The newest first, of one source or of all."""
    at, number = before or (None, None)
    return await connection.fetch(
        "select * from batch where ($1::text is null or source = $1) "
        "and ($2::timestamptz is null or (received_at, id) < ($2, $3::uuid)) "
        "order by received_at desc, id desc limit $4",
        source,
        at,
        number,
        limit,
    )


async def list_errors(connection: Connection, batch: uuid.UUID, after: int, limit: int) -> list[Reject]:
    rows = await connection.fetch(
        "select index, code, field, detail from batch_error where batch = $1 and index > $2 order by index limit $3",
        batch,
        after,
        limit,
    )
    return [Reject(row["index"], Code(row["code"]), row["field"], row["detail"]) for row in rows]


async def sender_of(connection: Connection, batch: uuid.UUID) -> Sender:
    """Who sent a batch, and what they might write then."""
    row = await connection.fetchrow("select source, sender, scope from batch where id = $1", batch)
    assert row is not None, "a quarantined row is stored with its batch"
    return Sender(row["source"], row["sender"], Scope.told(json.loads(row["scope"])))


async def settle(connection: Connection, batch: uuid.UUID, taken: Counts) -> None:
    """Moves rows of a batch out of quarantine into what became of them."""
    await connection.execute(
        "update batch set accepted = accepted + $2, revised = revised + $3, unchanged = unchanged + $4, "
        "quarantined = quarantined - ($2 + $3 + $4 + $5), rejected = rejected + $5 where id = $1",
        batch,
        taken.accepted,
        taken.revised,
        taken.unchanged,
        taken.rejected,
    )


def _scope(scope: Scope | None) -> str | None:
    return json.dumps(scope.document()) if scope else None


_ADD: Final = """
insert into batch (id, source, sender, scope, format, atomic, received_at, status, accepted, revised, unchanged,
    quarantined, rejected, answer)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::boolean[], $7::timestamptz[],
    $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bytea[])
"""
