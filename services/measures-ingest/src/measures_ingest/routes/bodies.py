"""The body of a push: received, expanded and counted, a piece at a time."""

import hashlib
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from typing import Final, Protocol

import zstandard
from starlette.requests import ClientDisconnect, Request

from measures_ingest.routes.orders import JSON, Order
from measures_ingest.settings import Settings
from tideline.errors import TooLarge, Unreadable

PIECE: Final = 64 * 1024
# One KiB of zstd expands to 32 MiB at most, so that a bomb is seen before it goes off.
ZSTD_SLICE: Final = 1024
ZSTD_WINDOW_MAX: Final = 128 * 1024 * 1024
FREE_EXPANSION: Final = 4 * 1024 * 1024


class Expander(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def complete(self) -> bool: ...


class Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def complete(self) -> bool:
        return True


class Gzip:
    """One member or several in a row. Raises zlib.error."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            self._begun = True
            yield self._member.decompress(data, PIECE)
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def complete(self) -> bool:
        return self._begun and self._member.eof


class Zstd:
    """One frame or several in a row. Raises zstandard.ZstdError."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_MAX)
        self._frame = self._decompressor.decompressobj()
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), ZSTD_SLICE):
            rest = data[start : start + ZSTD_SLICE]
            while rest:
                if self._frame.eof:
                    self._frame = self._decompressor.decompressobj()
                self._begun = True
                yield self._frame.decompress(rest)
                rest = self._frame.unused_data if self._frame.eof else b""

    def complete(self) -> bool:
        return self._begun and self._frame.eof


EXPANDERS: Final[Mapping[str | None, Callable[[], Expander]]] = {None: Plain, "gzip": Gzip, "zstd": Zstd}


class Body:
    """The decoded bytes of a request. `digest` is known once they were all read."""

    def __init__(self, request: Request, order: Order, settings: Settings) -> None:
        self._request = request
        self._expander: Expander = EXPANDERS[order.encoding]()
        self._max = settings.json_bytes_max if order.format == JSON else settings.stream_bytes_max
        self._expansion_max = settings.expansion_max
        self._hash = hashlib.sha256() if order.key else None
        self._received = self._decoded = 0

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Raises TooLarge above a limit, Unreadable for a body that ends too early or is not encoded as it says."""
        self._foresee()
        try:
            async for data in self._request.stream():
                self._received += len(data)
                for piece in self._expander.feed(data):
                    yield self._counted(piece)
        except ClientDisconnect as reason:
            raise Unreadable("the connection broke before the body had ended") from reason
        except (zlib.error, zstandard.ZstdError) as reason:
            raise Unreadable(f"the body is not encoded as Content-Encoding says: {reason}") from reason
        if not self._expander.complete():
            raise Unreadable("the body is cut off: its compressed data have no end")

    def digest(self) -> bytes:
        return self._hash.digest() if self._hash else b""

    def _foresee(self) -> None:
        """Refuses by what the headers promise, before anything is read."""
        length = self._request.headers.get("content-length", "")
        if isinstance(self._expander, Plain) and length.isdecimal() and int(length) > self._max:
            raise self._too_large()

    def _counted(self, piece: bytes) -> bytes:
        self._decoded += len(piece)
        if self._decoded > self._max:
            raise self._too_large()
        if self._decoded > FREE_EXPANSION and self._decoded > self._expansion_max * self._received:
            raise TooLarge(f"the body expands more than {self._expansion_max} times", code="expansion_too_large")
        if self._hash:
            self._hash.update(piece)
        return piece

    def _too_large(self) -> TooLarge:
        return TooLarge(f"a body of this format has at most {self._max:,} bytes, decoded")
