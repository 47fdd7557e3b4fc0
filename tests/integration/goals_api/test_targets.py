"""Targets of a measure: versions, freezing, and what was known when."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from goals_api.schemas import examples
from tests.integration.goals_api.conftest import Json, Plan, opened, told
from tests.support.parts import FreshDatabase
from tideline.events import TargetsSet

PATH = "/v1/measures/response/targets"
MEASURE = {**examples.MEASURE, "code": "response", "department": None, "areas": []}


async def post(plan: Plan, body: object, *expected: int) -> Json:
    return told(await plan.http.post(PATH, json=body, headers=plan.analyst), *expected)


async def test_a_target_is_set_read_and_changed_with_a_version(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    first = await post(plan, {"period": "2026-12", "value": 7.5}, 201)
    assert (first["version"], first["value"], first["known_to"]) == (1, Decimal("7.5"), None)
    second = await post(plan, {"period": "2026-12", "value": "7.25"}, 201)
    assert (second["version"], second["value"]) == (2, Decimal("7.25"))
    assert told(await plan.http.get(PATH), 200)["items"] == [{k: v for k, v in second.items() if k != "actor"}]
    history = told(await plan.http.get(PATH, params={"history": True}, headers=plan.analyst), 200)["items"]
    assert [(item["version"], item["value"], item["actor"]) for item in history] == [
        (1, Decimal("7.5"), "analyst"),
        (2, Decimal("7.25"), "analyst"),
    ]
    assert history[0]["known_to"] == history[1]["known_from"]


async def test_what_was_known_at_a_moment_stays_readable(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    first = await post(plan, {"period": "2026-12", "value": 7.5}, 201)
    second = await post(plan, {"period": "2026-12", "value": 7}, 201)
    for moment, expected in (
        (first["known_from"], [Decimal("7.5")]),
        (second["known_from"], [Decimal(7)]),
        ("2020-01-01", []),
    ):
        answer = await plan.http.get(PATH, params={"known_at": moment})
        assert [item["value"] for item in told(answer, 200)["items"]] == expected


async def test_a_moment_that_utc_does_not_have_is_refused(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        told(await plan.http.get(PATH, params={"known_at": moment}), 422)


async def test_the_same_target_again_leaves_nothing(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    first = await post(plan, {"period": "2026-12", "value": 7.5}, 201)
    counts = [await plan.count(table) for table in ("target", "event", "change")]
    assert await post(plan, {"period": "2026-12", "value": "7.50"}, 200) == first
    assert [await plan.count(table) for table in ("target", "event", "change")] == counts


async def test_a_target_is_frozen_once_its_period_has_begun_unless_a_reason_is_given(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    await post(plan, {"period": "2026", "value": 7.5}, 201)
    frozen = await post(plan, {"period": "2026", "value": 9}, 422)
    assert [(fault["path"], fault["code"]) for fault in frozen["errors"]] == [("reason", "target_frozen")]
    opened_up = await post(plan, {"period": "2026", "value": 9, "reason": "Council decided on 1 March"}, 201)
    assert (opened_up["version"], opened_up["reason"]) == (2, "Council decided on 1 March")
    event = (await plan.sent())[-1].body
    assert isinstance(event, TargetsSet)
    assert [(one.version, one.reason) for one in event.targets] == [(2, "Council decided on 1 March")]


async def test_a_target_freezes_with_the_clock(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh_database("goals-api")
    async with opened(url, tmp_path, datetime.fromisoformat("2026-03-31T23:00:00+00:00")) as plan:
        await plan.create("measures", MEASURE)
        await post(plan, {"period": "2026-04", "value": 1}, 201)
        await post(plan, {"period": "2026-04", "value": 2}, 201)
    async with opened(url, tmp_path, datetime.fromisoformat("2026-04-01T00:00:00+00:00")) as plan:
        await post(plan, {"period": "2026-04", "value": 3}, 422)


@pytest.mark.parametrize("wrap", [lambda targets: targets, lambda targets: {"targets": targets}])
async def test_several_targets_are_set_together_or_not_at_all(plan: Plan, wrap: object) -> None:
    assert callable(wrap)
    await plan.create("measures", MEASURE)
    cells = [{"period": "2026-12", "value": n, "breakdown": {"council_district": str(n)}} for n in range(3)]
    bad = await post(plan, wrap([*cells, {"period": "soon", "value": 1}, {"value": 1}]), 422)
    assert [(fault["path"], fault["code"]) for fault in bad["errors"]] == [
        ("targets[4].period", "missing"),
        ("targets[3].period", "bad_period"),
    ]
    assert await plan.count("target") == 0
    told_ = await post(plan, wrap(cells), 201)
    assert (told_["created"], told_["changed"], told_["unchanged"], len(told_["items"])) == (3, 0, 0, 3)
    cells[0]["value"] = 9
    told_ = await post(plan, wrap(cells), 201)
    assert (told_["created"], told_["changed"], told_["unchanged"]) == (0, 1, 2)
    assert (await post(plan, wrap(cells), 200))["items"] == []


async def test_a_target_is_taken_back_by_nulls(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    await post(plan, {"period": "2026-12", "lower": 1, "upper": 2}, 201)
    gone = await post(plan, {"period": "2026-12"}, 201)
    assert (gone["version"], gone["value"], gone["lower"], gone["upper"]) == (2, None, None, None)


async def test_targets_page_by_cursor(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    await post(plan, [{"period": f"2026-{month:02}", "value": month} for month in range(4, 13)], 201)
    first = told(await plan.http.get(PATH, params={"limit": 5}), 200)
    rest = told(await plan.http.get(PATH, params={"limit": 5, "cursor": first["next"]}), 200)
    assert [item["value"] for item in first["items"] + rest["items"]] == list(range(4, 13))
    assert rest["next"] is None


async def test_a_retired_measure_takes_no_target(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    await plan.http.delete("/v1/measures/response", headers=plan.analyst | {"If-Match": "*"})
    assert (await post(plan, {"period": "2026-12", "value": 1}, 422))["code"] == "retired_measure"


async def test_targets_of_an_unpublished_measure_stay_inside(plan: Plan) -> None:
    await plan.create("measures", MEASURE | {"published": False})
    await post(plan, {"period": "2026-12", "value": 1}, 201)
    assert (await plan.sent())[-1].subject == "internal.targets.set.v1.measure.response"


async def test_setting_targets_is_a_line_in_the_history_of_the_measure(plan: Plan) -> None:
    await plan.create("measures", MEASURE)
    await post(plan, {"period": "2026-12", "value": 1}, 201)
    history = told(await plan.http.get("/v1/measures/response/changes", headers=plan.analyst), 200)["items"]
    assert [(line["action"], line["by"]) for line in history] == [("targets_set", "analyst"), ("created", "analyst")]
    assert history[0]["content"]["targets"][0]["value"] == 1
