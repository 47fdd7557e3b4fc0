"""All SQL of the catalog: rows in, values out."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from opendata_catalog.core.feeds import Measure
from opendata_catalog.core.inventory import Classification, Entry, PublicationStatus, UpdateFrequency
from opendata_catalog.tables import Dataset, DatasetVersion
from opendata_catalog.tables import Measure as MeasureRow
from tideline.database import Connection
from tideline.errors import Conflict
from tideline.events import MeasureDefined


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry at the version at which it stands, since `at`."""

    entry: Entry
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None: not narrowed."""

    department: str | None = None
    classification: str | None = None
    publication_status: str | None = None
    measure: str | None = None


async def find(session: AsyncSession, code: str, *, lock: bool = False) -> Listed | None:
    """`lock` holds the entry until the transaction ends."""
    query = select(Dataset).where(col(Dataset.code) == code)
    row = (await session.exec(query.with_for_update() if lock else query)).one_or_none()
    return _listed(row) if row else None


async def list_page(session: AsyncSession, by: Filter, after: str, limit: int) -> list[Listed]:
    """Entries by code, those after the given one first."""
    query = select(Dataset).where(col(Dataset.code) > after).order_by(col(Dataset.code)).limit(limit)
    for name in ("department", "classification", "publication_status"):
        if (wanted := getattr(by, name)) is not None:
            query = query.where(getattr(Dataset, name) == wanted)
    if by.measure is not None:
        query = query.where(col(Dataset.measures).contains([by.measure]))
    return [_listed(row) for row in (await session.exec(query)).all()]


async def add(session: AsyncSession, listed: Listed, by: str) -> None:
    """Raises Conflict when the code is taken."""
    session.add(Dataset(**_columns(listed)))
    try:
        await session.flush()
    except IntegrityError as reason:
        raise Conflict(f"there is a dataset {listed.entry.code} already", code="duplicate_code") from reason
    _remember(session, listed, by)


async def replace(session: AsyncSession, listed: Listed, by: str) -> None:
    columns = _columns(listed)
    await session.exec(sa.update(Dataset).where(col(Dataset.code) == columns["code"]).values(columns))
    _remember(session, listed, by)


async def list_versions(session: AsyncSession, code: str, before: int, limit: int) -> Sequence[DatasetVersion]:
    """The versions of an entry, newest first, those before the given one."""
    query = (
        select(DatasetVersion)
        .where(col(DatasetVersion.code) == code, col(DatasetVersion.version) < before)
        .order_by(col(DatasetVersion.version).desc())
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def get_measures(session: AsyncSession, codes: Iterable[str]) -> dict[str, Measure]:
    """The measures that the plan has told of, by code."""
    rows = await session.exec(select(MeasureRow).where(col(MeasureRow.code).in_(sorted(set(codes)))))
    return {row.code: Measure(row.code, row.title, row.department, row.published, row.retired) for row in rows}


async def replace_measure(connection: Connection, event: MeasureDefined) -> None:
    """Keeps the newest definition, whatever order they arrive in."""
    await connection.execute(
        "insert into measure (code, version, title, department, published, retired) values ($1, $2, $3, $4, $5, $6) "
        "on conflict (code) do update set version = excluded.version, title = excluded.title, "
        "department = excluded.department, published = excluded.published, retired = excluded.retired "
        "where measure.version < excluded.version",
        event.code,
        event.version,
        event.title,
        event.department,
        event.published,
        event.retired,
    )


def _remember(session: AsyncSession, listed: Listed, by: str) -> None:
    session.add(
        DatasetVersion(
            code=listed.entry.code,
            version=listed.version,
            entry=asdict(listed.entry),
            listed_at=listed.at,
            listed_by=by,
        )
    )


def _columns(listed: Listed) -> dict[str, Any]:
    entry = asdict(listed.entry) | {"measures": list(listed.entry.measures)}
    return {**entry, "version": listed.version, "listed_at": listed.at}


def _listed(row: Dataset) -> Listed:
    values = {field.name: getattr(row, field.name) for field in fields(Entry)}
    values["classification"] = Classification(row.classification)
    values["update_frequency"] = UpdateFrequency(row.update_frequency)
    values["publication_status"] = PublicationStatus(row.publication_status)
    values["measures"] = tuple(row.measures)
    return Listed(Entry(**values), row.version, row.listed_at)
