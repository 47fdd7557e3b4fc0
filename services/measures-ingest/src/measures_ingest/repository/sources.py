"""Feeds and the digests of their keys."""

import json
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from measures_ingest.core.definitions import Scope
from tideline.database import Connection


class KnownKey(NamedTuple):
    """A key that is not revoked, with the source it belongs to."""

    digest: bytes
    source: str
    scope: Scope


class Source(NamedTuple):
    code: str
    title: str
    contact: str | None
    scope: Scope
    version: int
    created_at: datetime
    created_by: str


async def find_key(connection: Connection, key_id: str) -> KnownKey | None:
    row = await connection.fetchrow(
        "select k.digest, s.code, s.scope from source_key k join source s on s.code = k.source "
        "where k.id = $1 and k.revoked_at is null",
        key_id,
    )
    return KnownKey(row["digest"], row["code"], Scope.told(json.loads(row["scope"]))) if row else None


async def find(connection: Connection, code: str) -> Source | None:
    row = await connection.fetchrow("select * from source where code = $1", code)
    return _source(row) if row else None


async def list_sources(connection: Connection, after: str, limit: int) -> list[Source]:
    rows = await connection.fetch("select * from source where code > $1 order by code limit $2", after, limit)
    return [_source(row) for row in rows]


async def add(connection: Connection, source: Source) -> bool:
    """False when the code is taken."""
    done = await connection.execute(
        "insert into source (code, title, contact, scope, version, created_at, created_by) "
        "values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        source.code,
        source.title,
        source.contact,
        json.dumps(source.scope.document()),
        source.version,
        source.created_at,
        source.created_by,
    )
    return bool(done == "INSERT 0 1")


async def replace(connection: Connection, source: Source) -> bool:
    """Writes version n over version n - 1; False when that is not the version that stands."""
    done = await connection.execute(
        "update source set title = $2, contact = $3, scope = $4, version = $5 where code = $1 and version = $5 - 1",
        source.code,
        source.title,
        source.contact,
        json.dumps(source.scope.document()),
        source.version,
    )
    return bool(done == "UPDATE 1")


async def add_key(connection: Connection, key_id: str, source: str, digest: bytes, at: datetime, by: str) -> None:
    await connection.execute(
        "insert into source_key (id, source, digest, created_at, created_by) values ($1, $2, $3, $4, $5)",
        key_id,
        source,
        digest,
        at,
        by,
    )


async def list_keys(connection: Connection, source: str) -> list[asyncpg.Record]:
    return await connection.fetch(_KEYS, source)


async def revoke_key(connection: Connection, source: str, key_id: str, at: datetime) -> bool:
    """False when there is no such key; a key that is revoked stays revoked since when it was."""
    done = await connection.execute(
        "update source_key set revoked_at = coalesce(revoked_at, $3) where source = $1 and id = $2", source, key_id, at
    )
    return bool(done == "UPDATE 1")


def _source(row: asyncpg.Record) -> Source:
    return Source(
        row["code"],
        row["title"],
        row["contact"],
        Scope.told(json.loads(row["scope"])),
        row["version"],
        row["created_at"],
        row["created_by"],
    )


_KEYS: Final = """
select id, created_at, created_by, revoked_at from source_key where source = $1 order by created_at, id
"""
