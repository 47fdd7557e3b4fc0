"""What the engine is told and tells: derived measures, peers, equity, offered methods, and knowledge time."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from goals_api.handlers import HANDLERS
from goals_api.schemas import examples
from tests.integration.goals_api.conftest import NOW, Json, Plan, told
from tideline.clock import Clock
from tideline.consumer import Hopeless, Meta
from tideline.events import Event, MeasureDefined, MethodAdopted, MethodsOffered, OfferedMethod

COUNT = {"title": "Calls", "unit": "calls", "direction": "none", "frequency": "quarter"}
COUNTS = [COUNT | {"code": code} for code in ("calls", "calls-answered-in-time")]
NEAR = {"type": "object", "properties": {"near": {"type": ["number", "string"], "format": "decimal"}}}


async def derive(plan: Plan, **first: Any) -> Json:
    for body in COUNTS:
        await plan.create("measures", body | first)
    return await plan.create("measures", examples.DERIVED)


async def hear(plan: Plan, event: Event) -> None:
    meta = Meta(uuid.uuid4(), "STATUS", 1, event.type_name(), "methods.offered.v1.city.city", NOW)
    async with plan.database.transaction() as connection:
        await HANDLERS[type(event)](connection, event, meta)


def offer(*versions: int, in_force: int = 1, at: datetime = NOW) -> MethodsOffered:
    methods = [
        OfferedMethod(
            id="threshold",
            version=version,
            title="Threshold",
            in_force=version == in_force,
            params=NEAR | {"additionalProperties": version > 1},
        )
        for version in versions
    ]
    return MethodsOffered(methods=methods, offered_at=at)


async def test_a_derived_measure_reads_back_and_tells_its_tree(plan: Plan) -> None:
    made = await derive(plan)
    assert made["formula"] == examples.DERIVED["formula"]
    assert made["peers"] == examples.DERIVED["peers"]
    assert (made["equity"][0]["dimension"], made["equity"][0]["order"]) == ("council_district", [])
    event = (await plan.sent())[-1].body
    assert isinstance(event, MeasureDefined)
    assert event.formula is not None
    assert (event.formula.inputs, event.weighted_by) == (["calls-answered-in-time", "calls"], "calls")
    assert (await plan.replace(f"measures/{made['code']}", made, 1))["version"] == 1


async def test_every_fault_of_the_new_fields_has_its_path(plan: Plan) -> None:
    body = examples.DERIVED | {
        "formula": "{a} +",
        "weighted_by": "nobody",
        "breakdowns": ["council_district", "peer"],
        "peers": [{"code": "a"}, {"code": "a"}, {"code": "B"}],
        "equity": [{"dimension": "race", "ratio": "0.5"}, {"dimension": "council_district", "order": ["1", "1"]}],
        "suppress_under": -1,
        "method": {"id": "pace", "version": 0},
    }
    assert set(await plan.refused({"title": "Plan", "measures": [body]})) == {
        ("measures[0].formula", "bad_formula"),
        ("measures[0].weighted_by", "unknown_measure"),
        ("measures[0].breakdowns[1]", "bad_dimension"),
        ("measures[0].peers[1]", "duplicate_code"),
        ("measures[0].peers[2].code", "bad_code"),
        ("measures[0].equity[0].dimension", "unknown_dimension"),
        ("measures[0].equity[0].ratio", "out_of_range"),
        ("measures[0].equity[1].order[1]", "duplicate_code"),
        ("measures[0].suppress_under", "out_of_range"),
        ("measures[0].method.version", "bad_method"),
    }


async def test_the_public_hears_nothing_of_unpublished_inputs(plan: Plan) -> None:
    made = await derive(plan, published=False)
    public = told(await plan.http.get(f"/v1/measures/{made['code']}"), 200)
    assert (public["formula"], public["weighted_by"]) == (None, None)
    assert (await plan.sent())[-1].subject.startswith("internal.measure.defined.")
    inside = told(await plan.http.get(f"/v1/measures/{made['code']}", headers=plan.by()), 200)
    assert inside["formula"] == made["formula"]


async def test_methods_are_checked_as_soon_as_they_are_offered(plan: Plan) -> None:
    wrong = examples.MEASURE | {"department": None, "areas": [], "method": {"id": "threshold", "params": {"near": "x"}}}
    early = await plan.create("measures", wrong | {"code": "early"})
    await hear(plan, offer(1))
    document = {"title": "Plan", "measures": [wrong, wrong | {"code": "other", "method": {"id": "divining"}}]}
    assert await plan.refused(document) == [
        ("measures[0].method.params.near", "bad_method"),
        ("measures[1].method.id", "unknown_method"),
    ]
    assert (await plan.replace("measures/early", early | {"title": "New"}, 1))["version"] == 2
    right = wrong | {"method": {"id": "threshold", "params": {"near": "7.5"}, "version": 1}}
    assert (await plan.create("measures", right))["method"]["version"] == 1


async def test_the_version_in_force_reads_the_parameters_and_an_older_offer_changes_nothing(plan: Plan) -> None:
    await hear(plan, offer(1, 2))
    await hear(plan, offer(1, at=NOW - timedelta(days=1)))
    body = COUNT | {"code": "calls", "method": {"id": "threshold", "params": {"more": 1}}}
    assert await plan.refused({"title": "Plan", "measures": [body]}) == [("measures[0].method.params", "bad_method")]
    await hear(plan, MethodAdopted(id="threshold", version=2, previous=1, actor="ana", adopted_at=NOW))
    await plan.create("measures", body)
    await hear(plan, offer(3, in_force=3, at=NOW + timedelta(days=1)))
    pinned = {"id": "threshold", "version": 2}
    assert await plan.refused({"title": "Plan", "measures": [body | {"method": pinned}]}) == [
        ("measures[0].method.version", "unknown_method")
    ]


async def test_an_offer_that_describes_nothing_is_hopeless(plan: Plan) -> None:
    method = OfferedMethod(id="m", version=1, title="", in_force=True, params={"type": "nonsense"})
    with pytest.raises(Hopeless):
        await hear(plan, MethodsOffered(methods=[method], offered_at=NOW))


@pytest.mark.parametrize("kinds", ["areas", "departments", "goals", "measures"])
async def test_an_entity_is_read_as_it_was_known(plan: Plan, kinds: str) -> None:
    body = {
        "areas": examples.AREA,
        "departments": examples.DEPARTMENT,
        "measures": examples.MEASURE | {"department": None, "areas": []},
        "goals": examples.GOAL | {"department": None, "areas": [], "kpi": None},
    }[kinds]
    first = await plan.create(kinds, body)
    path = f"/v1/{kinds}/{body['code']}"
    plan.app.state.clock = Clock(NOW + timedelta(days=10))
    later = plan.analyst | {"If-Match": '"1"'}
    told(await plan.http.put(path, json=body | {"title": "Later"}, headers=later), 200)
    told(await plan.http.delete(path, headers=plan.analyst | {"If-Match": '"2"'}), 200)
    then = await plan.http.get(path, params={"known_at": "2026-03-05T00:00:00Z"})
    assert {name: value for name, value in told(then, 200).items() if name != "names"} == {
        name: value for name, value in first.items() if name != "names"
    }
    now = told(await plan.http.get(path, params={"known_at": "2026-04-01"}), 200)
    assert (now["title"], now["retired"], now["version"]) == ("Later", True, 3)
    before = await plan.http.get(path, params={"known_at": "2026-03-01T00:00:00Z"})
    assert (before.status_code, before.json()["code"]) == (404, "not_known_then")


async def test_what_was_unpublished_then_or_is_now_stays_unseen(plan: Plan) -> None:
    await plan.create("measures", COUNT | {"code": "calls", "published": False})
    plan.app.state.clock = Clock(NOW + timedelta(days=10))
    body = COUNT | {"published": True}
    told(await plan.http.put("/v1/measures/calls", json=body, headers=plan.analyst | {"If-Match": '"1"'}), 200)
    then = {"known_at": datetime(2026, 3, 5, tzinfo=UTC).isoformat()}
    assert (await plan.http.get("/v1/measures/calls", params=then)).json()["code"] == "not_known_then"
    assert (await plan.http.get("/v1/measures/calls", params=then, headers=plan.by())).status_code == 200
