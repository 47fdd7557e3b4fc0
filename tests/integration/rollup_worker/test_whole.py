"""One description and one readiness for all services."""

import httpx
from fastapi import FastAPI

from rollup_worker.routes.whole import merge
from tests.integration.rollup_worker.conftest import Reads
from tests.support.stubs import serving

PROBLEM = {"type": "object", "title": "Problem"}


def document(path: str, **schemas: object) -> dict[str, object]:
    reference = {"$ref": "#/components/schemas/Item"}
    return {"paths": {path: {"get": {"200": reference}}, "/readyz": {}}, "components": {"schemas": schemas}}


def test_paths_of_all_services_stand_in_one_document() -> None:
    found = merge({"a": document("/v1/a", Item=PROBLEM), "b": document("/v1/b", Item=PROBLEM)}, [])
    assert list(found["paths"]) == ["/v1/a", "/v1/b"]
    assert found["components"]["schemas"] == {"Item": PROBLEM}


def test_a_name_that_two_services_use_differently_gets_the_name_of_the_service() -> None:
    other = {"type": "string"}
    found = merge({"a": document("/v1/a", Item=PROBLEM), "b": document("/v1/b", Item=other)}, ["c"])
    assert found["components"]["schemas"] == {"Item": PROBLEM, "b.Item": other}
    assert found["paths"]["/v1/b"]["get"]["200"] == {"$ref": "#/components/schemas/b.Item"}
    assert found["x-missing"] == ["c"]


async def test_a_peer_that_is_away_is_missing_and_makes_the_whole_not_ready(reads: Reads) -> None:
    peer = FastAPI()
    peer.add_api_route("/readyz", lambda: {"ready": True})
    peer.add_api_route("/v1/observations", lambda: None)
    async with serving([peer]) as [port]:
        reads.app.state.peers = {"here": f"http://127.0.0.1:{port}", "away": "http://127.0.0.1:9"}
        told = (await reads.public.get("/openapi.json")).json()
        ready = await reads.public.get("/readyz")
    assert "/v1/observations" in told["paths"] and told["x-missing"] == ["away"]
    assert ready.status_code == 503
    assert (ready.json()["checks"]["here"], ready.json()["checks"]["away"] != "ok") == ("ok", True)


async def test_without_a_worker_the_whole_is_not_ready(reads: Reads) -> None:
    checks = (await reads.public.get("/readyz")).json()["checks"]
    assert "no worker" in checks["rollup-worker"]


async def test_its_own_description_stands_beside_the_whole(reads: Reads) -> None:
    own = await reads.public.get("/services/rollup-api/openapi.json")
    assert isinstance(own, httpx.Response) and "/v1/status/city" in own.json()["paths"]


async def test_the_page_of_all_routes_needs_nothing_from_elsewhere(reads: Reads) -> None:
    page = await reads.public.get("/docs")
    assert "GET /v1/status/{kind}/{code}/explain" in page.text and "known_at" in page.text
    assert "http" not in page.text
    assert "script" not in page.text
