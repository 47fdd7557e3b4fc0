"""Areas, departments, goals and measures one by one: read, write, lock, retire, and what each leaves behind."""

from decimal import Decimal
from typing import Any

import pytest

from goals_api.schemas import examples
from tests.integration.goals_api.conftest import Json, Plan, told
from tideline.events import DepartmentDefined, GoalDefined, MeasureDefined
from tideline.vocabulary import Role

KINDS = {
    "areas": examples.AREA,
    "departments": examples.DEPARTMENT,
    "measures": examples.MEASURE | {"department": None, "areas": []},
    "goals": examples.GOAL | {"department": None, "areas": [], "kpi": None},
}


async def city(plan: Plan) -> None:
    """The four examples, which name each other."""
    for kinds, body in (
        ("areas", examples.AREA),
        ("departments", examples.DEPARTMENT),
        ("measures", examples.MEASURE),
        ("goals", examples.GOAL),
    ):
        await plan.create(kinds, body)


@pytest.mark.parametrize("kinds", KINDS)
async def test_what_is_created_can_be_read_changed_and_retired(plan: Plan, kinds: str) -> None:
    body = KINDS[kinds]
    path = f"/v1/{kinds}/{body['code']}"
    made = await plan.http.post(f"/v1/{kinds}", json=body, headers=plan.analyst)
    assert (made.status_code, made.headers["location"], made.headers["etag"]) == (201, path, '"1"')
    read = await plan.http.get(path)
    assert (read.status_code, read.headers["etag"], read.json()) == (200, '"1"', made.json())
    changed = await plan.http.put(
        path, json=read.json() | {"title": "New title"}, headers=plan.analyst | {"If-Match": read.headers["etag"]}
    )
    assert (told(changed, 200)["title"], changed.headers["etag"]) == ("New title", '"2"')
    retired = await plan.http.delete(
        path, headers=plan.analyst | {"If-Match": '"2"'}, params={"note": "No longer kept"}
    )
    assert (told(retired, 200)["retired"], retired.json()["retirement_note"]) == (True, "No longer kept")
    assert (await plan.http.get(path)).json() == retired.json()
    assert [event.subject for event in await plan.sent()] == [
        f"{kinds[:-1]}.defined.v1.{kinds[:-1]}.{body['code']}"
    ] * 3


async def test_a_definition_reads_back_as_it_was_written(plan: Plan) -> None:
    await city(plan)
    for kinds, body in (("measures", examples.MEASURE), ("goals", examples.GOAL), ("departments", examples.DEPARTMENT)):
        found = (await plan.http.get(f"/v1/{kinds}/{body['code']}")).json()
        assert {name: found[name] for name in body if name != "baseline"} == {
            name: value for name, value in body.items() if name != "baseline"
        }


async def test_numbers_lose_no_digit_on_their_way_through_the_database(plan: Plan) -> None:
    long = "12345678901234567890.123456789012345678"
    body = (
        '{"code": "long", "title": "Long", "direction": "up", "frequency": "year", "maximum": ' + long + ", "
        '"method": {"id": "pace", "params": {"a": ' + long + ', "b": "' + long + '"}}, '
        '"baseline": {"period": "2017", "value": "' + long + '"}}'
    )
    headers = plan.analyst | {"Content-Type": "application/json"}
    told(await plan.http.post("/v1/measures", content=body, headers=headers), 201)
    found = told(await plan.http.get("/v1/measures/long"), 200)
    number = Decimal(long)
    assert (found["maximum"], found["baseline"]["value"]) == (number, number)
    assert found["method"]["params"] == {"a": number, "b": long}
    (event,) = await plan.sent()
    assert isinstance(event.body, MeasureDefined)
    assert event.body.maximum == number


async def test_a_code_that_is_taken_is_a_conflict_even_when_retired(plan: Plan) -> None:
    body = examples.DEPARTMENT
    await plan.create("departments", body)
    again = await plan.http.post("/v1/departments", json=body, headers=plan.analyst)
    assert told(again, 409)["code"] == "duplicate_code"
    await plan.http.delete("/v1/departments/fire", headers=plan.analyst | {"If-Match": "*"})
    again = await plan.http.post("/v1/departments", json=body, headers=plan.analyst)
    assert told(again, 409)["code"] == "duplicate_code"
    assert await plan.count("event") == 2


