"""A push changes statuses upwards, in order, with the reason; nothing else changes anything."""

from tests.integration.rollup_worker.stage import City, nodes, push, small_city, value


async def test_a_push_changes_measure_goal_department_area_and_city_in_order(city: City) -> None:
    await city.tell(*small_city())
    await city.judge()
    event = push(value("response", "2017-03", "7.4"))
    await city.tell(event)
    told = await city.judge()
    assert nodes(told) == ["measure:response", "goal:fast-help", "area:safety", "department:fire", "city:city"]
    assert {str(each.new.status) for each in told} == {"achieved"}
    assert [each.why["causes"][0]["batch"] for each in told] == [str(event.batch)] * 5
