"""The tables of the roll-up: facts with the time they were known, the dirty log, ticks and judged statuses.

A row whose `known_to` is null is what is known now. Rows are closed, never overwritten: `known_at` reads what was
open then. Facts carry the time their source recorded them; edges and assessments the time this service derived them.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from tideline import inbox, outbox

_CURRENT: Final = sa.text("known_to is null")
_REPORTED: Final = (
    "period_start is not null and flag is distinct from 'withdrawn' "
    "and (value is not null or (numerator is not null and denominator is not null))"
)

Json: TypeAlias = dict[str, Any]


class Base(SQLModel, registry=registry()):
    """The registry of this service alone."""


def _column(kind: Any, *, key: bool = False, null: bool = False) -> Any:
    return Field(sa_column=sa.Column(kind, primary_key=key, nullable=null))


def _text(*, key: bool = False, null: bool = False) -> Any:
    return _column(sa.Text, key=key, null=null)


def _instant(*, key: bool = False, null: bool = False) -> Any:
    return _column(sa.DateTime(timezone=True), key=key, null=null)


def _numeric() -> Any:
    return _column(sa.Numeric, null=True)


def _identity() -> Any:
    return Field(sa_column=sa.Column(sa.BigInteger, sa.Identity(always=True), primary_key=True))


class Definition(Base, table=True):
    """One version of a measure, goal, department or area, as its event told it; `body` is the event's body."""

    __tablename__ = "definition"
    __table_args__ = (sa.Index("definition_current", "kind", "code", unique=True, postgresql_where=_CURRENT),)

    kind: str = _text(key=True)
    code: str = _text(key=True)
    version: int = _column(sa.Integer, key=True)
    body: Json = _column(JSONB)
    known_from: datetime = _instant()
    known_to: datetime | None = _instant(null=True)


class Target(Base, table=True):
    """One version of a target; value and bounds null: taken back. `breakdown` is the canonical key of the cell."""

    __tablename__ = "target"

    measure: str = _text(key=True)
    period: str = _text(key=True)
    breakdown: str = _text(key=True)
    version: int = _column(sa.Integer, key=True)
    value: Decimal | None = _numeric()
    lower: Decimal | None = _numeric()
    upper: Decimal | None = _numeric()
    sample: bool = _column(sa.Boolean)
    reason: str = _text()
    known_from: datetime = _instant()
    known_to: datetime | None = _instant(null=True)


class Observation(Base, table=True):
    """One revision of a value. `period_start` is null while the id is no period of the measure's own calendar.

    `breakdown` is the canonical key of the cell, the empty text for the whole. `reported`: a value that counts.
    """

    __tablename__ = "observation"
    __table_args__ = (
        sa.Index(
            "observation_latest", "measure", "period_start", postgresql_where=sa.text("known_to is null and reported")
        ),
    )

    measure: str = _text(key=True)
    period: str = _text(key=True)
    breakdown: str = _text(key=True)
    revision: int = _column(sa.Integer, key=True)
    period_start: date | None = _column(sa.Date, null=True)
    value: Decimal | None = _numeric()
    numerator: Decimal | None = _numeric()
    denominator: Decimal | None = _numeric()
    flag: str | None = _text(null=True)
    note: str | None = _text(null=True)
    batch: str = _column(sa.Uuid)
    source: str = _text()
    reported: bool = Field(sa_column=sa.Column(sa.Boolean, sa.Computed(_REPORTED, persisted=True), nullable=False))
    known_from: datetime = _instant()
    known_to: datetime | None = _instant(null=True)


class Edge(Base, table=True):
    """A child that counts for a parent, derived from the definitions; weight 0 informs only."""

    __tablename__ = "edge"
    __table_args__ = (
        sa.Index(
            "edge_current",
            "parent_kind",
            "parent_code",
            "child_kind",
            "child_code",
            unique=True,
            postgresql_where=_CURRENT,
        ),
        sa.Index("edge_of_child", "child_kind", "child_code", postgresql_where=_CURRENT),
    )

    id: int = _identity()
    parent_kind: str = _text()
    parent_code: str = _text()
    child_kind: str = _text()
    child_code: str = _text()
    weight: Decimal = _column(sa.Numeric)
    role: str = _text()
    known_from: datetime = _instant()
    known_to: datetime | None = _instant(null=True)


