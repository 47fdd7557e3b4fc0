"""The tables of the plan. Contents keep the words of the API; numbers are numeric, structures are jsonb.

`target` is append-only: a new version closes the one before it with `known_to`. `change` is the history of every
entity with its whole content at each version, so that what was known at a moment can be read back.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from tideline import events, inbox, outbox

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_AT = sa.DateTime(timezone=True)
_NUMBER = sa.Numeric()
_CODES = ARRAY(sa.Text)


class ExactJson(TypeDecorator[Any]):
    """jsonb whose numbers keep every digit: written by our encoder, read as text into decimals."""

    impl = JSONB
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002 - the base class names it
        return lambda value: None if value is None else events.encode(value).decode()

    def column_expression(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.type_coerce(sa.cast(column, sa.Text), _JsonText())


class _JsonText(TypeDecorator[Any]):
    impl = sa.Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - the base class names it
        return None if value is None else _decoder.decode(value)


class Base(SQLModel, registry=registry()):
    """This service's own registry."""


class PlanRow(Base, table=True):
    __tablename__ = "plan"

    code: str = Field(primary_key=True, sa_type=sa.Text)
    title: str = Field(sa_type=sa.Text)
    adopted_on: date | None = None
    resolution: str | None = Field(default=None, sa_type=sa.Text)
    description: str = Field(sa_type=sa.Text)
    versions: list[dict[str, Any]] = Field(sa_type=ExactJson)
    version: int
    changed_at: datetime = Field(sa_type=_AT)


class EntityRow(Base):
    """What every kind of entity keeps."""

    code: str = Field(primary_key=True, sa_type=sa.Text)
    title: str = Field(sa_type=sa.Text)
    description: str = Field(sa_type=sa.Text)
    published: bool
    version: int
    plan: str | None = Field(default=None, sa_type=sa.Text, foreign_key="plan.code", index=True)
    retired: bool
    retirement_note: str = Field(sa_type=sa.Text)
    changed_at: datetime = Field(sa_type=_AT)


class CityRow(Base, table=True):
    """What holds for the whole city: one row, or none as long as nobody has said anything."""

    __tablename__ = "city"

    code: str = Field(primary_key=True, sa_type=sa.Text)
    title: str = Field(sa_type=sa.Text)
    calendar: dict[str, Any] = Field(sa_type=ExactJson)
    suppress_under: int
    policy: str = Field(sa_type=sa.Text)
    minimum_coverage: Decimal = Field(sa_type=_NUMBER)
    version: int
    changed_at: datetime = Field(sa_type=_AT)


class AreaRow(EntityRow, table=True):
    __tablename__ = "area"

    kind: str = Field(sa_type=sa.Text)
    plan_version: str | None = Field(default=None, sa_type=sa.Text)
    parents: list[str] = Field(sa_type=_CODES)
    related: list[str] = Field(sa_type=_CODES)
    policy: str = Field(sa_type=sa.Text)
    minimum_coverage: Decimal = Field(sa_type=_NUMBER)


class DepartmentRow(EntityRow, table=True):
    __tablename__ = "department"

    names: list[dict[str, Any]] = Field(sa_type=ExactJson)
    merged_into: str | None = Field(default=None, sa_type=sa.Text)
    policy: str = Field(sa_type=sa.Text)
    minimum_coverage: Decimal = Field(sa_type=_NUMBER)
    weight: Decimal = Field(sa_type=_NUMBER)


class GoalRow(EntityRow, table=True):
    __tablename__ = "goal"

    department: str | None = Field(default=None, sa_type=sa.Text, foreign_key="department.code", index=True)
    areas: list[str] = Field(sa_type=_CODES)
    horizon_years: int | None = None
    biennium: str | None = Field(default=None, sa_type=sa.Text)
    owners: list[str] = Field(sa_type=_CODES)
    kpi: str | None = Field(default=None, sa_type=sa.Text, foreign_key="measure.code")
    metrics: list[dict[str, Any]] = Field(sa_type=ExactJson)
    policy: str = Field(sa_type=sa.Text)
    minimum_coverage: Decimal = Field(sa_type=_NUMBER)
    weight: Decimal = Field(sa_type=_NUMBER)
    sample: bool


