"""The worker as a whole: from events on two streams to a status event, past duplicates and poison."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest

from rollup_worker import worker
from rollup_worker.settings import Settings
from tests.integration.rollup_worker.stage import NOON, City, push, small_city, value
from tests.integration.shared.wires import prepare, until, wired
from tests.support.parts import FreshDatabase, Nats
from tideline import outbox
from tideline.events import Event, ObservationsRecorded
from tideline.outbox import Outgoing
from tideline.relay import Relay


class Publisher:
    """Another service's outbox and relay."""

    def __init__(self, url: str, server: Nats, stream: str, user: str) -> None:
        self.url, self.server, self.stream, self.user = url, server, stream, user

    async def publish(self, city: City, events: Sequence[Event]) -> None:
        async with wired(self.url, self.server, self.user) as (database, bus):
            async with database.transaction() as connection:
                await outbox.record(connection, city.clock.now(), [_outgoing(event) for event in events])
            relay = Relay(database, bus, self.stream)
            while await relay.step():
                pass


def _outgoing(event: Event) -> Outgoing:
    names = (getattr(event, name, None) for name in ("code", "measure", "source"))
    return Outgoing(event, event.noun, next(filter(None, names)), public=not isinstance(event, ObservationsRecorded))


@pytest.fixture
async def publishers(fresh_database: FreshDatabase, nats_server: Nats) -> dict[str, Publisher]:
    found = {}
    for stream, user in (("GOALS", "goals-api"), ("MEASUREMENTS", "measures-ingest")):
        url = await fresh_database()
        await prepare(url)
        found[stream] = Publisher(url, nats_server, stream, user)
    return found


@asynccontextmanager
async def running(url: str, server: Nats) -> AsyncIterator[httpx.AsyncClient]:
    app = worker.build(
        Settings(
            database_url=url,
            nats_url=server.url,
            nats_creds=server.creds("rollup-worker"),
            poll_seconds=0.2,
            clock_start=NOON,
        )
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker") as client,
    ):
        yield client


async def test_events_become_statuses_and_status_events(
    city: City, publishers: dict[str, Publisher], nats_server: Nats
) -> None:
    await publishers["MEASUREMENTS"].publish(city, [push(value("response", "2017-03", 7))])
    async with running(city.url, nats_server) as client:
        await publishers["GOALS"].publish(city, small_city())

        async def judged() -> bool:
            return any(each.code == "city" and each.new.status == "achieved" for each in await city.told())

        await until(judged)

        async def published() -> bool:
            return not await city.database.pool.fetchval("select count(*) from pending")

        await until(published)

        async def ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await until(ready)


async def test_what_came_while_the_worker_was_away_is_judged_when_it_is_back(
    city: City, publishers: dict[str, Publisher], nats_server: Nats
) -> None:
    await publishers["GOALS"].publish(city, small_city())
    for revision in range(1, 4):
        await publishers["MEASUREMENTS"].publish(city, [push(value("response", "2017-03", revision, revision))])
        async with running(city.url, nats_server):

            async def arrived(wanted: int = revision) -> bool:
                found = [each for each in await city.told() if each.code == "response"]
                return bool(found) and found[-1].new.value == wanted

            await until(arrived)
    versions = [each.version for each in await city.told() if each.code == "response"]
    assert versions == list(range(1, len(versions) + 1))


async def test_a_rebuild_is_worked_off_by_the_running_worker(
    city: City, publishers: dict[str, Publisher], nats_server: Nats
) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    await city.judge()
    told = len(await city.told())
    async with running(city.url, nats_server):
        await worker.rebuild(Settings(database_url=city.url, nats_url=nats_server.url))

        async def done() -> bool:
            return not await city.database.pool.fetchval("select count(*) from dirty")

        await until(done)
    assert len(await city.told()) == told


async def test_what_a_running_worker_stored_is_what_a_replay_gives(
    city: City, publishers: dict[str, Publisher], nats_server: Nats, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(database_url=city.url, nats_url=nats_server.url, nats_creds=nats_server.creds("rollup-worker"))
    async with running(city.url, nats_server):
        await publishers["GOALS"].publish(city, small_city())
        for revision in range(1, 6):
            await publishers["MEASUREMENTS"].publish(city, [push(value("response", "2017-03", revision, revision))])
        await worker.rebuild(settings)

        async def done() -> bool:
            found = [each for each in await city.told() if each.code == "city"]
            return bool(found) and found[-1].new.status == "achieved"

        await until(done)
        assert await worker.replay(settings, None)
    assert capsys.readouterr().out.startswith("identical: 5 nodes")
