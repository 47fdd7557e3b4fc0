"""The live feed: each stream is read once per process into one ring of recent events, which all clients share.

A client keeps only its place in the ring. One that falls out of it is too slow: its connection ends, and it resumes
from the streams. Positions name the sequence reached in every stream, so that a resume neither skips nor repeats.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec
from nats.aio.msg import Msg

from rollup_worker.routes.streams import LOST, STREAMS, Span, follow, held, replay
from tideline.bus import Bus
from tideline.errors import Gone, Unavailable, Unreadable
from tideline.events import TYPE_PREFIX

RING: Final = 4_096
HEARTBEAT_SECONDS: Final = 15.0
SNAPSHOT: Final = "/v1/status/city"

Positions = dict[str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asked for; an empty set is everything. Types may leave out prefix and version."""

    types: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def has(self, event: "Passing") -> bool:
        return (
            (not self.types or not self.types.isdisjoint(event.names))
            and (not self.kinds or event.kind in self.kinds)
            and (not self.codes or event.code in self.codes)
        )


@dataclass(frozen=True, slots=True)
class Passing:
    """One event on its way to clients; `body` is the SSE block without its id."""

    names: frozenset[str]
    kind: str
    code: str
    body: bytes


class Line(msgspec.Struct):
    """The data of an SSE event."""

    type: str
    subject: str
    time: str
    id: str
    data: msgspec.Raw


@dataclass
class Hub:
    """`count` events have passed; the ring holds the last of them, each with its finished block."""

    bus: Bus
    ring_size: int = RING
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    positions: Positions = field(default_factory=dict)
    count: int = 0

    def __post_init__(self) -> None:
        self._ring: deque[tuple[Passing, bytes]] = deque(maxlen=self.ring_size)
        self._news = asyncio.Event()

    async def start(self) -> None:
        """Takes the streams' ends as the place where live begins. Raises what NATS' absence raises."""
        for stream in STREAMS:
            self.positions[stream] = (await held(self.bus, stream)).last

    async def run(self, stream: str) -> None:
        """Reads one stream until cancelled."""
        async for message in follow(self.bus, stream, self.positions[stream]):
            self.positions[stream] = message.metadata.sequence.stream
            event = passing(message)
            self._ring.append((event, block(event, self.positions)))
            self.count += 1
            news, self._news = self._news, asyncio.Event()
            news.set()

    async def feed(self, since: Mapping[str, int], wanted: Wanted) -> AsyncGenerator[bytes]:
        """The blocks for one client, from where it was. Ends when the client is too slow for the ring."""
        positions = {stream: since.get(stream, now) for stream, now in self.positions.items()}
        yield b"retry: 1000\n" + mark(positions)
        place = self.count
        while True:
            goal, place = dict(self.positions), self.count
            async for chunk in self._missed(positions, goal, wanted):
                yield chunk
            if place >= self._oldest:
                break
        async for chunk in self._live(place, wanted):
            yield chunk

    async def check(self, since: Mapping[str, int]) -> None:
        """Raises Gone when a position is older than what its stream still holds, or not of this stream at all."""
        for stream, after in since.items():
            span = await self._held(stream)
            if after + 1 < span.first or after > max(span.last, self.positions[stream]):
                raise Gone(
                    f"{stream.lower()} begins at {span.first} now; read the snapshot, then follow from there",
                    code="position_gone",
                    headers={"Link": f'<{SNAPSHOT}>; rel="alternate"'},
                    snapshot=SNAPSHOT,
                )

    async def _held(self, stream: str) -> Span:
        try:
            return await held(self.bus, stream)
        except LOST as reason:
            raise Unavailable("the event streams are away; try again", headers={"Retry-After": "1"}) from reason

    @property
    def _oldest(self) -> int:
        return self.count - len(self._ring)

    async def _missed(self, positions: Positions, goal: Positions, wanted: Wanted) -> AsyncGenerator[bytes]:
        for stream, upto in goal.items():
            if positions[stream] >= upto:
                continue
            async for message in replay(self.bus, stream, positions[stream], upto):
                positions[stream] = message.metadata.sequence.stream
                if wanted.has(event := passing(message)):
                    yield block(event, positions)
            positions[stream] = upto

    async def _live(self, place: int, wanted: Wanted) -> AsyncGenerator[bytes]:
        while place >= self._oldest:
            fresh = list(islice(self._ring, place - self._oldest, None))
            place = self.count
            if chunk := b"".join(finished for event, finished in fresh if wanted.has(event)):
                yield chunk
            elif not await self._heard_before_heartbeat(place):
                yield b": still here\n" + mark(self.positions)

    async def _heard_before_heartbeat(self, place: int) -> bool:
        try:
            async with asyncio.timeout(self.heartbeat_seconds):
                while self.count == place:
                    await self._news.wait()
        except TimeoutError:
            return self.count != place
        return True


def passing(message: Msg) -> Passing:
    headers = message.headers or {}
    noun, verb, version, kind, code = message.subject.split(".", 4)
    line = Line(
        headers.get("ce-type", ""),
        headers.get("ce-subject", f"{kind}.{code}"),
        headers.get("ce-time", ""),
        headers.get("ce-id", ""),
        msgspec.Raw(message.data),
    )
    name = f"{noun}.{verb}.{version}"
    body = b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(line) + b"\n"
    return Passing(frozenset({name, TYPE_PREFIX + name, f"{noun}.{verb}"}), kind, code, body)


def block(event: Passing, positions: Mapping[str, int]) -> bytes:
    return b"id: " + written(positions).encode() + b"\n" + event.body + b"\n"


def mark(positions: Mapping[str, int]) -> bytes:
    """Moves the client's last event id on without an event, so that a filter does not leave it behind."""
    return b"id: " + written(positions).encode() + b"\n\n"


def written(positions: Mapping[str, int]) -> str:
    return ",".join(f"{stream.lower()}:{sequence}" for stream, sequence in positions.items())


def read_positions(text: str, streams: Sequence[str] = STREAMS) -> Positions:
    """`goals:12,status:88`. Raises Unreadable."""
    found: Positions = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, sequence = part.partition(":")
        if name.upper() not in streams or not sequence.isascii() or not sequence.isdigit() or len(sequence) > 18:
            raise Unreadable(f"{part[:60]!r} is no position; they look like goals:12,status:88", code="bad_position")
        found[name.upper()] = int(sequence)
    return found
