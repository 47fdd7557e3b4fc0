"""The city's own record: defaults before anybody speaks, versions, and what its calendar moves."""

from typing import Any

from goals_api.schemas import examples
from tests.integration.goals_api.conftest import Json, Plan, told
from tideline.events import Calendar, CityDefined, MeasureDefined
from tideline.vocabulary import Role

JULY = {"fiscal_year_start_month": 7, "biennium_starts_odd": True}
MEASURE = {"title": "Measure", "direction": "up", "frequency": "quarter"}


async def put(plan: Plan, version: int, **fields: Any) -> Json:
    headers = plan.analyst | {"If-Match": f'"{version}"'}
    return told(await plan.http.put("/v1/city", json=examples.CITY | fields, headers=headers), 200)


async def read(plan: Plan, path: str, **asked: str) -> Json:
    return told(await plan.http.get(f"/v1/{path}", params=asked), 200)


async def test_before_anybody_speaks_the_city_has_its_defaults_as_version_0(plan: Plan) -> None:
    answer = await plan.http.get("/v1/city")
    assert answer.headers["etag"] == '"0"'
    assert (answer.json()["title"], answer.json()["suppress_under"], answer.json()["version"]) == ("City", 10, 0)
    assert (await plan.http.get("/v1/city/changes", headers=plan.analyst)).status_code == 404


async def test_the_city_is_written_with_the_version_that_was_read(plan: Plan) -> None:
    assert (await plan.http.put("/v1/city", json=examples.CITY)).status_code == 401
    assert (await plan.http.put("/v1/city", json=examples.CITY, headers=plan.analyst)).status_code == 428
    owner = plan.by(Role.DEPARTMENT_OWNER) | {"If-Match": '"0"'}
    assert (await plan.http.put("/v1/city", json=examples.CITY, headers=owner)).status_code == 403
    assert (await put(plan, 0))["version"] == 1
    stale = await plan.http.put("/v1/city", json=examples.CITY, headers=plan.analyst | {"If-Match": '"0"'})
    assert stale.status_code == 412
    found = await read(plan, "city")
    assert {name: found[name] for name in examples.CITY if name != "minimum_coverage"} == {
        name: value for name, value in examples.CITY.items() if name != "minimum_coverage"
    }
    again = await plan.replace("city", found, 1)
    assert (again["version"], again["recomputed"]) == (1, [])
    (event,) = await plan.sent()
    assert isinstance(event.body, CityDefined)
    assert (event.subject, event.body.title) == ("city.defined.v1.city.city", "City of Tacoma")


async def test_faults_of_the_city_are_listed_with_their_paths(plan: Plan) -> None:
    body = {"title": " ", "calendar": {"fiscal_year_start_month": 13}, "suppress_under": 1_001, "policy": "kpi", "x": 1}
    answer = await plan.http.put("/v1/city", json=body, headers=plan.analyst | {"If-Match": '"0"'})
    assert {(fault["path"], fault["code"]) for fault in told(answer, 422)["errors"]} == {
        ("title", "missing"),
        ("calendar.fiscal_year_start_month", "out_of_range"),
        ("suppress_under", "out_of_range"),
        ("policy", "unknown_word"),
        ("x", "unknown_field"),
    }


async def test_a_new_fiscal_year_defines_its_followers_anew_and_names_them(plan: Plan) -> None:
    await plan.create("measures", MEASURE | {"code": "follows"})
    await plan.create("measures", MEASURE | {"code": "own", "calendar": JULY | {"fiscal_year_start_month": 1}})
    assert (await put(plan, 0, calendar=JULY))["recomputed"] == ["follows"]
    follows, own = await read(plan, "measures/follows"), await read(plan, "measures/own")
    assert (follows["version"], follows["calendar"], follows["calendar_from"]) == (2, JULY, "city")
    assert (own["version"], own["calendar_from"]) == (1, "measure")
    city, measure = (await plan.sent())[-2:]
    assert isinstance(city.body, CityDefined)
    assert isinstance(measure.body, MeasureDefined)
    assert (measure.body.code, measure.body.version) == ("follows", 2)
    assert measure.body.calendar == Calendar(fiscal_year_start_month=7)
    (change,) = (await plan.http.get("/v1/measures/follows/changes?limit=1", headers=plan.analyst)).json()["items"]
    assert (change["fields"], change["content"]["calendar"]) == (["calendar"], JULY)


async def test_what_a_measure_answers_can_be_sent_back_after_the_city_has_moved(plan: Plan) -> None:
    await plan.create("measures", MEASURE | {"code": "follows"})
    before = await read(plan, "measures/follows")
    await put(plan, 0, calendar=JULY)
    answer = await plan.http.put("/v1/measures/follows", json=before, headers=plan.analyst | {"If-Match": '"2"'})
    assert (told(answer, 200)["version"], answer.json()["calendar"], answer.json()["recomputed"]) == (2, JULY, [])
    own = before | {"calendar_from": "measure"}
    answer = await plan.http.put("/v1/measures/follows", json=own, headers=plan.analyst | {"If-Match": '"2"'})
    assert (answer.json()["calendar"], answer.json()["recomputed"]) == (before["calendar"], ["follows"])


async def test_a_plan_may_speak_for_the_city_and_need_not(plan: Plan) -> None:
    await plan.create("measures", MEASURE | {"code": "outside"})
    document = examples.PLAN | {"city": examples.CITY | {"calendar": JULY}}
    answer = await plan.put(document)
    assert {"kind": "city", "code": "city", "fields": []} in answer["created"]
    assert answer["recomputed"] == ["outside"]
    assert (await read(plan, "measures/fire-response-p90"))["calendar"] == JULY
    again = await plan.put(document)
    assert (again["changed"], again["recomputed"]) == ([], [])
    assert (await plan.put(examples.PLAN))["changed"] == []
    assert (await read(plan, "city"))["calendar"] == JULY
    assert "city" not in await read(plan, "plans/city-plan")


async def test_a_plan_is_told_what_is_wrong_with_its_city(plan: Plan) -> None:
    await plan.create(
        "measures",
        MEASURE | {"code": "two", "frequency": "biennium", "baseline": {"period": "2015-2016", "value": 1}},
    )
    even = examples.CITY | {"calendar": {"biennium_starts_odd": False}}
    assert await plan.refused(examples.PLAN | {"city": even}) == [("city.calendar", "baseline_left_behind")]
    assert await plan.refused(examples.PLAN | {"city": {"title": "", "y": 2}}) == [
        ("city.y", "unknown_field"),
        ("city.title", "missing"),
    ]


async def test_the_city_is_read_as_it_was_known(plan: Plan) -> None:
    await put(plan, 0)
    assert (await read(plan, "city", known_at="2026-03-01T00:00:00Z"))["version"] == 0
    assert (await read(plan, "city", known_at="2026-03-03T00:00:00Z"))["version"] == 1
