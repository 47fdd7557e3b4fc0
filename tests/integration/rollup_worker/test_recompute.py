"""A push changes statuses upwards, in order, with the reason; nothing else changes anything."""

import asyncio
import uuid
from datetime import date

import asyncpg
import pytest

from rollup_worker.actions.judging import Moment, judge_measures
from rollup_worker.jobs.recompute import Recompute
from rollup_worker.repository import dirty
from tests.integration.rollup_worker.stage import (
    NOON,
    City,
    department,
    goal,
    measure,
    nodes,
    push,
    small_city,
    target,
    value,
)
from tests.integration.shared.wires import until
from tideline.database import AWAY
from tideline.events import Calendar
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


async def test_a_first_definition_is_told_with_itself_as_reason(city: City) -> None:
    await city.tell(department("fire", version=3))
    told = await city.judge()
    assert nodes(told) == ["department:fire", "city:city"]
    assert (told[0].old, told[0].new.status, told[0].version) == (None, "no_data", 1)
    cause = told[0].why["causes"][0]
    assert (cause["type"], cause["kind"], cause["code"], cause["version"]) == ("definition", "department", "fire", 3)


async def test_the_same_event_twice_changes_nothing(city: City) -> None:
    event = push(value("response", "2017-03", "7.4"))
    await city.tell(*small_city(), event)
    await city.judge()
    await city.tell(*small_city(), event, event)
    assert await city.judge() == []
    assert await city.database.pool.fetchval("select count(*) from dirty") == 0


async def test_a_value_that_changes_no_result_writes_no_version(city: City) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", "7.4"), value("response", "2017-02", 9)))
    await city.judge()
    await city.tell(push(value("response", "2017-02", 11, 2)))
    assert await city.judge() == []
    assert (await city.document("measure", "response")).version == 1


async def test_an_older_revision_that_comes_late_is_history_only(city: City) -> None:
    later = city.clock.move(minutes=5)
    await city.tell(*small_city(), push(value("response", "2017-03", 9, 2), at=later))
    await city.judge()
    await city.tell(push(value("response", "2017-03", 7, 1), at=NOON))
    assert await city.judge() == []
    rows = await city.database.pool.fetch("select revision, known_from, known_to from observation order by revision")
    assert [tuple(row) for row in rows] == [(1, NOON, later), (2, later, None)]


async def test_an_older_definition_that_comes_late_is_history_only(city: City) -> None:
    later = city.clock.move(minutes=5)
    await city.tell(department("fire", 2, title="Fire and Rescue", defined_at=later))
    await city.judge()
    await city.tell(department("fire", 1, title="Fire"))
    assert await city.judge() == []
    rows = await city.database.pool.fetch("select version, known_from, known_to from definition order by version")
    assert [tuple(row) for row in rows] == [(1, NOON, later), (2, later, None)]


async def test_an_older_target_that_comes_late_is_history_only(city: City) -> None:
    later = city.clock.move(minutes=5)
    await city.tell(*small_city(), push(value("response", "2017-03", "7.4")))
    await city.tell(target("response", "2017", 5, version=3, at=later))
    await city.judge()
    assert (await city.document("measure", "response")).target == 5
    await city.tell(target("response", "2017", 6, version=2, at=later))
    assert await city.judge() == []


async def test_values_that_come_before_their_definition_count_once_it_is_there(city: City) -> None:
    await city.tell(push(value("water-used", "2018-Q1", 40)))
    assert await city.judge() == []
    fiscal = measure("water-used", frequency="quarter", calendar=Calendar(fiscal_year_start_month=7), department=None)
    await city.tell(fiscal)
    await city.judge()
    found = await city.document("measure", "water-used")
    assert (found.as_of, found.as_of_end) == ("2018-Q1", date(2017, 10, 1))
    assert found.value == 40


async def test_a_new_fiscal_year_start_moves_old_values_too(city: City) -> None:
    await city.tell(measure("water-used", frequency="quarter"), push(value("water-used", "2018-Q1", 40)))
    await city.judge()
    assert (await city.document("measure", "water-used")).as_of_end == date(2018, 4, 1)
    await city.tell(measure("water-used", 2, frequency="quarter", calendar=Calendar(fiscal_year_start_month=7)))
    await city.judge()
    assert (await city.document("measure", "water-used")).as_of_end == date(2017, 10, 1)


