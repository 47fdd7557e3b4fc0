"""Order, repetition and lateness of events: what counts is what was said last by version, not what came last."""

import uuid
from datetime import date

import pytest

from tests.integration.rollup_worker.stage import (
    NOON,
    City,
    department,
    goal,
    measure,
    push,
    small_city,
    target,
    value,
)
from tideline.consumer import Hopeless
from tideline.events import Calendar


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


async def test_an_event_that_names_no_new_fact_is_no_reason(city: City) -> None:
    await city.tell(*small_city())
    await city.judge()
    await city.tell(push(value("nobody-knows", "2017-03", 1)), uid=uuid.uuid4())
    assert await city.judge() == []


async def test_a_word_that_no_engine_knows_is_hopeless(city: City) -> None:
    for event in (
        measure("crews", frequency="fortnight"),
        measure("crews", direction="sideways"),
        measure("crews", time_aggregation="mode"),
        goal("fast-help", policy="dice"),
        push(value("crews", "2017-03", 1, flag="guess")),
    ):
        with pytest.raises(Hopeless):
            await city.tell(event)
