"""Plans as their documents name them, and the history of every change."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from msgspec import convert
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from goals_api.core.changes import Action
from goals_api.core.entities import CONTENTS, CalendarFrom, Content, PlanHead, Stored, StoredPlan, plain
from goals_api.repository.entities import select
from goals_api.tables import Base
from tideline.events import Calendar
from tideline.vocabulary import Kind

_PLANS: Final = Base.metadata.tables["plan"]
_CHANGES: Final = Base.metadata.tables["change"]


async def find(session: AsyncSession, code: str) -> StoredPlan | None:
    found = await select(session, sa.select(_PLANS).where(_PLANS.c.code == code))
    return _stored(found[0]) if found else None


async def list_page(session: AsyncSession, after: str, limit: int) -> list[StoredPlan]:
    statement = sa.select(_PLANS).where(_PLANS.c.code > after).order_by(_PLANS.c.code).limit(limit)
    return [_stored(row) for row in await select(session, statement)]


async def replace(session: AsyncSession, plan: StoredPlan) -> None:
    row = plain(plan.head) | {"version": plan.version, "changed_at": plan.changed_at}
    statement = insert(_PLANS).values(row)
    connection = await session.connection()
    await connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=row))


async def touch(session: AsyncSession, codes: Collection[str], at: datetime) -> None:
    """Something that belongs to these plans has changed: their version counts it."""
    statement = sa.update(_PLANS).where(_PLANS.c.code.in_(codes))
    await session.exec(statement.values(version=_PLANS.c.version + 1, changed_at=at))


async def add_changes(session: AsyncSession, changes: Sequence[Mapping[str, Any]]) -> None:
    if changes:
        connection = await session.connection()
        await connection.execute(sa.insert(_CHANGES), [dict(change) for change in changes])


async def list_changes(
    session: AsyncSession, kind: str, code: str, before: int | None, limit: int
) -> list[Mapping[str, Any]]:
    """The history of one entity, the newest change first."""
    statement = sa.select(_CHANGES).where(_CHANGES.c.kind == kind, _CHANGES.c.code == code)
    if before is not None:
        statement = statement.where(_CHANGES.c.id < before)
    return list(await select(session, statement.order_by(_CHANGES.c.id.desc()).limit(limit)))


async def find_then(session: AsyncSession, kind: Kind, code: str, at: datetime) -> Stored[Content] | None:
    """An entity as it was known at a moment; None before it was made."""
    statement = sa.select(_CHANGES).where(_CHANGES.c.kind == kind, _CHANGES.c.code == code, _CHANGES.c.at <= at)
    statement = statement.where(_CHANGES.c.action != Action.TARGETS_SET).order_by(_CHANGES.c.id.desc()).limit(1)
    found = await select(session, statement)
    return _then(kind, found[0]) if found else None


def _then(kind: Kind, row: Mapping[str, Any]) -> Stored[Content]:
    content = row["content"]
    if kind is Kind.MEASURE and "calendar_from" not in content:
        # Written down before the city had a calendar: the standard one is what nobody had chosen.
        standard = content.get("calendar") == plain(Calendar())
        content = content | {"calendar_from": CalendarFrom.CITY if standard else CalendarFrom.MEASURE}
    return Stored[Content](
        content=convert(content, CONTENTS[kind]),
        version=row["version"],
        plan=row["plan"],
        retired=row["action"] == Action.RETIRED,
        retirement_note=row["note"],
        changed_at=row["at"],
    )


def _stored(row: Mapping[str, Any]) -> StoredPlan:
    return StoredPlan(head=convert(row, PlanHead), version=row["version"], changed_at=row["changed_at"])
