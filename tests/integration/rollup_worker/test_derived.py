"""Derived measures as they are judged, read for then, explained and supposed; and how much is held meanwhile."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from rollup_worker.actions import gathering
from rollup_worker.actions.judging import judge_measures
from rollup_worker.actions.loading import Moment, find_moment, load_recent, load_series
from rollup_worker.core.facts import Plan
from rollup_worker.core.overlay import Overlay
from rollup_worker.repository import dependencies, inputs
from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import TODAY, City, measure, push, target, value
from tideline import events, periods
from tideline.events import Formula, MeasureDefined, MethodChoice, Observation

PER_ENGINE = Formula(
    text="calls / engines", inputs=["calls", "engines"], tree=["/", ["measure", "calls"], ["measure", "engines"]]
)
LOAD = measure("load", formula=PER_ENGINE, method=MethodChoice(id="threshold"), department=None)


async def known(city: City, *codes: str) -> dict[str, MeasureDefined]:
    async with city.database.pool.acquire() as connection:
        return {code: found.definition for code, found in (await dependencies.list_touched(connection, codes)).items()}


async def calls_and_engines(city: City, *values: Observation, **fields: Any) -> None:
    await city.tell(measure("calls", department=None, **fields), measure("engines", department=None), LOAD)
    await city.tell(push(*values))
    await city.judge()


def month(code: str, number: int, amount: int, **more: Any) -> Observation:
    return value(code, f"2017-{number:02}", amount, **more)


async def test_the_latest_value_may_lie_before_the_latest_of_every_input(city: City) -> None:
    """Both inputs have March, but for different groups: the last that is complete is January."""
    await calls_and_engines(
        city,
        month("calls", 1, 6),
        month("engines", 1, 2),
        month("calls", 3, 9, breakdown={"district": "1"}),
        month("engines", 3, 0),
    )
    found = await city.document("measure", "load")
    assert (found.as_of, found.value) == ("2017-01", Decimal(3))


async def test_the_latest_value_of_an_input_that_runs_ahead_is_not_waited_for(city: City) -> None:
    await calls_and_engines(
        city, *(month("calls", n, 6) for n in (1, 2, 3)), month("engines", 1, 2), month("engines", 2, 3)
    )
    found = await city.document("measure", "load")
    assert (found.as_of, found.value) == ("2017-02", Decimal(2))


async def test_others_with_the_same_measure_make_no_period_the_latest(city: City) -> None:
    await calls_and_engines(
        city, month("calls", 1, 6), month("engines", 1, 2), month("calls", 3, 9, breakdown={"peer": "salford"})
    )
    assert (await city.document("measure", "calls")).as_of == "2017-01"
    assert (await city.document("measure", "load")).value == 3


async def test_provisional_inputs_make_a_provisional_status(city: City) -> None:
    await calls_and_engines(city, month("calls", 1, 6, flag="provisional"), month("engines", 1, 2))
    assert (await city.document("measure", "load")).qualifiers.provisional


async def test_the_past_is_derived_from_what_was_known_then(city: City, reads: Reads) -> None:
    await calls_and_engines(city, month("calls", 1, 6), month("engines", 1, 2))
    then = city.clock.at.isoformat()
    city.clock.move(days=1)
    await city.tell(
        push(month("calls", 1, 8, revision=2), month("calls", 2, 2), month("engines", 2, 2), at=city.clock.at)
    )
    await city.judge()
    path = "/v1/status/measures/load"
    now = (await reads.staff.get(path)).json()
    january = (await reads.staff.get(path, params={"as_of": "2017-01"})).json()
    before = (await reads.staff.get(path, params={"as_of": "2017-01", "known_at": then})).json()
    assert [now["value"], january["value"], before["value"]] == [1, 4, 3]


async def test_an_explanation_names_the_measures_that_were_read(city: City, reads: Reads) -> None:
    await calls_and_engines(
        city, month("calls", 1, 60), month("calls", 1, 60, breakdown={"district": "1"}), month("engines", 1, 20)
    )
    found = (await reads.staff.get("/v1/status/measures/load/explain")).json()
    assert found["formula"] == "calls / engines"
    assert found["reads"] == ["calls", "engines"]
    assert [(each["measure"], each["value"]) for each in found["inputs"]] == [
        ("calls", 60),
        ("calls", 60),
        ("engines", 20),
    ]
    public = (await reads.public.get("/v1/status/measures/load/explain")).json()
    assert public["withheld"] == 1


async def test_values_of_an_input_that_is_not_published_are_withheld_from_the_public(city: City, reads: Reads) -> None:
    await calls_and_engines(city, month("calls", 1, 60), month("engines", 1, 20), published=False)
    public = (await reads.public.get("/v1/status/measures/load/explain")).json()
    assert [each["measure"] for each in public["inputs"]] == ["engines"]
    assert public["withheld"] == 1


async def test_the_weights_that_were_used_are_explained(city: City, reads: Reads) -> None:
    average: dict[str, Any] = {"time_aggregation": "weighted_average", "breakdown_aggregation": "weighted_average"}
    await city.tell(
        measure("people", frequency="year", direction="none", department=None),
        measure("rent", weighted_by="people", department=None, **average),
        push(
            *(value("people", year, 1, breakdown={"district": "1"}) for year in ("2013", "2014", "2015")),
            month("rent", 3, 10, breakdown={"district": "1"}),
        ),
    )
    await city.judge()
    found = (await reads.staff.get("/v1/status/measures/rent/explain")).json()
    assert found["weighted_by"] == "people"
    assert found["weights"] == [{"period": "2015", "breakdown": {"district": "1"}, "value": 1}]


async def test_a_whole_series_is_derived(city: City) -> None:
    await calls_and_engines(
        city, *(month(code, n, n * 2) for n in range(1, 9) for code in ("calls", "engines")), month("calls", 9, 1)
    )
    async with city.database.pool.acquire() as connection:
        found = await load_series(connection, {"load": LOAD}, Moment(TODAY))
        until = await load_series(connection, {"load": LOAD}, Moment(TODAY, as_of=periods.parse("2017-Q1")))
    assert [cell.value for cell in found["load"].cells] == [1] * 8
    assert len(until["load"].cells) == 3


async def test_what_is_supposed_is_judged_beside_what_is_stored(city: City) -> None:
    await calls_and_engines(city, month("calls", 1, 6), month("engines", 1, 2), month("calls", 2, 6))
    await city.tell(target("load", "2017", 1_000))
    tripled = Formula(text="3 * calls", inputs=["calls"], tree=["*", ["number", "3"], ["measure", "calls"]])
    otherwise = msgspec.structs.replace(LOAD, formula=tripled)
    supposed = {
        "a value more": Overlay(values={"engines": [month("engines", 2, 3)]}),
        "another value": Overlay(values={"calls": [month("calls", 1, 10)]}),
        "a value less": Overlay(values={"calls": [value("calls", "2017-01", None, flag="withdrawn")]}),
        "a formula": Overlay(plan=Plan({"load": otherwise})),
        "a target": Overlay(targets={"load": [events.Target(period="2017", value=Decimal(3), version=1)]}),
    }
    found = {}
    for name, overlay in supposed.items():
        async with city.database.transaction(read_only=True) as connection:
            judged = await judge_measures(connection, {"load": LOAD}, Moment(TODAY, overlay=overlay))
        found[name] = (judged["load"].status.value, judged["load"].status.status)
    assert found == {
        "a value more": (2, "off_track"),
        "another value": (5, "off_track"),
        "a value less": (None, "no_data"),
        "a formula": (18, "off_track"),
        "a target": (3, "achieved"),
    }
    assert (await city.document("measure", "load")).value == 3


async def test_more_values_than_are_held_at_once_give_the_same_statuses(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [f"m-{number}" for number in range(9)]
    derived = measure("total", formula=Formula(text="m-0", inputs=["m-0"], tree=["measure", "m-0"]), department=None)
    await city.tell(*(measure(code, department=None) for code in codes), derived)
    groups = [{"district": str(number)} for number in range(7)]
    await city.tell(
        push(*(month(code, n, n, breakdown=g) for code in codes for n in range(1, 4) for g in groups)), push()
    )
    moment, definitions = Moment(TODAY), await known(city, *codes, "total")
    held: list[int] = []
    listing = inputs.list_values

    async def counted(*words: Any) -> Any:
        held.append(len(rows := await listing(*words)))
        return rows

    async with city.database.transaction(read_only=True) as connection:
        whole = await judge_measures(connection, definitions, moment)
        monkeypatch.setattr(gathering, "ROWS_MAX", 40)
        monkeypatch.setattr(inputs, "list_values", counted)
        bounded = await judge_measures(connection, definitions, moment)
    assert {code: each.status for code, each in bounded.items()} == {c: each.status for c, each in whole.items()}
    assert len(bounded) == 10
    assert max(held) <= 41


async def test_one_measure_with_more_values_than_are_held_at_once_is_read_whole(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "ROWS_MAX", 3)
    groups = [{"district": str(number)} for number in range(8)]
    await calls_and_engines(city, *(month("calls", 1, 1, breakdown=g) for g in groups), month("engines", 1, 4))
    assert (await city.document("measure", "calls")).value == 8
    assert (await city.document("measure", "load")).value == 2


async def test_a_moment_knows_the_day_and_the_methods_of_its_time(city: City) -> None:
    await city.begin_day()
    async with city.database.pool.acquire() as connection:
        found = await find_moment(connection)
        loaded = await load_recent(connection, {}, found)
    assert (found.today, found.in_force, loaded) == (TODAY, {}, {})
