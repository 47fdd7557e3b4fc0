"""The documentation is true: what is sent as an example is taken, what is answered fits its schema."""

import json
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from goals_api.schemas import examples
from tests.integration.goals_api.conftest import Json, Plan

KINDS = {
    "areas": examples.AREA,
    "departments": examples.DEPARTMENT,
    "measures": examples.MEASURE,
    "goals": examples.GOAL,
}


def documented(app: FastAPI, answer: httpx.Response) -> tuple[str, Json]:
    """The path that the documentation has for an answer, and what it says of its method."""
    document = app.openapi()
    path = answer.request.url.path
    (found,) = [
        (template, operations[answer.request.method.lower()])
        for template, operations in document["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path) and answer.request.method.lower() in operations
    ]
    return found


def check(app: FastAPI, answer: httpx.Response) -> None:
    """Fails when an answer has a status, a media type or a shape that is not documented."""
    path, operation = documented(app, answer)
    said = operation["responses"].get(str(answer.status_code))
    assert said is not None, (path, answer.request.method, answer.status_code, answer.text)
    if answer.content:
        content = said["content"][answer.headers["content-type"]]
        fits(app, content["schema"], answer.json())


def fits(app: FastAPI, schema: Json, value: Any) -> None:
    whole = {**schema, "components": app.openapi()["components"]}
    Draft202012Validator(whole).validate(value)


async def test_answers_are_as_documented(plan: Plan) -> None:
    answers: list[httpx.Response] = []

    async def ask(method: str, path: str, **more: Any) -> httpx.Response:
        answers.append(await plan.http.request(method, path, **more))
        return answers[-1]

    for kinds, body in KINDS.items():
        await ask("POST", f"/v1/{kinds}", json=body, headers=plan.analyst)
        await ask("POST", f"/v1/{kinds}", json=body, headers=plan.analyst)
        await ask("POST", f"/v1/{kinds}", json={"x": 1}, headers=plan.analyst)
        await ask("POST", f"/v1/{kinds}", content=b"{", headers=plan.analyst)
        await ask("POST", f"/v1/{kinds}", json=body)
        await ask("POST", f"/v1/{kinds}", json=body, headers=plan.by())
        await ask("GET", f"/v1/{kinds}")
        await ask("GET", f"/v1/{kinds}?limit=0")
        await ask("GET", f"/v1/{kinds}?cursor=x")
        path = f"/v1/{kinds}/{body['code']}"
        tag = (await ask("GET", path)).headers["etag"]
        await ask("GET", path, headers={"If-None-Match": tag})
        await ask("GET", f"/v1/{kinds}/none")
        await ask("PUT", path, json=body, headers=plan.analyst)
        await ask("PUT", path, json=body, headers=plan.analyst | {"If-Match": '"9"'})
        await ask("PUT", path, json=body, headers=plan.analyst | {"If-Match": tag})
        await ask("GET", f"{path}/changes", headers=plan.analyst)
        await ask("GET", f"{path}/changes")
    for body in (examples.CITY, {"x": 1}):
        for tag in ("", '"9"', '"0"', '"1"'):
            await ask("PUT", "/v1/city", json=body, headers=plan.analyst | ({"If-Match": tag} if tag else {}))
    await ask("PUT", "/v1/city", json=examples.CITY)
    for query in ("", "?known_at=2026-03-01T00:00:00Z", "?known_at=x"):
        await ask("GET", f"/v1/city{query}")
        await ask("GET", f"/v1/measures/fire-response-p90{query}")
    await ask("GET", "/v1/city/changes", headers=plan.analyst)
    targets = "/v1/measures/fire-response-p90/targets"
    await ask("POST", targets, json=examples.TARGET, headers=plan.analyst)
    await ask("POST", targets, json=examples.TARGET, headers=plan.analyst)
    await ask("POST", targets, json=[{**examples.TARGET, "period": "2027"}], headers=plan.analyst)
    await ask("POST", targets, json={"period": "x"}, headers=plan.analyst)
    await ask("GET", targets)
    await ask("GET", targets, headers=plan.analyst)
    await ask("PUT", "/v1/plans/p", json={"title": "P"}, headers=plan.analyst)
    await ask("PUT", "/v1/plans/p", json={"title": "P"}, headers=plan.analyst)
    await ask("PUT", "/v1/plans/p", json={"title": ""}, headers=plan.analyst)
    await ask("GET", "/v1/plans")
    await ask("GET", "/v1/plans/p")
    await ask("GET", "/v1/plans/p/changes", headers=plan.analyst)
    for kinds, body in KINDS.items():
        await ask("DELETE", f"/v1/{kinds}/{body['code']}", headers=plan.analyst)
        await ask("DELETE", f"/v1/{kinds}/{body['code']}", headers=plan.analyst | {"If-Match": "*"})
    for answer in answers:
        check(plan.app, answer)
    assert {answer.status_code for answer in answers} == {200, 201, 304, 400, 401, 403, 404, 409, 412, 422, 428}


async def test_the_whole_plan_reads_as_documented(plan: Plan) -> None:
    answer = await plan.http.put("/v1/plans/city-plan", json=examples.PLAN, headers=plan.analyst)
    check(plan.app, answer)
    check(plan.app, await plan.http.get("/v1/plans/city-plan"))


async def test_every_example_fits_the_schema_of_its_body(plan: Plan) -> None:
    seen = 0
    for operations in plan.app.openapi()["paths"].values():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                for example in schema.get("examples", []):
                    fits(plan.app, schema, example)
                    seen += 1
    assert seen == 12


async def test_every_route_has_a_title_a_description_and_an_answer(plan: Plan) -> None:
    document = (await plan.http.get("/openapi.json")).json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == 33
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
        assert any("schema" in json.dumps(said) for code, said in operation["responses"].items() if code < "300")


@pytest.mark.parametrize("kinds", KINDS)
async def test_writes_say_that_they_need_a_token_and_public_reads_do_not(plan: Plan, kinds: str) -> None:
    paths = plan.app.openapi()["paths"]
    assert paths[f"/v1/{kinds}"]["post"]["security"]
    assert "security" not in paths[f"/v1/{kinds}"]["get"]
