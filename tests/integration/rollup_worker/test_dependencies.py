"""What a measure reads changes: the measure follows in the same pass, and whatever stands above it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from rollup_worker.core.facts import CITY
from rollup_worker.handlers.plan import on_measure_defined
from rollup_worker.jobs.recompute import Recompute
from rollup_worker.repository import assessments, dirty
from tests.integration.rollup_worker.stage import City, department, goal, measure, nodes, push, target, value
from tideline.consumer import Hopeless, Meta
from tideline.database import Connection
from tideline.events import Calendar, Formula, MeasureDefined, MethodChoice, StatusChanged

THRESHOLD = MethodChoice(id="threshold")


def quotient(one: str, other: str) -> Formula:
    return Formula(text=f"{one} / {other}", inputs=[one, other], tree=["/", ["measure", one], ["measure", other]])


def double(code: str) -> Formula:
    return Formula(text=f"2 * {code}", inputs=[code], tree=["*", ["number", "2"], ["measure", code]])


def derived(code: str, formula: Formula, version: int = 1, **more: Any) -> MeasureDefined:
    return measure(code, version, formula=formula, method=THRESHOLD, **more)


async def fire(city: City, *more: MeasureDefined) -> None:
    """Calls per engine decide a goal of the fire department."""
    await city.tell(
        department("fire"),
        goal("busy", kpi="load"),
        measure("calls", department=None),
        measure("engines", department=None),
        derived("load", quotient("calls", "engines")),
        target("load", "2017", 4),
        *more,
    )
    await city.tell(push(value("calls", "2017-03", 12), value("engines", "2017-03", 4)))
    await city.judge()


def causes(events: list[StatusChanged], code: str) -> list[str]:
    return [cause["type"] for event in events if event.code == code for cause in event.why["causes"]]


async def test_a_pass_that_dies_after_the_input_was_judged_leaves_both_as_they_were(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fire(city)
    await city.tell(push(value("calls", "2017-03", 20, revision=2)))

    async def die(connection: Connection, rows: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as dying:
        dying.setattr(assessments, "add_assessments", die)
        with pytest.raises(ConnectionResetError):
            await Recompute(city.database, city.clock, poll_seconds=1).drain()
    assert (await city.document("measure", "load")).value == 3
    assert nodes(await city.judge())[:2] == ["measure:calls", "measure:load"]
    assert (await city.document("measure", "load")).value == 5


async def test_a_changed_input_changes_what_is_derived_from_it_and_its_parents_in_one_pass(city: City) -> None:
    await fire(city)
    await city.tell(push(value("engines", "2017-03", 2, revision=2)))
    assert await Recompute(city.database, city.clock, poll_seconds=1).drain() == 1
    told = (await city.told())[-6:]
    assert {"measure:engines", "measure:load", "goal:busy", "department:fire", "city:city"} <= set(nodes(told))
    assert (await city.document("measure", "load")).value == 6
    assert causes(told, "load") == causes(told, "engines") == ["observations"]


async def test_a_measure_derived_from_a_derived_one_follows_too(city: City) -> None:
    await fire(city, derived("twice", double("load")))
    assert (await city.document("measure", "twice")).value == 6
    await city.tell(push(value("calls", "2017-03", 16, revision=2)))
    told = await city.judge()
    assert (await city.document("measure", "twice")).value == 8
    assert causes(told, "twice") == ["observations"]


async def test_an_input_that_changes_its_calendar_changes_what_is_derived_from_it(city: City) -> None:
    yearly: dict[str, Any] = {"frequency": "year", "department": None}
    await city.tell(measure("calls", department=None), derived("total", double("calls"), **yearly))
    months = [value("calls", f"2017-{month:02}", 1) for month in range(1, 13)]
    await city.tell(push(*months))
    await city.judge()
    assert (await city.document("measure", "total")).value == 24
    await city.tell(measure("calls", 2, frequency="quarter", department=None))
    told = await city.judge()
    assert (await city.document("measure", "total")).status == "no_data"
    assert causes(told, "total") == ["definition"]


async def test_a_derived_measure_reads_its_years_in_its_own_calendar(city: City) -> None:
    autumn = Calendar(fiscal_year_start_month=10)
    yearly: dict[str, Any] = {"frequency": "year", "department": None}
    await city.tell(measure("calls", department=None), derived("total", double("calls"), **yearly, calendar=autumn))
    months = [*(f"2015-{month:02}" for month in (10, 11, 12)), *(f"2016-{month:02}" for month in range(1, 13))]
    await city.tell(push(*[value("calls", month, 1) for month in months]))
    await city.judge()
    found = await city.document("measure", "total")
    assert (found.as_of, found.value) == ("2016", Decimal(24))
    await city.tell(derived("total", double("calls"), 2, **yearly))
    await city.judge()
    assert (await city.document("measure", "total")).as_of == "2016"
    assert (await city.document("measure", "total")).as_of_start == datetime(2016, 1, 1, tzinfo=UTC).date()


async def test_an_input_that_is_defined_later_gives_the_derived_measure_its_value(city: City) -> None:
    await city.tell(derived("twice", double("calls"), department=None))
    await city.tell(push(value("calls", "2017-03", 4)))
    await city.judge()
    assert (await city.document("measure", "twice")).status == "no_data"
    await city.tell(measure("calls", department=None))
    await city.judge()
    assert (await city.document("measure", "twice")).value == 8


async def test_a_formula_that_is_taken_away_frees_the_measure_from_its_inputs(city: City) -> None:
    await fire(city)
    await city.tell(measure("load", 2, method=THRESHOLD))
    await city.judge()
    assert (await city.document("measure", "load")).status == "no_data"
    await city.tell(push(value("calls", "2017-03", 99, revision=2)))
    assert "measure:load" not in nodes(await city.judge())
    assert await city.database.pool.fetchval("select count(*) from dependency") == 0


async def test_measures_that_read_each_other_have_no_value_and_hold_nothing_up(city: City) -> None:
    await fire(city, derived("one", double("other")), derived("other", double("one")), derived("self", double("self")))
    for code in ("one", "other", "self"):
        assert (await city.document("measure", code)).status == "no_data"
    assert (await city.document("measure", "load")).value == 3


async def test_a_formula_that_cannot_be_computed_is_kept_out(city: City) -> None:
    broken = derived("load", Formula(text="calls ^ 2", inputs=["calls"], tree=["power", ["measure", "calls"]]))
    meta = Meta(UUID(int=1), "GOALS", 1, broken.type_name(), "", city.clock.at)
    async with city.database.transaction() as connection:
        with pytest.raises(Hopeless, match="cannot be computed"):
            await on_measure_defined(connection, broken, meta)


async def test_a_changed_weight_changes_the_measure_that_it_weighs(city: City) -> None:
    average: dict[str, Any] = {"time_aggregation": "weighted_average", "breakdown_aggregation": "weighted_average"}
    await city.tell(
        measure("people", frequency="year", direction="none", department=None),
        measure("rent", weighted_by="people", breakdowns=["district"], department=None, **average),
    )
    await city.tell(
        push(
            value("people", "2015", 3, breakdown={"district": "1"}),
            value("people", "2016", 1, breakdown={"district": "2"}),
            value("rent", "2017-03", 10, breakdown={"district": "1"}),
            value("rent", "2017-03", 50, breakdown={"district": "2"}),
        )
    )
    await city.judge()
    assert (await city.document("measure", "rent")).value == 20
    await city.tell(push(value("people", "2016", 7, breakdown={"district": "1"})))
    told = await city.judge()
    assert (await city.document("measure", "rent")).value == 15
    assert causes(told, "rent") == ["observations"]


async def test_an_input_that_nothing_reads_judges_only_itself_and_its_parents(city: City) -> None:
    await fire(city, measure("hoses"))
    await city.tell(push(value("hoses", "2017-03", 5)))
    assert set(nodes(await city.judge())) <= {"measure:hoses", "department:fire", ":".join(CITY)}


async def test_a_rebuild_finds_nothing_to_change(city: City) -> None:
    await fire(city, derived("twice", double("load")))
    await city.begin_day()
    await city.judge()
    async with city.database.transaction() as connection:
        await dirty.mark_all_dirty(connection, {"type": "rebuild"})
    assert await city.judge() == []
    assert (await city.document("measure", "twice")).value == 6
