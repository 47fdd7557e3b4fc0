"""The status document: the stored one as it is, one known earlier, or one computed for a period."""

from typing import Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import content_tag, document_then, moment, node_name, with_published
from rollup_worker.repository import assessments, plan
from rollup_worker.routes.asked import NODE, WHEN, Asked, admit, answer, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.document import Document
from tideline.database import Connection
from tideline.events import encode
from tideline.web import etag

_documents: Final = msgspec.json.Decoder(Document)


async def status(request: Request) -> Response:
    asked = ask(request)
    if asked.as_of is not None:
        return await _computed(request, asked)
    async with database_of(request).pool.acquire(timeout=10) as connection:
        current = await assessments.find_current(connection, asked.node)
        await admit(connection, asked, current)
        if asked.known_at is not None:
            current = await assessments.find_known(connection, asked.node, asked.known_at)
        if current is None or not (current.published or asked.staff):
            return await _nothing_yet(request, connection, asked)
    body = current.text(staff=asked.staff).encode()
    return answer(request, _then(body, asked), etag(f"{current.version}-{asked.audience}"), staff=asked.staff)


async def _nothing_yet(request: Request, connection: Connection, asked: Asked) -> Response:
    definition = await plan.find_definition(connection, asked.node)
    empty = Document(node=node_name(asked.node, definition), known_at=asked.known_at)
    return answer(request, encode(empty), etag(f"0-{asked.audience}"), staff=asked.staff)


async def _computed(request: Request, asked: Asked) -> Response:
    async with database_of(request).transaction(read_only=True) as connection:
        current = await assessments.find_current(connection, asked.node)
        await admit(connection, asked, current)
        stored = (
            current if asked.known_at is None else await assessments.find_known(connection, asked.node, asked.known_at)
        )
        when = await moment(connection, asked.as_of, asked.known_at, asked.node)
        now = request.app.state.clock.now()
        found = with_published(await document_then(connection, asked.node, when, now, staff=asked.staff), stored)
    return answer(request, encode(found), etag(f"{content_tag(found)}-{asked.audience}"), staff=asked.staff)


def _then(body: bytes, asked: Asked) -> bytes:
    if asked.known_at is None:
        return body
    return encode(msgspec.structs.replace(_documents.decode(body), known_at=asked.known_at))


OPERATIONS: Final = [
    Operation("/v1/status/city", status, "The status of the city", Document, WHEN, tagged=True),
    Operation("/v1/status/{kind}/{code}", status, "The status of a node", Document, [*NODE, *WHEN], tagged=True),
]
