"""Statuses that people published, version by version; what is known now has no end."""

from datetime import date
from typing import Final

import asyncpg

from rollup_worker.core.facts import Node
from rollup_worker.core.publication import Publication
from tideline.database import Connection
from tideline.vocabulary import Kind, Status


async def find_newest(connection: Connection, node: Node) -> Publication | None:
    """The newest version, also when it was taken back or has expired."""
    row = await connection.fetchrow(_SELECT + "and kind = $1 and code = $2", *node)
    return _publication(row) if row else None


async def list_standing(connection: Connection, today: date) -> dict[Node, Publication]:
    """Everything that stands on a day: few nodes have one, so all are read at once."""
    rows = await connection.fetch(_SELECT + "and status is not null and (expires_on is null or expires_on > $1)", today)
    return {Node(Kind(row["kind"]), row["code"]): _publication(row) for row in rows}


async def add_publication(connection: Connection, node: Node, new: Publication) -> bool:
    """Closes the version before and adds this one as the newest. False: it was there already."""
    row = (*node, new.version, new.status, new.reason, new.actor, new.expires_on, new.published_at)
    await connection.execute(_CLOSE, *node, new.version, new.published_at)
    return await connection.fetchval(_ADD, *row) is not None


def _publication(row: asyncpg.Record) -> Publication:
    status = Status(row["status"]) if row["status"] else None
    return Publication(status, row["reason"], row["actor"], row["expires_on"], row["known_from"], row["version"])


_SELECT: Final = "select * from published_status where known_to is null "
_CLOSE: Final = """
update published_status set known_to = greatest($4, known_from)
where kind = $1 and code = $2 and known_to is null and version < $3
"""
_ADD: Final = """
insert into published_status (kind, code, version, status, reason, actor, expires_on, known_from)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (kind, code, version) do nothing returning version
"""
