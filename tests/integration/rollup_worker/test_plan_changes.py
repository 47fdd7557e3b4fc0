"""The plan changes, or a day begins: statuses follow, upwards and no further."""

from tests.integration.rollup_worker.stage import (
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


async def test_a_first_definition_is_told_with_itself_as_reason(city: City) -> None:
    await city.tell(department("fire", version=3))
    told = await city.judge()
    assert nodes(told) == ["department:fire", "city:city"]
    assert (told[0].old, told[0].new.status, told[0].version) == (None, "no_data", 1)
    cause = told[0].why["causes"][0]
    assert (cause["type"], cause["kind"], cause["code"], cause["version"]) == ("definition", "department", "fire", 3)


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
