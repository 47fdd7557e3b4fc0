"""What the plan leaves open, asked of a running city by the public and by staff."""

from typing import Any

import httpx
import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, goal, measure, push, target, value
from tideline.events import EquityRule, Peer


@pytest.fixture
async def asked(city: City, reads: Reads) -> Reads:
    """Of three measures one is in order, one is not published, one was never filled."""
    await city.begin_day()
    await city.tell(
        department("fire", plan="p"),
        department("water"),
        measure("response", plan="p", owner="Chief", source="Dispatch"),
        measure("secret", plan="p", published=False),
        measure("leaks", department="water"),
        goal("fast-help", plan="p", kpi="response"),
        target("response", "2017", 8),
        push(value("response", "2017-03", 7), value("secret", "2017-03", 7)),
    )
    return reads


def found(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return {(each["code"], each["node"]) for each in answer.json()["items"]}


def counts(answer: httpx.Response) -> dict[str, tuple[Any, ...]]:
    return {each["code"]: (each["count"], each["of"], each["percent"]) for each in answer.json()["counts"]}


async def test_staff_see_what_is_missing_everywhere(asked: Reads) -> None:
    answer = await asked.staff.get("/v1/lint")
    assert {node for code, node in found(answer) if code == "no_owner"} == {"secret", "leaks"}
    assert {node for code, node in found(answer) if code == "never_populated"} == {"leaks"}
    assert {node for code, node in found(answer) if code == "no_target"} == {"secret", "leaks"}
    assert counts(answer)["no_owner"] == (2, 3, 66.7)
    assert counts(answer)["units_unchecked"] == (0, 0, None)


async def test_the_public_is_told_about_published_nodes_only(asked: Reads) -> None:
    answer = await asked.public.get("/v1/lint")
    assert "secret" not in answer.text
    assert counts(answer)["no_owner"] == (1, 2, 50.0)


async def test_a_plan_a_department_and_a_rule_narrow_it(asked: Reads) -> None:
    assert {node for _, node in found(await asked.staff.get("/v1/lint?plan=p"))} == {"response", "secret", "fast-help"}
    assert {node for _, node in found(await asked.staff.get("/v1/lint?department=water"))} == {"leaks"}
    only = await asked.staff.get("/v1/lint?department=water&code=no_source")
    assert found(only) == {("no_source", "leaks")} and counts(only)["no_owner"] == (1, 1, 100.0)


async def test_a_slip_of_the_pen_is_no_all_clear(asked: Reads) -> None:
    for query in ("plan=q", "department=fier", "plan=p&department=water"):
        assert (await asked.staff.get(f"/v1/lint?{query}")).status_code == 404
    assert (await asked.staff.get("/v1/lint?code=no_oner")).status_code == 422


async def test_before_there_is_a_plan_there_is_nothing_to_find(reads: Reads) -> None:
    answer = await reads.public.get("/v1/lint")
    assert found(answer) == set() and counts(answer)["no_owner"] == (0, 0, None)


async def test_values_of_peers_fill_nothing_of_ones_own(city: City, asked: Reads) -> None:
    listed = {"peers": [Peer(code="salford"), Peer(code="bury")], "equity": [EquityRule(dimension="district")]}
    await city.tell(
        measure("leaks", 2, department="water", **listed),
        push(value("leaks", "2017-03", 3, breakdown={"peer": "salford"})),
    )
    there = found(await asked.staff.get("/v1/lint"))
    assert {code for code, node in there if node == "leaks"} >= {"never_populated", "groups_without_values"}
    (peers,) = (await asked.staff.get("/v1/lint?code=peers_without_values")).json()["items"]
    assert peers["detail"] == "No value of bury."
    await city.tell(push(value("leaks", "2017-03", 3, breakdown={"district": "1"})))
    there = found(await asked.staff.get("/v1/lint"))
    assert not {code for code, node in there if node == "leaks"} & {"never_populated", "groups_without_values"}


async def test_a_value_that_was_taken_back_fills_nothing(city: City, asked: Reads) -> None:
    await city.tell(push(value("response", "2017-03", None, 2, flag="withdrawn")))
    assert ("never_populated", "response") in found(await asked.public.get("/v1/lint"))


async def test_the_tag_changes_with_the_content(city: City, asked: Reads) -> None:
    first = await asked.public.get("/v1/lint")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await asked.public.get("/v1/lint", headers=tag)).status_code == 304
    assert (await asked.staff.get("/v1/lint", headers=tag)).status_code == 200
    await city.tell(push(value("leaks", "2017-03", 3)))
    assert (await asked.public.get("/v1/lint", headers=tag)).status_code == 200
