"""One page for the whole: the OpenAPI documents of all services in one, and whether all of them are ready."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.routing import Route

from tideline.errors import Unavailable

log = logging.getLogger(__name__)

OWN: Final = "rollup-api"
SHARED_PATHS: Final = frozenset({"/livez", "/readyz", "/openapi.json", "/docs"})


def add_whole(app: FastAPI) -> None:
    """Before the routes that every application has of its own."""
    app.router.routes[:0] = [Route("/openapi.json", merged), Route(f"/services/{OWN}/openapi.json", own)]


def ready_check(app: FastAPI, name: str, url: str) -> Callable[[], Awaitable[None]]:
    """Raises when a peer says that it is not ready, or says nothing."""

    async def check() -> None:
        client: httpx.AsyncClient = app.state.http
        answer = await client.get(f"{url}/readyz", timeout=2)
        if answer.status_code != 200:
            raise Unavailable(f"{name} is not ready: {answer.text[:200]}")

    return check


async def own(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


async def merged(request: Request) -> JSONResponse:
    return JSONResponse(await whole(request))


async def whole(request: Request) -> dict[str, Any]:
    """A peer that is away is named in `x-missing`; the rest is told."""
    peers: Mapping[str, str] = request.app.state.peers
    client: httpx.AsyncClient = request.app.state.http
    found = await asyncio.gather(*(_fetch(client, url) for url in peers.values()))
    documents = {OWN: request.app.openapi(), **{name: told for name, told in zip(peers, found, strict=True) if told}}
    return merge(documents, [name for name, told in zip(peers, found, strict=True) if not told])


def merge(documents: Mapping[str, Mapping[str, Any]], missing: list[str]) -> dict[str, Any]:
    """Paths of all, operation by operation. A schema name that two services use differently gets the service's name."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    security: dict[str, Any] = {}
    for name, document in documents.items():
        components = document.get("components", {})
        named = {
            each: each if schemas.get(each, part) == part else f"{name}.{each}"
            for each, part in components.get("schemas", {}).items()
        }
        schemas |= {named[each]: _renamed(part, named) for each, part in components.get("schemas", {}).items()}
        security |= components.get("securitySchemes", {})
        for path, item in document.get("paths", {}).items():
            if path not in SHARED_PATHS:
                paths.setdefault(path, {}).update(_renamed(item, named))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tideline", "version": "0.1.0", "description": "A city that steers by data: one API."},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas, **({"securitySchemes": security} if security else {})},
        **({"x-missing": missing} if missing else {}),
    }


async def _fetch(client: httpx.AsyncClient, url: str) -> dict[str, Any] | None:
    try:
        answer = await client.get(f"{url}/openapi.json", timeout=3)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as reason:
        log.warning("no OpenAPI document from %s: %r", url, reason)
        return None
    return found


def _renamed(part: Any, named: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        found = {key: _renamed(value, named) for key, value in part.items()}
        prefix, _, name = str(part.get("$ref", "")).rpartition("/")
        return {**found, "$ref": f"{prefix}/{named[name]}"} if name in named and "$ref" in part else found
    return [_renamed(value, named) for value in part] if isinstance(part, list) else part
