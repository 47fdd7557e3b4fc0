"""What has been applied already, and what could not be: both written in the transaction of the effect."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from tideline.database import Connection


async def first_time(connection: Connection, stream: str, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Claims the ids and gives back those nobody had claimed: the events whose effect is still to come."""
    rows = await connection.fetch(
        "insert into inbox (id, stream) select distinct i, $1 from unnest($2::uuid[]) i "
        "on conflict (id) do nothing returning id",
        stream,
        list(ids),
    )
    return {row["id"] for row in rows}


async def bury(
    connection: Connection, uid: uuid.UUID, stream: str, sequence: int, type_name: str, body: bytes, why: str
) -> None:
    """Puts an event that cannot be handled among the dead letters, once."""
    await connection.execute(
        "insert into dead_letter (id, stream, sequence, type, body, reason, at) values ($1, $2, $3, $4, $5, $6, now()) "
        "on conflict (id) do update set reason = excluded.reason, at = excluded.at, replayed_at = null",
        uid,
        stream,
        sequence,
        type_name,
        body,
        why,
    )


def tables(metadata: sa.MetaData) -> None:
    sa.Table(
        "inbox",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    sa.Table(
        "dead_letter",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
    )
