"""Events leave with the facts they tell of: written in the same transaction, published by the relay afterwards."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tideline import events
from tideline.database import Connection


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way out; (kind, code) is the entity whose order is kept, `version` its version."""

    event: events.Event
    kind: str
    code: str
    version: int = 0
    public: bool = True


_RECORD = """
with recorded as (
    insert into event (uid, entity, version, type, subject, body, at)
    select * from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::text[], $6::bytea[], $7::timestamptz[])
    returning id)
insert into pending (id) select id from recorded
"""


async def record(connection: Connection, at: datetime, outgoing: Sequence[Outgoing]) -> None:
    """Appends the events in the given order, inside the caller's transaction."""
    if outgoing:
        await connection.execute(_RECORD, *_columns(outgoing, at))


def _columns(outgoing: Iterable[Outgoing], at: datetime) -> tuple[list[object], ...]:
    rows = [
        (
            uuid.uuid4(),
            f"{o.kind}.{o.code}",
            o.version,
            o.event.type_name(),
            events.subject(type(o.event), o.kind, o.code, public=o.public),
            events.encode(o.event),
            at,
        )
        for o in outgoing
    ]
    return tuple(list(column) for column in zip(*rows, strict=True))


def tables(metadata: sa.MetaData) -> None:
    """`event` is the log, `pending` what the relay still owes, `published` where each event stands in the
    stream, `refill` what a stream that lost messages gets back first, `relay` the last sequence known good."""
    sa.Table(
        "event",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("uid", sa.Uuid, nullable=False, unique=True),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    sa.Table("pending", metadata, sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False))
    sa.Table(
        "published",
        metadata,
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.BigInteger, nullable=False, unique=True),
    )
    sa.Table(
        "refill",
        metadata,
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.BigInteger, nullable=False, unique=True),
    )
    sa.Table(
        "relay",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
    )
