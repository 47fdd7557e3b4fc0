"""Bodies into rows, piece by piece and in bounded memory: JSON, NDJSON; CSV stands beside, in `cells`.

A reader is fed UTF-8 bytes as they come and gives back the rows that are complete. What is wrong with one row is a
Reject; what is wrong with the body is NotReadable, and nothing of the body is stored.
"""

import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import msgspec

from measures_ingest.core.rejects import Code, Reject
from measures_ingest.core.rows import Raw

LINE_MAX: Final = 1024 * 1024
_FIELD: Final = re.compile(r"`\$\.(\w+)")
_UNKNOWN: Final = re.compile(r"unknown field `(.*)`", re.DOTALL)
_APART: Final = re.compile(rb"_(?<=[0-9]_)[0-9]")
# A decimal text with an escape or with what is not ASCII; `ator` ends both other names.
_FOREIGN: Final = tuple(re.compile(name + rb'"\s*:\s*"[^"\\\x80-\xff]*[\\\x80-\xff]') for name in (b"value", b"ator"))
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_CODES: Final = {
    "value": Code.BAD_VALUE,
    "numerator": Code.BAD_VALUE,
    "denominator": Code.BAD_VALUE,
    "period": Code.BAD_PERIOD,
    "breakdown": Code.BAD_BREAKDOWN,
    "flag": Code.BAD_FLAG,
    "note": Code.BAD_NOTE,
}
_row: Final = msgspec.json.Decoder(Raw)
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
T = TypeVar("T")


class NotReadable(ValueError):
    """The body as a whole cannot be read; the text says what and where."""


class Reader(Protocol):
    """Feeds grow the rows, in order; `finish` gives the last ones."""

    def feed(self, chunk: bytes) -> list[Raw | Reject]: ...

    def finish(self) -> list[Raw | Reject]: ...


class _Body(msgspec.Struct):
    observations: list[Raw]


class _Pieces(msgspec.Struct):
    observations: list[msgspec.Raw]


class _Numbers(msgspec.Struct):
    """The numbers of a row as they were written."""

    value: msgspec.Raw = msgspec.Raw()
    numerator: msgspec.Raw = msgspec.Raw()
    denominator: msgspec.Raw = msgspec.Raw()


_body: Final = msgspec.json.Decoder(_Body)
_pieces: Final = msgspec.json.Decoder(_Pieces)
_numbers: Final = msgspec.json.Decoder(_Numbers)


