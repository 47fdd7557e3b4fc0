"""Why a status changed: staff hear of every push and of who made it, the public of published measures' sources."""

from decimal import Decimal
from typing import Any

import httpx
import msgspec

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, goal, measure, push, small_city, target, value
from tideline.events import Formula, GoalMetric, ObservationsRecorded, StatusChanged


def pushed(code: str, amount: int, *, by: str) -> ObservationsRecorded:
    return msgspec.structs.replace(push(value(code, "2017-03", amount)), actor=by)


async def causes(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/status/{path}/explain")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["why"]["causes"]
    (newest, *_) = (await client.get(f"/v1/status/{path}/history")).json()["items"]
    assert newest["why"]["causes"] == found
    return found


async def test_a_push_to_an_unpublished_measure_is_told_to_staff_alone(city: City, reads: Reads) -> None:
    hidden = Formula(text="secret * 2", inputs=["secret"], tree=["*", ["measure", "secret"], ["number", "2"]])
    half = GoalMetric(measure="secret", weight=Decimal(1))
    plan = [
        *small_city(),
        goal("fast-help", 2, kpi="response", metrics=[half], policy="worst_of"),
        measure("secret", direction="down", published=False),
        measure("shown", direction="down", formula=hidden),
        target("secret", "2017-03", 5),
        target("shown", "2017-03", 5),
    ]
    await city.tell(department("fire"), *plan)
    await city.judge()
    first = pushed("secret", 9, by="ada")
    await city.tell(first)
    told = {event.code: event for event in await city.judge()}
    assert {"secret", "shown", "fast-help", "fire"} <= set(told)
    who = {(str(first.batch), "ada")}
    for path in ("measures/shown", "goals/fast-help", "departments/fire", "city"):
        assert str(first.batch) not in str(await causes(reads.public, path)), path
        told_staff = await causes(reads.staff, path)
        assert {(each["batch"], each["actor"]) for each in told_staff} == who
    for code, event in told.items():
        assert code == "secret" or str(first.batch) not in str(event.why)
    assert [each["published"] for each in told["secret"].why["causes"]] == [False]


async def test_one_batch_for_a_published_and_an_unpublished_measure_is_told_once_to_the_public(
    city: City, reads: Reads
) -> None:
    hidden = measure("secret", direction="down", published=False)
    await city.tell(*small_city(), hidden, target("secret", "2017-03", 5))
    await city.judge()
    both = msgspec.structs.replace(push(value("secret", "2017-03", 9), value("response", "2017-03", 9)), actor="ada")
    await city.tell(both)
    told: list[StatusChanged] = await city.judge()
    (public,) = await causes(reads.public, "departments/fire")
    assert (public["batch"], public["source"]) == (str(both.batch), "feed")
    assert "actor" not in public
    assert "ada" not in str([event.why for event in told if event.code != "secret"])


async def test_a_push_is_told_as_it_is_published_when_it_is_judged(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await city.judge()
    await city.tell(pushed("response", 9, by="ada"), measure("response", 2, direction="down", published=False))
    await city.judge()
    told = await causes(reads.public, "departments/fire")
    assert [each["type"] for each in told if each["type"] == "observations"] == []
