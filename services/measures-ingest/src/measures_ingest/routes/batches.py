"""What pushes did: a feed sees its own batches, staff see all."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from measures_ingest.core.batch import ERRORS_TOLD, Sender
from measures_ingest.core.rejects import Reject
from measures_ingest.repository import batches
from measures_ingest.routes.desk import caller, desk
from measures_ingest.routes.tagged import tagged
from measures_ingest.schemas import BatchOut, BatchPage, BatchWithErrors, RejectPage
from tideline.errors import NotFound, Unreadable
from tideline.web import Cursor, Limit, cursor_decode, cursor_encode

router: Final = APIRouter(tags=["batches"])
BatchId = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


@router.get("/v1/batches", response_model=BatchPage, summary="Pushes, the newest first")
async def list_batches(request: Request, limit: Limit = 100, cursor: Cursor = None) -> dict[str, Any]:
    who = await caller(request)
    source = who.source if isinstance(who, Sender) else None
    async with desk(request).database.transaction(read_only=True) as connection:
        found = await batches.list_batches(connection, source, _place(cursor) if cursor else None, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return {
        "items": [_known(one) for one in found[:limit]],
        "next": cursor_encode(last["received_at"].isoformat(), str(last["id"])) if last else None,
    }


@router.get("/v1/batches/{batch}", response_model=BatchWithErrors, summary="What a push did")
async def get_batch(request: Request, batch: BatchId) -> Response:
    """Rows that wait in quarantine count as what became of them once their measure is defined."""
    found, errors = await _find(request, batch, -1, ERRORS_TOLD)
    return tagged(request, {**_known(found), "errors": [_told(one) for one in errors]})


@router.get("/v1/batches/{batch}/errors", response_model=RejectPage, summary="The rows that a push could not place")
async def list_errors(request: Request, batch: BatchId, limit: Limit = 100, cursor: Cursor = None) -> dict[str, Any]:
    after = cursor_decode(cursor)[0] if cursor else -1
    if not isinstance(after, int):
        raise Unreadable("this cursor belongs to another list", code="bad_cursor")
    _, errors = await _find(request, batch, after, limit + 1)
    more = len(errors) > limit
    return {
        "items": [_told(one) for one in errors[:limit]],
        "next": cursor_encode(errors[limit - 1].index) if more else None,
    }


async def _find(request: Request, batch: str, after: int, limit: int) -> tuple[asyncpg.Record, list[Reject]]:
    who, identity = await caller(request), _identity(batch)
    async with desk(request).database.transaction(read_only=True) as connection:
        found = await batches.find(connection, identity)
        errors = await batches.list_errors(connection, identity, after, limit)
    if found is None or (isinstance(who, Sender) and who.source != found["source"]):
        raise NotFound(f"no batch {batch}")
    return found, errors


def _identity(batch: str) -> UUID:
    try:
        return UUID(batch)
    except ValueError as reason:
        raise NotFound(f"no batch {batch[:60]!r}") from reason


def _known(found: asyncpg.Record) -> dict[str, Any]:
    """Not what it was answered, nor its sender's scope."""
    return {name: found[name] for name in BatchOut.model_fields}


def _told(one: Reject) -> dict[str, Any]:
    return {"index": one.index, "code": one.code, "field": one.field, "detail": one.detail}


def _place(cursor: str) -> tuple[datetime, UUID]:
    at, batch = cursor_decode(cursor, 2)
    try:
        return datetime.fromisoformat(at), UUID(batch)
    except (TypeError, ValueError, AttributeError) as reason:
        raise Unreadable("this cursor belongs to another list", code="bad_cursor") from reason
