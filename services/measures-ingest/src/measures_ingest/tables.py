"""The tables of the push: definitions as heard, series, observations with every revision, batches, sources.

`observation` holds what is known now, one row a key; a row that is replaced goes to `observation_history` with the
instant it ceased to hold, so that `known_at` reads the union of both. No foreign keys on the hot tables: each would
cost a lookup per row, and only this service writes them.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from tideline import inbox, outbox

Json: TypeAlias = dict[str, Any]


class Base(SQLModel, registry=registry()):
    """The registry of this service alone."""


metadata = Base.metadata


def _column(kind: Any, *, key: bool = False, null: bool = False, default: str | None = None) -> Any:
    server_default = None if default is None else sa.text(default)
    return Field(sa_column=sa.Column(kind, primary_key=key, nullable=null, server_default=server_default))


def _identity(kind: Any) -> Any:
    return Field(sa_column=sa.Column(kind, sa.Identity(always=True), primary_key=True))


def _text(*, key: bool = False, null: bool = False) -> Any:
    return _column(sa.Text, key=key, null=null)


def _instant(*, null: bool = False) -> Any:
    return _column(sa.DateTime(timezone=True), null=null)


def _numeric() -> Any:
    return _column(sa.Numeric, null=True)


def _count() -> Any:
    return _column(sa.BigInteger, default="0")


class Measure(Base, table=True):
    """The newest definition heard of a measure. `changed` grows with every change, in order of commit."""

    __tablename__ = "measure"

    code: str = _text(key=True)
    version: int = _column(sa.Integer)
    department: str | None = _text(null=True)
    frequency: str = _text()
    fiscal_year_start_month: int = _column(sa.SmallInteger)
    biennium_starts_odd: bool = _column(sa.Boolean)
    breakdowns: list[str] = _column(ARRAY(sa.Text))
    ratio: bool = _column(sa.Boolean)
    multiplier: Decimal = _column(sa.Numeric)
    minimum: Decimal | None = _numeric()
    maximum: Decimal | None = _numeric()
    retired: bool = _column(sa.Boolean)
    published: bool = _column(sa.Boolean)
    derived: bool = _column(sa.Boolean)
    peers: list[str] = _column(ARRAY(sa.Text))
    changed: int = Field(sa_column=sa.Column(sa.BigInteger, nullable=False, unique=True))


class Series(Base, table=True):
    """A measure × breakdown × scheme; the breakdown as canonical text, the scheme as how period ids are read."""

    __tablename__ = "series"
    __table_args__ = (sa.UniqueConstraint("measure", "breakdown", "scheme"),)

    id: int = _identity(sa.Integer)
    measure: str = _text()
    breakdown: str = _text()
    scheme: str = _text()


class Observation(Base, table=True):
    """What is known now of one series and period; value null with the flag `withdrawn`: taken back."""

    __tablename__ = "observation"

    series_id: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    period_start: date = _column(sa.Date, key=True)
    value: Decimal | None = _numeric()
    numerator: Decimal | None = _numeric()
    denominator: Decimal | None = _numeric()
    flag: str | None = _text(null=True)
    note: str | None = _text(null=True)
    revision: int = _column(sa.Integer)
    batch: uuid.UUID = _column(sa.Uuid)
    recorded_at: datetime = _instant()


class ObservationHistory(Base, table=True):
    """A revision that was replaced; it held from `recorded_at` up to `superseded_at`. Only ever added to."""

    __tablename__ = "observation_history"

    series_id: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    period_start: date = _column(sa.Date, key=True)
    value: Decimal | None = _numeric()
    numerator: Decimal | None = _numeric()
    denominator: Decimal | None = _numeric()
    flag: str | None = _text(null=True)
    note: str | None = _text(null=True)
    revision: int = _column(sa.Integer, key=True)
    batch: uuid.UUID = _column(sa.Uuid)
    recorded_at: datetime = _instant()
    superseded_at: datetime = _instant()


class Batch(Base, table=True):
    """What one push did. `answer` is kept for a push with an idempotency key: it is given again word for word.

    `scope` is what the sender might write, kept where rows wait in quarantine: they are judged by it later.
    """

    __tablename__ = "batch"
    __table_args__ = (sa.Index("batch_source_received_at", "source", "received_at"),)

    id: uuid.UUID = _column(sa.Uuid, key=True)
    source: str = _text()
    sender: str = _text()
    scope: Json | None = _column(JSONB, null=True)
    format: str = _text()
    atomic: bool = _column(sa.Boolean)
    received_at: datetime = _instant()
    status: int = _column(sa.SmallInteger)
    accepted: int = _count()
    revised: int = _count()
    unchanged: int = _count()
    quarantined: int = _count()
    rejected: int = _count()
    answer: bytes | None = _column(sa.LargeBinary, null=True)


class BatchError(Base, table=True):
    __tablename__ = "batch_error"

    batch: uuid.UUID = _column(sa.Uuid, key=True)
    index: int = _column(sa.BigInteger, key=True)
    code: str = _text()
    field: str | None = _text(null=True)
    detail: str = _text()


class PushKey(Base, table=True):
    """An idempotency key that a sender used, the digest of the body it stood for and the batch that came of it."""

    __tablename__ = "push_key"

    sender: str = _text(key=True)
    key: str = _text(key=True)
    digest: bytes = _column(sa.LargeBinary)
    batch: uuid.UUID = _column(sa.Uuid)


class Quarantined(Base, table=True):
    """A row that waits for the definition of its measure, as it was sent."""

    __tablename__ = "quarantine"
    __table_args__ = (sa.Index("quarantine_measure", "measure", "id"),)

    id: int = _identity(sa.BigInteger)
    measure: str = _text()
    batch: uuid.UUID = _column(sa.Uuid)
    index: int = _column(sa.BigInteger)
    row: bytes = _column(sa.LargeBinary)


class Source(Base, table=True):
    """A feed and what it may write: `{"measures": [codes or "*"], "departments": [codes]}`."""

    __tablename__ = "source"

    code: str = _text(key=True)
    title: str = _text()
    contact: str | None = _text(null=True)
    scope: Json = _column(JSONB)
    version: int = _column(sa.Integer)
    created_at: datetime = _instant()
    created_by: str = _text()


class SourceKey(Base, table=True):
    """A key of a source. The secret is never stored, only its SHA-256."""

    __tablename__ = "source_key"
    __table_args__ = (sa.Index("source_key_source", "source"),)

    id: str = _text(key=True)
    source: str = _text()
    digest: bytes = _column(sa.LargeBinary)
    created_at: datetime = _instant()
    created_by: str = _text()
    revoked_at: datetime | None = _instant(null=True)


outbox.tables(metadata)
inbox.tables(metadata)
