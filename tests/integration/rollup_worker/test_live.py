"""Server-sent events: everything public, once, in order, live and from any place still held."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import nats
import pytest
from starlette.types import Message

from deploy.local import nats_users
from rollup_worker.routes.events import EventStream
from rollup_worker.routes.live import Hub, Wanted
from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.listening import Stage, caught_up
from tests.integration.rollup_worker.stage import City, department, goal, measure, push, small_city, value
from tests.integration.shared.wires import prepare, until, wired, write
from tests.support.parts import FreshDatabase, Nats
from tests.support.stubs import serving
from tideline import outbox
from tideline.bus import Bus
from tideline.events import MethodAdopted, MethodsOffered, StatusPublished
from tideline.outbox import Outgoing
from tideline.relay import Relay
from tideline.vocabulary import Kind


@pytest.fixture
async def stage(city: City, reads: Reads, nats_server: Nats) -> AsyncIterator[Stage]:
    bus = await Bus.connect(nats_server.url, nats_server.creds("rollup-worker"), "rollup-worker")
    async with serving([reads.app]) as [port], httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        made = Stage(city, Relay(city.database, bus, "STATUS"), client)
        await city.tell(*small_city())
        await city.judge()
        await made.publish()
        await until(caught_up(reads.app.state.hub, bus))
        yield made
    await bus.close()


async def test_a_change_is_heard_in_order_with_what_it_is_about(stage: Stage) -> None:
    listening = asyncio.create_task(stage.hear(5))
    await asyncio.sleep(0.2)
    await stage.change()
    heard = await listening
    assert [each.node for each in heard] == [
        "measure.response", "goal.fast-help", "area.safety", "department.fire", "city.city",
    ]  # fmt: skip
    assert {each.event for each in heard} == {"status.changed.v1"}
    assert set(heard[0].data) == {"type", "subject", "time", "id", "data"}
    assert heard[0].data["data"]["new"]["status"] == "at_risk"
    assert [each.place for each in heard] == (await stage.places())[5:]


async def test_a_listener_who_comes_back_has_neither_gap_nor_duplicate(stage: Stage) -> None:
    chance = random.Random(7)
    heard = await stage.hear(5, "?since=status:0")
    total = 5
    for _ in range(8):
        for _ in range(chance.randint(1, 3)):
            total += await stage.change()
        wanted = chance.randint(1, total - len(heard))
        heard += await stage.hear(wanted, last=heard[-1].id)
    if total > len(heard):
        heard += await stage.hear(total - len(heard), last=heard[-1].id)
    assert [each.place for each in heard] == await stage.places()
    assert len({each.data["id"] for each in heard}) == total


async def test_a_resume_runs_over_into_what_happens_meanwhile(stage: Stage) -> None:
    listening = asyncio.create_task(stage.hear(5 + 5 + 19 * 6, "?since=status:0"))
    for _ in range(20):
        await stage.change()
    assert [each.place for each in await listening] == await stage.places()


async def test_only_what_was_asked_for_is_heard(stage: Stage) -> None:
    listening = [
        asyncio.create_task(stage.hear(1, query))
        for query in ("?kinds=goal", "?codes=fire,none", "?types=status.changed.v1&kinds=city")
    ]
    await asyncio.sleep(0.2)
    await stage.change()
    heard = [(await each)[0].node for each in listening]
    assert heard == ["goal.fast-help", "department.fire", "city.city"]


async def test_what_is_not_published_is_not_heard(stage: Stage) -> None:
    await stage.city.tell(measure("secret", published=False), goal("hidden", kpi="secret", published=False))
    await stage.city.tell(push(value("secret", "2017-03", 5)))
    await stage.city.judge()
    await stage.publish()
    await stage.change()
    heard = await stage.hear(5 + 5, "?since=status:0")
    assert "secret" not in json.dumps([each.data for each in heard])
    assert "hidden" not in json.dumps([each.data for each in heard])


async def test_restatements_methods_and_published_statuses_are_heard_and_the_journal_is_not(stage: Stage) -> None:
    at = stage.city.clock.at
    words: dict[str, Any] = {"kind": Kind.GOAL, "code": "fast-help", "version": 1, "actor": "coordinator"}
    published = StatusPublished(**words, status="at_risk", reason="storm", published_at=at)
    adopted = MethodAdopted(id="pace", version=2, previous=1, actor="operator", adopted_at=at)
    offered = MethodsOffered(methods=[], offered_at=at)
    async with stage.city.database.transaction() as connection:
        own = [Outgoing(published, "goal", "fast-help"), Outgoing(adopted, "method", "pace")]
        await outbox.record(connection, at, [*own, Outgoing(offered, "method", "all")])
        await outbox.record(connection, at, [Outgoing(published, "goal", "hidden", public=False)])
    for _ in range(2):
        await stage.change()
    heard = await stage.hear(5 + 3 + 5 + 6, "?since=status:0")
    assert [each.place for each in heard] == await stage.places()
    assert {each.event for each in heard} == {
        "status.changed.v1", "publication.made.v1", "method.adopted.v1", "methods.offered.v1", "value.restated.v1",
    }  # fmt: skip
    assert "hidden" not in json.dumps([each.data for each in heard])
    for types, count in (("value.restated", 1), ("publication.made.v1,method.adopted", 2), ("methods.offered", 1)):
        (*_, last) = found = await stage.hear(count, f"?since=status:0&types={types}")
        assert {each.event.removesuffix(".v1") for each in found} == {
            name.removesuffix(".v1") for name in types.split(",")
        }
        assert last.data["type"].startswith("org.tideline.")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await stage.hear(1, "?since=status:0&types=recompute.done")


async def test_a_place_that_is_no_longer_held_is_gone_with_a_link_to_the_snapshot(
    stage: Stage, nats_server: Nats
) -> None:
    await stage.change()
    steward = await nats.connect(nats_server.url, user_credentials=nats_server.creds(nats_users.STEWARD))
    await steward.jetstream().purge_stream("STATUS", seq=8)
    await steward.close()
    answer = await stage.client.get("/v1/events", headers={"Last-Event-ID": "status:3"})
    assert (answer.status_code, answer.json()["code"]) == (410, "position_gone")
    assert answer.json()["snapshot"] == "/v1/status/city"
    assert answer.headers["link"] == '</v1/status/city>; rel="alternate"'
    assert len(await stage.hear(3, last="status:7")) == 3


async def test_a_place_that_is_none_is_refused(stage: Stage) -> None:
    for last in ("status", "status:x", "weather:3", "status:-1"):
        answer = await stage.client.get("/v1/events", headers={"Last-Event-ID": last})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_position")
    assert (await stage.client.get("/v1/events?since=status:999999")).status_code == 410


async def test_a_slow_listener_is_let_go_and_can_come_back(stage: Stage, nats_server: Nats) -> None:
    async with _hub(nats_server, ring_size=3) as hub:
        feed = hub.feed({}, Wanted())
        await anext(feed)
        waiting = asyncio.ensure_future(anext(feed))
        await asyncio.sleep(0)
        await stage.change()
        first = await waiting
        await stage.change()
        await until(caught_up(hub, hub.bus))
        rest = [block async for block in feed]
        assert first.startswith(b"id: ") and rest == []
        place = int(first.rpartition(b"status:")[2].split(b",")[0])
        assert place < hub.positions["STATUS"]
        async with aclosing(hub.feed({"STATUS": place}, Wanted())) as again:
            await anext(again)
            block = await anext(again)
        following = min(each for each in await stage.places() if each > place)
        assert int(block.partition(b"status:")[2].split(b",")[0]) == following


async def test_a_listener_who_never_reads_is_let_go() -> None:
    async def never(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def feed() -> AsyncIterator[bytes]:
        yield b"id: status:1\n\n"

    async with asyncio.timeout(20):
        await EventStream(feed(), send_seconds=0.01).stream_response(never)


async def test_a_quiet_feed_says_that_it_is_there_and_moves_the_place_on(stage: Stage, nats_server: Nats) -> None:
    async with (
        _hub(nats_server, heartbeat_seconds=0.05) as hub,
        aclosing(hub.feed({}, Wanted(codes=frozenset({"nothing"})))) as feed,
    ):
        await anext(feed)
        await stage.change()
        await until(caught_up(hub, hub.bus))
        async with asyncio.timeout(20):
            async for block in feed:
                assert block.startswith(b": ")
                if b"status:12" in block:
                    break


async def test_the_feed_survives_a_restart_of_nats(stage: Stage, reads: Reads, nats_server: Nats) -> None:
    listening = asyncio.create_task(stage.hear(5))
    await asyncio.sleep(0.2)
    nats_server.restart()
    await stage.change()
    assert [each.node for each in await listening][-1] == "city.city"


async def test_events_of_two_streams_carry_one_place_in_each(
    stage: Stage, fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        listening = asyncio.create_task(stage.hear(2 + 5))
        await asyncio.sleep(0.2)
        await write(database, "fire", "water")
        relay = Relay(database, bus, "GOALS")
        while await relay.step():
            pass
        await stage.change()
        heard = await listening
    assert {each.event for each in heard} == {"department.defined.v1", "status.changed.v1"}
    last = dict(part.split(":") for part in heard[-1].id.split(","))
    assert (last["goals"], last["status"]) == ("2", "12")
    again = await stage.hear(1 + 5, last="goals:1,status:6")
    assert sorted(each.node for each in again)[-1] == "measure.response"
    assert department("x").noun in again[0].event


@asynccontextmanager
async def _hub(server: Nats, **settings: Any) -> AsyncIterator[Hub]:
    bus = await Bus.connect(server.url, server.creds("rollup-api"), "rollup-api")
    hub = Hub(bus, **settings)
    await hub.start()
    running = asyncio.create_task(hub.run("STATUS"))
    yield hub
    running.cancel()
    await asyncio.wait([running], timeout=5)
    await bus.close()
