"""What every service's HTTP face has in common: problems, request ids, readiness, lists and versions."""

import asyncio
import base64
import binascii
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, Final, TypeAlias

import uvicorn
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tideline.database import AWAY, is_away
from tideline.errors import (
    AppError,
    Invalid,
    PreconditionFailed,
    PreconditionRequired,
    Unavailable,
    Unreadable,
    problem,
)
from tideline.logs import trace_id

Check: TypeAlias = Callable[[], Awaitable[None]]
PROBLEM: Final = "application/problem+json"
PAGE_MAX: Final = 500
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_CODES: Final = {404: "not_found", 405: "method_not_allowed"}

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=400, description="The `next` of the page before.")]


def create_app(
    title: str,
    description: str,
    *,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    checks: Callable[[FastAPI], Mapping[str, Check]],
    version: str = "0.1.0",
) -> FastAPI:
    """An application that answers errors as problem+json and knows when it is ready."""
    app = FastAPI(title=title, description=description, version=version, lifespan=lifespan)
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for away in AWAY:
        app.add_exception_handler(away, _on_away)
    app.add_exception_handler(Exception, _on_surprise)
    app.add_middleware(RequestId)
    app.add_middleware(Head)
    app.add_route("/livez", _alive, include_in_schema=False)
    app.add_route("/readyz", _readiness(checks), include_in_schema=False)
    return app


class RequestId:
    """Gives each request an id (the caller's own if it sent one), in the logs and in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given if 0 < len(given) <= 100 and given.isascii() else uuid.uuid4().hex.encode()
        trace_id.set(request_id.decode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


class Head:
    """Whatever answers GET answers HEAD as well: the same, without a body. An endless answer ends with its head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body" and not ended:
                ended = True
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET"}, receive, send_head)


def serve(app: FastAPI | ASGIApp, host: str, port: int) -> None:
    """Serves until SIGTERM, then lets running requests end."""
    uvicorn.run(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def etag(version: int | str) -> str:
    return f'"{version}"'


def require_match(request: Request, version: int) -> None:
    """A write that replaces names the version it has seen. Raises 428 without, 412 when it is not the newest."""
    given = request.headers.get("if-match")
    if given is None:
        raise PreconditionRequired("send If-Match with the ETag you have read")
    if given.strip() != "*" and etag(version) not in _tags(given):
        raise PreconditionFailed(f"the newest version is {version}", headers={"ETag": etag(version)})


def not_modified(request: Request, tag: str) -> Response | None:
    """304 when the reader has this version already."""
    given = request.headers.get("if-none-match")
    if given is not None and (given.strip() == "*" or tag in _tags(given)):
        return Response(status_code=304, headers={"ETag": tag})
    return None


def cursor_encode(*position: str | int) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def cursor_decode(cursor: str, length: int = 1) -> list[Any]:
    """The position a cursor stands for. Raises Unreadable when it is not one of ours."""
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as reason:
        raise Unreadable("this cursor is not one this service gave out", code="bad_cursor") from reason
    if not isinstance(position, list) or len(position) != length:
        raise Unreadable("this cursor belongs to another list", code="bad_cursor")
    return position


def problem_response(request: Request, error: AppError) -> Response:
    return JSONResponse(problem(error, request.url.path), error.status, headers=error.headers, media_type=PROBLEM)


def _tags(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


async def _on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return problem_response(request, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [
        {"path": ".".join(str(part) for part in fault["loc"]), "code": fault["type"], "detail": fault["msg"]}
        for fault in error.errors()
    ]
    return problem_response(request, Invalid("the request does not fit its schema", code="bad_request", errors=faults))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allowed = {"Allow": _allowed(request)} if error.status_code == 405 else {}
    code = _CODES.get(error.status_code, f"http_{error.status_code}")
    found = AppError(str(error.detail), code=code, headers={**(error.headers or {}), **allowed})
    found.status = error.status_code
    return problem_response(request, found)


def _allowed(request: Request) -> str:
    """The methods of all routes at this address; Starlette names those of the first one only."""

    def answers(method: str) -> bool:
        method = "GET" if method == "HEAD" else method
        return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)

    return ", ".join(filter(answers, METHODS))


async def _on_away(request: Request, error: Exception) -> Response:
    if not is_away(error):
        raise error
    away = Unavailable("the database is away; try again", code="database_away", headers={"Retry-After": "1"})
    return problem_response(request, away)


async def _on_surprise(request: Request, _: Exception) -> Response:
    return problem_response(request, AppError("something went wrong here; the logs have this request's id"))


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "alive"})


def _readiness(checks: Callable[[FastAPI], Mapping[str, Check]]) -> Callable[[Request], Awaitable[Response]]:
    async def ready(request: Request) -> Response:
        found = {name: await _outcome(check) for name, check in checks(request.app).items()}
        good = all(outcome == "ok" for outcome in found.values())
        return JSONResponse({"ready": good, "checks": found}, 200 if good else 503)

    return ready


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(3):
            await check()
    except Exception as reason:  # readiness reports whatever is wrong, it never fails itself
        return f"{type(reason).__name__}: {reason}"
    return "ok"
