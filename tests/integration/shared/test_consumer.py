"""Each event's effect happens once; nothing is dropped without a word; the next event is never held up for ever."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from tests.integration.shared.wires import STREAM, prepare, until, wired, write
from tests.support.parts import FreshDatabase, Nats
from tideline.bus import Bus
from tideline.consumer import Consumer, Handler, Hopeless, Meta
from tideline.database import Connection, Database
from tideline.events import DepartmentDefined, Event
from tideline.relay import Relay

READER = "rollup-worker"


async def note(connection: Connection, event: DepartmentDefined, meta: Meta) -> None:
    await connection.execute("insert into effect values ($1, $2)", event.code, event.version)


def consumer(database: Database, bus: Bus, handler: Handler = note) -> Consumer:
    return Consumer(database, bus, stream=STREAM, durable=READER, handlers={DepartmentDefined: handler})


async def effects(database: Database) -> list[str]:
    return [row["code"] for row in await database.pool.fetch("select code from effect")]


async def reach(database: Database, count: int) -> None:
    async def reached() -> bool:
        return len(await effects(database)) >= count

    await until(reached)


class Stage:
    """A writer's and a reader's database with the stream between them."""

    def __init__(self, fresh: FreshDatabase, server: Nats) -> None:
        self._fresh, self._server = fresh, server

    async def __aenter__(self) -> "Stage":
        urls = [await self._fresh(), await self._fresh()]
        for url in urls:
            await prepare(url)
        self._contexts = [wired(urls[0], self._server), wired(urls[1], self._server, READER)]
        (self.writer, self.writer_bus), (self.reader, self.reader_bus) = [
            await context.__aenter__() for context in self._contexts
        ]
        return self

    async def __aexit__(self, *error: Any) -> None:
        for context in self._contexts:
            await context.__aexit__(None, None, None)

    async def publish(self, *codes: str) -> None:
        await write(self.writer, *codes)
        relay = Relay(self.writer, self.writer_bus, STREAM)
        while await relay.step():
            pass


async def test_what_is_published_is_applied_in_order(fresh_database: FreshDatabase, nats_server: Nats) -> None:
    async with Stage(fresh_database, nats_server) as stage:
        running = asyncio.create_task(consumer(stage.reader, stage.reader_bus).run())
        await stage.publish(*"abc")
        await stage.publish(*(f"d{number}" for number in range(500)))
        await reach(stage.reader, 503)
        assert await effects(stage.reader) == [*"abc", *(f"d{number}" for number in range(500))]
        running.cancel()


async def test_an_event_that_comes_again_after_a_crash_changes_nothing(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    class DiesBeforeItsAck(Consumer):
        async def _transact(self, deliveries: Any) -> None:
            await super()._transact(deliveries)
            raise KeyboardInterrupt

    async with Stage(fresh_database, nats_server) as stage:
        await stage.publish(*"abc")
        dying = DiesBeforeItsAck(
            stage.reader, stage.reader_bus, stream=STREAM, durable=READER, handlers={DepartmentDefined: note}
        )
        try:
            await dying._ensure()
            await dying._apply(await _first(dying, stage.reader_bus))
        except KeyboardInterrupt:
            pass
        running = asyncio.create_task(consumer(stage.reader, stage.reader_bus).run())
        await stage.publish("d")
        await reach(stage.reader, 4)
        await until(lambda: _all_acknowledged(stage.reader_bus))
        assert sorted(await effects(stage.reader)) == [*"abcd"]
        running.cancel()


async def test_a_failing_event_is_tried_again_and_then_buried_while_its_neighbours_live(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    tried: list[str] = []

    async def picky(connection: Connection, event: DepartmentDefined, meta: Meta) -> None:
        tried.append(event.code)
        if event.code == "bad":
            raise ValueError("cannot be")
        if event.code == "hopeless":
            raise Hopeless("never will")
        await note(connection, event, meta)

    async with Stage(fresh_database, nats_server) as stage:
        running = asyncio.create_task(consumer(stage.reader, stage.reader_bus, picky).run())
        await stage.publish("a", "bad", "b", "hopeless", "c")
        await reach(stage.reader, 3)
        await until(lambda: _all_acknowledged(stage.reader_bus))
        assert await effects(stage.reader) == ["a", "b", "c"]
        letters = await stage.reader.pool.fetch("select reason, sequence from dead_letter order by sequence")
        assert [tuple(row) for row in letters] == [("ValueError: cannot be", 2), ("Hopeless: never will", 4)]
        assert tried.count("bad") >= 5 and tried.count("hopeless") <= 2
        running.cancel()


async def test_a_database_that_is_away_is_waited_for_and_nothing_is_buried(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    away = 8

    async def fails_for_a_while(connection: Connection, event: DepartmentDefined, meta: Meta) -> None:
        nonlocal away
        away -= 1
        if away > 0:
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        await note(connection, event, meta)

    async with Stage(fresh_database, nats_server) as stage:
        running = asyncio.create_task(consumer(stage.reader, stage.reader_bus, fails_for_a_while).run())
        await stage.publish("a")
        await until(lambda: _has(stage.reader, "a"), 60)
        assert await stage.reader.pool.fetchval("select count(*) from dead_letter") == 0
        running.cancel()


async def test_a_body_that_is_not_what_its_type_says_is_a_dead_letter(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    async with Stage(fresh_database, nats_server) as stage:
        running = asyncio.create_task(consumer(stage.reader, stage.reader_bus).run())
        await stage.publish("a")
        headers = {"ce-type": "org.tideline.department.defined.v1", "ce-id": "0" * 32, "ce-time": "2017-01-01T00:00Z"}
        await stage.writer_bus.js.publish("department.defined.v1.department.x", b'{"code": 1}', headers=headers)
        await stage.writer_bus.js.publish("department.defined.v1.department.x", b"\xff\xfe")
        await until(lambda: _letters(stage.reader, 2))
        assert await effects(stage.reader) == ["a"]
        running.cancel()


async def _first(one: Consumer, bus: Bus) -> Any:
    subscription = await bus.client.subscribe(bus.client.new_inbox(), cb=one._arrive)
    found = await one._next(subscription.subject)
    await subscription.unsubscribe()
    return found


async def _has(database: Database, code: str) -> bool:
    return code in await effects(database)


async def _letters(database: Database, count: int) -> bool:
    found: int = await database.pool.fetchval("select count(*) from dead_letter")
    return found == count


async def _all_acknowledged(bus: Bus) -> bool:
    info = await bus.js.consumer_info(STREAM, READER)
    return bool(info.num_ack_pending == 0 and info.num_pending == 0)


async def test_what_was_applied_is_noted_with_its_effect_and_what_was_seen_before_is_not(
    fresh_database: FreshDatabase, nats_server: Nats
) -> None:
    noted: list[list[int]] = []

    async def remember(connection: Connection, applied: Sequence[Meta]) -> None:
        assert await connection.fetchval("select count(*) from effect") == sum(map(len, noted)) + len(applied)
        noted.append([meta.sequence for meta in applied])

    async def poison(connection: Connection, event: DepartmentDefined, meta: Meta) -> None:
        if event.code == "b":
            raise Hopeless("never")
        await note(connection, event, meta)

    async with Stage(fresh_database, nats_server) as stage:
        await stage.publish("a", "b", "c")
        for _ in range(2):
            handlers: Mapping[type[Event], Handler] = {DepartmentDefined: poison}
            reading = Consumer(
                stage.reader, stage.reader_bus, stream=STREAM, durable=READER, handlers=handlers, note=remember
            )
            running = asyncio.create_task(reading.run())
            await reach(stage.reader, 2)
            running.cancel()
            await asyncio.wait([running])
    assert [sequence for each in noted for sequence in each] == [1, 3]
