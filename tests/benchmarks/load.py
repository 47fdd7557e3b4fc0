"""A small keep-alive HTTP client, so that the client costs little; and the sums made of what it saw."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

STATUS_START, STATUS_END = 9, 12


@dataclass
class Seen:
    """Answers by status, and how long each took, in seconds."""

    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def good(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 400)

    @property
    def rate(self) -> float:
        return self.good / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Connection(asyncio.Protocol):
    """One request at a time; answers with a content length, as the services give."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = _length(head)
        if len(rest) >= length and self._waiting:
            self._buffer = rest[length:]
            self._waiting.set_result(int(head[STATUS_START:STATUS_END]))
            self._waiting = None

    def connection_lost(self, reason: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(reason or ConnectionResetError("closed"))

    async def ask(self, request: bytes) -> int:
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._waiting


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def drive(port: int, requests: Iterable[bytes], connections: int, seconds: float) -> Seen:
    """Sends until the requests or the seconds are used up, each connection one request after the other."""
    seen, waiting = Seen(), iter(requests)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()

    async def one(queue: Iterator[bytes]) -> None:
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        for body in queue:
            asked = time.perf_counter()
            if asked - started > seconds:
                break
            status = await connection.ask(body)
            seen.latencies.append(time.perf_counter() - asked)
            seen.statuses[status] = seen.statuses.get(status, 0) + 1
        connection.transport.close()

    await asyncio.gather(*(one(waiting) for _ in range(connections)))
    seen.seconds = time.perf_counter() - started
    return seen


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
