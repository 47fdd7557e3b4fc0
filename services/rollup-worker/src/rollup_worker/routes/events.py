"""`GET /v1/events`: all public events as server-sent events, live and from any place still held."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Send

from rollup_worker.routes.live import Hub, Positions, Wanted, read_positions
from rollup_worker.routes.streams import LOST

router = APIRouter(tags=["events"])
log = logging.getLogger(__name__)

SEND_SECONDS: Final = 30.0


class EventStream(StreamingResponse):
    """A stream whose reader must read: who takes nothing for half a minute is let go, and can resume."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterable[bytes], send_seconds: float = SEND_SECONDS) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._send_seconds = send_seconds

    async def stream_response(self, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for chunk in self.body_iterator:
                async with asyncio.timeout(self._send_seconds):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            log.info("a listener took nothing for %s s and is let go", self._send_seconds)


@router.get(
    "/v1/events",
    summary="All public events, as they happen",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/event-stream": {}}, "description": "Events without end, with comments as heartbeat."},
        410: {"description": "The position is older than what is held; the snapshot is linked."},
    },
)
async def events(
    request: Request,
    types: Annotated[str | None, Query(description="Comma-separated: `status.changed.v1`.")] = None,
    kinds: Annotated[str | None, Query(description="Comma-separated: `measure,goal`.")] = None,
    codes: Annotated[str | None, Query(description="Comma-separated codes.")] = None,
    since: Annotated[str | None, Query(description="As `Last-Event-ID`.")] = None,
    last_event_id: Annotated[str | None, Header(description="The last `id:` received.")] = None,
) -> StreamingResponse:
    hub: Hub = request.app.state.hub
    positions = read_positions(last_event_id or since or "")
    await hub.check(positions)
    wanted = Wanted(_words(types), _words(kinds), _words(codes))
    return EventStream(_closing(hub, positions, wanted))


async def _closing(hub: Hub, positions: Positions, wanted: Wanted) -> AsyncIterator[bytes]:
    """Ends without noise when NATS goes away in the middle: the client resumes."""
    with suppress(*LOST):
        async with aclosing(hub.feed(positions, wanted)) as feed:
            async for chunk in feed:
                yield chunk


def _words(text: str | None) -> frozenset[str]:
    return frozenset(word.strip() for word in (text or "").split(",") if word.strip())
