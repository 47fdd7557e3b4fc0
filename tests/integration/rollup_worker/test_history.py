"""A status over time, as it was known: versions and periods of what one could have read then."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, department, goal, measure, push, small_city, target, value
from tideline.events import Calendar, CityDefined

HOUR = timedelta(hours=1)


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/status/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def history(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await read(client, f"{path}/history", **query))["items"]
    return found


async def tell(city: City, *events: Any) -> None:
    city.clock.move(hours=1)
    await city.tell(*events)
    await city.judge()


async def test_the_versions_of_a_past_day_say_nothing_of_what_came_later(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await tell(city, push(value("response", "2017-03", 7)))
    await tell(city, push(value("response", "2017-03", 20, 2), at=NOON + 2 * HOUR))
    then = (NOON + HOUR * 1.5).isoformat()
    both = await history(reads.public, "measures/response")
    early = await history(reads.public, "measures/response", known_at=then)
    assert [(line["version"], line["value"]) for line in both] == [(2, 20), (1, 7)]
    assert [(line["version"], line["value"], line["known_to"]) for line in early] == [(1, 7, None)]
    assert both[1]["known_to"] is not None
    assert await history(reads.public, "measures/response", known_at="2017-01-01") == []


async def test_versions_up_to_a_period_leave_out_those_that_judged_a_later_one(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    for month in (1, 2, 3):
        await tell(city, push(value("response", f"2017-0{month}", 5 + month)))
    found = await history(reads.public, "measures/response", as_of="2017-02")
    assert [line["as_of"] for line in found] == ["2017-02", "2017-01"]
    assert await history(reads.public, "measures/response", as_of="2016-12") == []
    answer = await reads.public.get("/v1/status/measures/response/history", params={"as_of": "soon"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_period")


async def test_the_periods_of_a_past_day_are_judged_from_what_was_known_then(city: City, reads: Reads) -> None:
    await city.tell(*small_city())
    await tell(city, push(value("response", "2017-02", 7), value("response", "2017-03", 7), at=NOON + HOUR))
    await tell(city, push(value("response", "2017-02", 20, 2), at=NOON + 2 * HOUR))
    then = (NOON + HOUR * 1.5).isoformat()
    now = await history(reads.public, "measures/response", by="period")
    early = await history(reads.public, "measures/response", by="period", known_at=then)
    assert [(line["period"], line["value"]) for line in now] == [("2017-03", 7), ("2017-02", 20)]
    assert [(line["period"], line["value"]) for line in early] == [("2017-03", 7), ("2017-02", 7)]
    from_february = await history(reads.public, "measures/response", by="period", as_of="2017-02")
    assert from_february == now[1:]


@pytest.mark.parametrize("when", [{}, {"known_at": (NOON + HOUR * 4.5).isoformat()}])
async def test_each_period_of_a_history_is_what_a_read_as_of_it_gives(
    city: City, reads: Reads, when: dict[str, str]
) -> None:
    july = Calendar(fiscal_year_start_month=7)
    await city.tell(*small_city(), CityDefined(version=1, calendar=july, title="Tacoma", defined_at=NOON))
    await city.tell(department("water"), measure("leaks", department="water", frequency="week", unit="count"))
    await city.tell(measure("spent", department="water", calendar=july, frequency="quarter", direction="down"))
    await city.tell(measure("cases", department="water", breakdowns=["district"], suppress_under=10, unit="count"))
    await city.tell(goal("dry", department="water", kpi="leaks"), target("leaks", "2017", 500))
    await city.tell(target("spent", "2017", 200), target("spent", "2016", 90))
    for number, month in enumerate((1, 2, 3, 5, 8), 1):
        at = NOON + number * HOUR
        await tell(
            city,
            push(
                value("response", f"2016-{month:02}", 5 + month), value("leaks", f"2016-W{4 * month:02}", 9 + month),
                value("spent", f"2016-Q{month % 4 + 1}", 40 + month, 1 + (month == 5)),
                value("cases", f"2016-{month:02}", 2 + month, breakdown={"district": "1"}),
                value("cases", f"2016-{month:02}", 40, breakdown={"district": "2"}),
                at=at,
            ),
        )  # fmt: skip
    for path, frequency in (
        ("city", "month"),
        ("departments/water", "quarter"),
        ("measures/leaks", "month"),
        ("measures/cases", "month"),
    ):
        lines = await history(reads.public, path, by="period", frequency=frequency, limit=10, **when)
        assert len(lines) > 2
        for line in lines:
            alone = await read(reads.public, path, as_of=line["period"], **when)
            assert {name: alone[name] for name in line if name != "period"} == {
                name: line[name] for name in line if name != "period"
            }


async def test_pages_of_periods_follow_each_other(city: City, reads: Reads) -> None:
    await city.tell(*small_city(), push(*(value("response", f"2016-{month:02}", month) for month in range(1, 13))))
    await city.judge()
    query: dict[str, Any] = {"by": "period", "limit": 5, "frequency": "month"}
    seen, page = list[str](), await read(reads.public, "city/history", **query)
    while True:
        seen += [line["period"] for line in page["items"]]
        if page["next"] is None:
            break
        page = await read(reads.public, "city/history", **query, cursor=page["next"])
    assert seen == [f"2016-{month:02}" for month in range(12, 0, -1)]
