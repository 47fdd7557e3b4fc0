"""The relay loses nothing, doubles nothing and keeps order, whatever happens between its steps."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from deploy.local import nats_users
from tests.integration.shared.wires import STREAM, in_stream, prepare, until, wired, write
from tests.support.parts import FreshDatabase, Nats
from tideline.bus import Bus
from tideline.database import Database
from tideline.relay import Relay, UnknownEvent


async def drain(relay: Relay) -> None:
    while await relay.step():
        pass


async def steward(server: Nats) -> Bus:
    return await Bus.connect(server.url, server.creds(nats_users.STEWARD), nats_users.STEWARD)


async def lose(server: Nats, after: int) -> None:
    """What a power cut without fsync does: the stream's tail is gone (0: the whole stream)."""
    bus = await steward(server)
    config = (await bus.js.stream_info(STREAM)).config
    kept = [await bus.js.get_msg(STREAM, seq, direct=True) for seq in range(1, after + 1)]
    await bus.js.delete_stream(STREAM)
    if after:
        await bus.js.add_stream(config)
        for message in kept:
            assert message.subject is not None
            headers = {k: v for k, v in (message.headers or {}).items() if not k.startswith("Nats-Batch")}
            await bus.js.publish(message.subject, message.data or b"", headers=headers)
    await bus.close()


async def test_events_arrive_in_the_order_they_were_written(fresh_database: FreshDatabase, nats_server: Nats) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        await write(database, "a", "b")
        await write(database, "c")
        await drain(Relay(database, bus, STREAM))
        assert await in_stream(bus) == [(1, "department.a"), (2, "department.b"), (3, "department.c")]
        assert await database.pool.fetchval("select count(*) from pending") == 0


async def test_an_event_carries_the_cloudevents_headers(fresh_database: FreshDatabase, nats_server: Nats) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        await write(database, "police")
        await drain(Relay(database, bus, STREAM))
        headers = (await bus.js.get_msg(STREAM, 1, direct=True)).headers or {}
    assert headers["ce-id"] == headers["Nats-Msg-Id"]
    assert {name: headers[name] for name in ("ce-specversion", "ce-type", "ce-source", "ce-time", "ce-sequence")} == {
        "ce-specversion": "1.0",
        "ce-type": "org.tideline.department.defined.v1",
        "ce-source": "/tideline/goals",
        "ce-time": "2017-03-14T09:30:00.000000Z",
        "ce-sequence": "1",
    }
    assert headers["ce-dataschema"].endswith("department.defined.v1.json")
    assert headers["ce-partitionkey"] == "department.police"


async def test_a_crash_between_publishing_and_marking_publishes_nothing_twice(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    class Dies(Relay):
        async def _mark(self, last: int, places: Sequence[tuple[int, int]]) -> bool:
            raise KeyboardInterrupt

    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        await drain(Relay(database, bus, STREAM))
        await write(database, *"abc")
        with pytest.raises(KeyboardInterrupt):
            await drain(Dies(database, bus, STREAM))
        assert await database.pool.fetchval("select count(*) from pending") == 3
        await write(database, "d")
        await drain(Relay(database, bus, STREAM))
        assert [entity for _, entity in await in_stream(bus)] == [f"department.{c}" for c in "abcd"]


async def test_a_wiped_stream_gets_every_event_back_at_its_old_sequence(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        for code in "abcdef":
            await write(database, code)
            await drain(Relay(database, bus, STREAM))
        before = await in_stream(bus)
        await lose(nats_server, after=0)
        await write(database, "g")
        await drain(Relay(database, bus, STREAM))
        assert await in_stream(bus) == [*before, (7, "department.g")]


async def test_a_stream_that_lost_its_tail_gets_it_back_before_anything_new(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        await write(database, *"abcdef")
        await drain(Relay(database, bus, STREAM))
        before = await in_stream(bus)
        await lose(nats_server, after=2)
        await write(database, "g")
        await drain(Relay(database, bus, STREAM))
        assert await in_stream(bus) == [*before, (7, "department.g")]


async def test_a_loss_is_noticed_without_any_new_event(fresh_database: FreshDatabase, nats_server: Nats) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        relay = Relay(database, bus, STREAM)
        database.after_commit = relay.wake
        running = asyncio.create_task(relay.run())
        await write(database, *"abc")
        await until(lambda: _pending_is_empty(database))
        before = await in_stream(bus)
        await lose(nats_server, after=0)

        async def is_back() -> bool:
            found = await bus.ask(f"$JS.API.STREAM.INFO.{STREAM}")
            return bool(found.get("state", {}).get("last_seq") == 3)

        await until(is_back)
        assert await in_stream(bus) == before
        running.cancel()


async def test_an_event_the_database_never_recorded_stops_the_relay(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        await write(database, *"ab")
        await drain(Relay(database, bus, STREAM))
        # The database goes back to the time before b was written; the stream still holds it.
        await database.pool.execute(
            "with gone as (delete from event where entity = 'department.b' returning id) "
            "delete from published where id in (select id from gone)"
        )
        await database.pool.execute("update relay set last_seq = 1")
        await write(database, "c")
        relay = Relay(database, bus, STREAM)
        await asyncio.wait_for(relay.run(), 10)
        assert relay.alarm is not None and "never recorded" in relay.alarm
        with pytest.raises(UnknownEvent):
            await relay.check()
        assert len(await in_stream(bus)) == 2
        assert await database.pool.fetchval("select count(*) from pending") == 1


async def test_two_relays_and_many_writers_publish_each_event_once_and_in_order(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    url = await fresh_database()
    await prepare(url)
    random.seed(7)
    async with wired(url, nats_server) as (database, bus), wired(url, nats_server) as (other, other_bus):
        relays = [Relay(database, bus, STREAM), Relay(other, other_bus, STREAM)]
        running = [asyncio.create_task(relay.run()) for relay in relays]

        async def writer(name: str) -> None:
            for version in range(1, 60):
                await write(database, name, version=version)
                for relay in random.sample(relays, random.randint(0, 2)):
                    relay.wake()

        await asyncio.gather(*(writer(f"w{number}") for number in range(4)))
        await until(lambda: _pending_is_empty(database))
        for task in running:
            task.cancel()
        versions: dict[str, list[int]] = {}
        state = (await bus.js.stream_info(STREAM)).state
        for seq in range(1, state.last_seq + 1):
            version, entity = await _version(database, await bus.js.get_msg(STREAM, seq, direct=True))
            versions.setdefault(entity, []).append(version)
    assert versions == {f"department.w{number}": list(range(1, 60)) for number in range(4)}


async def _pending_is_empty(database: Database) -> bool:
    found: int = await database.pool.fetchval("select count(*) from pending")
    return found == 0


async def _version(database: Database, message: Any) -> tuple[int, str]:
    row = await database.pool.fetchrow("select version, entity from event where uid = $1", message.headers["ce-id"])
    assert row is not None
    return row["version"], row["entity"]


async def test_a_stream_of_an_earlier_release_takes_the_new_subjects(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    url = await fresh_database()
    await prepare(url)
    async with wired(url, nats_server) as (database, bus):
        await write(database, "a")
        await drain(Relay(database, bus, STREAM))
        config = (await bus.js.stream_info(STREAM)).config
        await bus.js.update_stream(replace(config, subjects=["goal.>"]))
        await write(database, "b")
        await drain(Relay(database, bus, STREAM))
        assert await in_stream(bus) == [(1, "department.a"), (2, "department.b")]
