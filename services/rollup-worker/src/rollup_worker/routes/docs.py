"""`/docs`: every route of all services on one page, rendered here from the merged description.

Nothing is loaded from elsewhere, so that the page works without the internet.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.routing import Route

from rollup_worker.routes.pages import SECURITY, render
from rollup_worker.routes.whole import whole

METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Told:
    """One route as it is told to people."""

    method: str
    path: str
    summary: str
    description: str
    parameters: list[Parameter]
    bodies: list[str]
    responses: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    operations: list[Told]


def add_docs(app: FastAPI) -> None:
    app.router.routes[:0] = [Route("/docs", docs)]


async def docs(request: Request) -> HTMLResponse:
    document = await whole(request)
    page = render(
        "docs.html",
        title=document["info"]["title"],
        description=document["info"]["description"],
        missing=document.get("x-missing", []),
        parts=parts(document["paths"]),
    )
    return HTMLResponse(page, headers={**SECURITY, "Cache-Control": "no-cache"})


def parts(paths: Mapping[str, Mapping[str, Any]]) -> list[Part]:
    """By the first word of the path that is no version."""
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for path, item in paths.items():
        words = [word for word in path.strip("/").split("/") if word != "v1"]
        found[words[0].removesuffix(".json") if words else "pages"] += _operations(path, item)
    return [Part(name, operations) for name, operations in sorted(found.items())]


def _operations(path: str, item: Mapping[str, Any]) -> Iterator[Told]:
    for method in METHODS:
        if method not in item:
            continue
        told = item[method]
        yield Told(
            method.upper(),
            path,
            told.get("summary", ""),
            told.get("description", ""),
            [_parameter(each) for each in told.get("parameters", [])],
            list(told.get("requestBody", {}).get("content", {})),
            [(code, each.get("description", "")) for code, each in told.get("responses", {}).items()],
        )


def _parameter(each: Mapping[str, Any]) -> Parameter:
    schema = each.get("schema", {})
    return Parameter(each["name"], each["in"], _type(schema), each.get("required", False), each.get("description", ""))


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    choices: Iterable[Mapping[str, Any]] = schema.get("anyOf") or [schema]
    return " or ".join(str(choice.get("type", "object")) for choice in choices if choice.get("type") != "null")