async def test_a_withdrawn_value_gives_way_to_the_one_before(city: City) -> None:
    await city.tell(*small_city(), push(value("response", "2017-02", 9), value("response", "2017-03", 7)))
    await city.judge()
    await city.tell(push(value("response", "2017-03", None, 2, flag="withdrawn")))
    told = await city.judge()
    assert (told[0].old and told[0].old.as_of, told[0].new.as_of) == ("2017-03", "2017-02")
    await city.tell(push(value("response", "2017-02", None, 2, flag="withdrawn")))
    assert {each.new.status for each in await city.judge()} == {"no_data"}


async def test_a_measure_that_moves_changes_both_departments_and_keeps_the_old_edge(city: City) -> None:
    await city.tell(department("fire"), department("water"), measure("crews"), push(value("crews", "2017-03", 4)))
    await city.judge()
    city.clock.move(minutes=1)
    await city.tell(measure("crews", 2, department="water"))
    told = await city.judge()
    assert nodes(told)[:2] == ["department:fire", "department:water"]
    assert {each.why["causes"][0]["code"] for each in told} == {"crews"}
    rows = await city.database.pool.fetch(
        "select parent_code, known_to is null as open from edge where child_code = 'crews' order by known_from"
    )
    assert [tuple(row) for row in rows] == [("fire", False), ("water", True)]


async def test_a_merged_department_hands_its_goals_to_its_successor(city: City) -> None:
    await city.tell(*small_city(), department("rescue"), push(value("response", "2017-03", 7)))
    await city.judge()
    await city.tell(department("fire", 2, merged_into="rescue"))
    await city.judge()
    assert [line.code for line in (await city.document("department", "rescue")).children] == ["fast-help"]
    assert (await city.document("department", "fire")).status == "no_data"
    assert (await city.city()).status == "achieved"


async def test_a_retired_goal_keeps_its_last_status_and_says_so(city: City) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    await city.judge()
    await city.tell(goal("fast-help", 2, kpi="response", areas=["safety"], retired=True))
    await city.judge()
    kept = await city.document("goal", "fast-help")
    assert (kept.status, kept.node.retired) == ("achieved", True)
    assert [line.code for line in (await city.document("department", "fire")).children] == ["response"]


async def test_a_measure_that_informs_shows_in_its_goal_and_changes_nothing_above(city: City) -> None:
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    metrics = goal("fast-help", 2, kpi="response", metrics=[{"measure": "calls"}], areas=["safety"])
    await city.tell(metrics, measure("calls"))
    await city.judge()
    await city.tell(target("calls", "2017-03", 10), push(value("calls", "2017-03", 1)))
    told = await city.judge()
    assert [(each.code, each.changed) for each in told][1:] == [("fast-help", ["counts", "children"])]


async def test_a_day_that_begins_makes_measures_stale_with_the_tick_as_reason(city: City) -> None:
    await city.begin_day()
    await city.tell(*small_city(), push(value("response", "2017-03", 7)))
    await city.judge()
    await city.begin_day()
    assert await city.judge() == []
    city.clock.move(days=60)
    await city.begin_day()
    told = await city.judge()
    assert nodes(told)[0] == "measure:response"
    assert told[0].new.stale and told[0].changed == ["qualifiers"]
    assert told[0].why["causes"] == [{"type": "tick", "day": "2017-06-09"}]
    assert (await city.document("goal", "fast-help")).status == "insufficient"
    city.clock.move(days=1)
    await city.begin_day()
    assert await city.judge() == []


async def test_a_shorter_grace_makes_a_measure_stale_earlier(city: City) -> None:
    await city.begin_day()
    await city.tell(measure("crews", department=None), push(value("crews", "2017-03", 7)))
    await city.judge()
    await city.tell(measure("crews", 2, department=None, grace_days=0))
    assert await city.judge() == []
    city.clock.move(days=22)
    await city.begin_day()
    assert nodes(await city.judge()) == ["measure:crews", "city:city"]


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
    assert len(found["daily"].values) <= 2


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


async def test_an_event_that_names_no_new_fact_is_no_reason(city: City) -> None:
    await city.tell(*small_city())
    await city.judge()
    await city.tell(push(value("nobody-knows", "2017-03", 1)), uid=uuid.uuid4())
    assert await city.judge() == []


async def _kill_whoever_waits(connection: asyncpg.Connection) -> None:
    async def killed() -> object:
        return await connection.fetchval(
            "select sum(pg_terminate_backend(pid)::int) from pg_stat_activity "
            "where wait_event_type = 'Lock' and datname = current_database()"
        )

    await until(killed)
