"""`…/published`: a status that a person puts beside the computed one, with reason and expiry, and takes back."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
import nats.errors
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.publishing import enter_publication
from rollup_worker.core.facts import CITY, Node
from rollup_worker.core.publication import DAYS_MAX, DAYS_UNLESS_SAID, Publication, expiry
from rollup_worker.repository import facts, journal, plan, published
from rollup_worker.repository.plan import Defined
from rollup_worker.routes.asked import NODE, Asked, admit, answer, ask, database_of
from rollup_worker.routes.bodies import read_body
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.document import Published, published_words
from tideline import outbox
from tideline.auth import Principal, optional_principal, require
from tideline.database import Connection
from tideline.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from tideline.events import StatusPublished, encode
from tideline.outbox import Outgoing
from tideline.vocabulary import Kind, Role, Status
from tideline.web import etag, require_match

HINT: Final = "hint.rollup-worker"
REASON_MAX: Final = 2_000
EVERYTHING: Final = (Role.ANALYST, Role.COORDINATOR)

Reason = Annotated[str, msgspec.Meta(max_length=REASON_MAX)]


class PublishedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`expires_on` is the first day on which it no longer stands: at most 366 days ahead; left out: in 90 days."""

    status: Literal["achieved", "on_track", "at_risk", "off_track", "deteriorating"]
    reason: Reason
    expires_on: date | None = None


async def show(request: Request) -> Response:
    asked = ask(request)
    async with database_of(request).pool.acquire(timeout=10) as connection:
        await admit(connection, asked, None)
        found = await _standing(connection, asked.node, request)
    if found is None:
        raise NotFound(f"no status is published for {asked.node.kind} {asked.node.code}", code="nothing_published")
    return answer(request, _body(found), etag(found.version), staff=asked.staff)


async def put(request: Request) -> Response:
    asked, who = ask(request), _writer(request)
    body = await read_body(request, PublishedBody)
    until = _until(body, request)
    new = Publication(Status(body.status), _said(body.reason), who.subject, until, request.app.state.clock.now(), 1)
    made, stored = await _write(request, asked, who, new)
    headers = {"ETag": etag(stored.version), "Vary": "Authorization"}
    return Response(_body(stored), 201 if made else 200, headers, "application/json")


async def take_back(request: Request) -> Response:
    """The reason is welcome, not asked for: what comes back is the computed status."""
    asked, who = ask(request), _writer(request)
    reason = request.query_params.get("reason", "")
    new = Publication(None, _said(reason) if reason else "", who.subject, None, request.app.state.clock.now(), 1)
    await _write(request, asked, who, new)
    return Response(status_code=204)


async def _write(request: Request, asked: Asked, who: Principal, new: Publication) -> tuple[bool, Publication]:
    """Row, event and dirty mark in one transaction. False with what stands already, when it says the same."""
    async with database_of(request).transaction() as connection:
        await facts.lock(connection)
        await admit(connection, asked, None)
        definition = await plan.find_definition(connection, asked.node)
        _check_owner(who, asked.node, definition)
        standing = await _standing(connection, asked.node, request)
        _check_match(request, standing, new)
        if new.status is not None and definition is not None and definition.retired:
            raise Conflict(f"{asked.node.kind} {asked.node.code} is retired", code="retired")
        if standing is not None and _same(standing, new):
            return False, standing
        newest = await published.find_newest(connection, asked.node)
        new = replace(new, version=newest.version + 1 if newest else 1)
        await _record(connection, asked.node, new, public=definition is None or definition.published)
    with suppress(nats.errors.Error):  # the worker's slow poll finds what no hint told of
        await request.app.state.bus.hint(HINT)
    return standing is None, new


