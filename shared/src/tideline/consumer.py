"""From a stream to a service's handlers: each event's effect once, acknowledged after its commit.

An outcome is one of a closed set: handled → acknowledged; hopeless → dead letter; anything else is tried again with
growing pauses, then a dead letter. An absent database is no failure of an event: it is waited for.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError

from tideline import inbox
from tideline.bus import Bus
from tideline.database import AWAY, Connection, Database, is_away
from tideline.events import BY_TYPE, Event, decode

log = logging.getLogger(__name__)

BATCH_MAX: Final = 200
PULL_SECONDS: Final = 5
ATTEMPTS_MAX: Final = 5
OUTAGES: Final[tuple[type[Exception], ...]] = (*AWAY, nats.errors.Error, APIError)


class Hopeless(Exception):
    """Said by a handler: this event will never work."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What stands around a body: its id, place in the stream, type, subject and time."""

    id: uuid.UUID
    stream: str
    sequence: int
    type: str
    subject: str
    at: datetime


Handler: TypeAlias = Callable[[Connection, Any, Meta], Awaitable[None]]
Note: TypeAlias = Callable[[Connection, Sequence[Meta]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Delivery:
    message: Msg
    meta: Meta


class Consumer:
    """A durable pull consumer of one stream. `after` runs after each committed batch.

    `note` is told, in the transaction of their effects, which events were applied for the first time, in order.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        stream: str,
        durable: str,
        handlers: Mapping[type[Event], Handler],
        after: Callable[[], None] = lambda: None,
        note: Note | None = None,
    ) -> None:
        self._database = database
        self._bus = bus
        self._stream = stream
        self._durable = durable
        self._note = note
        self._handlers = {event.type_name(): handler for event, handler in handlers.items()}
        self._after = after
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._asked = 0
        self._asked_until = 0.0

    async def run(self) -> None:
        """Consumes until cancelled or until the bus is closed; every outage is waited out."""
        said = ""
        while not self._bus.client.is_closed:
            subscription: Subscription | None = None
            try:
                await self._ensure()
                self._arrived, self._asked = asyncio.Queue(), 0
                subscription = await self._bus.client.subscribe(self._bus.client.new_inbox(), cb=self._arrive)
                said = ""
                while True:
                    await self._apply(await self._next(subscription.subject))
            except OUTAGES as reason:
                # Said once: a stream that is not there yet is asked for three times a second.
                log.log(logging.DEBUG if repr(reason) == said else logging.INFO, "%s: %r", self._stream, reason)
                said = repr(reason)
                await asyncio.sleep(0.3)
            finally:
                if subscription is not None and not self._bus.client.is_closed:
                    await _end(subscription)

    async def _arrive(self, message: Msg) -> None:
        self._arrived.put_nowait(message)

    async def _ensure(self) -> None:
        await self._bus.js.add_consumer(
            self._stream,
            ConsumerConfig(
                durable_name=self._durable,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=5,
                max_ack_pending=BATCH_MAX,
                filter_subjects=sorted(self._subjects()),
            ),
        )

    def _subjects(self) -> set[str]:
        known = [BY_TYPE[name] for name in self._handlers]
        return {
            f"{prefix}{event.noun}.{event.verb}.v{event.generation}.>"
            for event in known
            for prefix in ("", "internal.")
        }

    async def _next(self, inbox_subject: str) -> list[_Delivery]:
        """What has arrived: at least one event, or nothing when the pull must be renewed."""
        await self._pull(inbox_subject)
        found: list[_Delivery] = []
        try:
            async with asyncio.timeout(max(0.1, self._asked_until - time.monotonic()) + 1):
                self._take(await self._arrived.get(), found)
        except TimeoutError:
            self._asked = 0
        while not self._arrived.empty() and len(found) < BATCH_MAX:
            self._take(self._arrived.get_nowait(), found)
        return found

    async def _pull(self, inbox_subject: str) -> None:
        """Keeps one request for messages standing, so that the server delivers the moment it has one."""
        if self._asked > 0 and time.monotonic() < self._asked_until:
            return
        request = msgspec.json.encode({"batch": BATCH_MAX, "expires": PULL_SECONDS * 1_000_000_000})
        self._asked, self._asked_until = BATCH_MAX, time.monotonic() + PULL_SECONDS
        name = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._durable}"
        await self._bus.client.publish(name, request, reply=inbox_subject)

    def _take(self, message: Msg, found: list[_Delivery]) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._asked -= 1
            found.append(_Delivery(message, _meta(message)))
        elif status in ("404", "408"):
            self._asked = 0
        elif status != "100":
            raise nats.errors.Error(f"pull ended: {message.headers}")

    async def _apply(self, deliveries: Sequence[_Delivery]) -> None:
        if not deliveries:
            return
        try:
            await self._wait_and_transact(deliveries)
        except Exception as reason:
            if len(deliveries) == 1:
                await self._insist(deliveries[0], reason)
            else:
                for delivery in deliveries:
                    await self._apply([delivery])
            return
        self._after()
        for delivery in deliveries:
            await delivery.message.ack()

    async def _wait_and_transact(self, deliveries: Sequence[_Delivery]) -> None:
        """As _transact; while the database is away the events are held, not given back to the server."""
        while True:
            try:
                return await self._transact(deliveries)
            except AWAY as reason:
                if not is_away(reason):
                    raise
                log.info("consumer of %s waits for the database: %r", self._stream, reason)
            for delivery in deliveries:
                await delivery.message.in_progress()
            await asyncio.sleep(0.3)

    async def _transact(self, deliveries: Sequence[_Delivery]) -> None:
        async with self._database.transaction() as connection:
            new = await inbox.first_time(connection, self._stream, [d.meta.id for d in deliveries])
            applied: list[Meta] = []
            for delivery in deliveries:
                if delivery.meta.id in new:
                    new.discard(delivery.meta.id)
                    await self._handle(connection, delivery)
                    applied.append(delivery.meta)
            if self._note and applied:
                await self._note(connection, applied)

    async def _handle(self, connection: Connection, delivery: _Delivery) -> None:
        try:
            body = decode(delivery.meta.type, delivery.message.data)
        except (KeyError, msgspec.MsgspecError, UnicodeDecodeError) as reason:
            raise Hopeless(f"not readable as {delivery.meta.type}: {reason}") from reason
        await self._handlers[delivery.meta.type](connection, body, delivery.meta)

    async def _insist(self, delivery: _Delivery, reason: Exception) -> None:
        """Tries one event again with growing pauses, then buries it; order is kept because it is waited for."""
        for attempt in range(1, ATTEMPTS_MAX):
            if isinstance(reason, Hopeless):
                break
            log.warning("attempt %s at %s failed: %r", attempt, delivery.meta.subject, reason)
            await delivery.message.in_progress()
            await asyncio.sleep(0.05 * 3**attempt)
            try:
                await self._wait_and_transact([delivery])
            except Exception as again:
                reason = again
            else:
                self._after()
                await delivery.message.ack()
                return
        await self._bury(delivery, reason)

    async def _bury(self, delivery: _Delivery, reason: Exception) -> None:
        meta = delivery.meta
        log.error("dead letter %s %s: %r", meta.subject, meta.id, reason)
        async with self._database.transaction() as connection:
            await inbox.first_time(connection, self._stream, [meta.id])
            await inbox.bury(
                connection,
                meta.id,
                meta.stream,
                meta.sequence,
                meta.type,
                delivery.message.data,
                f"{type(reason).__name__}: {reason}",
            )
        await delivery.message.ack()


def _meta(message: Msg) -> Meta:
    headers = message.headers or {}
    place = message.metadata
    try:
        uid, at = uuid.UUID(headers["ce-id"]), datetime.fromisoformat(headers["ce-time"])
    except (KeyError, ValueError):
        # Not an event of ours; a stable id made from its place lets it be buried once.
        uid, at = uuid.uuid5(uuid.NAMESPACE_URL, f"{place.stream}:{place.sequence.stream}"), place.timestamp
    return Meta(uid, place.stream, place.sequence.stream, headers.get("ce-type", ""), message.subject, at)


async def _end(subscription: Subscription) -> None:
    try:
        await subscription.unsubscribe()
    except nats.errors.Error as reason:
        log.debug("unsubscribe: %r", reason)
