"""A real city's data as a plan and pushes through the public API, held against a computation made without the engine.

nyc.py states the rules by which the data becomes a plan; oracle.py computes what must come out.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import pytest

from tests.e2e import nyc, oracle
from tests.e2e.agreement import Node, agree, data_file, read_all
from tests.e2e.oracle import Verdict
from tests.support.running import Json, Sent, Tideline
from tests.support.stack import running_stack

TODAY: Final = date(2018, 8, 15)
MIDYEAR: Final = date(2017, 7, 1)
CITY: Final = ("city", "")
COUNTED: Final = ("accepted", "revised", "unchanged", "quarantined", "rejected")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class City:
    """The system after the whole data has been given to it, what it answered, and how many seconds each step took."""

    tideline: Tideline
    indicators: list[nyc.Indicator]
    plan: Json
    pushed: Mapping[str, int]
    seconds: Mapping[str, float]


@pytest.fixture(scope="module")
async def city() -> AsyncIterator[City]:
    indicators = nyc.read(data_file("nyc_cpr/nyc_cpr_long.csv"))
    with running_stack(clock_start=f"{TODAY}T06:00:00Z") as stack:
        async with Tideline.reached(stack.credentials) as tideline:
            yield await fill(tideline, indicators)


async def fill(tideline: Tideline, indicators: list[nyc.Indicator]) -> City:
    begun = time.perf_counter()
    plan = await tideline.put_plan(nyc.document(indicators))
    planned = time.perf_counter()
    await tideline.defined(each.code for each in indicators)
    async with tideline.events(types="status.changed.v1") as events:
        await anext(events)
        heard = list[float]()
        listening = asyncio.create_task(_listen(events, heard))
        start = time.perf_counter()
        answers = [await tideline.push_csv(body) for body in nyc.pushes(indicators)]
        pushed = time.perf_counter()
        await agree(tideline, expectation(indicators))
        listening.cancel()
        await asyncio.wait([listening])
    counts = {word: sum(answer[word] for answer in answers) for word in COUNTED}
    seconds = {"plan": planned - begun, "push": pushed - start, "push_to_last_status": max(heard) - start}
    return City(tideline, indicators, plan, counts, seconds)


async def _listen(events: AsyncGenerator[Sent], heard: list[float]) -> None:
    """Notes when each change of a status came."""
    async for sent in events:
        if sent.event:
            heard.append(time.perf_counter())


def expectation(indicators: list[nyc.Indicator], until: date | None = None) -> dict[Node, Verdict]:
    """The status of every measure, agency and the city: today, or from what had ended by a day."""
    measures = {each.code: oracle.judge(each.series, TODAY, until) for each in indicators}
    agencies = {
        agency: oracle.roll_up([measures[each.code] for each in indicators if each.agency == agency])
        for agency in {each.agency for each in indicators}
    }
    return {
        CITY: oracle.roll_up(list(agencies.values())),
        **{("department", code): verdict for code, verdict in agencies.items()},
        **{("measure", code): verdict for code, verdict in measures.items()},
    }


async def test_the_data_becomes_one_plan_with_its_targets(city: City) -> None:
    created = [entity["kind"] for entity in city.plan["created"]]
    assert (created.count("department"), created.count("measure")) == (44, 342)
    assert city.plan["targets"]["created"] == sum(len(each.targets) for each in city.indicators)


async def test_every_reading_is_taken_and_later_ones_revise_their_period(city: City) -> None:
    periods = sum(len(each.values) for each in city.indicators)
    assert city.pushed["accepted"] == periods
    assert city.pushed["accepted"] + city.pushed["revised"] + city.pushed["unchanged"] == 11_118


async def test_every_status_equals_an_independent_computation(
    city: City, record_property: Callable[[str, object], None]
) -> None:
    """The fixture waited for it; here it still holds, and the figures are told."""
    expected = expectation(city.indicators)
    await agree(city.tideline, expected)
    for step, seconds in city.seconds.items():
        record_property(f"nyc_{step}_seconds", round(seconds, 2))
        print(f"New York City: {step} {seconds:.2f} s")


async def test_at_least_half_of_the_directed_indicators_are_judged(city: City) -> None:
    directed = [each.code for each in city.indicators if each.direction != "none"]
    documents = await read_all(city.tideline, [("measure", code) for code in directed])
    judged = [found for found in documents.values() if found["status"] in oracle.GOOD]
    assert len(directed) == 235
    assert len(judged) >= len(directed) / 2


async def test_a_neutral_indicator_describes_and_is_never_judged(city: City) -> None:
    neutral = [("measure", each.code) for each in city.indicators if each.direction == "none"]
    documents = await read_all(city.tideline, neutral)
    assert {found["status"] for found in documents.values()} == {"no_target"}
    assert all(found["value"] is not None for found in documents.values())


async def test_values_periods_and_qualifiers_are_those_of_the_source(city: City) -> None:
    documents = await read_all(city.tideline, [("measure", each.code) for each in city.indicators])
    for each in city.indicators:
        assert excerpt(documents["measure", each.code]) == shown(each), each


async def test_the_city_can_be_asked_how_it_stood_at_the_end_of_a_month(city: City) -> None:
    expected = expectation(city.indicators, MIDYEAR)
    assert expected[CITY].status != expectation(city.indicators)[CITY].status
    some = {node: verdict for node, verdict in expected.items() if node[0] != "measure"}
    await agree(city.tideline, some, as_of="2017-06")


def excerpt(document: Json) -> tuple[Any, ...]:
    qualifiers = document["qualifiers"]
    return document["as_of"], str(document["value"]), qualifiers["provisional"], qualifiers["sample"]


def shown(indicator: nyc.Indicator) -> tuple[Any, ...]:
    last = max(indicator.values)
    provisional = nyc.is_provisional(indicator)
    return nyc.period_id(last), indicator.values[last], provisional, last in indicator.targets
