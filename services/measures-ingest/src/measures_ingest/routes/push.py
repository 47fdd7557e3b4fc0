"""`POST /v1/observations`: the hot route, a plain Starlette endpoint whose OpenAPI stands in `describe`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from measures_ingest.actions.pushes import Push, new_id
from measures_ingest.actions.storing import Outcome
from measures_ingest.actions.streaming import store_stream
from measures_ingest.core.batch import Answer, Sender
from measures_ingest.core.definitions import Rules
from measures_ingest.core.reading import NotReadable
from measures_ingest.core.rejects import Reject
from measures_ingest.core.rows import Raw
from measures_ingest.core.sieve import Sieve
from measures_ingest.routes import orders
from measures_ingest.routes.bodies import Body
from measures_ingest.routes.desk import Desk, desk, sender
from measures_ingest.routes.orders import Order
from tideline.errors import Unreadable

# Up to here a push is judged in memory; above, it is staged as it arrives.
MEMORY_ROWS: Final = 10_000
# Up to here it shares a transaction with others.
SHARED_ROWS: Final = 200
ROWS_AT_ONCE: Final = 1_000


async def push(request: Request) -> Response:
    at = desk(request)
    who = await sender(request)
    with at.admitted(who):
        order = orders.read(request)
        outcome = await _take(at, who, order, Body(request, order, at.settings))
    if not isinstance(outcome, Answer):
        raise outcome
    return Response(outcome.body, outcome.status, media_type="application/json")


async def _take(at: Desk, who: Sender, order: Order, body: Body) -> Outcome:
    async with aclosing(_rows(body, order)) as pieces:
        first: list[Raw | Reject] = []
        async for piece in pieces:
            first += piece
            if len(first) > MEMORY_ROWS:
                return await _stream(at, _push(at, who, order, whole=False), first, pieces, body)
    return await _store(at, _push(at, who, order, whole=True), first, body)


async def _rows(body: Body, order: Order) -> AsyncGenerator[Sequence[Raw | Reject], None]:
    reader = order.reader()
    try:
        async for piece in body.pieces():
            yield reader.feed(piece)
        yield reader.finish()
    except NotReadable as reason:
        raise Unreadable(str(reason)) from reason


def _push(at: Desk, who: Sender, order: Order, *, whole: bool) -> Push:
    now = at.clock.now()
    rules = Rules(at.definitions.known, who.scope, now.date(), at.settings.quarantine)
    return Push(
        id=new_id(now),
        sender=who,
        format=order.format,
        received_at=now,
        sieve=Sieve(rules, find_duplicates=whole),
        key=order.key,
        atomic=order.atomic,
        dry_run=order.dry_run,
    )


async def _store(at: Desk, push: Push, rows: Sequence[Raw | Reject], body: Body) -> Outcome:
    push.digest = body.digest()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        push.judge(enumerate(rows[start : start + ROWS_AT_ONCE], start))
        if start:
            await asyncio.sleep(0)
    if push.unknown:
        await at.definitions.refresh()
        push.judge_again()
    if push.dry_run:
        return await at.committer.rehearse(push)
    if push.unknown or len(rows) > SHARED_ROWS:
        return (await at.committer.commit([push]))[0]
    return await at.share(push)


async def _stream(
    at: Desk, push: Push, first: Sequence[Raw | Reject], rest: AsyncIterator[Sequence[Raw | Reject]], body: Body
) -> Outcome:
    async def pieces() -> AsyncIterator[Sequence[Raw | Reject]]:
        yield first
        async for piece in rest:
            yield piece

    with at.streaming():
        return await store_stream(at.committer, push, pieces(), body.digest)
