"""Replay: what is stored is what the event log gives, byte for byte; and a lost database comes back from the log."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from deploy.local import nats_users
from rollup_worker.actions.publishing import enter_publication
from rollup_worker.handlers import HANDLERS
from rollup_worker.jobs.adoption import adopt
from rollup_worker.jobs.comparing import Comparison
from rollup_worker.jobs.eventlog import Incomplete
from rollup_worker.jobs.recompute import mark_rebuild
from rollup_worker.jobs.recovering import check, recover
from rollup_worker.jobs.replaying import Log as EventLog
from rollup_worker.repository import facts, journal
from tests.integration.rollup_worker.stage import City, department, goal, measure, push, small_city, target, value
from tests.integration.shared.wires import prepare
from tests.support.parts import FreshDatabase, Nats
from tideline import inbox, outbox
from tideline.bus import Bus
from tideline.consumer import Hopeless, Meta
from tideline.database import Database
from tideline.errors import Conflict, Invalid
from tideline.events import Calendar, CityDefined, Event, ObservationsRecorded, StatusPublished, decode
from tideline.outbox import Outgoing
from tideline.relay import Relay
from tideline.vocabulary import Kind

MEASURES = ("calls", "crews", "response")


class Log:
    """The three streams with their writers; events reach the city as its consumers bring them, in random portions."""

    def __init__(self, city: City, buses: dict[str, Bus], databases: dict[str, Database]) -> None:
        self.city = city
        self.bus = buses["STATUS"]
        self.relays = {stream: Relay(databases[stream], buses[stream], stream) for stream in databases}
        self.databases = databases
        self.read = {"GOALS": 0, "MEASUREMENTS": 0}

    async def tell(self, *events: Event) -> None:
        for event in events:
            outgoing = Outgoing(event, event.noun, _code(event), public=not isinstance(event, ObservationsRecorded))
            async with self.databases[event.stream].transaction() as connection:
                await outbox.record(connection, self.city.clock.at, [outgoing])
            await self.publish(event.stream)

    async def publish(self, stream: str = "STATUS") -> None:
        while await self.relays[stream].step():
            pass

    async def arrive(self, stream: str, most: int = 100) -> None:
        """As the consumer does: one transaction, each event once, noted; a hopeless one is buried."""
        rows = await self.databases[stream].pool.fetch(
            "select p.seq, e.* from published p join event e using (id) where seq > $1 order by seq limit $2",
            self.read[stream], most,
        )  # fmt: skip
        for row in rows:
            self.read[stream] = row["seq"]
            await self._apply(Meta(row["uid"], stream, row["seq"], row["type"], row["subject"], row["at"]), row["body"])

    async def _apply(self, meta: Meta, body: bytes) -> None:
        handlers = {event.type_name(): handler for event, handler in HANDLERS[meta.stream].items()}
        try:
            async with self.city.database.transaction() as connection:
                if await inbox.first_time(connection, meta.stream, [meta.id]):
                    await handlers[meta.type](connection, decode(meta.type, body), meta)
                    await journal.note(connection, [meta])
        except Hopeless:
            async with self.city.database.transaction() as connection:
                await inbox.first_time(connection, meta.stream, [meta.id])


def _code(event: Any) -> str:
    return str(getattr(event, "code", None) or getattr(event, "measure", None) or event.source)


@pytest.fixture
async def log(city: City, fresh_database: FreshDatabase, nats_server: Nats) -> AsyncIterator[Log]:
    users = {"GOALS": "goals-api", "MEASUREMENTS": "measures-ingest", "STATUS": "rollup-worker"}
    buses = {
        stream: await Bus.connect(nats_server.url, nats_server.creds(user), user) for stream, user in users.items()
    }
    databases = {"STATUS": city.database}
    for stream in ("GOALS", "MEASUREMENTS"):
        url = await fresh_database()
        await prepare(url)
        databases[stream] = await Database.open(url, size=2)
    yield Log(city, buses, databases)
    for stream in ("GOALS", "MEASUREMENTS"):
        await databases[stream].close()
    for bus in buses.values():
        await bus.close()


class Years:
    """A random history of a small city: plan and values, late, revised, withdrawn; days, rebuilds, publications."""

    def __init__(self, log: Log, seed: int) -> None:
        self.log, self.chance = log, random.Random(seed)
        self.counts: dict[Any, int] = {}

    async def begin(self) -> None:
        await self.log.tell(*small_city())
        await self.log.tell(*(measure(code, time_aggregation="average", department=None) for code in MEASURES[:2]))

    async def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.log.city.clock.move(hours=self.chance.choice([0, 1, 30, 400]))
            ways = [self.values, self.plan, self.days, self.rebuild, self.publish, self.adopt]
            await self.chance.choices(ways, [8, 5, 2, 1, 1, 1])[0]()
            for stream in self.chance.sample(["GOALS", "MEASUREMENTS"], 2):
                if self.chance.random() < 0.7:
                    await self.log.arrive(stream, self.chance.randint(1, 4))
            if self.chance.random() < 0.5:
                await self.log.city.judge()
        await self.settle()

    async def settle(self) -> None:
        for stream in ("MEASUREMENTS", "GOALS"):
            await self.log.arrive(stream)
        await self.log.city.judge()
        await self.log.publish()

    def number(self, *key: Any) -> int:
        self.counts[key] = self.counts.get(key, 1) + 1
        return self.counts[key]

    async def values(self) -> None:
        chosen = [(self.chance.choice(MEASURES), f"2017-{self.chance.randint(1, 6):02}") for _ in range(3)]
        pushed = []
        for code, month in dict.fromkeys(chosen):
            revision = self.number(code, month) - 1
            flag = self.chance.choice([None, None, "provisional", "withdrawn"])
            amount = None if flag == "withdrawn" else self.chance.randint(1, 12)
            pushed.append(value(code, month, amount, revision, flag=flag))
        event = push(*pushed, at=self.log.city.clock.at)
        await self.log.tell(*([event, event] if self.chance.random() < 0.2 else [event]))

    async def plan(self) -> None:
        at, chance = self.log.city.clock.at, self.chance
        calendar = Calendar(fiscal_year_start_month=chance.choice([1, 7]))
        code = chance.choice(MEASURES)
        changed = measure(
            code, self.number("measure", code), direction=chance.choice(["up", "down", "sideways"]),
            time_aggregation="average", department=chance.choice(["fire", None]), calendar=calendar,
            retired=chance.random() < 0.2, published=chance.random() < 0.8, defined_at=at,
        )  # fmt: skip
        kpi = chance.choice(MEASURES)
        aims: Sequence[Event] = [
            changed,
            goal("fast-help", self.number("goal"), kpi=kpi, areas=["safety"], defined_at=at),
            department("fire", self.number("fire"), policy=chance.choice(["weighted", "worst_of"]), defined_at=at),
            target(code, "2017", chance.randint(2, 9), self.number("target", code), at),
            CityDefined(version=self.number("city"), calendar=calendar, title="Tacoma", defined_at=at),
        ]
        await self.log.tell(chance.choice(aims))

    async def days(self) -> None:
        await self.log.city.begin_day()

    async def rebuild(self) -> None:
        async with self.log.city.database.transaction() as connection:
            await mark_rebuild(connection, self.log.city.clock.at)

    async def adopt(self) -> None:
        """Another version of a method, judged in its own transaction, with whatever else has entered by then."""
        version = 1 + self.counts.setdefault("adopted", 0) % 2
        self.counts["adopted"] += 1
        with suppress(Invalid):
            await adopt(self.log.city.database, self.log.city.clock, "pace", 3 - version, "operator")

    async def publish(self) -> None:
        at = self.log.city.clock.at
        event = StatusPublished(
            kind=Kind.GOAL, code="fast-help", version=self.number("published") - 1, status="at_risk", reason="storm",
            actor="coordinator", expires_on=None, published_at=at,
        )  # fmt: skip
        async with self.log.city.database.transaction() as connection:
            await facts.lock(connection)
            await journal.enter_own(connection)
            await enter_publication(connection, event, public=True)
            await outbox.record(connection, at, [Outgoing(event, "goal", "fast-help", event.version)])


async def compared(log: Log, said: list[str] | None = None) -> Comparison:
    return await check(
        log.city.database, log.city.url, EventLog(log.bus, HANDLERS), (said if said is not None else []).append
    )


@pytest.mark.parametrize("seed", range(4))
async def test_a_replay_of_any_history_gives_the_same_bytes(log: Log, seed: int) -> None:
    years = Years(log, seed)
    await years.begin()
    await years.go_on(25)
    said: list[str] = []
    found = await compared(log, said)
    assert said == []
    assert found.versions == await log.city.database.pool.fetchval("select count(*) from assessment") > 10
    assert found.events > found.versions


async def test_the_command_replays_in_a_process_of_its_own(log: Log, nats_server: Nats) -> None:
    years = Years(log, 21)
    await years.begin()
    await years.go_on(20)
    ended, said = await _command(log.city.url, nats_server)
    assert (ended, said[:11]) == (0, "identical: "), said
    await log.city.database.pool.execute("update assessment set changed = '{x}' where kind = 'city' and version = 1")
    ended, said = await _command(log.city.url, nats_server)
    assert (ended, said.splitlines()[-1][:13]) == (1, "different: 1:"), said


async def _command(url: str, server: Nats) -> tuple[int | None, str]:
    known = {"DATABASE_URL": url, "NATS_URL": server.url, "NATS_CREDS": server.creds("rollup-worker")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rollup_worker.worker", "replay",
        env={**os.environ, **known, "PYTHONHASHSEED": "77"}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_one_changed_byte_is_found(log: Log) -> None:
    years = Years(log, 3)
    await years.begin()
    await years.settle()
    await log.tell(push(value("response", "2017-03", "7.4")))
    await years.settle()
    await log.city.database.pool.execute(
        "update assessment set document = replace(document::text, '7.4', '7.5')::json "
        "where kind = 'measure' and code = 'response' and known_to is null"
    )
    said: list[str] = []
    found = await compared(log, said)
    assert found.differences == 1 and "measure response version 2 document" in said[0]
    assert "7.5" in said[0] and "7.4" in said[0]


async def test_a_version_that_nobody_judged_is_found(log: Log) -> None:
    years = Years(log, 3)
    await years.begin()
    await years.settle()
    await log.city.database.pool.execute("delete from assessment where kind = 'goal'")
    said: list[str] = []
    await compared(log, said)
    assert said == ["goal fast-help version 1: the replay has it, the database does not"]


async def test_a_value_that_was_changed_by_hand_is_found_before_anything_is_judged_from_it(log: Log) -> None:
    years = Years(log, 3)
    await years.begin()
    await years.settle()
    await log.tell(push(value("response", "2017-03", "7.4")))
    await years.settle()
    await log.city.database.pool.execute(
        "update observation set value = 8.4 where measure = 'response' and value = 7.4"
    )
    said: list[str] = []
    assert (await compared(log, said)).differences == 1
    assert said[0].startswith("observation response 2017-03 1 7.4")


async def test_statuses_from_before_the_journal_are_said_to_be_beyond_a_replay(log: Log) -> None:
    years = Years(log, 3)
    await years.begin()
    await years.settle()
    first = "select min(id) from event where type = 'org.tideline.recompute.done.v1'"
    await log.city.database.pool.execute(f"update event set type = 'older' where id = ({first})")
    with pytest.raises(Incomplete, match="no journal"):
        await compared(log)


async def test_a_stream_that_does_not_reach_back_to_its_beginning_is_said(log: Log, nats_server: Nats) -> None:
    years = Years(log, 3)
    await years.begin()
    await years.settle()
    steward = await Bus.connect(nats_server.url, nats_server.creds(nats_users.STEWARD), nats_users.STEWARD)
    await steward.js.purge_stream("GOALS", seq=3)
    with pytest.raises(Incomplete, match="GOALS begins at 3 now"):
        await compared(log)
    await steward.js.delete_stream("GOALS")
    await steward.close()
    await log.publish("GOALS")
    assert (await compared(log)).differences == 0


@pytest.mark.parametrize("seed", [11, 12])
async def test_a_lost_database_comes_back_and_goes_on(log: Log, fresh_database: FreshDatabase, seed: int) -> None:
    years = Years(log, seed)
    await years.begin()
    await years.go_on(15)
    before = [tuple(row) for row in await log.city.database.pool.fetch(_EVERYTHING)]
    await log.tell(push(value("response", "2017-06", 3, 900), at=log.city.clock.move(hours=1)))
    await log.arrive("MEASUREMENTS")  # applied, and lost before any pass saw it

    url = await fresh_database("rollup-worker")
    database = await Database.open(url, size=4, name="rollup-worker")
    said: list[str] = []
    found = await recover(database, EventLog(log.bus, HANDLERS), said.append)
    assert (said, found.versions) == ([], len(before))
    assert [tuple(row) for row in await database.pool.fetch(_EVERYTHING)] == before

    log.city, log.databases["STATUS"] = City(database, url, log.city.clock), database
    log.relays["STATUS"] = Relay(database, log.bus, "STATUS")
    log.read = {"GOALS": 0, "MEASUREMENTS": 0}  # the consumers may bring everything once more
    years.log = log
    last = (await log.bus.js.stream_info("STATUS")).state.last_seq
    await years.go_on(8)
    assert log.relays["STATUS"].alarm is None
    assert (await log.bus.js.stream_info("STATUS")).state.last_seq > last
    said.clear()
    await compared(log, said)
    assert said == []
    with pytest.raises(Conflict):
        await recover(database, EventLog(log.bus, HANDLERS), said.append)
    await database.close()


_EVERYTHING = (
    "select kind, code, version, document::text, public_document::text, line::text, changed, why::text, published, "
    "known_from, known_to from assessment order by 1, 2, 3"
)
