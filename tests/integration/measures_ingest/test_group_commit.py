"""Shared commits, from their failures on."""

import asyncio
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.local import postgres
from measures_ingest.core.batch import Batch
from measures_ingest.repository import batches
from tests.integration.measures_ingest.conftest import Ingest, running, until
from tests.support.parts import PASSWORD, SERVICES, Postgres
from tideline import migrations
from tideline.database import Connection


def row(number: int, value: int = 7) -> dict[str, object]:
    return {"measure": "potholes", "period": f"2016-{number:02}", "value": value}


async def test_a_member_that_fails_fails_alone(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = batches.add

    async def add(connection: Connection, found: Sequence[Batch]) -> None:
        if any(batch.counts.rejected for batch in found):
            raise ZeroDivisionError
        await kept(connection, found)

    monkeypatch.setattr(batches, "add", add)
    good = [ingest.push(row(month)) for month in range(1, 7)]
    bad = ingest.push(row(7), {"measure": "potholes"})
    answers = await asyncio.gather(*good[:3], bad, *good[3:])
    assert [answer.status_code for answer in answers] == [201, 201, 201, 500, 201, 201, 201]
    assert sorted(await ingest.values("potholes")) == [f"2016-{month:02}" for month in range(1, 7)]
    assert len(await ingest.recorded()) == 6


async def test_two_pushes_of_one_key_apply_in_the_order_in_which_they_came(ingest: Ingest) -> None:
    answers = await asyncio.gather(*(ingest.push(row(1, value), row(2, value)) for value in range(20)))
    assert [answer.json()["accepted"] for answer in answers] == [2] + [0] * 19
    assert [answer.json()["revised"] for answer in answers] == [0] + [2] * 19
    assert await ingest.values("potholes") == {"2016-01": 19, "2016-02": 19}
    assert await ingest.count("observation_history") == 38
    told = [one for event in await ingest.recorded() for one in event.observations if one.period == "2016-01"]
    assert [one.revision for one in told] == list(range(1, 21))
    assert [one.previous.value for one in told if one.previous] == list(range(19))


async def test_pushes_that_come_together_share_transactions(ingest: Ingest) -> None:
    await asyncio.gather(*(ingest.push(row(1 + n % 12, n)) for n in range(200)))
    transactions = await ingest.database.pool.fetchval("select count(distinct xmin::text) from batch")
    assert await ingest.count("batch") == 200
    assert transactions < 50


async def test_repetitions_that_race_each_other_store_once_and_hear_the_same(ingest: Ingest) -> None:
    answers = await asyncio.gather(*(ingest.push(row(1), key="one") for _ in range(30)))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["accepted"] == 1
    assert (await ingest.count("batch"), len(await ingest.recorded())) == (1, 1)


async def test_a_key_with_another_body_is_a_conflict_for_that_push_alone(ingest: Ingest) -> None:
    answers = await asyncio.gather(
        ingest.push(row(1), key="one"), ingest.push(row(2), key="one"), ingest.push(row(3), key="two")
    )
    assert [answer.status_code for answer in answers] == [201, 409, 201]
    assert answers[1].json()["code"] == "idempotency_key_reused"
    assert sorted(await ingest.values("potholes")) == ["2016-01", "2016-03"]


async def test_two_processes_with_one_key_store_once(ingest: Ingest, tmp_path: Path) -> None:
    url = ingest.desk.settings.database_url
    async with running(url, tmp_path) as other:
        await other.desk.definitions.refresh()
        pairs = [(ingest if n % 2 else other).push(row(1), row(2), key=f"key {n // 2}") for n in range(60)]
        answers = await asyncio.gather(*pairs)
    assert all(answers[n].text == answers[n + 1].text for n in range(0, 60, 2))
    assert (await ingest.count("batch"), len(await ingest.recorded())) == (30, 1)


async def test_a_full_queue_says_come_again(ingest: Ingest) -> None:
    ingest.group._waiting_max = 3
    answers = await asyncio.gather(*(ingest.push(row(1 + n)) for n in range(8)))
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused
    assert {(answer.headers["retry-after"], answer.json()["code"]) for answer in refused} == {("1", "queue_full")}
    assert len(await ingest.values("potholes")) == 8 - len(refused)


async def _truth(found: object) -> bool:
    return bool(found)


async def test_those_who_wait_when_the_service_stops_are_told_to_come_again(ingest: Ingest) -> None:
    async with ingest.database.transaction() as other:
        await other.execute("lock table batch")
        under_way = asyncio.create_task(ingest.push(row(1)))
        await until(lambda: ingest.database.pool.fetchval("select count(*) from pg_locks where not granted"))
        waiting = asyncio.create_task(ingest.push(row(2)))
        await until(lambda: _truth(ingest.group._waiting))
        ingest.loop.cancel()
        answers = await asyncio.gather(under_way, waiting)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (503, "outcome_unknown"),
        (503, "stopping"),
    ]
    assert await ingest.count("observation") == 0


