"""Reading a stream of public events in order: once through for a resume, or for ever for the live feed.

The consumers made here are the server's to forget: no acks, memory only, gone soon after their reader.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import APIError, NotFoundError

from tideline.bus import Bus
from tideline.events import INTERNAL, STREAM_SUBJECTS

log = logging.getLogger(__name__)

STREAMS: Final[Sequence[str]] = ("GOALS", "STATUS", "CATALOG")
BATCH: Final = 256
PULL_SECONDS: Final = 20
HEARTBEAT_SECONDS: Final = 5
FORGOTTEN_AFTER_SECONDS: Final = 60
LOST: Final = (nats.errors.Error, APIError, TimeoutError, OSError)


class Span(msgspec.Struct, frozen=True):
    """The sequences a stream holds; `first` > `last`: none."""

    first: int
    last: int


async def held(bus: Bus, stream: str) -> Span:
    """A stream that nobody has written yet holds nothing. Raises what NATS' absence raises."""
    try:
        state = (await bus.js.stream_info(stream)).state
    except NotFoundError:
        return Span(1, 0)
    return Span(state.first_seq or 1, state.last_seq)


async def follow(bus: Bus, stream: str, after: int) -> AsyncGenerator[Msg]:
    """Every public message after a sequence, in order, without end; outages are waited out."""
    while True:
        try:
            async with aclosing(_messages(bus, stream, after)) as messages:
                async for message in messages:
                    after = message.metadata.sequence.stream
                    yield message
        except LOST as reason:
            log.info("reading %s again after %s: %r", stream, after, reason)
            await asyncio.sleep(0.3)


async def replay(bus: Bus, stream: str, after: int, upto: int) -> AsyncGenerator[Msg]:
    """The public messages after one sequence up to and with another. Raises what NATS' absence raises."""
    async with aclosing(_messages(bus, stream, after, ends=True)) as messages:
        async for message in messages:
            if message.metadata.sequence.stream > upto:
                return
            yield message
            if message.metadata.sequence.stream == upto:
                return


async def _messages(bus: Bus, stream: str, after: int, *, ends: bool = False) -> AsyncGenerator[Msg]:
    consumer = await _consumer(bus, stream, after)
    if ends and not consumer.num_pending:
        return
    subscription = await bus.client.subscribe(bus.client.new_inbox())
    expected = 1
    try:
        while True:
            async with aclosing(_pulled(bus, stream, consumer.name, subscription)) as batch:
                async for message in batch:
                    if message.metadata.sequence.consumer != expected:
                        raise nats.errors.Error("a message was missed")
                    expected += 1
                    yield message
                    if ends and not message.metadata.num_pending:
                        return
    finally:
        if not bus.client.is_closed:
            await subscription.unsubscribe()


async def _pulled(bus: Bus, stream: str, consumer: str, subscription: Subscription) -> AsyncGenerator[Msg]:
    """One request's messages, each the moment it is there, until the request is used up or has expired."""
    request = {"batch": BATCH, "expires": PULL_SECONDS * 10**9, "idle_heartbeat": HEARTBEAT_SECONDS * 10**9}
    name = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
    await bus.client.publish(name, msgspec.json.encode(request), reply=subscription.subject)
    left = BATCH
    while left:
        message = await subscription.next_msg(timeout=2 * HEARTBEAT_SECONDS)
        status = (message.headers or {}).get("Status")
        if status is None:
            left -= 1
            yield message
        elif status in ("404", "408"):
            return
        elif status != "100":
            raise nats.errors.Error(f"pull ended: {message.headers}")


async def _consumer(bus: Bus, stream: str, after: int) -> ConsumerInfo:
    public = [subject for subject in STREAM_SUBJECTS[stream] if not subject.startswith(INTERNAL)]
    return await bus.js.add_consumer(
        stream,
        ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            filter_subjects=public,
            inactive_threshold=FORGOTTEN_AFTER_SECONDS,
            mem_storage=True,
            num_replicas=1,
        ),
    )
