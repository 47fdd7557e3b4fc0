"""The status methods that are offered, as the engine last told them."""

from typing import Any, Final

import sqlalchemy as sa
from msgspec import convert
from sqlmodel.ext.asyncio.session import AsyncSession

from goals_api.repository.entities import select
from goals_api.tables import Base
from tideline import events
from tideline.database import Connection
from tideline.events import MethodAdopted, MethodsOffered, OfferedMethod

_TABLE: Final = Base.metadata.tables["offered_method"]
_NEWER: Final = "select exists (select from offered_method where offered_at > $1)"
_ADD: Final = """
insert into offered_method (id, version, title, in_force, params, offered_at)
values ($1, $2, $3, $4, $5::text::jsonb, $6)
"""


async def list_offered(session: AsyncSession) -> list[OfferedMethod]:
    """Every version of every method; none before the engine has told of any."""
    found = await select(session, sa.select(_TABLE).order_by(_TABLE.c.id, _TABLE.c.version))
    return [convert(row, OfferedMethod) for row in found]


async def replace(connection: Connection, told: MethodsOffered) -> None:
    """What is offered from now on, instead of all before; an offer older than the one known changes nothing."""
    if await connection.fetchval(_NEWER, told.offered_at):
        return
    await connection.execute("delete from offered_method")
    await connection.executemany(_ADD, [_row(method, told) for method in told.methods])


async def adopt(connection: Connection, told: MethodAdopted) -> None:
    """Another version is in force."""
    await connection.execute("update offered_method set in_force = version = $2 where id = $1", told.id, told.version)


def _row(method: OfferedMethod, told: MethodsOffered) -> tuple[Any, ...]:
    params = events.encode(method.params).decode()
    return method.id, method.version, method.title, method.in_force, params, told.offered_at