class MeasureRow(EntityRow, table=True):
    __tablename__ = "measure"

    department: str | None = Field(default=None, sa_type=sa.Text, foreign_key="department.code", index=True)
    areas: list[str] = Field(sa_type=_CODES)
    type: str = Field(sa_type=sa.Text)
    unit: str = Field(sa_type=sa.Text)
    direction: str = Field(sa_type=sa.Text)
    frequency: str = Field(sa_type=sa.Text)
    calendar: dict[str, Any] = Field(sa_type=ExactJson)
    calendar_from: str = Field(sa_type=sa.Text)
    aggregation: dict[str, Any] = Field(sa_type=ExactJson)
    multiplier: Decimal = Field(sa_type=_NUMBER)
    breakdowns: list[str] = Field(sa_type=_CODES)
    minimum: Decimal | None = Field(default=None, sa_type=_NUMBER)
    maximum: Decimal | None = Field(default=None, sa_type=_NUMBER)
    source: str = Field(sa_type=sa.Text)
    collection_method: str = Field(sa_type=sa.Text)
    owner: str | None = Field(default=None, sa_type=sa.Text)
    method: dict[str, Any] | None = Field(default=None, sa_type=ExactJson)
    grace_days: int | None = None
    weight: Decimal = Field(sa_type=_NUMBER)
    baseline: dict[str, Any] | None = Field(default=None, sa_type=ExactJson)
    formula: str | None = Field(default=None, sa_type=sa.Text)
    weighted_by: str | None = Field(default=None, sa_type=sa.Text)
    peers: list[dict[str, Any]] = Field(sa_type=ExactJson)
    equity: list[dict[str, Any]] = Field(sa_type=ExactJson)
    suppress_under: int | None = None
    sample: bool


class TargetRow(Base, table=True):
    """One version of one target; `known_to` None: the version that stands."""

    __tablename__ = "target"
    __table_args__ = (
        sa.Index(
            "target_standing",
            "measure",
            "period",
            "breakdown_key",
            unique=True,
            postgresql_where=sa.text("known_to IS NULL"),
        ),
    )

    measure: str = Field(primary_key=True, sa_type=sa.Text, foreign_key="measure.code")
    period: str = Field(primary_key=True, sa_type=sa.Text)
    breakdown_key: str = Field(primary_key=True, sa_type=sa.Text)
    version: int = Field(primary_key=True)
    value: Decimal | None = Field(default=None, sa_type=_NUMBER)
    lower: Decimal | None = Field(default=None, sa_type=_NUMBER)
    upper: Decimal | None = Field(default=None, sa_type=_NUMBER)
    reason: str = Field(sa_type=sa.Text)
    sample: bool
    actor: str = Field(sa_type=sa.Text)
    known_from: datetime = Field(sa_type=_AT)
    known_to: datetime | None = Field(default=None, sa_type=_AT)


class ChangeRow(Base, table=True):
    """One line of history: what was done to an entity, by whom, when, and its whole content since then."""

    __tablename__ = "change"
    __table_args__ = (sa.Index("change_entity", "kind", "code", "id"),)

    id: int | None = Field(
        default=None, sa_type=sa.BigInteger, primary_key=True, sa_column_args=[sa.Identity(always=True)]
    )
    kind: str = Field(sa_type=sa.Text)
    code: str = Field(sa_type=sa.Text)
    version: int
    action: str = Field(sa_type=sa.Text)
    fields: list[str] = Field(sa_type=_CODES)
    note: str = Field(sa_type=sa.Text)
    plan: str | None = Field(default=None, sa_type=sa.Text)
    actor: str = Field(sa_type=sa.Text)
    at: datetime = Field(sa_type=_AT)
    content: dict[str, Any] = Field(sa_type=ExactJson)


class OfferedMethodRow(Base, table=True):
    """A status method as the engine last offered it; `params` is the JSON Schema of its parameters."""

    __tablename__ = "offered_method"

    id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int = Field(primary_key=True)
    title: str = Field(sa_type=sa.Text)
    in_force: bool
    params: dict[str, Any] = Field(sa_type=ExactJson)
    offered_at: datetime = Field(sa_type=_AT)


outbox.tables(Base.metadata)
inbox.tables(Base.metadata)
