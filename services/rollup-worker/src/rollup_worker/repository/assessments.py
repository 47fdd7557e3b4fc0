"""Judged statuses by version: the newest, the one known at a time, and all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

import asyncpg

from rollup_worker.core.facts import Node
from tideline.database import Connection
from tideline.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a node's status as JSON texts. `public_document` None: as `document`."""

    node: Node
    version: int
    line: str
    document: str
    public_document: str | None
    changed: Sequence[str]
    why: str
    published: bool
    stale_on: date | None
    known_from: datetime
    known_to: datetime | None = None

    def text(self, *, staff: bool) -> str:
        return self.document if staff or self.public_document is None else self.public_document


class VersionSpan(NamedTuple):
    """Versions below a number, known by a time, of which the judged period had ended by a day; None: any."""

    before: int | None = None
    known_by: datetime | None = None
    ended_by: date | None = None


async def find_current(connection: Connection, node: Node) -> Stored | None:
    row = await connection.fetchrow(_SELECT + "where kind = $1 and code = $2 and known_to is null", *node)
    return _stored(row) if row else None


async def list_lines(connection: Connection, nodes: Iterable[Node]) -> dict[Node, str]:
    """What the newest version of each node tells its parents."""
    rows = await connection.fetch(_LINES, *_columns(nodes))
    return {Node(Kind(row[0]), row[1]): row[2] for row in rows}


async def find_known(connection: Connection, node: Node, at: datetime) -> Stored | None:
    """The version that was the newest at a time."""
    row = await connection.fetchrow(
        _SELECT + "where kind = $1 and code = $2 and known_from <= $3 and (known_to is null or known_to > $3) "
        "order by version desc limit 1",
        *node,
        at,
    )
    return _stored(row) if row else None


async def list_current(connection: Connection, nodes: Iterable[Node]) -> dict[Node, Stored]:
    """The newest version of each of the nodes."""
    rows = await connection.fetch(
        _SELECT + "join unnest($1::text[], $2::text[]) n (kind, code) using (kind, code) where known_to is null",
        *_columns(nodes),
    )
    return {stored.node: stored for stored in map(_stored, rows)}


async def list_published(connection: Connection, kinds: Iterable[Kind]) -> list[Stored]:
    """The newest version of every node of these kinds that the public may see."""
    rows = await connection.fetch(
        _SELECT + "where known_to is null and published and kind = any($1::text[]) order by kind, code",
        [kind.value for kind in kinds],
    )
    return [_stored(row) for row in rows]


async def list_versions(connection: Connection, node: Node, span: VersionSpan, limit: int) -> list[Stored]:
    """Newest first."""
    rows = await connection.fetch(_SELECT + _IN_SPAN, *node, *span, limit)
    return [_stored(row) for row in rows]


async def add_assessments(connection: Connection, rows: Sequence[Stored]) -> None:
    """Closes the version before each of these and adds it as the newest."""
    if not rows:
        return
    at = rows[0].known_from
    await connection.execute(_CLOSE, at, *_columns(row.node for row in rows))
    await connection.executemany(_ADD, [_values(row) for row in rows])


async def replace_stale_on(connection: Connection, days: Sequence[tuple[Node, date | None]]) -> None:
    """When the newest version of each node becomes stale; the one thing about a version that may move."""
    if not days:
        return
    await connection.executemany(
        "update assessment set stale_on = $3 where kind = $1 and code = $2 and known_to is null",
        [(*node, day) for node, day in days],
    )


def _values(row: Stored) -> tuple[object, ...]:
    return (
        row.node.kind.value,
        row.node.code,
        row.version,
        row.line,
        row.document,
        row.public_document,
        list(row.changed),
        row.why,
        row.published,
        row.stale_on,
        row.known_from,
    )


def _columns(nodes: Iterable[Node]) -> tuple[list[str], list[str]]:
    found = list(nodes)
    return [node.kind.value for node in found], [node.code for node in found]


def _stored(row: asyncpg.Record) -> Stored:
    return Stored(Node(Kind(row[0]), row[1]), *row[2:])


_SELECT: Final = (
    "select kind, code, version, line, document, public_document, changed, why, published, stale_on, known_from, "
    "known_to from assessment "
)
_IN_SPAN: Final = """
where kind = $1 and code = $2 and ($3::int is null or version < $3) and ($4::timestamptz is null or known_from <= $4)
  and ($5::date is null or (document->>'as_of_end')::date <= $5)
order by version desc limit $6
"""
_LINES: Final = """
select kind, code, line from assessment
join unnest($1::text[], $2::text[]) n (kind, code) using (kind, code) where known_to is null
"""
_CLOSE: Final = """
update assessment a set known_to = greatest($1, known_from)
from unnest($2::text[], $3::text[]) n (kind, code)
where a.kind = n.kind and a.code = n.code and a.known_to is null
"""
_ADD: Final = """
insert into assessment
    (kind, code, version, line, document, public_document, changed, why, published, stale_on, known_from)
values ($1, $2, $3, $4::json, $5::json, $6::json, $7, $8::json, $9, $10, $11)
"""
