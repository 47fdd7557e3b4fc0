"""The tables of the catalog: the inventory with every version of each entry, and a copy of the plan's measures."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from tideline import inbox, outbox


class Base(SQLModel, registry=registry()):
    """The registry of this service alone."""


def _column(kind: Any, *, key: bool = False, null: bool = False) -> Any:
    return Field(sa_column=sa.Column(kind, primary_key=key, nullable=null, autoincrement=False))


class Dataset(Base, table=True):
    """An entry as it now stands. `measures` are codes that the plan may or may not know."""

    __tablename__ = "dataset"
    __table_args__ = (sa.Index("dataset_measures", "measures", postgresql_using="gin"),)

    code: str = _column(sa.Text, key=True)
    version: int = _column(sa.Integer)
    title: str = _column(sa.Text)
    description: str = _column(sa.Text)
    department: str | None = _column(sa.Text, null=True)
    update_frequency: str = _column(sa.Text)
    licence: str = _column(sa.Text)
    owner: str = _column(sa.Text)
    privacy: str = _column(sa.Text)
    source_system: str = _column(sa.Text)
    classification: str = _column(sa.Text)
    sensitivity_reason: str = _column(sa.Text)
    publication_status: str = _column(sa.Text)
    withdrawal_note: str = _column(sa.Text)
    measures: list[str] = _column(ARRAY(sa.Text))
    listed_at: datetime = _column(sa.DateTime(timezone=True))


class DatasetVersion(Base, table=True):
    """What an entry said at one version, since when, and who said it. Append-only."""

    __tablename__ = "dataset_version"

    code: str = _column(sa.Text, key=True)
    version: int = _column(sa.Integer, key=True)
    entry: dict[str, Any] = _column(JSONB)
    listed_at: datetime = _column(sa.DateTime(timezone=True))
    listed_by: str = _column(sa.Text)


class Measure(Base, table=True):
    """The newest definition of a measure that the plan has told of, as far as the catalog shows it."""

    __tablename__ = "measure"

    code: str = _column(sa.Text, key=True)
    version: int = _column(sa.Integer)
    title: str = _column(sa.Text)
    department: str | None = _column(sa.Text, null=True)
    published: bool = _column(sa.Boolean)
    retired: bool = _column(sa.Boolean)


metadata: Final = Base.metadata
inbox.tables(metadata)
outbox.tables(metadata)
