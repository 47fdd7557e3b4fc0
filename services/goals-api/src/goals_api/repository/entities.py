"""Areas, departments, goals and measures: rows to values and back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from msgspec import convert
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from goals_api.core.entities import CONTENTS, Content, Stored, plain
from goals_api.tables import AreaRow, Base, CityRow, DepartmentRow, GoalRow, MeasureRow
from tideline import database
from tideline.vocabulary import Kind

# One lock for all writes of the plan: a check of the whole graph must stay true until its change is stored.
_WRITE_LOCK: Final = 7_411_101
_ROWS: Final[Mapping[Kind, type[Base]]] = {
    Kind.CITY: CityRow,
    Kind.AREA: AreaRow,
    Kind.DEPARTMENT: DepartmentRow,
    Kind.MEASURE: MeasureRow,
    Kind.GOAL: GoalRow,
}
_TABLES: Final = {kind: Base.metadata.tables[str(row.__tablename__)] for kind, row in _ROWS.items()}


async def lock_plans(session: AsyncSession) -> None:
    """Until the end of the transaction nobody else writes to any plan."""
    await select(session, sa.select(sa.func.pg_advisory_xact_lock(_WRITE_LOCK)))


async def find(session: AsyncSession, kind: Kind, code: str) -> Stored[Content] | None:
    table = _TABLES[kind]
    found = await select(session, sa.select(table).where(table.c.code == code))
    return _stored(kind, found[0]) if found else None


async def list_all(session: AsyncSession) -> dict[Kind, dict[str, Stored[Content]]]:
    """Every entity of every plan, retired ones too, in the order of their codes."""
    return {
        kind: {row["code"]: _stored(kind, row) for row in await select(session, sa.select(table).order_by("code"))}
        for kind, table in _TABLES.items()
    }


async def list_page(
    session: AsyncSession, kind: Kind, wanted: Mapping[str, Any], after: str, limit: int
) -> list[Stored[Content]]:
    """Entities after a code, in order; `wanted` are values of columns, `area`, or a collection of codes."""
    table = _TABLES[kind]
    conditions = [_condition(table, name, value) for name, value in wanted.items() if value is not None]
    statement = sa.select(table).where(table.c.code > after, *conditions).order_by(table.c.code).limit(limit)
    return [_stored(kind, row) for row in await select(session, statement)]


async def list_of_plan(session: AsyncSession, plan: str, published: bool | None) -> dict[Kind, list[Content]]:
    """What belongs to a plan and is in force; with `published` only that."""
    wanted = {"plan": plan, "retired": False, "published": published}
    return {
        kind: [stored.content for stored in await list_page(session, kind, wanted, "", 1_000_000)]
        for kind in _ROWS
        if kind is not Kind.CITY
    }


async def list_unpublished(session: AsyncSession, kind: Kind, codes: Collection[str]) -> set[str]:
    """Those of the codes that the public does not see."""
    table = _TABLES[kind]
    hidden = sa.select(table.c.code).where(table.c.code.in_(codes), sa.not_(table.c.published))
    return {row["code"] for row in await select(session, hidden)} if codes else set()


async def replace(session: AsyncSession, kind: Kind, entities: Sequence[Stored[Content]]) -> None:
    """Writes them as they now stand, new or known."""
    if not entities:
        return
    table = _TABLES[kind]
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=["code"],
        set_={column.name: statement.excluded[column.name] for column in table.c if column.name != "code"},
    )
    connection = await session.connection()
    await connection.execute(statement, [_row(stored, table) for stored in entities])


async def select(session: AsyncSession, statement: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
    connection = await session.connection()
    found = await connection.execute(statement)
    names = [str(name) for name in found.keys()]  # noqa: SIM118 - a result is no mapping
    return [dict(zip(names, map(database.plain, row), strict=True)) for row in found]


def _condition(table: sa.Table, name: str, value: Any) -> sa.ColumnElement[bool]:
    if name == "area":
        return table.c.areas.contains([value])
    if name == "codes":
        return table.c.code.in_(value)
    if name == "parent":
        return table.c.parents.contains([value])
    found: sa.ColumnElement[bool] = table.c[name] == value
    return found


def _stored(kind: Kind, row: Mapping[str, Any]) -> Stored[Content]:
    return Stored[Content](
        content=convert(row, CONTENTS[kind]),
        version=row["version"],
        plan=row.get("plan"),
        retired=row.get("retired", False),
        retirement_note=row.get("retirement_note", ""),
        changed_at=row["changed_at"],
    )


def _row(stored: Stored[Content], table: sa.Table) -> dict[str, Any]:
    """What its table keeps: a city has no plan and never retires."""
    state = {
        "version": stored.version,
        "plan": stored.plan,
        "retired": stored.retired,
        "retirement_note": stored.retirement_note,
        "changed_at": stored.changed_at,
    }
    return {name: value for name, value in (plain(stored.content) | state).items() if name in table.c}
