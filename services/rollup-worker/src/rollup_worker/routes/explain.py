"""`…/explain`: inputs with batch and revision, method, intermediate numbers, and what each child brings."""

from typing import Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import moment
from rollup_worker.actions.explaining import explanation, grounds
from rollup_worker.actions.reasons import public_words
from rollup_worker.repository import assessments, plan
from rollup_worker.repository.assessments import Stored
from rollup_worker.routes.asked import NODE, WHEN, Asked, admit, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.document import Document
from rollup_worker.schemas.reads import Explanation
from tideline.database import Connection
from tideline.events import encode

_documents: Final = msgspec.json.Decoder(Document)


async def explain(request: Request) -> Response:
    asked = ask(request)
    async with database_of(request).transaction(read_only=True) as connection:
        current = await assessments.find_current(connection, asked.node)
        await admit(connection, asked, current)
        found = await _explained(connection, asked)
        if asked.known_at is not None:
            current = await assessments.find_known(connection, asked.node, asked.known_at)
    if current is not None and asked.as_of is None:
        found = _with_reasons(found, current, staff=asked.staff)
    scope = "private" if asked.staff else "public"
    headers = {"Cache-Control": f"{scope}, no-cache", "Vary": "Authorization"}
    return Response(encode(found), media_type="application/json", headers=headers)


async def _explained(connection: Connection, asked: Asked) -> Explanation:
    definition = await plan.find_definition(connection, asked.node)
    when = await moment(connection, asked.as_of, asked.known_at, asked.node)
    held = await grounds(connection, asked.node, definition, when)
    return explanation(asked.node, held, when, staff=asked.staff)


def _with_reasons(found: Explanation, version: Stored, *, staff: bool) -> Explanation:
    why = msgspec.json.decode(version.why)
    return msgspec.structs.replace(
        found,
        version=version.version,
        published=_documents.decode(version.document).published,
        changed=list(version.changed),
        why=why if staff else public_words(why),
    )


OPERATIONS: Final = [
    Operation("/v1/status/city/explain", explain, "Why the city has its status", Explanation, WHEN),
    Operation("/v1/status/{kind}/{code}/explain", explain, "Why a node has its status", Explanation, [*NODE, *WHEN]),
]
