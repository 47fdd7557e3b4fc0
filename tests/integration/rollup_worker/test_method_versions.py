"""Another version of a method: compared, switched to in one transaction, and told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from rollup_worker import worker
from rollup_worker.core.facts import Assessment
from rollup_worker.core.methods import VERSIONS, threshold
from rollup_worker.jobs import adoption
from rollup_worker.jobs.adoption import adopt, compare, compare_history, offer
from rollup_worker.repository import dirty
from rollup_worker.settings import Settings
from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, goal, measure, nodes, push, target, value
from tideline.database import Connection
from tideline.errors import Invalid
from tideline.events import Event, MethodAdopted, MethodChoice, MethodsOffered, StatusChanged, decode
from tideline.vocabulary import Status

PINNED = MethodChoice(id="threshold", version=1)


def strict(case: Any, params: Any) -> Assessment:
    """As the first version, but nothing is achieved."""
    found = threshold.METHOD.assess(case, params)
    return replace(found, status=Status.ON_TRACK, score=Decimal(80)) if found.status is Status.ACHIEVED else found


@pytest.fixture(autouse=True)
def second_version(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(VERSIONS, ("threshold", 2), replace(threshold.METHOD, version=2, assess=strict))
    yield


async def three_measures(city: City) -> None:
    """One that follows the version in force and achieves its target, one that misses it, one that is pinned."""
    await city.tell(
        department("fire"),
        goal("calm", kpi="good"),
        *(measure(code, time_aggregation="last") for code in ("good", "bad")),
        measure("pinned", time_aggregation="last", method=PINNED),
        *(target(code, "2017", 4) for code in ("good", "bad", "pinned")),
    )
    await city.tell(push(value("good", "2017-03", 5), value("bad", "2017-03", 1), value("pinned", "2017-03", 5)))
    await city.judge()


async def events(city: City, after: int = 0) -> list[Event]:
    rows = await city.database.pool.fetch("select type, body from event where id > $1 order by id", after)
    return [decode(row["type"], row["body"]) for row in rows]


async def last_event(city: City) -> int:
    found: int = await city.database.pool.fetchval("select coalesce(max(id), 0) from event")
    return found


async def test_a_switch_that_dies_leaves_the_old_version_in_force_and_every_status_as_it_was(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await three_measures(city)
    before, last = await city.document("measure", "good"), await last_event(city)

    async def die(connection: Connection, *_: object) -> int:
        raise ConnectionResetError

    with monkeypatch.context() as dying:
        dying.setattr(dirty, "remove_dirty", die)
        with pytest.raises(ConnectionResetError):
            await adopt(city.database, city.clock, "threshold", 2, "ada")
    assert await city.document("measure", "good") == before
    assert await last_event(city) == last
    assert await city.database.pool.fetchval("select count(*) from method_in_force") == 0
    assert await city.judge() == []


async def test_a_comparison_names_every_measure_of_which_the_versions_differ_and_changes_nothing(city: City) -> None:
    await three_measures(city)
    last = await last_event(city)
    async with city.database.transaction(read_only=True) as connection:
        found = await compare(connection, "threshold", 2)
    assert (found.old, found.new, found.judged) == (1, 2, ["bad", "good"])
    assert [(each.code, each.old.status, each.new.status) for each in found.disagreements] == [
        ("good", "achieved", "on_track")
    ]
    assert await last_event(city) == last


async def test_a_switch_judges_what_follows_the_version_in_force_and_its_parents_with_one_cause(city: City) -> None:
    await three_measures(city)
    last = await last_event(city)
    await adopt(city.database, city.clock, "threshold", 2, "ada")
    told = await events(city, last)
    adopted, offered, *changes = told
    assert isinstance(adopted, MethodAdopted)
    assert (adopted.id, adopted.version, adopted.previous, adopted.actor) == ("threshold", 2, 1, "ada")
    assert isinstance(offered, MethodsOffered)
    statuses = [each for each in changes if isinstance(each, StatusChanged)]
    # What is not judged otherwise still shows by which version it was judged.
    assert nodes(statuses) == ["measure:bad", "measure:good", "goal:calm", "department:fire", "city:city"]
    assert {(cause["type"], cause["id"], cause["version"]) for e in statuses for cause in e.why["causes"]} == {
        ("method", "threshold", 2)
    }
    assert (await city.document("measure", "good")).status == "on_track"
    assert (await city.document("measure", "pinned")).status == "achieved"
    assert await city.database.pool.fetchval("select count(*) from dirty") == 0


async def test_a_value_after_the_switch_is_judged_by_the_new_version(city: City) -> None:
    await three_measures(city)
    await adopt(city.database, city.clock, "threshold", 2, "ada")
    await city.tell(push(value("bad", "2017-03", 9, revision=2)))
    await city.judge()
    found = await city.document("measure", "bad")
    assert found.status == "on_track"
    assert found.method is not None
    assert found.method.version == 2


async def test_the_past_is_judged_by_the_version_that_was_in_force_then(city: City, reads: Reads) -> None:
    await three_measures(city)
    then = city.clock.at.isoformat()
    city.clock.move(days=1)
    await adopt(city.database, city.clock, "threshold", 2, "ada")
    path = "/v1/status/measures/good"
    asked = {"as_of": "2017-03"}
    now = (await reads.staff.get(path, params=asked)).json()
    before = (await reads.staff.get(path, params={**asked, "known_at": then})).json()
    assert [(each["status"], each["method"]["version"]) for each in (now, before)] == [("on_track", 2), ("achieved", 1)]


async def test_switching_back_restores_every_status(city: City) -> None:
    await three_measures(city)
    before = (await city.document("measure", "good")).status
    await adopt(city.database, city.clock, "threshold", 2, "ada")
    city.clock.move(minutes=1)
    await adopt(city.database, city.clock, "threshold", 1, "ada")
    assert (await city.document("measure", "good")).status == before
    assert await city.database.pool.fetchval("select count(*) from method_in_force where known_to is null") == 1


async def test_a_version_that_there_is_not_and_one_already_in_force_are_refused(city: City) -> None:
    await three_measures(city)
    with pytest.raises(Invalid, match="no version 7"):
        await adopt(city.database, city.clock, "threshold", 7, "ada")
    with pytest.raises(Invalid, match="in force already"):
        await adopt(city.database, city.clock, "threshold", 1, "ada")


async def test_the_methods_are_told_once_until_they_change(city: City) -> None:
    async def told() -> bool:
        async with city.database.transaction() as connection:
            return await offer(connection, city.clock.now())

    assert [await told(), await told()] == [True, False]
    (first,) = [each for each in await events(city) if isinstance(each, MethodsOffered)]
    assert {(m.id, m.version): m.in_force for m in first.methods if m.id == "threshold"} == {
        ("threshold", 1): True,
        ("threshold", 2): False,
    }
    subject = await city.database.pool.fetchval("select subject from event order by id limit 1")
    assert subject == "methods.offered.v1.method.all"
    city.clock.move(minutes=1)
    await adopt(city.database, city.clock, "threshold", 2, "ada")
    assert not await told()


async def test_readers_see_every_version_and_which_is_in_force(city: City, reads: Reads) -> None:
    await adopt(city.database, city.clock, "threshold", 2, "ada")
    items = (await reads.public.get("/v1/methods")).json()["items"]
    found = {each["version"]: each["in_force"] for each in items if each["id"] == "threshold"}
    assert found == {1: False, 2: True}


async def test_the_report_counts_and_names_what_differs(city: City) -> None:
    await three_measures(city)
    async with city.database.transaction(read_only=True) as connection:
        found = json.loads(worker.report(await compare(connection, "threshold", 2)))
    assert (found["judged"], found["disagree"], found["status_differs"]) == (2, 1, 1)
    assert found["disagreements"] == [
        {
            "code": "good",
            "as_of": "2017-03",
            "past": False,
            "status": ["achieved", "on_track"],
            "score": [100, 80],
            "changed": ["status", "score"],
        }
    ]


async def test_the_past_is_compared_period_by_period(city: City) -> None:
    await three_measures(city)
    await city.tell(push(value("bad", "2017-01", 9), value("bad", "2017-02", 1), value("good", "2016-12", 9)))
    async with city.database.transaction(read_only=True) as connection:
        found = await compare_history(connection, "threshold", 2)
    assert found.periods == 3
    assert [(each.code, each.old.as_of, each.past) for each in found.disagreements] == [
        ("good", "2017-03", False),
        ("bad", "2017-01", True),
    ]


async def test_the_command_compares_and_switches_only_when_told(city: City) -> None:
    await three_measures(city)
    settings = Settings(database_url=city.url, nats_url="", clock_start=city.clock.at)

    async def run(*words: str) -> adoption.Comparison:
        return await worker.method(settings, worker.commands().parse_args(["method", "threshold", "2", *words]))

    assert len((await run()).disagreements) == 1
    assert (await run("--history")).periods == 0
    assert await city.database.pool.fetchval("select count(*) from method_in_force") == 0
    await run("--switch", "--actor", "ada")
    adopted = await city.database.pool.fetchrow("select version, actor from method_in_force")
    assert adopted is not None
    assert tuple(adopted) == (2, "ada")
    assert (await city.document("measure", "good")).status == "on_track"
