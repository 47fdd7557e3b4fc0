"""The plan's events: a dataset says by name, and at once, which measures it feeds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import nats
import pytest

from tests.integration.opendata_catalog.conftest import Catalog, Entries
from tests.support.parts import FreshDatabase, Nats
from tideline import outbox
from tideline.bus import Bus
from tideline.database import Database
from tideline.events import DatasetListed, MeasureDefined
from tideline.outbox import Outgoing
from tideline.relay import Relay
from tideline.vocabulary import Role

PATH = "/v1/datasets"
POTHOLES = f"{PATH}/street-potholes"
AT = datetime(2017, 3, 14, tzinfo=UTC)
Tell = Callable[..., Awaitable[None]]


@asynccontextmanager
async def _relay(database: Database, nats_server: Nats) -> AsyncIterator[Relay]:
    bus = await Bus.connect(nats_server.url, nats_server.creds("goals-api"), "goals-api")
    relay = Relay(database, bus, "GOALS")
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
        await bus.close()


@pytest.fixture
async def tell(fresh_database: FreshDatabase, nats_server: Nats) -> AsyncIterator[Tell]:
    """Stands for the plan's service: an outbox of its own and the relay of the stream GOALS."""
    database = await Database.open(await fresh_database("opendata-catalog"), size=4)
    async with _relay(database, nats_server) as relay:

        async def define(code: str, version: int = 1, **rest: Any) -> None:
            event = MeasureDefined(code=code, version=version, defined_at=AT, **rest)
            outgoing = Outgoing(event, "measure", code, version, public=event.published)
            async with database.transaction() as connection:
                await outbox.record(connection, AT, [outgoing])
            relay.wake()

        yield define
    await database.close()


async def _feeds_until(catalog: Catalog, expected: list[dict[str, Any]], headers: dict[str, str] | None = None) -> None:
    """Waits for what the plan said to arrive; the test's own time limit ends a wait in vain."""
    while True:
        found = (await catalog.public.get(POTHOLES, headers=headers or {})).json()["feeds"]
        if found == expected:
            return
        await asyncio.sleep(0.02)


def _feed(code: str, title: str | None = None, department: str | None = None, **rest: Any) -> dict[str, Any]:
    return {
        "code": code,
        "known": title is not None,
        "title": title,
        "department": department,
        "retired": False,
        **rest,
    }


async def test_a_measure_gets_its_name_when_the_plan_tells_it_and_keeps_up_with_it(
    catalog: Catalog, entry: Entries, tell: Tell
) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    await _feeds_until(catalog, [_feed("potholes-repaired")])
    await tell("potholes-repaired", title="Potholes repaired", department="public-works")
    await _feeds_until(catalog, [_feed("potholes-repaired", "Potholes repaired", "public-works")])
    await tell("potholes-repaired", 2, title="Potholes filled", department="public-works", retired=True)
    await _feeds_until(catalog, [_feed("potholes-repaired", "Potholes filled", "public-works", retired=True)])


async def test_an_older_definition_that_comes_late_changes_nothing(
    catalog: Catalog, entry: Entries, tell: Tell
) -> None:
    await catalog.public.post(PATH, json=entry(measures=["m", "last"]), headers=catalog.steward)
    await tell("m", 2, title="New")
    await tell("m", 1, title="Old")
    await tell("last", title="Last")
    await _feeds_until(catalog, [_feed("m", "New"), _feed("last", "Last")])


async def test_an_unpublished_measure_is_named_to_staff_only(catalog: Catalog, entry: Entries, tell: Tell) -> None:
    await catalog.public.post(PATH, json=entry(measures=["draft", "m"]), headers=catalog.steward)
    viewer = catalog.signer.headers(Role.VIEWER)
    await tell("draft", title="Draft", published=False)
    await _feeds_until(catalog, [_feed("draft", "Draft"), _feed("m")], viewer)
    public = (await catalog.public.get(POTHOLES)).json()
    assert (public["measures"], public["feeds"]) == (["m"], [_feed("m")])
    changed = entry(title="Changed", measures=["draft", "m"])
    await catalog.public.put(POTHOLES, json=changed, headers=catalog.steward | {"If-Match": '"1"'})
    body = await catalog.database.pool.fetchval("select body from event order by id desc limit 1")
    assert b"draft" not in body


async def test_a_reader_is_sent_the_entry_again_when_a_measure_is_renamed_and_a_writer_need_not_have_seen_it(
    catalog: Catalog, entry: Entries, tell: Tell
) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    seen = (await catalog.public.get(POTHOLES)).headers["ETag"]
    await tell("potholes-repaired", title="Potholes repaired")
    await _feeds_until(catalog, [_feed("potholes-repaired", "Potholes repaired")])
    assert (await catalog.public.get(POTHOLES, headers={"If-None-Match": seen})).status_code == 200
    headers = catalog.steward | {"If-Match": seen}
    assert (await catalog.public.put(POTHOLES, json=entry(title="New"), headers=headers)).status_code == 200


async def test_what_is_listed_reaches_the_stream(catalog: Catalog, entry: Entries, nats_server: Nats) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    await catalog.become_ready()
    client = await nats.connect(nats_server.url, user_credentials=nats_server.creds("steward"))
    try:
        subscription = await client.jetstream().subscribe("dataset.>", stream="CATALOG", ordered_consumer=True)
        message = await subscription.next_msg(timeout=30)
    finally:
        await client.close()
    assert message.subject == "dataset.listed.v1.dataset.street-potholes"
    assert message.headers and message.headers["ce-type"] == DatasetListed.type_name()
