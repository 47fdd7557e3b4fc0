"""The description is true: whatever it names answers so, in the shape that it says, with the tags that it says."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, measure, push, small_city, target, value
from tideline.events import EquityRule, Peer

CODES = {"measures": "response", "goals": "fast-help", "departments": "fire", "areas": "safety"}
WITHOUT_SHAPE = {"/v1/events", "/asyncapi.json", "/v1/schemas/{event}.json"}

Json = dict[str, Any]


@pytest.fixture
async def there(city: City, reads: Reads) -> Reads:
    """A city of which every read has something to tell."""
    reads.app.state.clock = city.clock
    await city.begin_day()
    more = {"direction": "down", "time_aggregation": "average", "breakdowns": ["district"], "unit": "minutes"}
    rule, peer = EquityRule(dimension="district"), Peer(code="salford", title="Salford")
    await city.tell(*small_city(), measure("response", 2, areas=["safety"], equity=[rule], peers=[peer], **more))
    await city.tell(
        target("response", "2016", 9),
        *(
            push(
                value("response", f"2016-{month:02}", f"7.{month}"),
                value("response", f"2016-{month:02}", 8, breakdown={"district": "1"}),
                value("response", f"2016-{month:02}", 7, breakdown={"district": "2"}),
                value("response", f"2016-{month:02}", 6, breakdown={"peer": "salford"}),
            )
            for month in range(1, 13)
        ),
        push(value("response", "2017-03", "7.4")),
    )
    await city.judge()
    body = {"status": "at_risk", "reason": "Two engines are out of service"}
    for path in ("/v1/status/measures/response/published", "/v1/status/city/published"):
        assert (await reads.public.put(path, json=body, headers=reads.by("analyst"))).status_code == 201
    await city.judge()
    return reads


def reads_of(told: Json) -> list[tuple[str, str]]:
    """Every GET that is described with a shape, by address; where two paths fit, the one that names more."""
    found: dict[str, str] = {}
    for path, address in sorted(_paths(told), key=lambda each: each[0].count("{"), reverse=True):
        found[address] = path
    return [(path, address) for address, path in sorted(found.items())]


def _paths(told: Json) -> Iterator[tuple[str, str]]:
    for path, item in told["paths"].items():
        if "get" in item and path not in WITHOUT_SHAPE:
            kinds = CODES if "{kind}" in path else {"measures": CODES["measures"]}
            for kind, code in kinds.items():
                yield path, path.replace("{kind}", kind).replace("{code}", code)


def fits(told: Json, schema: Mapping[str, Any], answer: httpx.Response) -> None:
    whole = {**schema, "components": told["components"]}
    Draft202012Validator(whole).validate(answer.json())


async def test_every_read_answers_in_the_shape_that_is_described(there: Reads) -> None:
    told = there.app.openapi()
    found = reads_of(told)
    assert len(found) > 30
    for path, address in found:
        for client in (there.public, there.staff):
            answer = await client.get(address)
            if path.endswith("/published") and answer.status_code == 404:
                continue
            assert answer.status_code == 200, (address, answer.text)
            fits(told, told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"], answer)


async def test_a_tag_is_described_where_there_is_one_and_nowhere_else(there: Reads) -> None:
    told = there.app.openapi()
    for path, address in reads_of(told):
        answer = await there.public.get(address)
        if answer.status_code == 404:
            continue
        tagged = "304" in told["paths"][path]["get"]["responses"]
        assert ("etag" in answer.headers) == tagged, address
        if tagged:
            again = await there.public.get(address, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b""), address


async def test_history_by_period_has_the_other_shape_that_is_described(there: Reads) -> None:
    told = there.app.openapi()
    answer = await there.public.get("/v1/status/measures/response/history?by=period")
    schema = told["paths"]["/v1/status/{kind}/{code}/history"]["get"]["responses"]["200"]["content"]
    assert "period" in answer.json()["items"][0]
    fits(told, schema["application/json"]["schema"], answer)


async def test_every_read_answers_head(there: Reads) -> None:
    for _, address in reads_of(there.app.openapi()):
        got, headed = await there.public.get(address), await there.public.head(address)
        assert (headed.status_code, headed.content) == (got.status_code, b""), address


async def test_a_wrong_body_is_a_problem_wherever_a_body_is_taken(there: Reads) -> None:
    told = there.app.openapi()
    taking = [
        (method, path.replace("{kind}", "measures").replace("{code}", "response"))
        for path, item in told["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation
    ]
    assert len(taking) >= 2
    for method, address in taking:
        headers = {**there.by("administrator"), "Content-Type": "application/json"}
        answer = await there.public.request(method, address, content=b'{"no_such_field": 1}', headers=headers)
        assert answer.status_code == 422, (address, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
