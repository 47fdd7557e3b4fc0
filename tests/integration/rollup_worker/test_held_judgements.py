"""Judgements that must hold, trailing values, and lines of old values, from the stored history."""

from typing import Any

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, measure, push, target, value
from tideline.events import Event, MethodChoice


def calls(method: str, params: dict[str, Any], **words: Any) -> list[Event]:
    choice = MethodChoice(id=method, params=params)
    return [department("fire"), measure("calls", method=choice, **{"time_aggregation": "average", **words})]


async def tell_months(city: City, *amounts: int, year: int = 2017) -> None:
    """Each month arrives and is judged by itself."""
    for at, amount in enumerate(amounts, 1):
        await city.tell(push(value("calls", f"{year}-{at:02}", amount)))
        await city.judge()


async def numbers(reads: Reads) -> dict[str, Any]:
    return dict((await reads.public.get("/v1/status/measures/calls/explain")).json()["numbers"])


async def test_a_judgement_is_shown_once_it_has_held_and_its_raw_one_meanwhile(city: City, reads: Reads) -> None:
    await city.tell(*calls("threshold", {"confirm": 3}), target("calls", "2017", 50))
    shown = []
    for at, amount in enumerate([60, 60, 60, 10, 10, 60, 10, 10, 10], 1):
        await city.tell(push(value("calls", f"2017-{at:02}", amount)))
        await city.judge()
        shown.append((await city.document("measure", "calls")).status)
    assert shown == ["insufficient"] * 2 + ["achieved"] * 6 + ["off_track"]
    told = await numbers(reads)
    assert (told["raw_status"], told["raw_since"]) == ("off_track", "2017-07")


async def test_a_late_value_of_long_ago_gives_what_it_would_have_given_in_time(city: City) -> None:
    await city.tell(*calls("threshold", {"confirm": 2}), target("calls", "2017", 50))
    await tell_months(city, 10, 60, 10, 60, 10, 60)
    assert (await city.document("measure", "calls")).status == "off_track"
    await city.tell(push(value("calls", "2017-01", 60, revision=2)))
    (changed, *_) = await city.judge()
    assert (changed.code, changed.new.status) == ("calls", "achieved")


async def test_trailing_values_reach_back_and_past_ones_can_be_asked_for(city: City, reads: Reads) -> None:
    await city.tell(*calls("threshold", {"trailing": 12}, time_aggregation="sum"), target("calls", "2017", 120))
    await tell_months(city, *[10] * 12, year=2016)
    await tell_months(city, 4, 4)
    found = await city.document("measure", "calls")
    assert found.value == 108
    assert (found.coverage.reporting, found.coverage.of) == (12, 12)
    assert found.status == "at_risk"
    then = (await reads.public.get("/v1/status/measures/calls?as_of=2017-01")).json()
    assert (then["value"], then["as_of"]) == (114, "2017-01")


async def test_growth_begins_with_the_first_value_there_is(city: City, reads: Reads) -> None:
    await city.tell(*calls("cagr-ratio", {}, frequency="year"), target("calls", "2020", 200))
    await city.tell(push(value("calls", "1990", 100), value("calls", "2000", 120), value("calls", "2016", 190)))
    await city.judge()
    told = await numbers(reads)
    assert (told["base_period"], told["base_value"]) == ("1990", 100)
    assert (await city.document("measure", "calls")).status == "on_track"
    await city.tell(push(value("calls", "1990", 180, revision=2)))
    await city.judge()
    assert (await numbers(reads))["base_value"] == 180


async def test_a_line_is_drawn_through_values_that_lie_far_apart(city: City, reads: Reads) -> None:
    await city.tell(*calls("extrapolate", {}, frequency="year"), target("calls", "2020", 200))
    years = ("1990", "2000", "2010", "2016")
    await city.tell(
        push(*(value("calls", year, amount) for year, amount in zip(years, (40, 90, 140, 170), strict=True)))
    )
    await city.judge()
    assert ((await numbers(reads))["slope"], (await city.document("measure", "calls")).status) == (5, "off_track")
