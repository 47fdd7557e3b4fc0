"""`GET /v1/methods`: the status methods and the policies of the roll-up with version, parameters and source."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.core import policies
from rollup_worker.core.methods import VERSIONS
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.reads import MethodList, MethodWords
from tideline.events import encode

_BODY: Final = encode(
    MethodList(
        [
            MethodWords(
                id=method.id,
                version=method.version,
                title=method.title,
                description=method.description,
                source=method.source,
                params=method.schema,
            )
            for method in VERSIONS.values()
        ]
        + [
            MethodWords(
                id=policy.value,
                version=policies.VERSION,
                title=words.title,
                description=words.description,
                source=policies.SOURCE,
                params={"type": "object", "properties": {}, "additionalProperties": False},
                judges="parents",
            )
            for policy, words in policies.POLICIES.items()
        ]
    )
)


async def methods(_: Request) -> Response:
    return Response(_BODY, media_type="application/json", headers={"Cache-Control": "public, max-age=300"})


OPERATIONS: Final = [Operation("/v1/methods", methods, "The status methods", MethodList)]
