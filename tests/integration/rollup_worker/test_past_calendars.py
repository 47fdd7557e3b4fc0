"""What was known before a calendar changed is asked for, read and judged in the calendar known then."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, department, goal, measure, push, target, value
from tideline.events import Calendar, CityDefined, Event, MethodChoice

THEN = (NOON + timedelta(hours=1)).isoformat()
LATER = NOON + timedelta(hours=2)
JANUARY, JULY = Calendar(), Calendar(fiscal_year_start_month=7)
PATHS = (
    "measures/{code}",
    "measures/{code}/explain",
    "measures/{code}/projection",
    "measures/{code}/gaps",
    "measures/{code}/series",
    "measures/{code}/comparison",
    "measures/{code}/target-check",
    "measures/{code}/history?by=period&limit=5",
    "measures/{code}/history",
    "goals/saving",
    "goals/saving/explain",
    "goals/saving/gaps",
    "goals/saving/projection",
    "goals/saving/history?by=period&limit=5",
    "departments/fire",
    "departments/fire/history",
    "city",
    "city/gaps",
    "city/projection",
    "city/explain",
    "city/history?by=period&limit=5",
)


async def asked(client: httpx.AsyncClient, path: str, **query: str) -> Any:
    url = httpx.URL(path if path == "/v1/equity" else f"/v1/status/{path}").copy_merge_params(query)
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return {name: told for name, told in answer.json().items() if name != "computed_at"}


async def supposed(client: httpx.AsyncClient, kind: str, code: str, as_of: str) -> Any:
    question = {"node": {"kind": kind, "code": code}, "as_of": as_of, "known_at": THEN}
    answer = await client.post("/v1/what-if", json=question)
    assert answer.status_code == 200, answer.text
    return [{**answer.json()[side], "computed_at": None} for side in ("before", "after")]


async def all_of(city: City, reads: Reads, code: str, as_of: str) -> dict[str, Any]:
    """Everything that can be asked of the past, as it was known then."""
    found = {path: await asked(reads.staff, path.format(code=code), as_of=as_of, known_at=THEN) for path in PATHS}
    found["equity"] = await asked(reads.staff, "/v1/equity", as_of=as_of, known_at=THEN)
    for kind, of in (("measure", code), ("goal", "saving"), ("city", "city")):
        found[f"what-if {kind}"] = await supposed(reads.staff, kind, of, as_of)
    return found


async def hold(city: City, reads: Reads, code: str, as_of: str, then: dict[str, Any]) -> None:
    for path, told in (await all_of(city, reads, code, as_of)).items():
        assert told == then[path], path


async def stand(city: City, *events: Event) -> None:
    await city.tell(*events, at=city.clock.at)
    await city.judge()


def city_defined(version: int, calendar: Calendar, at: datetime) -> Event:
    return CityDefined(version=version, calendar=calendar, defined_at=at)


def monthly(version: int = 1, **words: Any) -> Event:
    level = MethodChoice(id="threshold", params={"level": "year"})
    return measure("spent", version, method=level, breakdowns=["district"], **words)


async def test_a_year_of_the_past_is_the_year_that_it_was_then(city: City, reads: Reads) -> None:
    months = [f"{year}-{month:02}" for year in (2024, 2025) for month in range(1, 13)]
    await stand(city, department("fire"), goal("saving", kpi="spent"), monthly(), target("spent", "2025", 120))
    await stand(city, push(*(value("spent", month, 10) for month in months)))
    await stand(city, city_defined(1, JANUARY, NOON))
    before = {as_of: await all_of(city, reads, "spent", as_of) for as_of in ("2025", "2025-Q4", "2025-06")}
    told = before["2025"]["measures/{code}"]
    assert (told["value"], told["coverage"]["reporting"], told["status"]) == (120, 12, "achieved")
    city.clock.at = LATER
    await stand(city, monthly(2, calendar=JULY, defined_at=LATER), city_defined(2, JULY, LATER))
    for as_of, then in before.items():
        await hold(city, reads, "spent", as_of, then)
    now = await asked(reads.staff, "measures/spent", as_of="2025")
    assert (now["value"], now["as_of_end"]) == (120, "2025-07-01")


@pytest.mark.parametrize(("old", "new"), [(JANUARY, JULY), (JULY, JANUARY)])
@pytest.mark.parametrize("frequency", ["quarter", "year"])
async def test_values_named_by_fiscal_periods_keep_the_days_they_had_then(
    city: City, reads: Reads, old: Calendar, new: Calendar, frequency: str
) -> None:
    def defined(version: int, calendar: Calendar, at: datetime) -> list[Event]:
        words = {"frequency": frequency, "calendar": calendar, "breakdowns": ["district"], "defined_at": at}
        return [measure("spent", version, **words), city_defined(version, calendar, at)]

    years = range(2010, 2020)
    names = [str(year) if frequency == "year" else f"{year}-Q{part}" for year in years for part in (1, 2, 3, 4)]
    values = {name: number for number, name in enumerate(names, 10)}
    await stand(
        city, department("fire"), goal("saving", kpi="spent"), *defined(1, old, NOON), target("spent", "2018", 40)
    )
    await stand(city, push(*(value("spent", name, number) for name, number in values.items())))
    before = {as_of: await all_of(city, reads, "spent", as_of) for as_of in ("2018", "2018-Q2", "2015")}
    assert before["2015"]["measures/{code}"]["value"] == values["2015" if frequency == "year" else "2015-Q4"]
    city.clock.at = LATER
    await stand(city, *defined(2, new, LATER))
    for as_of, then in before.items():
        await hold(city, reads, "spent", as_of, then)


async def test_values_that_are_no_periods_of_a_new_frequency_are_still_what_they_were_then(
    city: City, reads: Reads
) -> None:
    made = measure("twice", formula=None, weighted_by="spent", time_aggregation="average")
    await stand(city, department("fire"), goal("saving", kpi="spent"), measure("spent"), made)
    await stand(
        city, push(*(value(code, f"2016-{month:02}", month) for month in (1, 2, 3) for code in ("spent", "twice")))
    )
    before = [await all_of(city, reads, code, "2016-02") for code in ("spent", "twice")]
    assert before[0]["measures/{code}"]["value"] == 2
    city.clock.at = LATER
    await stand(city, measure("spent", 2, frequency="quarter", defined_at=LATER))
    for code, then in zip(("spent", "twice"), before, strict=True):
        await hold(city, reads, code, "2016-02", then)