class Dependency(Base, table=True):
    """A measure whose values are also read when another is judged: its formula's inputs, and what weighs it."""

    __tablename__ = "dependency"
    __table_args__ = (sa.Index("dependency_of_input", "input"),)

    measure: str = _text(key=True)
    input: str = _text(key=True)


class MethodInForce(Base, table=True):
    """Which version of a method judges measures that name none; a method without a row: its first."""

    __tablename__ = "method_in_force"

    id: str = _text(key=True)
    version: int = _column(sa.Integer)
    actor: str = _text()
    known_from: datetime = _instant(key=True)
    known_to: datetime | None = _instant(null=True)


class Offer(Base, table=True):
    """What readers were told of the methods there are, and of those in force, in short."""

    __tablename__ = "offer"

    told_at: datetime = _instant(key=True)
    digest: str = _text()


class PublishedStatus(Base, table=True):
    """A status that a person put beside the computed one, version by version; `status` null: taken back.

    It counts until the day before `expires_on`.
    """

    __tablename__ = "published_status"
    __table_args__ = (
        sa.Index("published_status_current", "kind", "code", unique=True, postgresql_where=_CURRENT),
        sa.Index("published_status_expires_on", "expires_on", postgresql_where=_CURRENT),
    )

    kind: str = _text(key=True)
    code: str = _text(key=True)
    version: int = _column(sa.Integer, key=True)
    status: str | None = _text(null=True)
    reason: str = _text()
    actor: str = _text()
    expires_on: date | None = _column(sa.Date, null=True)
    known_from: datetime = _instant()
    known_to: datetime | None = _instant(null=True)


class Entry(Base, table=True):
    """What has entered since the last pass, in the order in which it did: the next lines of the journal.

    `what` is a stream with the `first` and `last` sequence applied, `tick` or `rebuild` with their time.
    """

    __tablename__ = "entry"

    id: int = _identity()
    what: str = _text()
    first: int | None = _column(sa.BigInteger, null=True)
    last: int | None = _column(sa.BigInteger, null=True)
    at: datetime | None = _instant(null=True)


class Restatement(Base, table=True):
    """A revision of a value that was known already, not told yet; `actor` is who pushed it."""

    __tablename__ = "restatement"

    id: int = _identity()
    measure: str = _text()
    period: str = _text()
    breakdown: str = _text()
    revision: int = _column(sa.Integer)
    actor: str = _text()


class Position(Base, table=True):
    """How far each stream has been read, and under `RECOMPUTE` the number of the last pass."""

    __tablename__ = "position"

    stream: str = _text(key=True)
    sequence: int = _column(sa.BigInteger)


class Dirty(Base, table=True):
    """The append-only log of what must be judged again, and why; a row is deleted with the commit of its judgement."""

    __tablename__ = "dirty"

    id: int = _identity()
    kind: str = _text()
    code: str = _text()
    cause: Json = _column(JSONB)


class Tick(Base, table=True):
    """The recorded begin of a day: the only thing from which staleness learns what day it is."""

    __tablename__ = "tick"

    day: date = _column(sa.Date, key=True)
    recorded_at: datetime = _instant()


class Assessment(Base, table=True):
    """One version of a node's judged status, ready to serve.

    `line` is what its parents may know of it. `public_document` is what a reader without a token gets where that
    differs (unpublished children left out). `changed` and `why` say what this version changed and which facts did
    it. `stale_on` is the first day on which a measure that is not stale yet will be, unless something newer arrives.
    """

    __tablename__ = "assessment"
    __table_args__ = (
        sa.Index("assessment_current", "kind", "code", unique=True, postgresql_where=_CURRENT),
        sa.Index("assessment_stale_on", "stale_on", postgresql_where=_CURRENT),
    )

    kind: str = _text(key=True)
    code: str = _text(key=True)
    version: int = _column(sa.Integer, key=True)
    line: Json = _column(sa.JSON)
    document: Json = _column(sa.JSON)
    public_document: Json | None = _column(sa.JSON, null=True)
    changed: list[str] = _column(sa.ARRAY(sa.Text))
    why: Json = _column(sa.JSON)
    published: bool = _column(sa.Boolean)
    stale_on: date | None = _column(sa.Date, null=True)
    known_from: datetime = _instant()
    known_to: datetime | None = _instant(null=True)


metadata: Final = Base.metadata
inbox.tables(metadata)
outbox.tables(metadata)
