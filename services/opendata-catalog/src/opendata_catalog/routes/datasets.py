"""The inventory, as everyone reads it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from opendata_catalog import repository
from opendata_catalog.core.feeds import Measure
from opendata_catalog.core.inventory import Classification, PublicationStatus
from opendata_catalog.repository import Filter, Listed
from opendata_catalog.routes.faces import face, tag
from opendata_catalog.routes.state import Anyone, Staff, Store
from opendata_catalog.schemas import Code, DatasetOut, DatasetPage, VersionOut, VersionPage
from tideline.errors import NotFound, Unreadable
from tideline.vocabulary import CODE
from tideline.web import Cursor, Limit, cursor_decode, cursor_encode, not_modified

router: Final = APIRouter(prefix="/v1/datasets", tags=["datasets"])
NEWEST: Final = 2**31 - 1


def _filter(
    department: Code | None = None,
    classification: Classification | None = None,
    publication_status: PublicationStatus | None = None,
    measure: Code | None = None,
) -> Filter:
    return Filter(department, classification, publication_status, measure)


@router.get("")
async def list_datasets(
    store: Store,
    reader: Anyone,
    by: Annotated[Filter, Depends(_filter)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DatasetPage:
    """Sensitive and withdrawn datasets stand here too, with their reason."""
    after = _after(cursor)
    async with store.session() as session:
        found = await repository.list_page(session, by, after, limit + 1)
        measures = await measures_of(session, *found[:limit])
    items = [face(listed, measures, public=reader is None) for listed in found[:limit]]
    return DatasetPage(items=items, next=cursor_encode(items[-1].code) if len(found) > limit else None)


@router.get("/{code}", response_model=DatasetOut)
async def get_dataset(
    code: Code, request: Request, response: Response, store: Store, reader: Anyone
) -> DatasetOut | Response:
    async with store.session() as session:
        listed = await get(session, code)
        shown = face(listed, await measures_of(session, listed), public=reader is None)
    response.headers["ETag"] = tag(shown)
    return not_modified(request, tag(shown)) or shown


@router.get("/{code}/versions")
async def list_versions(code: Code, store: Store, _: Staff, limit: Limit = 50, cursor: Cursor = None) -> VersionPage:
    """What the entry said at each of its versions, newest first, and who said it."""
    before = _position(cursor)
    async with store.session() as session:
        await get(session, code)
        rows = await repository.list_versions(session, code, before, limit + 1)
    items = [VersionOut.model_validate(row) for row in rows[:limit]]
    return VersionPage(items=items, next=cursor_encode(items[-1].version) if len(rows) > limit else None)


async def get(session: AsyncSession, code: str, *, lock: bool = False) -> Listed:
    """Raises NotFound."""
    listed = await repository.find(session, code, lock=lock)
    if listed is None:
        raise NotFound(f"the inventory has no dataset {code}")
    return listed


async def measures_of(session: AsyncSession, *listed: Listed) -> dict[str, Measure]:
    return await repository.get_measures(session, [code for each in listed for code in each.entry.measures])


def _after(cursor: str | None) -> str:
    """Raises Unreadable."""
    code = cursor_decode(cursor)[0] if cursor else ""
    if not isinstance(code, str) or (cursor and not CODE.fullmatch(code)):
        raise Unreadable("this cursor belongs to another list", code="bad_cursor")
    return code


def _position(cursor: str | None) -> int:
    """Raises Unreadable."""
    position = cursor_decode(cursor)[0] if cursor else NEWEST
    if not isinstance(position, int) or not 0 < position <= NEWEST:
        raise Unreadable("this cursor belongs to another list", code="bad_cursor")
    return position