class JsonReader:
    """One document `{"observations": […]}`; it is read when it is whole."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def feed(self, chunk: bytes) -> list[Raw | Reject]:
        self._chunks.append(chunk)
        return []

    def finish(self) -> list[Raw | Reject]:
        body = b"".join(self._chunks).removeprefix(BOM_UTF8)
        self._chunks.clear()
        try:
            found = _readable(_body.decode, body, 0).observations
        except msgspec.ValidationError:
            return self._one_by_one(body)
        return self._one_by_one(body) if _is_doubtful(body) else list(found)

    def _one_by_one(self, body: bytes) -> list[Raw | Reject]:
        try:
            pieces = _readable(_pieces.decode, body, 0).observations
        except msgspec.ValidationError as reason:
            raise NotReadable(f'expected an object {{"observations": [...]}}: {reason}') from reason
        return [_read(bytes(piece), index) for index, piece in enumerate(pieces)]


class NdjsonReader:
    """One observation a line; empty lines are passed over and not counted. LF, CRLF and CR end a line."""

    def __init__(self) -> None:
        self._rest = b""
        self._count = 0
        self._bytes = 0

    def feed(self, chunk: bytes) -> list[Raw | Reject]:
        whole, newline, rest = chunk.replace(b"\r", b"\n").rpartition(b"\n")
        if not newline:
            self._rest += rest
            _bounded(self._rest)
            return []
        lines, self._rest = self._rest + whole, rest
        _bounded(rest)
        return self._take(lines + newline)

    def finish(self) -> list[Raw | Reject]:
        last, self._rest = self._rest, b""
        found = self._take(last) if last.removeprefix(b"" if self._bytes else BOM_UTF8).strip() else []
        if not self._count:
            raise NotReadable("no observation: a line for each is expected")
        return found

    def _take(self, lines: bytes) -> list[Raw | Reject]:
        offset, self._bytes = self._bytes, self._bytes + len(lines)
        if offset == 0 and lines.startswith(BOM_UTF8):
            lines, offset = lines.removeprefix(BOM_UTF8), len(BOM_UTF8)
        try:
            found: list[Raw | Reject] = [*_readable(_row.decode_lines, lines, offset)]
        except msgspec.ValidationError:
            found = self._one_by_one(lines)
        else:
            found = self._one_by_one(lines) if _is_doubtful(lines) else found
        self._count += len(found)
        return found

    def _one_by_one(self, lines: bytes) -> list[Raw | Reject]:
        filled = (line for line in lines.split(b"\n") if line.strip())
        return [_read(line, index) for index, line in enumerate(filled, self._count)]


class Recoded:
    """Turns a declared charset into the UTF-8 that another reader is fed with."""

    def __init__(self, reader: Reader, charset: str) -> None:
        self._reader = reader
        self._decoder = getincrementaldecoder(charset)()

    def feed(self, chunk: bytes) -> list[Raw | Reject]:
        return self._reader.feed(self._recode(chunk))

    def finish(self) -> list[Raw | Reject]:
        return self._reader.feed(self._recode(b"", final=True)) + self._reader.finish()

    def _recode(self, chunk: bytes, *, final: bool = False) -> bytes:
        try:
            return self._decoder.decode(chunk, final).encode()
        except UnicodeError as reason:
            raise NotReadable(f"not the declared charset: {reason}") from reason


def _bounded(line: bytes) -> None:
    if len(line) > LINE_MAX:
        raise NotReadable(f"a line is longer than {LINE_MAX:,} bytes")


def _read(piece: bytes, index: int) -> Raw | Reject:
    try:
        found = _readable(_row.decode, piece, 0)
    except msgspec.ValidationError as reason:
        return _reject(index, str(reason))
    if _is_doubtful(piece) and (rejected := _apart(piece, index)):
        return rejected
    return found


def _is_doubtful(text: bytes) -> bool:
    """Whether a number may be written otherwise than with 0 to 9, together; the common case is decided fast."""
    if _APART.search(text):
        return True
    return (b"\\" in text or not text.isascii()) and any(pattern.search(text) for pattern in _FOREIGN)


def _apart(piece: bytes, index: int) -> Reject | None:
    """A Decimal is made of `1_000` and of digits of any script as well; a push writes 0 to 9, together."""
    written = _numbers.decode(piece)
    for field in ("value", "numerator", "denominator"):
        raw = bytes(getattr(written, field))
        text = msgspec.json.decode(raw) if raw.startswith(b'"') else ""
        if "_" in text or not text.isascii():
            return Reject(index, Code.BAD_VALUE, field, "a decimal number is written with 0 to 9, together")
    return None


def _reject(index: int, reason: str) -> Reject:
    if unknown := _UNKNOWN.search(reason):
        field = unknown[1][:100].replace("\0", "\N{REPLACEMENT CHARACTER}")
        return Reject(index, Code.UNKNOWN_FIELD, field, "an observation has no such field")
    if missing := _MISSING.search(reason):
        return Reject(index, Code.MISSING_FIELD, missing[1], "every row names its measure and period")
    found = _FIELD.search(reason)
    field = found[1] if found else None
    return Reject(index, _CODES.get(field or "", Code.BAD_ROW), field, reason.partition(" - at")[0])


def _readable(decode: Callable[[bytes], T], body: bytes, offset: int) -> T:
    """What `decode` finds. Raises ValidationError for a wrong shape, NotReadable for what is no JSON or no UTF-8."""
    try:
        return decode(body)
    except msgspec.ValidationError:
        raise
    except UnicodeDecodeError as reason:
        raise NotReadable(_not_utf8(body, offset)) from reason
    except RecursionError as reason:
        raise NotReadable("the JSON is nested too deeply") from reason
    except msgspec.DecodeError as reason:
        raise NotReadable(f"not JSON: {reason}" + (f", counted from byte {offset}" if offset else "")) from reason


def _not_utf8(body: bytes, offset: int) -> str:
    try:
        body.decode()
    except UnicodeDecodeError as reason:
        return not_utf8(body[reason.start], offset + reason.start)
    return "not UTF-8"


def text_of(raw: Raw) -> bytes:
    """A row as it waits in quarantine."""
    return _encode(raw)


def raw_of(text: bytes) -> Raw:
    """What `text_of` was made from."""
    return _row.decode(text)


def not_utf8(byte: int, offset: int) -> str:
    return f"byte 0x{byte:02X} at offset {offset} is not UTF-8; name another charset in Content-Type"
