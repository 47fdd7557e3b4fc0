"""`GET /v1/methods`: the status methods and the policies of the roll-up with version, parameters and source."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.core import policies
from rollup_worker.core.methods import VERSIONS, InForce, is_in_force
from rollup_worker.repository.methods import find_in_force
from rollup_worker.routes.asked import database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.reads import MethodList, MethodWords
from tideline.events import encode


async def methods(request: Request) -> Response:
    async with database_of(request).pool.acquire(timeout=10) as connection:
        in_force = await find_in_force(connection)
    body = encode(MethodList([*_methods(in_force), *_POLICIES]))
    return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=60"})


def _methods(in_force: InForce) -> list[MethodWords]:
    return [
        MethodWords(
            id=method.id,
            version=method.version,
            title=method.title,
            description=method.description,
            source=method.source,
            params=method.schema,
            in_force=is_in_force(method, in_force),
        )
        for method in VERSIONS.values()
    ]


_POLICIES: Final = [
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
OPERATIONS: Final = [Operation("/v1/methods", methods, "The status methods", MethodList)]