async def test_a_write_that_replaces_names_the_version_it_has_seen(plan: Plan) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    path, body = "/v1/departments/fire", {"title": "Fire & Rescue"}
    assert told(await plan.http.put(path, json=body, headers=plan.analyst), 428)["code"] == "if_match_required"
    assert told(await plan.http.delete(path, headers=plan.analyst), 428)
    stale = await plan.http.put(path, json=body, headers=plan.analyst | {"If-Match": '"7"'})
    assert (told(stale, 412)["code"], stale.headers["etag"]) == ("version_is_stale", '"1"')
    told(await plan.http.put(path, json=body, headers=plan.analyst | {"If-Match": '"1"'}), 200)
    assert told(await plan.http.put(path, json=body, headers=plan.analyst | {"If-Match": '"1"'}), 412)


async def test_a_reader_who_has_the_newest_version_is_told_so(plan: Plan) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    for path in ("/v1/departments/fire", "/v1/departments"):
        tag = (await plan.http.get(path)).headers["etag"]
        again = await plan.http.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


async def test_a_write_that_changes_nothing_leaves_nothing(plan: Plan) -> None:
    await plan.create("measures", KINDS["measures"])
    before = [await plan.count(table) for table in ("event", "change")]
    same = await plan.http.put(
        "/v1/measures/fire-response-p90", json=KINDS["measures"], headers=plan.analyst | {"If-Match": '"1"'}
    )
    assert (told(same, 200)["version"], same.headers["etag"]) == (1, '"1"')
    assert [await plan.count(table) for table in ("event", "change")] == before


async def test_what_is_refused_is_refused_with_every_fault_and_leaves_nothing(plan: Plan) -> None:
    body = {
        "code": "g",
        "title": "",
        "kpi": "none",
        "metrics": ["no", {"measure": "x", "weigth": 1}],
        "horizon_years": 0,
    }
    answer = await plan.http.post("/v1/goals", json=body, headers=plan.analyst)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(fault["path"], fault["code"]) for fault in told(answer, 422)["errors"]] == [
        ("metrics[1].weigth", "unknown_field"),
        ("title", "missing"),
        ("horizon_years", "out_of_range"),
        ("kpi", "unknown_measure"),
    ]
    assert [await plan.count(table) for table in ("goal", "event", "change")] == [0, 0, 0]


async def test_a_body_may_leave_out_the_code_of_its_path_but_not_differ_from_it(plan: Plan) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    headers = plan.analyst | {"If-Match": "*"}
    assert (
        told(await plan.http.put("/v1/departments/fire", json={"title": "F"}, headers=headers), 200)["code"] == "fire"
    )
    other = await plan.http.put("/v1/departments/fire", json={"code": "water", "title": "F"}, headers=headers)
    assert [fault["code"] for fault in told(other, 422)["errors"]] == ["code_mismatch"]
    missing = await plan.http.post("/v1/departments", json={"title": "F"}, headers=plan.analyst)
    assert [(fault["path"], fault["code"]) for fault in told(missing, 422)["errors"]] == [("code", "missing")]


async def test_a_measure_counts_in_one_goal_only(plan: Plan) -> None:
    await city(plan)
    second = await plan.http.post("/v1/goals", json=examples.GOAL | {"code": "second"}, headers=plan.analyst)
    assert [(fault["path"], fault["code"]) for fault in told(second, 422)["errors"]] == [
        ("kpi", "measure_in_two_goals")
    ]


async def test_a_renamed_department_keeps_its_former_name(plan: Plan) -> None:
    await plan.create("departments", {"code": "fire", "title": "Fire"})
    headers = plan.analyst | {"If-Match": '"1"'}
    found = told(await plan.http.put("/v1/departments/fire", json={"title": "Rescue"}, headers=headers), 200)
    assert found["names"] == [
        {"title": "Fire", "from": None, "until": "2026-03-02"},
        {"title": "Rescue", "from": "2026-03-02", "until": None},
    ]


