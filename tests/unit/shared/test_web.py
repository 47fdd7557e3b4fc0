"""The common HTTP face: problems, request ids, versions, cursors, readiness."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from tideline import web
from tideline.errors import Conflict, Unreadable


@asynccontextmanager
async def nothing(app: FastAPI) -> AsyncIterator[None]:
    yield


async def good() -> None:
    return None


async def bad() -> None:
    raise TimeoutError("no answer")


def application(**checks: web.Check) -> FastAPI:
    app = web.create_app("Test", "A test.", lifespan=nothing, checks=lambda _: checks)

    @app.get("/conflict")
    async def conflict() -> None:
        raise Conflict("there is one already", code="duplicate_code", path="goals[3]")

    @app.get("/away")
    async def away() -> None:
        raise asyncpg.CannotConnectNowError("starting up")

    @app.get("/surprise")
    async def surprise() -> None:
        raise RuntimeError("a secret")

    @app.get("/page")
    async def page(limit: web.Limit = 10) -> int:
        return limit

    @app.put("/record")
    async def record(request: Request) -> None:
        web.require_match(request, 3)

    return app


async def ask(app: FastAPI, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_an_error_is_a_problem_document_with_a_stable_code() -> None:
    answer = await ask(application(), "/conflict")
    assert (answer.status_code, answer.headers["content-type"]) == (409, web.PROBLEM)
    assert answer.json() == {
        "type": "urn:tideline:problem:duplicate_code",
        "title": "Conflict",
        "status": 409,
        "detail": "there is one already",
        "code": "duplicate_code",
        "instance": "/conflict",
        "path": "goals[3]",
    }


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/away", 503, "database_away"),
        ("/surprise", 500, "internal"),
        ("/nowhere", 404, "not_found"),
        ("/page?limit=0", 422, "bad_request"),
        ("/page?limit=501", 422, "bad_request"),
    ],
)
async def test_every_way_to_fail_has_its_status_and_code(path: str, status: int, code: str) -> None:
    answer = await ask(application(), path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_method_that_is_not_allowed_names_all_that_are() -> None:
    app, included = application(), APIRouter(prefix="/page")
    app.put("/page")(good)
    included.post("")(good)
    included.delete("/{code}")(good)
    app.include_router(included)
    for path, allowed in (("/page", "GET, HEAD, POST, PUT"), ("/page/3", "DELETE"), ("/readyz", "GET, HEAD")):
        answer = await ask(app, path, "PATCH")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == allowed


async def test_what_answers_get_answers_head_without_a_body() -> None:
    for path in ("/page", "/readyz", "/conflict", "/nowhere"):
        got, headed = await ask(application(), path), await ask(application(), path, "HEAD")
        assert headed.status_code == got.status_code
        assert (headed.content, headed.headers["content-length"]) == (b"", str(len(got.content)))
    assert (await ask(application(), "/record", "HEAD")).status_code == 405


async def test_the_head_of_an_endless_answer_ends() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"more"
            await asyncio.sleep(0)

    app = application()
    app.add_api_route("/endless", lambda: StreamingResponse(endless()))
    async with asyncio.timeout(20):
        answer = await ask(app, "/endless", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_what_went_wrong_inside_is_not_told_outside() -> None:
    assert "secret" not in (await ask(application(), "/surprise")).text


async def test_a_write_names_the_version_it_has_seen() -> None:
    app = application()
    assert (await ask(app, "/record", "PUT")).status_code == 428
    stale = await ask(app, "/record", "PUT", If_Match='"2"')
    assert (stale.status_code, stale.headers["etag"]) == (412, '"3"')
    for tag in ('"3"', '"1", "3"', "*", 'W/"3"'):
        assert (await ask(app, "/record", "PUT", If_Match=tag)).status_code == 200


async def test_readiness_names_what_is_missing() -> None:
    assert (await ask(application(database=good), "/readyz")).status_code == 200
    answer = await ask(application(database=good, bus=bad), "/readyz")
    assert (answer.status_code, answer.json()["checks"]["bus"]) == (503, "TimeoutError: no answer")


async def test_a_request_keeps_the_id_it_came_with() -> None:
    answer = await ask(application(), "/page", X_Request_Id="abc")
    assert answer.headers["x-request-id"] == "abc"
    assert len((await ask(application(), "/page")).headers["x-request-id"]) == 32


def test_a_cursor_leads_back_to_its_position() -> None:
    assert web.cursor_decode(web.cursor_encode("fire", 7), 2) == ["fire", 7]


@pytest.mark.parametrize("cursor", ["", "!", "AAAA", web.cursor_encode("one"), "é"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Unreadable):
        web.cursor_decode(cursor, 2)
