"""The whole service: definitions come over NATS, what is pushed leaves over NATS."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import nats
import pytest
from nats.js import JetStreamContext

from measures_ingest.main import build
from measures_ingest.settings import Settings
from tests.integration.measures_ingest.conftest import START, token, write_keys
from tests.support.parts import FreshDatabase, Nats
from tideline import events
from tideline.bus import Bus
from tideline.database import Database
from tideline.events import MeasureDefined
from tideline.outbox import Outgoing, record
from tideline.relay import Relay


@dataclass
class City:
    """The running service, and the goals service's database and relay beside it."""

    client: httpx.AsyncClient
    goals: Database
    relay: Relay
    stream: JetStreamContext

    async def define(self, code: str, version: int = 1) -> None:
        told = MeasureDefined(code=code, version=version, title=code, published=False, defined_at=START)
        async with self.goals.transaction() as connection:
            await record(connection, datetime.now(UTC), [Outgoing(told, "measure", code, version, public=False)])
        while await self.relay.step():
            pass

    async def push(self, code: str, value: int) -> dict[str, object]:
        body = {"observations": [{"measure": code, "period": "2016-03", "value": value}]}
        answer = await self.client.post("/v1/observations", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, object] = answer.json()
        return found


@pytest.fixture
async def city(fresh_database: FreshDatabase, nats_server: Nats, tmp_path: Path) -> AsyncIterator[City]:
    settings = Settings(
        database_url=await fresh_database("measures-ingest"),
        nats_url=nats_server.url,
        nats_creds=nats_server.creds("measures-ingest"),
        token_keys=write_keys(tmp_path),
        clock_start=START,
    )
    goals = await Database.open(await fresh_database("goals-api"))
    bus = await Bus.connect(nats_server.url, nats_server.creds("goals-api"), "goals-api")
    reader = await nats.connect(nats_server.url, user_credentials=nats_server.creds("steward"))
    app = build(settings)
    headers = {"Authorization": f"Bearer {token('administrator')}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest", headers=headers) as client,
    ):
        yield City(client, goals, Relay(goals, bus, "GOALS"), reader.jetstream())
    await reader.close()
    await bus.close()
    await goals.close()


async def test_a_definition_arrives_what_waited_is_stored_and_leaves_as_an_event(city: City) -> None:
    first = await city.push("late", 7)
    assert first["quarantined"] == 1
    await city.define("late")
    subscription = await city.stream.subscribe("internal.observations.>", stream="MEASUREMENTS", ordered_consumer=True)
    told = await subscription.next_msg(timeout=20)
    assert told.headers is not None
    assert uuid.UUID(told.headers["ce-id"])
    event = events.decode(told.headers["ce-type"], told.data)
    assert isinstance(event, events.ObservationsRecorded)
    assert str(event.batch) == first["batch"]
    assert event.observations[0].value == 7
    assert (await city.push("late", 8))["revised"] == 1
    revision = events.decode(told.headers["ce-type"], (await subscription.next_msg(timeout=20)).data)
    assert isinstance(revision, events.ObservationsRecorded)
    assert revision.observations[0].previous is not None
    assert revision.observations[0].previous.value == 7


async def test_it_is_ready_when_all_its_parts_are(city: City) -> None:
    await city.define("any")
    for _ in range(100):
        answer = await city.client.get("/readyz")
        if answer.status_code == 200:
            break
        await asyncio.sleep(0.1)
    assert answer.json()["ready"], answer.text
    assert set(answer.json()["checks"]) == {"database", "bus", "relay"}
