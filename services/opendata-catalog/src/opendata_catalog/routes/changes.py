"""The inventory, as stewards and coordinators write it: each change is one version and one event."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from opendata_catalog import repository
from opendata_catalog.core.inventory import Entry, Fault, PublicationStatus, faults
from opendata_catalog.repository import Listed
from opendata_catalog.routes.datasets import get, measures_of
from opendata_catalog.routes.faces import face, require_seen, tag
from opendata_catalog.routes.state import Now, Store, Writer, check_department
from opendata_catalog.schemas import Code, DatasetChange, DatasetNew, DatasetOut, Text
from tideline import outbox
from tideline.database import driver
from tideline.errors import Invalid
from tideline.events import DatasetListed
from tideline.outbox import Outgoing

router: Final = APIRouter(prefix="/v1/datasets", tags=["datasets"])
Note = Annotated[Text, Query(min_length=1, max_length=2_000, description="Why; shown to the public.")]


@router.post("", status_code=201)
async def add_dataset(new: DatasetNew, response: Response, store: Store, clock: Now, writer: Writer) -> DatasetOut:
    entry = new.entry()
    check_department(writer, entry.department)
    _check(entry)
    listed = Listed(entry, 1, clock.now())
    async with store.session() as session:
        await repository.add(session, listed, writer.subject)
        shown = await _tell(session, listed)
    response.headers.update({"ETag": tag(shown), "Location": f"{router.prefix}/{entry.code}"})
    return shown


@router.put("/{code}")
async def replace_dataset(
    code: Code,
    change: DatasetChange,
    request: Request,
    response: Response,
    store: Store,
    clock: Now,
    writer: Writer,
) -> DatasetOut:
    """An entry that already says the same stays at its version."""
    if change.code not in (None, code):
        raise _invalid([Fault("code", "code_mismatch", f"the path says {code}, the entry says {change.code}")])
    async with store.session() as session:
        listed = await get(session, code, lock=True)
        shown = await _move(session, request, listed, change.entry(code), clock, writer)
    response.headers["ETag"] = tag(shown)
    return shown


@router.delete("/{code}")
async def withdraw_dataset(
    code: Code, note: Note, request: Request, response: Response, store: Store, clock: Now, writer: Writer
) -> DatasetOut:
    """The entry stays in the inventory and says why it was withdrawn."""
    async with store.session() as session:
        listed = await get(session, code, lock=True)
        withdrawn = PublicationStatus.WITHDRAWN
        entry = replace(listed.entry, publication_status=withdrawn, withdrawal_note=note)
        shown = await _move(session, request, listed, entry, clock, writer)
    response.headers["ETag"] = tag(shown)
    return shown


async def _move(
    session: AsyncSession, request: Request, listed: Listed, entry: Entry, clock: Now, writer: Writer
) -> DatasetOut:
    """From what is listed to what the entry says, if the writer may and has seen what is listed."""
    check_department(writer, listed.entry.department)
    check_department(writer, entry.department)
    require_seen(request, listed.version)
    _check(entry)
    if entry == listed.entry:
        return face(listed, await measures_of(session, listed), public=False)
    moved = Listed(entry, listed.version + 1, clock.now())
    await repository.replace(session, moved, writer.subject)
    return await _tell(session, moved)


async def _tell(session: AsyncSession, listed: Listed) -> DatasetOut:
    """The event leaves with the fact, and says what the public may know."""
    measures = await measures_of(session, listed)
    told = face(listed, measures, public=True)
    event = DatasetListed(
        code=told.code,
        version=told.version,
        title=told.title,
        department=told.department,
        publication_status=told.publication_status,
        measures=told.measures,
        listed_at=listed.at,
    )
    outgoing = Outgoing(event, "dataset", told.code, told.version)
    await session.flush()
    await outbox.record(await driver(session), listed.at, [outgoing])
    return face(listed, measures, public=False)


def _check(entry: Entry) -> None:
    """Raises Invalid with every fault and the path to it."""
    if found := faults(entry):
        raise _invalid(found)


def _invalid(found: Sequence[Fault]) -> Invalid:
    errors: list[dict[str, Any]] = [{"path": fault.path, "code": fault.code, "detail": fault.detail} for fault in found]
    return Invalid("the entry cannot be listed as it is", code="bad_dataset", errors=errors)
