"""Calendars change: what is touched is read and judged anew, and says that the definition did it."""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, department, goal, measure, nodes, push, target, value
from tideline.events import Calendar, CityDefined

JULY = Calendar(fiscal_year_start_month=7)


def city_defined(version: int = 1, **words: Any) -> CityDefined:
    return CityDefined(version=version, **{"title": "Tacoma", "defined_at": NOON, **words})


async def test_the_city_has_its_own_title_policy_and_coverage(city: City) -> None:
    await city.tell(department("fire"), department("water"), measure("calls"), measure("leaks", department="water"))
    await city.tell(target("calls", "2017-03", 5), target("leaks", "2017-03", 5))
    await city.tell(push(value("calls", "2017-03", 9), value("leaks", "2017-03", 1)))
    await city.judge()
    before = await city.city()
    assert (before.node.title, before.method.id if before.method else None) == ("City", "weighted")
    await city.tell(city_defined(policy="worst_of"))
    (told,) = await city.judge()
    after = await city.city()
    assert (after.node.title, after.method.id if after.method else None) == ("Tacoma", "worst_of")
    assert after.status == "off_track" != before.status
    assert [cause["type"] for cause in told.why["causes"]] == ["definition"]
    await city.tell(city_defined(2, policy="worst_of", minimum_coverage=Decimal(1)), department("parks"))
    await city.judge()
    assert (await city.city()).status == "insufficient"


async def test_another_fiscal_start_of_the_city_names_the_periods_above_the_measures_anew(
    city: City, reads: Reads
) -> None:
    yearly = measure("budget", frequency="year", calendar=JULY)
    await city.tell(department("fire"), goal("saving", kpi="budget"), yearly, target("budget", "2017", 5))
    await city.tell(push(value("budget", "2017", 6)))
    await city.judge()
    assert [(await city.document(*node)).as_of for node in (("measure", "budget"), ("city", "city"))] == [
        "2017",
        "2017-06",
    ]
    await city.tell(city_defined(calendar=JULY))
    told = await city.judge()
    assert nodes(told) == ["goal:saving", "department:fire", "city:city"]
    for event in told:
        assert "as_of" in event.changed and event.new.as_of == "2017"
        assert event.why["causes"][0]["kind"] == "city"
    asked = (await reads.public.get("/v1/status/city", params={"as_of": "2017-Q4"})).json()
    assert (asked["as_of"], asked["as_of_end"], asked["status"]) == ("2017", "2017-07-01", "achieved")
    asked = (await reads.public.get("/v1/status/goals/saving", params={"as_of": "2017-Q3"})).json()
    assert asked["status"] == "no_data"


async def test_the_same_calendar_said_again_touches_nothing_above(city: City) -> None:
    await city.tell(department("fire"), measure("calls"), push(value("calls", "2017-03", 9)), city_defined())
    await city.judge()
    await city.tell(city_defined(2))
    assert await city.judge() == []
    assert not await city.database.pool.fetchval("select count(*) from dirty")


async def test_another_fiscal_start_of_a_measure_reads_its_periods_anew_and_judges_it(city: City) -> None:
    await city.tell(department("fire"), measure("spent", frequency="quarter"), target("spent", "2018", 100))
    await city.tell(push(value("spent", "2018-Q1", 40), value("spent", "2018-Q2", 10)))
    await city.judge()
    before = await city.document("measure", "spent")
    await city.tell(measure("spent", 2, frequency="quarter", calendar=JULY))
    told = await city.judge()
    after = await city.document("measure", "spent")
    assert (before.as_of_end, after.as_of_end) == (date(2018, 7, 1), date(2018, 1, 1))
    assert (before.as_of, after.as_of) == ("2018-Q2", "2018-Q2")
    starts = await city.database.pool.fetch("select period_start from observation order by period")
    assert [row[0] for row in starts] == [date(2017, 7, 1), date(2017, 10, 1)]
    assert nodes(told) == ["measure:spent", "department:fire", "city:city"]
    assert "as_of" in told[0].changed
    for event in told:
        assert {(cause["type"], cause["kind"], cause["version"]) for cause in event.why["causes"]} == {
            ("definition", "measure", 2)
        }
    assert (await city.city()).as_of == "2017-Q4"
