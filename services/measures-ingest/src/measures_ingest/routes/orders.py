"""What the headers and the query of a push ask for."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from measures_ingest.core.cells import CsvReader
from measures_ingest.core.reading import JsonReader, NdjsonReader, Reader, Recoded
from tideline.errors import Unreadable, Unsupported

JSON: Final = "json"
FORMATS: Final = {
    "application/json": JSON,
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
}
CHARSETS: Final = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
ENCODINGS: Final = {"": None, "identity": None, "gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_BOOLEANS: Final = {"": True, "1": True, "true": True, "0": False, "false": False}
KEY_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Order:
    format: str
    charset: str
    encoding: str | None
    key: str | None
    atomic: bool
    dry_run: bool

    def reader(self) -> Reader:
        if self.format == "csv":
            return CsvReader(self.charset)
        reader = JsonReader() if self.format == JSON else NdjsonReader()
        return reader if self.charset == "utf-8" else Recoded(reader, self.charset)


def read(request: Request) -> Order:
    """Raises Unsupported for a content type, charset or encoding that is not read; Unreadable for a bad option."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if kind.strip().lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise Unsupported(f"Content-Type {kind.strip()[:100]!r} is not read; known: {known}", headers={"Accept": known})
    if encoding not in ENCODINGS:
        raise Unsupported(
            f"Content-Encoding {encoding[:100]!r} is not read; known: gzip, zstd",
            headers={"Accept-Encoding": "gzip, zstd"},
        )
    dry_run = _boolean(request, "dry_run")
    return Order(
        format=FORMATS[kind.strip().lower()],
        charset=_charset(parameters),
        encoding=ENCODINGS[encoding],
        key=None if dry_run else _key(request),
        atomic=_boolean(request, "atomic"),
        dry_run=dry_run,
    )


def _charset(parameters: str) -> str:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            given = value.strip().strip('"').lower()
            if given not in CHARSETS or not given:
                raise Unsupported(f"the charset {given[:40]!r} is not read; known: {', '.join(filter(None, CHARSETS))}")
            return CHARSETS[given]
    return CHARSETS[""]


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= KEY_MAX and key.isascii() and key.isprintable()):
        raise Unreadable(
            f"an Idempotency-Key has 1 to {KEY_MAX} printable ASCII characters", code="bad_idempotency_key"
        )
    return key


def _boolean(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false").lower()
    if given not in _BOOLEANS:
        raise Unreadable(f"{name} is true or false, not {given[:40]!r}", code="bad_query")
    return _BOOLEANS[given]
