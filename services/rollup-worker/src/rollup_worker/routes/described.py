"""Plain routes with their place in the OpenAPI document: the cheap way to answer, and still described truthfully."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Route

PROBLEM = {"description": "A problem document (RFC 9457).", "content": {"application/problem+json": {}}}
REFERENCE = "#/components/schemas/{name}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One GET: where, who answers it, and the shape of its answer."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]
    summary: str
    answers: type[msgspec.Struct]
    parameters: Sequence[Mapping[str, Any]] = ()


def describe(app: FastAPI, operations: Sequence[Operation]) -> None:
    """Adds the routes before all others, and their descriptions to what `app.openapi()` tells."""
    literal_first = sorted(operations, key=lambda each: each.path.count("{"))
    app.router.routes[:0] = [Route(each.path, each.endpoint, methods=["GET"]) for each in literal_first]
    told = app.openapi

    def with_operations() -> dict[str, Any]:
        whole = told()
        answers = [each.answers for each in operations]
        found, components = msgspec.json.schema_components(answers, ref_template=REFERENCE)
        for each, schema in zip(operations, found, strict=True):
            whole["paths"][each.path] = {"get": _operation(each, schema)}
        schemas = whole.setdefault("components", {}).setdefault("schemas", {})
        schemas.update({name: _numbers(part) for name, part in components.items()})
        return whole

    app.openapi = with_operations  # type: ignore[method-assign] # the documented way to extend the document


def _operation(each: Operation, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": each.summary,
        "operationId": each.summary.lower().replace(" ", "_"),
        "parameters": list(each.parameters),
        "responses": {
            "200": {"description": each.summary, "content": {"application/json": {"schema": schema}}},
            "304": {"description": "The version that `If-None-Match` names is still the newest."},
            "default": PROBLEM,
        },
    }


def _numbers(part: Any) -> Any:
    """Decimals travel as JSON numbers."""
    if isinstance(part, dict):
        if part.get("format") == "decimal":
            return {**{key: value for key, value in part.items() if key != "format"}, "type": "number"}
        return {key: _numbers(value) for key, value in part.items()}
    return [_numbers(value) for value in part] if isinstance(part, list) else part