async def _own(own_postgres: Postgres) -> str:
    url = await postgres.provide(own_postgres.url, "measures", PASSWORD)
    await asyncio.to_thread(migrations.upgrade, SERVICES / "measures-ingest", url)
    return url


async def test_without_its_database_a_push_is_refused_and_nothing_is_stored(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    async with running(await _own(own_postgres), tmp_path) as ingest:
        await ingest.define("potholes")
        assert (await ingest.push(row(1))).status_code == 201
        own_postgres.process.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(own_postgres.process.wait)
        answers = await asyncio.gather(*(ingest.push(row(2 + n)) for n in range(5)))
        answers.append(await ingest.send(b"measure,period,value\npotholes,2016-08,1\n" * 1))
        assert {(answer.status_code, answer.headers["retry-after"]) for answer in answers} == {(503, "1")}
        await asyncio.to_thread(own_postgres.restart)
        assert sorted(await ingest.values("potholes")) == ["2016-01"]
        assert (await ingest.push(row(2))).status_code == 201


class Feeder:
    """Pushes new values one after the other until told to stop, and remembers what it was answered."""

    def __init__(self, ingest: Ingest, name: str) -> None:
        self.ingest = ingest
        self.name = name
        self.stopped = False
        self.answered: dict[str, int] = {}
        self.refused: set[str] = set()

    async def run(self) -> None:
        number = 0
        while not self.stopped:
            number += 1
            place = f"{self.name} {number}"
            answer = await self.ingest.push({**row(1, number), "breakdown": {"district": place}}, key=place)
            if answer.status_code == 201:
                self.answered[place] = number
            elif answer.json()["code"] != "outcome_unknown":
                self.refused.add(place)


async def _killed_under_way(ingest: Ingest, server: Postgres) -> list[Feeder]:
    feeders = [Feeder(ingest, str(number)) for number in range(12)]
    running_feeders = [asyncio.create_task(feeder.run()) for feeder in feeders]
    for _ in range(3):
        await asyncio.sleep(0.3)
        server.process.send_signal(signal.SIGQUIT)
        await asyncio.to_thread(server.process.wait)
        await asyncio.to_thread(server.restart)
    await asyncio.sleep(0.3)
    for feeder in feeders:
        feeder.stopped = True
    await asyncio.gather(*running_feeders)
    return feeders


async def test_every_answered_push_is_there_once_when_the_database_is_killed_under_way(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    async with running(await _own(own_postgres), tmp_path) as ingest:
        await ingest.define("potholes", breakdowns=["district"])
        feeders = await _killed_under_way(ingest, own_postgres)
        rows = await ingest.database.pool.fetch(
            "select s.breakdown::jsonb ->> 'district' as place, o.value, o.revision from observation o "
            "join series s on s.id = o.series_id"
        )
        stored = {found["place"]: found["value"] for found in rows}
        assert all(feeder.answered for feeder in feeders)
        assert any(feeder.refused for feeder in feeders)
        for feeder in feeders:
            assert {place: stored.get(place) for place in feeder.answered} == feeder.answered
            assert feeder.refused.isdisjoint(stored)
        assert {found["revision"] for found in rows} == {1}
        told = [one.breakdown["district"] for event in await ingest.recorded() for one in event.observations]
        assert sorted(told) == sorted(stored)
