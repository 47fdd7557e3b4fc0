"""Plain routes with their place in the OpenAPI document: the cheap way to answer, and still described truthfully."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route

PROBLEM: Final = {"description": "A problem document (RFC 9457).", "content": {"application/problem+json": {}}}
REFERENCE: Final = "#/components/schemas/{name}"
BEARER: Final = {"HTTPBearer": {"type": "http", "scheme": "bearer", "description": "A signed token."}}
UNCHANGED: Final = {"description": "The version that `If-None-Match` names is still the newest."}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path: where, who answers it, what it takes, and the shape of its answer.

    `answers` None: nothing comes back (204); `also` is the other shape it may have, by what is asked. `statuses` are
    the good answers by code, where 200 is not the only one. `tagged`: answers carry an ETag, and a reader who has it
    gets 304. `token`: nobody gets in without one; otherwise a token shows more.
    """

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]
    summary: str
    answers: type[msgspec.Struct] | None
    parameters: Sequence[Mapping[str, Any]] = ()
    method: str = "GET"
    body: type[msgspec.Struct] | None = None
    statuses: Mapping[int, str] = field(default_factory=dict)
    tagged: bool = False
    token: bool = False
    also: type[msgspec.Struct] | None = None


def describe(app: FastAPI, operations: Sequence[Operation]) -> None:
    """Adds the routes before all others, and their descriptions to what `app.openapi()` tells."""
    literal_first = sorted(operations, key=lambda each: each.path.count("{"))
    app.router.routes[:0] = [Route(each.path, each.endpoint, methods=[each.method]) for each in literal_first]
    told = app.openapi

    def with_operations() -> dict[str, Any]:
        whole = told()
        shapes = [shape for each in operations for shape in (each.answers, each.also, each.body) if shape]
        found, components = msgspec.json.schema_components(shapes, ref_template=REFERENCE)
        schemas = dict(zip(shapes, found, strict=True))
        for each in operations:
            whole["paths"].setdefault(each.path, {})[each.method.lower()] = _operation(each, schemas)
        held = whole.setdefault("components", {})
        held.setdefault("schemas", {}).update({name: _numbers(part) for name, part in components.items()})
        held.setdefault("securitySchemes", {}).update(BEARER)
        return whole

    app.openapi = with_operations  # type: ignore[method-assign] # the documented way to extend the document


def _operation(each: Operation, schemas: Mapping[type[msgspec.Struct], dict[str, Any]]) -> dict[str, Any]:
    told = [schemas[shape] for shape in (each.answers, each.also) if shape]
    content = {"content": _json(told[0] if len(told) == 1 else {"anyOf": told})} if told else {}
    statuses = each.statuses or {200 if each.answers else 204: each.summary}
    bearer: dict[str, list[str]] = {"HTTPBearer": []}
    return {
        "summary": each.summary,
        "operationId": each.summary.lower().replace(" ", "_"),
        "parameters": list(each.parameters),
        **({"requestBody": {"required": True, "content": _json(schemas[each.body])}} if each.body else {}),
        "responses": {
            **{str(code): {"description": text, **content} for code, text in statuses.items()},
            **({"304": UNCHANGED} if each.tagged else {}),
            "default": PROBLEM,
        },
        "security": [bearer] if each.token else [{}, bearer],
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _numbers(part: Any) -> Any:
    """Decimals travel as JSON numbers."""
    if isinstance(part, dict):
        if part.get("format") == "decimal":
            return {**{key: value for key, value in part.items() if key != "format"}, "type": "number"}
        return {key: _numbers(value) for key, value in part.items()}
    return [_numbers(value) for value in part] if isinstance(part, list) else part