async def test_departments_merge_and_say_into_which(plan: Plan) -> None:
    await plan.create("departments", {"code": "new", "title": "New"})
    await plan.create("departments", {"code": "old", "title": "Old"})
    merged = {"title": "Old", "merged_into": "new"}
    told(await plan.http.put("/v1/departments/old", json=merged, headers=plan.analyst | {"If-Match": "*"}), 200)
    back = {"title": "New", "merged_into": "old"}
    answer = await plan.http.put("/v1/departments/new", json=back, headers=plan.analyst | {"If-Match": "*"})
    assert [(fault["path"], fault["code"]) for fault in told(answer, 422)["errors"]] == [("merged_into", "cycle")]
    event = (await plan.sent())[-1].body
    assert isinstance(event, DepartmentDefined)
    assert event.merged_into == "new"


async def test_the_public_sees_what_is_published_and_a_token_all(plan: Plan) -> None:
    await city(plan)
    hidden = examples.MEASURE | {"code": "hidden", "published": False}
    await plan.create("measures", hidden)
    told(await plan.http.get("/v1/measures/hidden"), 404)
    told(await plan.http.get("/v1/measures/hidden/targets"), 404)
    viewer = plan.by(Role.VIEWER)
    told(await plan.http.get("/v1/measures/hidden", headers=viewer), 200)
    assert codes(await plan.http.get("/v1/measures")) == ["fire-response-p90"]
    assert codes(await plan.http.get("/v1/measures", headers=viewer)) == ["fire-response-p90", "hidden"]
    assert (await plan.sent())[-1].subject == "internal.measure.defined.v1.measure.hidden"


async def test_a_public_goal_does_not_name_what_is_not_published(plan: Plan) -> None:
    await city(plan)
    await plan.create("measures", examples.MEASURE | {"code": "hidden", "published": False})
    goal = examples.GOAL | {"metrics": ["hidden"]}
    told(await plan.http.put("/v1/goals/faster-response", json=goal, headers=plan.analyst | {"If-Match": "*"}), 200)
    public = await plan.http.get("/v1/goals/faster-response")
    assert public.json()["metrics"] == []
    assert "hidden" not in (await plan.http.get("/v1/goals")).text
    staff = await plan.http.get("/v1/goals/faster-response", headers=plan.analyst)
    assert [metric["measure"] for metric in staff.json()["metrics"]] == ["hidden"]
    assert public.headers["etag"] != staff.headers["etag"]
    assert (await plan.sent())[-1].subject == "internal.goal.defined.v1.goal.faster-response"


def codes(answer: Any) -> list[str]:
    return [item["code"] for item in told(answer, 200)["items"]]


