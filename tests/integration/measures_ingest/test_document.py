"""The service's OpenAPI document tells the truth about the route that is described by hand."""

from typing import Any

import httpx
import jsonschema
import msgspec

from measures_ingest.core.rows import Raw
from measures_ingest.routes.orders import FORMATS
from tests.integration.measures_ingest.conftest import Ingest


async def document(ingest: Ingest) -> dict[str, Any]:
    answer = await ingest.client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def fits(answer: httpx.Response, told: dict[str, Any], whole: dict[str, Any]) -> None:
    schema = told["responses"][str(answer.status_code)]["content"]["application/json"]["schema"]
    jsonschema.validate(answer.json(), {**schema, "components": whole["components"]})


async def test_the_push_stands_in_the_document_beside_the_read(ingest: Ingest) -> None:
    whole = await document(ingest)
    path = whole["paths"]["/v1/observations"]
    assert set(path) == {"get", "post"}
    assert set(path["post"]["requestBody"]["content"]) == set(FORMATS)
    assert {name["name"] for name in path["post"]["parameters"]} == {
        *("Idempotency-Key", "Content-Encoding", "atomic", "dry_run")
    }
    assert set(path["post"]["responses"]) == {
        *("200", "201", "207", "400", "401", "403", "409", "413", "415", "422", "429", "503")
    }


async def test_every_example_of_the_document_is_taken_and_answered_as_described(ingest: Ingest) -> None:
    await ingest.define("potholes-filled", breakdowns=["council_district"])
    await ingest.define("power-saidi", time_aggregation="ratio")
    whole = await document(ingest)
    told = whole["paths"]["/v1/observations"]["post"]
    for kind, content in told["requestBody"]["content"].items():
        example = content["example"]
        body = example.encode() if isinstance(example, str) else msgspec.json.encode(example)
        answer = await ingest.send(body, kind)
        assert answer.status_code == 201, answer.text
        fits(answer, told, whole)


async def test_answers_with_errors_are_as_described(ingest: Ingest) -> None:
    whole = await document(ingest)
    told = whole["paths"]["/v1/observations"]["post"]
    good, bad = {"measure": "potholes", "period": "2016-01", "value": 1}, {"measure": "potholes"}
    answers = [await ingest.push(good, bad), await ingest.push(bad), await ingest.push(good, dry_run="true")]
    assert [answer.status_code for answer in answers] == [207, 422, 200]
    for answer in answers:
        fits(answer, told, whole)


async def test_the_row_that_the_document_describes_is_the_row_that_is_read(ingest: Ingest) -> None:
    whole = await document(ingest)
    content = whole["paths"]["/v1/observations"]["post"]["requestBody"]["content"]["application/json"]
    row = content["schema"]["properties"]["observations"]["items"]
    assert tuple(row["properties"]) == Raw.__struct_fields__


async def test_reads_answer_as_described(ingest: Ingest) -> None:
    batch = (await ingest.push({"measure": "potholes", "period": "2016-01", "value": 1})).json()["batch"]
    await ingest.client.post("/v1/sources", json={"code": "a", "title": "A", "scope": {"measures": ["*"]}})
    whole = await document(ingest)
    for path, url in (
        ("/v1/observations", "/v1/observations?measure=potholes"),
        ("/v1/batches", "/v1/batches"),
        ("/v1/batches/{batch}", f"/v1/batches/{batch}"),
        ("/v1/batches/{batch}/errors", f"/v1/batches/{batch}/errors"),
        ("/v1/sources", "/v1/sources"),
        ("/v1/sources/{code}", "/v1/sources/a"),
    ):
        fits(await ingest.client.get(url), whole["paths"][path]["get"], whole)
