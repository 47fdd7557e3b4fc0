"""CSV into rows: a header that names every column, then one observation a record. LF, CRLF and CR end a line."""

import csv
import io
from codecs import getincrementaldecoder
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from measures_ingest.core import numbers
from measures_ingest.core.reading import LINE_MAX, NotReadable, not_utf8
from measures_ingest.core.rejects import Code, Fault, Reject
from measures_ingest.core.rows import Raw

COLUMNS_MAX: Final = 100
BREAKDOWN: Final = "breakdown."
_FIELDS: Final = ("measure", "period", "value", "numerator", "denominator", "flag", "note")
_NUMBERS: Final = ("value", "numerator", "denominator")


class CsvReader:
    """Fed bytes in the declared charset; UTF-8 with or without BOM when none is declared."""

    def __init__(self, charset: str = "utf-8") -> None:
        self._utf8 = charset == "utf-8"
        decoder = getincrementaldecoder("utf-8-sig" if self._utf8 else charset)()
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._bytes = 0
        self._rest = ""
        self._header: _Header | None = None
        self._count = 0

    def feed(self, chunk: bytes) -> list[Raw | Reject]:
        complete, self._rest = _split(self._rest + self._text(chunk))
        if len(self._rest) > LINE_MAX:
            raise NotReadable(f"a record is longer than {LINE_MAX:,} characters, or a quotation mark is not closed")
        return self._take(complete)

    def finish(self) -> list[Raw | Reject]:
        last = self._rest + self._text(b"", final=True)
        self._rest = ""
        found = self._take(last, ended=last.endswith("\n"))
        if self._header is None:
            raise NotReadable("no header: the first line names the columns")
        return found

    def _text(self, chunk: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as reason:
            raise NotReadable(self._fault(reason, chunk)) from reason
        except UnicodeError as reason:
            raise NotReadable(f"not the declared charset: {reason}") from reason
        self._bytes += len(chunk)
        return text

    def _fault(self, reason: UnicodeDecodeError, chunk: bytes) -> str:
        """Bytes kept from the chunk before stand at the head of what the decoder names."""
        offset = self._bytes - (len(reason.object) - len(chunk)) + reason.start
        if self._utf8:
            return not_utf8(reason.object[reason.start], offset)
        return f"byte 0x{reason.object[reason.start]:02X} at offset {offset} is not {reason.encoding}"

    def _take(self, text: str, *, ended: bool = True) -> list[Raw | Reject]:
        records = _records(text, self._count)
        if self._header is None and records:
            self._header = _Header(records.pop(0))
        header, first = self._header, self._count
        self._count += len(records)
        if header is None:
            return []
        if not ended and records and len(records[-1]) < len(header.columns):
            raise NotReadable(f"cut off: the last record has {len(records[-1])} of {len(header.columns)} cells")
        return [header.row(record, index) for index, record in enumerate(records, first)]


def _split(text: str) -> tuple[str, str]:
    """The records that are complete, and the rest: a line end inside quotation marks ends no record."""
    end = text.rfind("\n") + 1
    open_quotation = text.count('"', 0, end) % 2
    while end and open_quotation:
        before = text.rfind("\n", 0, end - 1) + 1
        open_quotation ^= text.count('"', before, end) % 2
        end = before
    return text[:end], text[end:]


def _records(text: str, count: int) -> list[list[str]]:
    """The filled records of a text."""
    try:
        return [record for record in csv.reader(io.StringIO(text, newline="\n"), strict=True) if record]
    except csv.Error as reason:
        raise NotReadable(f"not CSV, after row {count}: {reason}") from reason


class _Header:
    """Which column holds what. Raises NotReadable for a header that fits no observation."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns = [name.strip() for name in names]
        if len(self.columns) > COLUMNS_MAX:
            raise NotReadable(f"{len(self.columns):,} columns; at most {COLUMNS_MAX} are read")
        _check_names(self.columns)
        place = {name: number for number, name in enumerate(self.columns)}
        self._measure, self._period = place["measure"], place["period"]
        self._numbers = [(name, place[name]) for name in _NUMBERS if name in place]
        self._flag, self._note = place.get("flag"), place.get("note")
        self._cells = [(n.removeprefix(BREAKDOWN), at) for n, at in place.items() if n.startswith(BREAKDOWN)]

    def row(self, record: list[str], index: int) -> Raw | Reject:
        if len(record) != len(self.columns):
            detail = f"{len(record)} cells under a header of {len(self.columns)}"
            return Reject(index, Code.BAD_ROW, None, detail)
        found: dict[str, Decimal] = {}
        for name, at in self._numbers:
            if text := record[at].strip():
                number = numbers.read(text)
                if isinstance(number, Code):
                    return Fault(number, name, f"{text[:60]!r} is no decimal number").at(index)
                found[name] = number
        return Raw(
            record[self._measure].strip(),
            record[self._period].strip(),
            found.get("value"),
            found.get("numerator"),
            found.get("denominator"),
            {dimension: record[at] for dimension, at in self._cells if record[at]},
            None if self._flag is None else record[self._flag].strip(),
            None if self._note is None else record[self._note],
        )


def _check_names(columns: Sequence[str]) -> None:
    for name in columns:
        if name not in _FIELDS and not (name.startswith(BREAKDOWN) and len(name) > len(BREAKDOWN)):
            known = ", ".join(_FIELDS)
            raise NotReadable(f"the column {name[:60]!r} is not known; known: {known}, {BREAKDOWN}<dimension>")
    for name in columns:
        if columns.count(name) > 1:
            raise NotReadable(f"the column {name[:60]!r} stands twice")
    for name in ("measure", "period"):
        if name not in columns:
            raise NotReadable(f"the header lacks the column {name!r}")
