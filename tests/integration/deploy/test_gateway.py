"""One address: every route reaches its service, streams stay streams, and an absent service is said plainly."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from deploy.local import parts
from deploy.local.layout import Layout
from deploy.local.process import free_port, start, stop
from tests.support.parts import temporary_folder
from tests.support.stubs import eventually, serving

ROUTES = {
    "goals-api": "/v1/city /v1/city/changes /v1/departments /v1/departments/police /v1/areas /v1/goals/x "
    "/v1/measures/a/targets /v1/plans/tacoma-2025 /v1/meetings /v1/follow-ups/1 /v1/narratives "
    "/v1/budget-books /plan /plan/goals /meetings /enter",
    "measures-ingest": "/v1/observations /v1/batches/1 /v1/sources",
    "rollup-api": "/ /v1/status/city /v1/status/measures/a/explain /v1/status/measures/a/published "
    "/v1/status/city/published /v1/methods /v1/what-if /v1/lint /v1/equity /v1/events /v1/editions "
    "/docs /openapi.json /asyncapi.json /readyz /schemas/status.changed.v1.json /departments/police",
    "opendata-catalog": "/v1/datasets /v1/releases/1 /v1/requests /v1/governance /v1/reports/annual/2025 "
    "/v1/subscriptions /data /data/police /data.json /dcat-us-3.0.json /catalog.ttl /api/3/action/package_list",
}


@dataclass
class Stub:
    """Answers with its name and what it was asked."""

    name: str
    chunks: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self.answer(request))(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        if request.url.path == "/v1/events":
            return StreamingResponse(self.events(), media_type="text/event-stream")
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            self.chunks += 1
        return JSONResponse({"service": self.name, "path": request.url.path, "size": size})

    async def events(self) -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            await self.go_on.wait()
            yield b"data: 2\n\n"
            await asyncio.Event().wait()
        finally:
            self.gone.set()


@dataclass(frozen=True)
class Gateway:
    client: httpx.AsyncClient
    stubs: dict[str, Stub]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    stubs = {name: Stub(name) for name in parts.MODULES if name != "opendata-catalog"}
    async with serving(list(stubs.values())) as ports:
        found = dict(zip(stubs, ports, strict=True))
        async with running_gateway(found | {"opendata-catalog": free_port()}) as client:
            yield Gateway(client, stubs)


def running_gateway(ports: dict[str, int]) -> "_Running":
    return _Running(ports)


class _Running:
    def __init__(self, ports: dict[str, int]) -> None:
        self.wires = parts.Wires(MappingProxyType({}), "", None, ports)
        self.folder = temporary_folder()

    async def __aenter__(self) -> httpx.AsyncClient:
        address = f"127.0.0.1:{free_port()}"
        self.part = parts.gateway_part(Layout(Path(self.folder.__enter__())), address, self.wires)
        self.process = start(self.part.command, self.part.ready)
        self.client = httpx.AsyncClient(base_url=f"http://{address}", timeout=20, trust_env=False)
        return self.client

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        stop(self.process, self.part.command.stop_signal)
        self.folder.__exit__(None, None, None)


async def test_every_route_reaches_its_service() -> None:
    stubs = [Stub(name) for name in parts.MODULES]
    async with serving(stubs) as ports, running_gateway(dict(zip(parts.MODULES, ports, strict=True))) as client:
        for name, paths in ROUTES.items():
            for path in paths.split():
                if path != "/v1/events":
                    assert (await client.get(path)).json() == {"service": name, "path": path, "size": 0}


async def test_each_service_stands_under_its_own_name(gateway: Gateway) -> None:
    for name in ("goals-api", "measures-ingest", "rollup-api"):
        found = (await gateway.client.get(f"/services/{name}/v1/dead-letters")).json()
        assert found == {"service": name, "path": "/v1/dead-letters", "size": 0}
    assert (await gateway.client.get("/services/nobody/docs")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/metrics", "/%6detrics", "/services/goals-api/metrics", "/services/goals-api/%6detrics"]
)
async def test_metrics_stay_on_the_private_port(gateway: Gateway, path: str) -> None:
    answer = await gateway.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_any_name_of_this_machine_will_do_and_no_other_machine_gets_in(gateway: Gateway) -> None:
    port = gateway.client.base_url.port
    answer = await gateway.client.get("/v1/status/city", headers={"Host": f"localhost:{port}"})
    assert answer.json()["service"] == "rollup-api"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.2", port)


async def test_an_absent_service_is_a_problem_that_says_try_again(gateway: Gateway) -> None:
    answer = await gateway.client.get("/v1/datasets")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "service_away"


async def test_events_pass_one_by_one_and_a_reader_who_leaves_is_noticed(gateway: Gateway) -> None:
    stub = gateway.stubs["rollup-api"]
    async with gateway.client.stream("GET", "/v1/events") as answer:
        lines = answer.aiter_lines()
        assert await anext(lines) == "data: 1"
        stub.go_on.set()
        assert [await anext(lines), await anext(lines)] == ["", "data: 2"]
    await eventually(stub.gone.is_set, "the service to see that its reader left")


async def test_a_large_body_is_passed_on_while_it_comes(gateway: Gateway) -> None:
    stub = gateway.stubs["measures-ingest"]

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await eventually(lambda: stub.chunks > 0, "the first part to arrive before the last is sent")
        for _ in range(40):
            yield b"x" * 1_000_000

    answer = await gateway.client.post("/v1/observations", content=body())
    assert json.loads(answer.content)["size"] == 40_100_000
