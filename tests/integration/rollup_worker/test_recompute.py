"""A push changes statuses upwards, in order, with the reason; nothing else changes anything."""

import asyncio
from datetime import date

import asyncpg
import pytest

from rollup_worker.actions.judging import judge_measures
from rollup_worker.actions.loading import Moment
from rollup_worker.jobs.recompute import Recompute
from rollup_worker.repository import dirty
from tests.integration.rollup_worker.stage import (
    City,
    department,
    measure,
    nodes,
    push,
    small_city,
    value,
)
from tests.integration.shared.wires import until
from tideline.database import AWAY
from tideline.vocabulary import Kind


async def test_a_push_changes_measure_goal_department_area_and_city_in_order(city: City) -> None:
    await city.tell(*small_city())
    await city.judge()
    event = push(value("response", "2017-03", "7.4"))
    await city.tell(event)
    told = await city.judge()
    assert nodes(told) == ["measure:response", "goal:fast-help", "area:safety", "department:fire", "city:city"]
    assert {str(each.new.status) for each in told} == {"achieved"}
    assert [each.why["causes"][0]["batch"] for each in told] == [str(event.batch)] * 5
    assert [child["code"] for child in told[-1].why["children"]] == ["fire"]


async def test_recompute_that_is_killed_before_its_commit_is_done_again_once(city: City) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    recompute = Recompute(city.database, city.clock, poll_seconds=1)
    blocker = await asyncpg.connect(city.url)
    try:
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("lock table pending in exclusive mode")
        running = asyncio.create_task(recompute.drain())
        await _kill_whoever_waits(blocker)
        with pytest.raises(AWAY):
            await running
        await transaction.rollback()
    finally:
        await blocker.close()
    assert await city.told() == []
    told = await city.judge()
    assert len(told) == 5 and {each.version for each in told} == {1}
    assert await city.database.pool.fetchval("select count(*) from dirty") == 0


async def test_two_workers_at_once_write_each_version_once(city: City) -> None:
    await city.tell(*small_city())
    await city.judge()
    workers = [Recompute(city.database, city.clock, poll_seconds=1) for _ in range(3)]
    for number in range(1, 8):
        await city.tell(push(value("response", "2017-03", number, number)))
        await asyncio.gather(*(worker.drain() for worker in workers))
    versions = [each.version for each in await city.told() if each.code == "response"]
    assert versions == list(range(1, len(versions) + 1))
    assert (await city.document("measure", "response")).value == 7


async def test_what_is_read_for_a_judgement_does_not_grow_with_the_history(city: City) -> None:
    definition = measure("daily", frequency="day", department=None)
    await city.tell(definition)
    for year in range(2010, 2016):
        days = [value("daily", f"{year}-{month:02}-{day:02}", 1) for month in range(1, 13) for day in range(1, 29)]
        await city.tell(push(*days))
    async with city.database.transaction() as connection:
        found = await judge_measures(connection, {"daily": definition}, Moment(date(2016, 1, 1)))
    assert len(found["daily"].read.values) <= 2


async def test_more_marks_than_one_bite_are_all_worked_off(city: City) -> None:
    await city.tell(department("fire"), measure("crews"), push(value("crews", "2017-03", 1)))
    unknown = [f"unknown-{number}" for number in range(2_000)]
    async with city.database.transaction() as connection:
        for _ in range(3):
            await dirty.mark_dirty(connection, Kind.MEASURE, unknown, {"type": "observations"})
    await city.judge()
    assert await city.database.pool.fetchval("select count(*) from dirty") == 0
    assert (await city.document("measure", "crews")).value == 1


async def test_a_rebuild_finds_nothing_to_change(city: City) -> None:
    await city.begin_day()
    await city.tell(*small_city(), push(value("response", "2017-03", "7.4")))
    await city.judge()
    async with city.database.transaction() as connection:
        await dirty.mark_all_dirty(connection, {"type": "rebuild"})
    assert await city.judge() == []


async def _kill_whoever_waits(connection: asyncpg.Connection) -> None:
    async def killed() -> object:
        return await connection.fetchval(
            "select sum(pg_terminate_backend(pid)::int) from pg_stat_activity "
            "where wait_event_type = 'Lock' and datname = current_database()"
        )

    await until(killed)
