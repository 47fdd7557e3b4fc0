"""Reading what a stream holds, from any place, many messages to a request; nothing is left behind at the server."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from tideline.bus import Bus

BATCH: Final = 500
WAIT_SECONDS: Final = 5
END: Final = ("204", "404")


class Incomplete(Exception):
    """A stream does not hold what is asked of it."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One event as its stream holds it."""

    sequence: int
    subject: str
    headers: dict[str, str]
    body: bytes

    @property
    def type(self) -> str:
        return self.headers.get("ce-type", "")

    @property
    def public(self) -> bool:
        return not self.subject.startswith("internal.")


async def find_last(bus: Bus, stream: str) -> int:
    """The last sequence of a stream that reaches back to its beginning; 0: nothing was ever said there.

    Raises Incomplete.
    """
    try:
        state = (await bus.js.stream_info(stream)).state
    except NotFoundError:
        return 0
    if state.first_seq > 1 and state.last_seq:
        raise Incomplete(
            f"{stream} begins at {state.first_seq} now, its older events have left the stream; its service gives them "
            f"all back from its database when the stream is deleted"
        )
    return state.last_seq


async def read(bus: Bus, stream: str, first: int, last: int) -> AsyncGenerator[Logged]:
    """From one sequence to another, both included. Raises Incomplete where one of them is missing."""
    expected = first
    while expected <= last:
        begun = expected
        async for found in _batch(bus, stream, expected, min(BATCH, last - expected + 1)):
            if found.sequence != expected:
                raise Incomplete(f"{stream} does not hold {expected}")
            yield found
            expected += 1
        if expected == begun:
            raise Incomplete(f"{stream} does not hold {expected}")


async def _batch(bus: Bus, stream: str, first: int, count: int) -> AsyncGenerator[Logged]:
    subscription = await bus.client.subscribe(bus.client.new_inbox())
    try:
        request = msgspec.json.encode({"seq": first, "batch": count})
        await bus.client.publish(f"$JS.API.DIRECT.GET.{stream}", request, reply=subscription.subject)
        while (message := await subscription.next_msg(timeout=WAIT_SECONDS)) and not _ends(message):
            headers = message.headers or {}
            subject = headers["Nats-Subject"]
            yield Logged(int(headers["Nats-Sequence"]), subject, headers, message.data)
    except nats.errors.TimeoutError as reason:
        raise Incomplete(f"{stream} did not give what it holds from {first} on") from reason
    finally:
        await subscription.unsubscribe()


def _ends(message: Msg) -> bool:
    """A stream that ends before the batch does says so as well."""
    return (message.headers or {}).get("Status") in END