async def _record(connection: Connection, node: Node, new: Publication, *, public: bool) -> None:
    event = StatusPublished(
        kind=node.kind,
        code=node.code,
        version=new.version,
        status=new.status,
        reason=new.reason,
        actor=new.actor,
        expires_on=new.expires_on,
        published_at=new.published_at,
    )
    await journal.enter_own(connection)
    await enter_publication(connection, event, public=public)
    outgoing = Outgoing(event, node.kind.value, node.code, new.version, public)
    await outbox.record(connection, new.published_at, [outgoing])


async def _standing(connection: Connection, node: Node, request: Request) -> Publication | None:
    newest = await published.find_newest(connection, node)
    return newest if newest is not None and newest.stands(request.app.state.clock.today()) else None


def _check_match(request: Request, standing: Publication | None, new: Publication) -> None:
    """The first needs no If-Match; what stands is replaced or taken back by whoever has seen it."""
    if standing is not None:
        require_match(request, standing.version)
    elif new.status is None:
        raise NotFound("no status is published here that could be taken back", code="nothing_published")
    elif "if-match" in request.headers:
        raise PreconditionFailed("no status is published here that If-Match could name")


def _check_owner(who: Principal, node: Node, definition: Defined | None) -> None:
    """A department owner speaks for what is of an own department: never for an area or the city."""
    if who.has(*EVERYTHING):
        return
    own = node.code if node.kind is Kind.DEPARTMENT else getattr(definition, "department", None)
    if node == CITY or own is None or (who.departments and own not in who.departments):
        raise Forbidden(f"{node.kind} {node.code} is not of your department", code="not_your_department")


def _same(standing: Publication, new: Publication) -> bool:
    return (standing.status, standing.reason, standing.expires_on) == (new.status, new.reason, new.expires_on)


def _writer(request: Request) -> Principal:
    return require(*EVERYTHING, Role.DEPARTMENT_OWNER)(optional_principal(request))


def _said(reason: str) -> str:
    """Raises Invalid for a blank one, and for what the database cannot keep."""
    if not reason.strip() or len(reason) > REASON_MAX or "\0" in reason:
        fault = {"path": "reason", "code": "bad_value", "detail": f"1 to {REASON_MAX} characters, none of them NUL"}
        raise Invalid("a published status needs a reason", errors=[fault])
    return reason.strip()


def _until(body: PublishedBody, request: Request) -> date:
    until = expiry(body.expires_on, request.app.state.clock.today())
    if until is None:
        fault = {"path": "expires_on", "code": "out_of_range", "detail": f"from tomorrow to {DAYS_MAX} days ahead"}
        raise Invalid("this is no day on which it could expire", errors=[fault])
    return until


def _body(found: Publication) -> bytes:
    return encode(published_words(found))


_MATCH: Final[list[Mapping[str, Any]]] = [
    {
        "name": "If-Match",
        "in": "header",
        "schema": {"type": "string"},
        "description": "The ETag that was read; 428 without when one stands, 412 when it is stale.",
    }
]
_REASON: Final[list[Mapping[str, Any]]] = [
    {"name": "reason", "in": "query", "schema": {"type": "string", "maxLength": REASON_MAX}, "description": "Why."}
]
_STATUSES: Final = {
    201: "Published.",
    200: f"Replaced, or the same again. Without `expires_on`: {DAYS_UNLESS_SAID} days.",
}


def _operations(path: str, of: str, node: list[dict[str, Any]]) -> list[Operation]:
    return [
        Operation(path, show, f"The published status {of}", Published, node, tagged=True),
        Operation(
            path,
            put,
            f"Publish a status {of}",
            Published,
            [*node, *_MATCH],
            "PUT",
            PublishedBody,
            _STATUSES,
            token=True,
        ),
        Operation(
            path,
            take_back,
            f"Take back the published status {of}",
            None,
            [*node, *_MATCH, *_REASON],
            "DELETE",
            token=True,
        ),
    ]


OPERATIONS: Final = [
    *_operations("/v1/status/city/published", "of the city", []),
    *_operations("/v1/status/{kind}/{code}/published", "of a node", NODE),
]
