"""The push in OpenAPI, written by hand because its route is; a test holds it to what the route does."""

from typing import Any, Final

from fastapi import FastAPI

from measures_ingest.routes.orders import FORMATS, KEY_MAX
from measures_ingest.schemas import PushAnswer, RejectOut
from tideline.vocabulary import Flag
from tideline.web import PROBLEM

PATH: Final = "/v1/observations"
_NUMBER: Final = {"oneOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}]}
_ROW: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["measure", "period"],
    "additionalProperties": False,
    "properties": {
        "measure": {"type": "string", "description": "The measure's code."},
        "period": {"type": ["string", "integer"], "description": "A period id in the measure's own calendar."},
        "value": _NUMBER,
        "numerator": _NUMBER,
        "denominator": _NUMBER,
        "breakdown": {"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
        "flag": {"type": ["string", "null"], "enum": [*(flag.value for flag in Flag), None]},
        "note": {"type": ["string", "null"], "maxLength": 2_000},
    },
}
_EXAMPLE: Final = {
    "observations": [
        {"measure": "potholes-filled", "period": "2017-03", "value": 301, "breakdown": {"council_district": "3"}},
        {"measure": "power-saidi", "period": "2017-03", "numerator": "184600.25", "denominator": 181630},
        {"measure": "potholes-filled", "period": "2017-02", "value": None, "flag": "withdrawn"},
    ]
}
_NDJSON: Final = '{"measure":"potholes-filled","period":"2017-03","value":301}\n'
_CSV: Final = (
    "measure,period,value,numerator,denominator,flag,note,breakdown.council_district\n"
    "potholes-filled,2017-03,301,,,provisional,,3\n"
)
_ANSWER: Final = {
    "batch": "0195a1c2-3b4d-7e5f-8a6b-7c8d9e0f1a2b",
    "accepted": 2,
    "revised": 0,
    "unchanged": 0,
    "quarantined": 0,
    "rejected": 1,
    "errors": [
        {
            "index": 1,
            "code": "unknown_dimension",
            "field": "breakdown.x",
            "detail": "'x' is no dimension of this measure; known: council_district",
        }
    ],
}
_CONTENT: Final[dict[str, Any]] = {
    "json": {
        "schema": {
            "type": "object",
            "required": ["observations"],
            "properties": {"observations": {"type": "array", "items": _ROW}},
        },
        "example": _EXAMPLE,
    },
    "ndjson": {"schema": {"type": "string"}, "example": _NDJSON},
    "csv": {"schema": {"type": "string"}, "example": _CSV},
}
_REFUSALS: Final = {
    "400": "The body or an option cannot be read; nothing is stored.",
    "401": "No key or token, or not a valid one.",
    "403": "The token lacks a role that may push.",
    "409": "The Idempotency-Key was used with another body.",
    "413": "The body is too large, or expands too far.",
    "415": "The content type, charset or encoding is not read.",
    "429": "Too many pushes of this sender, or too many large ones, are under way; see Retry-After.",
    "503": "The database is away or the queue is full; see Retry-After.",
}


def add_push(app: FastAPI) -> None:
    """Makes the application's document tell of the push, too."""
    generate = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = generate()
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            for model in (RejectOut, PushAnswer):
                schemas |= model.model_json_schema(ref_template="#/components/schemas/{model}").pop("$defs", {})
                schemas[model.__name__] = _without_definitions(model)
            found["paths"].setdefault(PATH, {})["post"] = _operation()
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign] # the documented way to extend the document


def _without_definitions(model: type[RejectOut | PushAnswer]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    return schema


def _operation() -> dict[str, Any]:
    return {
        "tags": ["observations"],
        "summary": "Push observations",
        "description": "Answered after the commit. JSON, NDJSON or CSV; gzip and zstd by Content-Encoding.",
        "operationId": "push_observations",
        "parameters": _PARAMETERS,
        "requestBody": {"required": True, "content": {kind: _CONTENT[name] for kind, name in FORMATS.items()}},
        "responses": {
            "200": _answered("A dry run would take every row; nothing is stored."),
            "201": _answered("All rows were taken."),
            "207": _answered("Some rows were rejected, the others taken."),
            "422": _answered("No row was taken; with `atomic`, because one was rejected."),
            **{status: {"description": told, "content": {PROBLEM: {}}} for status, told in _REFUSALS.items()},
        },
    }


def _answered(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/PushAnswer"}
    return {"description": description, "content": {"application/json": {"schema": schema, "example": _ANSWER}}}


_BOOLEAN: Final = {"type": "boolean", "default": False}
_PARAMETERS: Final[list[dict[str, Any]]] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body get the same answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX},
    },
    {"name": "Content-Encoding", "in": "header", "schema": {"enum": ["gzip", "zstd"]}},
    {"name": "atomic", "in": "query", "description": "One rejected row: nothing is stored.", "schema": _BOOLEAN},
    {"name": "dry_run", "in": "query", "description": "The same answer, and nothing is stored.", "schema": _BOOLEAN},
]
