"""Feeds and their keys. A key is shown once, when it is made; only a digest of it is kept."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from measures_ingest.actions.senders import STAFF, new_key
from measures_ingest.core import feed_keys
from measures_ingest.core.definitions import Scope
from measures_ingest.core.feed_keys import FeedKey
from measures_ingest.repository import sources
from measures_ingest.repository.sources import Source
from measures_ingest.routes.desk import desk
from measures_ingest.schemas import (
    NewSource,
    ReplacedSource,
    ScopeIn,
    SecretOut,
    SourceOut,
    SourcePage,
    SourceWithKeys,
    SourceWithSecret,
)
from tideline.auth import Principal, require
from tideline.database import Connection
from tideline.errors import Conflict, Invalid, NotFound, PreconditionFailed
from tideline.vocabulary import Role
from tideline.web import Cursor, Limit, cursor_decode, cursor_encode, etag, not_modified, require_match

router: Final = APIRouter(tags=["sources"])
Reader = Annotated[Principal, Depends(require(Role.STEWARD, Role.ANALYST))]
Administrator = Annotated[Principal, Depends(require(Role.ADMINISTRATOR))]


@router.get("/v1/sources", response_model=SourcePage, summary="The feeds")
async def list_sources(request: Request, _: Reader, limit: Limit = 100, cursor: Cursor = None) -> dict[str, Any]:
    after = str(cursor_decode(cursor)[0]) if cursor else ""
    async with desk(request).database.transaction(read_only=True) as connection:
        found = await sources.list_sources(connection, after, limit + 1)
    more = len(found) > limit
    return {
        "items": [_told(one) for one in found[:limit]],
        "next": cursor_encode(found[limit - 1].code) if more else None,
    }


@router.post("/v1/sources", status_code=201, response_model=SourceWithSecret, summary="A new feed, and its first key")
async def add_source(request: Request, response: Response, who: Administrator, body: NewSource) -> dict[str, Any]:
    if body.code == STAFF:
        raise Conflict("what staff push by token has this source already", code="code_taken")
    now, key = desk(request).clock.now(), new_key()
    source = Source(body.code, body.title, body.contact, _scope(body.scope), 1, now, who.subject)
    async with desk(request).database.transaction() as connection:
        if not await sources.add(connection, source):
            raise Conflict(f"there is a source {body.code!r} already", code="code_taken")
        await _add_key(request, connection, key, source.code, who)
    response.headers["Location"] = f"/v1/sources/{source.code}"
    response.headers["ETag"] = etag(source.version)
    return {**_told(source), "key": key.text}


@router.get("/v1/sources/{code}", response_model=SourceWithKeys, summary="A feed and its keys, without secrets")
async def get_source(request: Request, response: Response, code: str, _: Reader) -> Any:
    async with desk(request).database.transaction(read_only=True) as connection:
        source = await _find(connection, code)
        keys = await sources.list_keys(connection, code)
    response.headers["ETag"] = etag(source.version)
    return not_modified(request, etag(source.version)) or {**_told(source), "keys": [dict(key) for key in keys]}


@router.put("/v1/sources/{code}", response_model=SourceOut, summary="Change a feed's title, contact or scope")
async def replace_source(
    request: Request, response: Response, code: str, _: Administrator, body: ReplacedSource
) -> dict[str, Any]:
    if body.code not in (None, code):
        raise Invalid(f"the path names {code!r}", code="code_mismatch")
    async with desk(request).database.transaction() as connection:
        found = await _find(connection, code)
        require_match(request, found.version)
        source = found._replace(
            title=body.title, contact=body.contact, scope=_scope(body.scope), version=found.version + 1
        )
        if not await sources.replace(connection, source):
            raise PreconditionFailed("somebody changed this source at the same time")
    desk(request).feeds.forget()
    response.headers["ETag"] = etag(source.version)
    return _told(source)


@router.post("/v1/sources/{code}/keys", status_code=201, response_model=SecretOut, summary="A further key")
async def add_key(request: Request, code: str, who: Administrator) -> dict[str, Any]:
    """To rotate: make a key, let the feed use it, revoke the one before."""
    key = new_key()
    async with desk(request).database.transaction() as connection:
        await _find(connection, code)
        await _add_key(request, connection, key, code, who)
    return {"id": key.id, "key": key.text}


@router.delete("/v1/sources/{code}/keys/{key}", status_code=204, summary="Revoke a key")
async def revoke_key(request: Request, code: str, key: str, _: Administrator) -> None:
    async with desk(request).database.transaction() as connection:
        if not await sources.revoke_key(connection, code, key, desk(request).clock.now()):
            raise NotFound(f"{code!r} has no key {key!r}")
    desk(request).feeds.forget()


async def _find(connection: Connection, code: str) -> Source:
    source = await sources.find(connection, code)
    if source is None:
        raise NotFound(f"no source {code[:100]!r}")
    return source


async def _add_key(request: Request, connection: Connection, key: FeedKey, source: str, who: Principal) -> None:
    now = desk(request).clock.now()
    await sources.add_key(connection, key.id, source, feed_keys.digest(key.secret), now, who.subject)


def _scope(given: ScopeIn) -> Scope:
    return Scope(frozenset(given.measures), frozenset(given.departments))


def _told(source: Source) -> dict[str, Any]:
    return {**source._asdict(), "scope": source.scope.document()}