async def test_lists_page_by_cursor_without_a_gap(plan: Plan) -> None:
    wanted = [f"d{index:02}" for index in range(7)]
    for code in reversed(wanted):
        await plan.create("departments", {"code": code, "title": code})
    found: list[str] = []
    params: dict[str, Any] = {"limit": 3}
    while True:
        page = told(await plan.http.get("/v1/departments", params=params), 200)
        found += [item["code"] for item in page["items"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert found == wanted


@pytest.mark.parametrize("cursor", ["x", "bm9uc2Vuc2U", "WzFd", "WyJhIiwgMV0", "W251bGxd"])
async def test_a_cursor_of_somebody_else_is_refused(plan: Plan, cursor: str) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    assert told(await plan.http.get("/v1/departments", params={"cursor": cursor}), 400)["code"] == "bad_cursor"
    path = "/v1/departments/fire/changes"
    wrong = await plan.http.get(path, params={"cursor": "WyJhIl0"}, headers=plan.analyst)
    assert told(wrong, 400)["code"] == "bad_cursor"


async def test_lists_are_filtered(plan: Plan) -> None:
    await city(plan)
    await plan.create("measures", {**KINDS["measures"], "code": "citywide"})
    await plan.http.delete("/v1/measures/citywide", headers=plan.analyst | {"If-Match": "*"})
    get = plan.http.get
    assert codes(await get("/v1/measures")) == ["fire-response-p90"]
    assert codes(await get("/v1/measures?retired=true")) == ["citywide"]
    assert codes(await get("/v1/measures?retired=any")) == ["citywide", "fire-response-p90"]
    assert codes(await get("/v1/measures?department=fire&area=livability")) == ["fire-response-p90"]
    assert codes(await get("/v1/measures?department=water")) == []
    assert codes(await get("/v1/measures?goal=faster-response")) == ["fire-response-p90"]
    assert codes(await get("/v1/measures?goal=none")) == []
    assert codes(await get("/v1/goals?area=livability&department=fire")) == ["faster-response"]
    assert codes(await get("/v1/goals?area=education")) == []
    assert codes(await get("/v1/areas?kind=goal_area")) == ["livability"]
    assert codes(await get("/v1/areas?kind=priority")) == []
    assert codes(await get("/v1/departments?plan=none")) == []
    told(await get("/v1/measures?retired=perhaps"), 422)
    told(await get("/v1/measures?department=%00"), 422)


async def test_history_tells_who_changed_what_and_when(plan: Plan) -> None:
    await plan.create("departments", {"code": "fire", "title": "Fire"})
    headers = plan.by(Role.ADMINISTRATOR) | {"If-Match": "*"}
    await plan.http.put("/v1/departments/fire", json={"title": "Rescue"}, headers=headers)
    await plan.http.delete("/v1/departments/fire?note=Closed", headers=headers)
    await plan.http.put("/v1/departments/fire", json={"title": "Rescue"}, headers=headers)
    path = "/v1/departments/fire/changes"
    told(await plan.http.get(path), 401)
    history = told(await plan.http.get(path, headers=plan.by(Role.VIEWER)), 200)["items"]
    assert [(line["version"], line["action"], line["by"], line["note"]) for line in history] == [
        (4, "restored", "administrator", ""),
        (3, "retired", "administrator", "Closed"),
        (2, "changed", "administrator", ""),
        (1, "created", "analyst", ""),
    ]
    assert history[2]["fields"] == ["title", "names"]
    assert history[3]["content"]["title"] == "Fire"
    first = told(await plan.http.get(path, params={"limit": 3}, headers=plan.analyst), 200)
    rest = told(await plan.http.get(path, params={"cursor": first["next"]}, headers=plan.analyst), 200)
    assert first["items"] + rest["items"] == history
    told(await plan.http.get("/v1/departments/none/changes", headers=plan.analyst), 404)


async def test_retiring_twice_changes_nothing_the_second_time(plan: Plan) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    headers = plan.analyst | {"If-Match": "*"}
    first = await plan.http.delete("/v1/departments/fire?note=Closed", headers=headers)
    second = await plan.http.delete("/v1/departments/fire?note=Again", headers=headers)
    assert told(second, 200) == told(first, 200)


async def test_a_retired_goal_gives_its_measure_free_and_says_so(plan: Plan) -> None:
    await city(plan)
    await plan.http.delete("/v1/goals/faster-response?note=Reached", headers=plan.analyst | {"If-Match": "*"})
    event = (await plan.sent())[-1].body
    assert isinstance(event, GoalDefined)
    assert (event.retired, event.retirement_note) == (True, "Reached")
    await plan.create("goals", examples.GOAL | {"code": "second"})


async def test_the_note_of_a_retirement_may_come_as_a_body(plan: Plan) -> None:
    await plan.create("departments", examples.DEPARTMENT)
    headers = plan.analyst | {"If-Match": '"1"'}
    answer = await plan.http.request("DELETE", "/v1/departments/fire", json={"note": "Closed"}, headers=headers)
    assert told(answer, 200)["retirement_note"] == "Closed"


@pytest.mark.parametrize("kinds", KINDS)
async def test_unknown_codes_are_not_found(plan: Plan, kinds: str) -> None:
    body = KINDS[kinds]
    for code in ("none", "No%20code", "%00", "x" * 300):
        path = f"/v1/{kinds}/{code}"
        told(await plan.http.get(path), 404)
        told(await plan.http.put(path, json=body, headers=plan.analyst | {"If-Match": "*"}), 404)
        told(await plan.http.delete(path, headers=plan.analyst | {"If-Match": "*"}), 404)
        told(await plan.http.get(f"{path}/changes", headers=plan.analyst), 404)


ALLOWED = {
    "areas": {Role.ANALYST, Role.COORDINATOR, Role.ADMINISTRATOR},
    "departments": {Role.ANALYST, Role.ADMINISTRATOR},
    "goals": {Role.ANALYST, Role.DEPARTMENT_OWNER, Role.ADMINISTRATOR},
    "measures": {Role.ANALYST, Role.DEPARTMENT_OWNER, Role.ADMINISTRATOR},
}


@pytest.mark.parametrize("role", Role)
async def test_roles_decide_who_writes_what(plan: Plan, role: Role) -> None:
    for kinds, body in KINDS.items():
        answer = await plan.http.post(f"/v1/{kinds}", json=body, headers=plan.by(role))
        assert answer.status_code == (201 if role in ALLOWED[kinds] else 403), (role, kinds, answer.text)
        code = f"/v1/{kinds}/{body['code']}"
        put = await plan.http.put(code, json=body, headers=plan.by(role) | {"If-Match": "*"})
        assert (put.status_code == 200) == (role in ALLOWED[kinds])
        gone = await plan.http.delete(code, headers=plan.by(role) | {"If-Match": "*"})
        assert (gone.status_code == 200) == (role in ALLOWED[kinds])


async def test_nobody_writes_without_a_token_or_with_a_false_one(plan: Plan) -> None:
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eA=="}):
        refused = await plan.http.post("/v1/departments", json=examples.DEPARTMENT, headers=headers)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert await plan.count("department") == 0


async def test_a_department_owner_writes_in_the_own_department_only(plan: Plan) -> None:
    await city(plan)
    await plan.create("departments", {"code": "water", "title": "Water"})
    owner = plan.by(Role.DEPARTMENT_OWNER, departments=("water",))
    own: Json = {**KINDS["measures"], "code": "own", "department": "water"}
    told(await plan.http.post("/v1/measures", json=own, headers=owner), 201)
    told(await plan.http.post("/v1/measures/own/targets", json=examples.TARGET, headers=owner), 201)
    for answer in (
        await plan.http.post("/v1/measures", json=own | {"code": "x", "department": "fire"}, headers=owner),
        await plan.http.post("/v1/measures", json=own | {"code": "x", "department": None}, headers=owner),
        await plan.http.put("/v1/goals/faster-response", json=examples.GOAL, headers=owner | {"If-Match": "*"}),
        await plan.http.put("/v1/measures/own", json=own | {"department": "fire"}, headers=owner | {"If-Match": "*"}),
        await plan.http.delete("/v1/measures/fire-response-p90", headers=owner | {"If-Match": "*"}),
        await plan.http.post("/v1/measures/fire-response-p90/targets", json=examples.TARGET, headers=owner),
    ):
        assert told(answer, 403)["code"] == "not_your_department"


@pytest.mark.parametrize(
    ("content", "media", "status", "code"),
    [
        (b"{", "application/json", 400, "unreadable"),
        (b"\xff", "application/json", 400, "unreadable"),
        (b"a,b", "text/csv", 415, "unsupported_media_type"),
        (b"", "application/json", 422, "bad_request"),
        (b"null", "application/json", 422, "invalid"),
        (b"[]", "application/json", 422, "invalid"),
    ],
)
async def test_a_body_that_cannot_be_read_has_a_clear_answer(
    plan: Plan, content: bytes, media: str, status: int, code: str
) -> None:
    headers = plan.analyst | {"Content-Type": media}
    answer = await plan.http.post("/v1/departments", content=content, headers=headers)
    assert told(answer, status)["code"] == code


async def test_a_body_has_a_largest_size_and_no_encoding(plan: Plan) -> None:
    plan.app.state.settings.document_bytes_max = 1_000
    large = await plan.http.post("/v1/departments", json={"code": "x" * 1_000}, headers=plan.analyst)
    assert told(large, 413)["code"] == "too_large"
    packed = await plan.http.post("/v1/departments", content=b"x", headers=plan.analyst | {"Content-Encoding": "gzip"})
    assert told(packed, 415)["code"] == "unsupported_media_type"
