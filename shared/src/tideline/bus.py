"""The wire to NATS: one connection that never gives up, hints that may be lost, a health check that asks."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from tideline.errors import Unavailable

log = logging.getLogger(__name__)


class Bus:
    """A NATS connection. Work that matters goes through JetStream; a hint only says "look now"."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.js: JetStreamContext = client.jetstream(timeout=3)

    @classmethod
    async def connect(cls, url: str, creds: str | None, name: str, *, wait_seconds: float = 60) -> Self:
        """Waits for the server, at most `wait_seconds`, then raises Unavailable."""
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                return cls(await asyncio.wait_for(_connect(url, creds, name), 5))
            except (OSError, TimeoutError, NatsError) as reason:
                if time.monotonic() > deadline:
                    raise Unavailable(f"no NATS after {wait_seconds:.0f} s: {reason!r}") from reason
                await asyncio.sleep(0.2)

    async def round_trip(self) -> None:
        """`is_connected` stays true on a frozen server; an answer does not."""
        await self.client.flush(timeout=2)

    async def ask(self, subject: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One JetStream API request; the answer as it came, errors included. Raises TimeoutError."""
        data = json.dumps(body).encode() if body is not None else b""
        try:
            answer = await self.client.request(subject, data, timeout=3)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as reason:
            raise TimeoutError(f"JetStream did not answer on {subject}") from reason
        found: dict[str, Any] = json.loads(answer.data)
        return found

    async def hint(self, subject: str) -> None:
        await self.client.publish(subject)

    async def on_hint(self, subject: str, callback: Callable[[], None]) -> None:
        async def received(_: Msg) -> None:
            callback()

        await self.client.subscribe(subject, cb=received)

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self.client.drain(), 3)
        except (TimeoutError, NatsError):
            await self.client.close()


async def _connect(url: str, creds: str | None, name: str) -> Client:
    return await nats.connect(
        url,
        name=name,
        user_credentials=creds,
        inbox_prefix=f"_INBOX_{name}".encode(),
        connect_timeout=2,
        reconnect_time_wait=0.2,
        max_reconnect_attempts=-1,
        ping_interval=5,
        pending_size=16 * 1024 * 1024,
        error_cb=_said("error"),
        disconnected_cb=_quiet("disconnected"),
        reconnected_cb=_quiet("reconnected"),
    )


def _said(what: str) -> Callable[[Exception], Awaitable[None]]:
    async def callback(reason: Exception) -> None:
        log.warning("nats %s: %r", what, reason)

    return callback


def _quiet(what: str) -> Callable[[], Awaitable[None]]:
    async def callback() -> None:
        log.info("nats %s", what)

    return callback
