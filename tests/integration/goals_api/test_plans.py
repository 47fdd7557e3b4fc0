"""A whole plan as one document: idempotent, all or nothing, with every fault named."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from goals_api.schemas import examples
from tests.integration.goals_api.conftest import Json, Plan, told
from tideline.events import MeasureDefined, TargetsSet
from tideline.vocabulary import Role

DOCUMENT: Json = {**examples.PLAN, "code": "city-plan"}
CITY = Path(__file__).parents[3] / "deploy" / "seed" / "tacoma-2025.yaml"
TABLES = ("plan", "area", "department", "goal", "measure", "target", "change", "event", "pending")


async def counts(plan: Plan) -> list[int]:
    return [await plan.count(table) for table in TABLES]


def codes(answer: Json, word: str) -> list[tuple[str, str]]:
    return [(one["kind"], one["code"]) for one in answer[word]]


ALL = [
    ("area", "livability"),
    ("department", "fire"),
    ("measure", "fire-response-p90"),
    ("goal", "faster-response"),
]


async def test_a_document_creates_what_it_names_and_again_changes_nothing(plan: Plan) -> None:
    first = await plan.put(DOCUMENT)
    assert (codes(first, "created"), first["targets"]["created"], first["version"]) == (ALL, 1, 1)
    before = await counts(plan)
    second = await plan.put(DOCUMENT)
    assert (codes(second, "unchanged"), second["created"], second["changed"], second["retired"]) == (ALL, [], [], [])
    assert (second["targets"], second["version"]) == ({"created": 0, "changed": 0, "unchanged": 1}, 1)
    assert await counts(plan) == before


async def test_events_leave_in_the_order_in_which_they_name_each_other(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    assert [event.subject.split(".")[0] for event in await plan.sent()] == [
        "area",
        "department",
        "measure",
        "goal",
        "targets",
    ]


async def test_a_dry_run_answers_the_same_and_stores_nothing(plan: Plan) -> None:
    dry = await plan.put(DOCUMENT, dry_run=True)
    assert await counts(plan) == [0] * len(TABLES)
    real = await plan.put(DOCUMENT)
    assert {**dry, "dry_run": False} == real


async def test_a_plan_reads_back_as_a_document_that_changes_nothing(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    read = await plan.http.get("/v1/plans/city-plan", headers=plan.analyst)
    assert read.headers["etag"] == '"1"'
    assert (await plan.put(read.json()))["version"] == 1
    assert (
        await plan.http.get("/v1/plans/city-plan", headers=plan.analyst | {"If-None-Match": '"1"'})
    ).status_code == 304


async def test_yaml_says_the_same_as_json(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    before = await counts(plan)
    headers = plan.analyst | {"Content-Type": "application/yaml"}
    answer = await plan.http.put("/v1/plans/city-plan", content=yaml.safe_dump(DOCUMENT), headers=headers)
    assert codes(told(answer, 200), "unchanged") == ALL
    assert await counts(plan) == before


async def test_a_change_is_written_once_and_only_where_it_is(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    measure = examples.MEASURE | {"unit": "seconds"}
    answer = await plan.put(DOCUMENT | {"measures": [measure]})
    assert answer["changed"] == [{"kind": "measure", "code": "fire-response-p90", "fields": ["unit"]}]
    assert len(answer["unchanged"]) == 3
    events = await plan.sent()
    assert len(events) == 6
    assert isinstance(events[-1].body, MeasureDefined)
    assert (events[-1].body.version, events[-1].body.unit) == (2, "seconds")


async def test_what_a_document_no_longer_names_retires_and_what_was_made_alone_stays(plan: Plan) -> None:
    await plan.create("departments", {"code": "alone", "title": "Alone"})
    await plan.put(DOCUMENT)
    answer = await plan.put({"title": "Tacoma 2025"})
    assert sorted(codes(answer, "retired")) == sorted(ALL)
    goal = told(await plan.http.get("/v1/goals/faster-response"), 200)
    assert (goal["retired"], goal["version"]) == (True, 2)
    assert goal["retirement_note"]
    assert told(await plan.http.get("/v1/departments/alone"), 200)["retired"] is False
    assert told(await plan.http.get("/v1/measures/fire-response-p90/targets"), 200)["items"]
    again = await plan.put(DOCUMENT)
    assert codes(again, "created") == ALL
    assert again["targets"]["unchanged"] == 1


async def test_targets_that_a_document_does_not_name_stay(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    answer = await plan.put({**DOCUMENT, "targets": []})
    assert answer["targets"] == {"created": 0, "changed": 0, "unchanged": 0}
    assert len(told(await plan.http.get("/v1/measures/fire-response-p90/targets"), 200)["items"]) == 1


async def test_what_was_made_alone_joins_the_plan_that_names_it(plan: Plan) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    answer = await plan.put(DOCUMENT)
    assert answer["changed"] == [{"kind": "department", "code": "fire", "fields": ["plan"]}]


async def test_every_fault_is_listed_with_its_path_and_nothing_is_stored(plan: Plan) -> None:
    document = {
        "title": "Faults",
        "areas": [
            {"code": "a", "title": "A", "kind": "priority", "parents": ["b"]},
            {"code": "b", "title": "B", "kind": "priority", "parents": ["a"]},
            {"code": "c", "title": "C", "kind": "county"},
        ],
        "departments": [{"code": "d", "title": "D"}, {"code": "d", "title": "D"}],
        "measures": [
            {"code": "m", "title": "M", "direction": "up", "frequency": "month", "department": "none"},
            {"code": "n", "title": "N", "direction": "up", "frequency": "month", "method": {"id": "pace", "params": 1}},
        ],
        "goals": [
            {"code": "g", "title": "G", "kpi": "m", "areas": ["c"]},
            {"code": "h", "title": "H", "kpi": "m", "metrics": ["n", "x"]},
        ],
        "targets": [
            {"measure": "m", "period": "2026-13", "value": 1},
            {"measure": "m", "period": "2027", "value": "1e400"},
            {"measure": "n", "period": "never", "value": 1},
            {"measure": "y", "period": "2027", "value": 1},
        ],
    }
    assert sorted(await plan.refused(document)) == [
        ("areas[0].parents[0]", "cycle"),
        ("areas[1].parents[0]", "cycle"),
        ("areas[2].kind", "unknown_word"),
        ("departments[1].code", "duplicate_code"),
        ("goals[1].kpi", "measure_in_two_goals"),
        ("goals[1].metrics[1]", "unknown_measure"),
        ("measures[0].department", "unknown_department"),
        ("measures[1].method.params", "bad_method"),
        ("targets[0].period", "bad_period"),
        ("targets[1].value", "out_of_range"),
        ("targets[3].measure", "unknown_measure"),
    ]
    assert await counts(plan) == [0] * len(TABLES)


async def test_a_frozen_target_needs_a_reason_in_a_document_too(plan: Plan) -> None:
    target = {"measure": "fire-response-p90", "period": "2018-12", "value": 6}
    await plan.put(DOCUMENT)
    assert await plan.refused({**DOCUMENT, "targets": [target]}) == [("targets[0].reason", "target_frozen")]
    changed = {**DOCUMENT, "targets": [{**target, "reason": "Restated"}]}
    assert (await plan.put(changed))["targets"] == {"created": 0, "changed": 1, "unchanged": 0}
    assert (await plan.put(changed))["targets"] == {"created": 0, "changed": 0, "unchanged": 1}


async def test_what_another_plan_keeps_is_not_taken_over(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    document = {"title": "Other", "departments": [examples.DEPARTMENT]}
    assert await plan.refused(document, "other") == [("departments[0].code", "in_another_plan")]


async def test_the_code_of_a_document_is_the_one_of_its_path(plan: Plan) -> None:
    assert ("code", "code_mismatch") in await plan.refused(DOCUMENT, "other")
    assert await plan.refused({"title": "T"}, "Bad_Code") == [("code", "bad_code")]
    assert await plan.refused({"code": "city-plan", "titel": "T"}) == [
        ("title", "missing"),
        ("titel", "unknown_field"),
    ]


async def test_if_match_is_honoured_when_it_is_given_and_not_demanded(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    stale = plan.analyst | {"If-Match": '"7"'}
    assert told(await plan.http.put("/v1/plans/city-plan", json=DOCUMENT, headers=stale), 412)
    fresh = plan.analyst | {"If-Match": '"1"'}
    told(await plan.http.put("/v1/plans/city-plan", json=DOCUMENT, headers=fresh), 200)
    told(await plan.http.put("/v1/plans/none", json={"title": "T"}, headers=fresh), 412)


async def test_a_single_write_moves_the_version_of_its_plan(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    headers = plan.analyst | {"If-Match": '"1"'}
    told(await plan.http.put("/v1/departments/fire", json={"title": "Rescue"}, headers=headers), 200)
    read = await plan.http.get("/v1/plans/city-plan", headers=plan.analyst)
    assert (read.headers["etag"], read.json()["departments"][0]["title"]) == ('"2"', "Rescue")
    await plan.http.post(
        "/v1/measures/fire-response-p90/targets", json={"period": "2027", "value": 1}, headers=plan.analyst
    )
    assert (await plan.http.get("/v1/plans/city-plan", headers=plan.analyst)).headers["etag"] == '"3"'


async def test_plans_are_listed_and_have_a_history(plan: Plan) -> None:
    await plan.put(DOCUMENT)
    await plan.put({**DOCUMENT, "title": "Tacoma 2030"})
    await plan.put({"title": "Other"}, "other")
    listed = told(await plan.http.get("/v1/plans", params={"limit": 1}), 200)
    assert [(one["code"], one["title"], one["version"]) for one in listed["items"]] == [("city-plan", "Tacoma 2030", 2)]
    rest = told(await plan.http.get("/v1/plans", params={"cursor": listed["next"]}), 200)
    assert [one["code"] for one in rest["items"]] == ["other"]
    history = told(await plan.http.get("/v1/plans/city-plan/changes", headers=plan.analyst), 200)["items"]
    assert [(line["version"], line["action"]) for line in history] == [(2, "changed"), (1, "created")]
    told(await plan.http.get("/v1/plans/none"), 404)
    told(await plan.http.get("/v1/plans/none/changes", headers=plan.analyst), 404)


async def test_the_public_document_names_only_what_is_published(plan: Plan) -> None:
    hidden = examples.MEASURE | {"code": "hidden", "published": False}
    goal = examples.GOAL | {"metrics": ["hidden"]}
    target = {"measure": "hidden", "period": "2027", "value": 1}
    await plan.put({**DOCUMENT, "measures": [examples.MEASURE, hidden], "goals": [goal], "targets": [target]})
    assert "hidden" not in (await plan.http.get("/v1/plans/city-plan")).text
    staff = told(await plan.http.get("/v1/plans/city-plan", headers=plan.by(Role.VIEWER)), 200)
    assert [measure["code"] for measure in staff["measures"]] == ["fire-response-p90", "hidden"]
    assert [target["measure"] for target in staff["targets"]] == ["hidden"]


@pytest.mark.parametrize("role", Role)
async def test_analysts_coordinators_and_administrators_put_plans(plan: Plan, role: Role) -> None:
    allowed = {Role.ANALYST, Role.COORDINATOR, Role.ADMINISTRATOR}
    for asked in ({"dry_run": True}, {}):
        answer = await plan.http.put("/v1/plans/city-plan", json=DOCUMENT, headers=plan.by(role), params=asked)
        assert answer.status_code == ((200 if asked else 201) if role in allowed else 403)


async def test_writers_at_the_same_moment_do_not_hide_from_each_other(plan: Plan) -> None:
    """Each goal alone is right; together they would count one measure twice: one of them is refused."""
    await plan.create("measures", {**examples.MEASURE, "department": None, "areas": []})
    goals = [{"code": f"g{n}", "title": "G", "kpi": "fire-response-p90"} for n in range(3)]
    answers = await asyncio.gather(*(plan.http.post("/v1/goals", json=goal, headers=plan.analyst) for goal in goals))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422]
    assert await plan.count("goal") == 1


async def test_the_same_document_at_the_same_moment_is_stored_once(plan: Plan) -> None:
    await asyncio.gather(*(plan.put(DOCUMENT) for _ in range(3)))
    assert [await plan.count(table) for table in ("goal", "target", "event")] == [1, 1, 5]


async def test_the_first_city_is_taken_and_taken_again(plan: Plan) -> None:
    headers = plan.analyst | {"Content-Type": "application/yaml"}
    first = told(await plan.http.put("/v1/plans/tacoma-2025", content=CITY.read_bytes(), headers=headers), 201)
    assert len(first["created"]) > 100
    before = await counts(plan)
    second = told(await plan.http.put("/v1/plans/tacoma-2025", content=CITY.read_bytes(), headers=headers), 200)
    assert (second["created"], second["changed"], second["retired"]) == ([], [], [])
    assert await counts(plan) == before


async def test_a_large_plan_is_one_document(plan: Plan) -> None:
    document: dict[str, Any] = {
        "title": "Large",
        "departments": [{"code": f"d{n}", "title": "D"} for n in range(50)],
        "measures": [
            {"code": f"m{n}", "title": "M", "department": f"d{n % 50}", "direction": "up", "frequency": "month"}
            for n in range(400)
        ],
        "targets": [
            {"measure": f"m{n % 10}", "period": f"{2027 + n // 120}-{n // 10 % 12 + 1:02}", "value": f"{n}.5"}
            for n in range(15_000)
        ],
    }
    assert (await plan.put(document))["targets"]["created"] == 15_000
    events = [event.body for event in await plan.sent() if isinstance(event.body, TargetsSet)]
    assert [len(event.targets) for event in events] == [1_000, 500] * 10
    assert sorted(target.value or Decimal(0) for event in events for target in event.targets) == [
        Decimal(f"{n}.5") for n in range(15_000)
    ]
    assert (await plan.put(document))["targets"]["unchanged"] == 15_000
