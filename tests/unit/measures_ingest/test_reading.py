"""Bodies into rows, whole and in pieces."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures_ingest.core.cells import COLUMNS_MAX, CsvReader
from measures_ingest.core.reading import LINE_MAX, JsonReader, NdjsonReader, NotReadable, Reader, Recoded
from measures_ingest.core.rejects import Code, Reject
from measures_ingest.core.rows import Raw

ROWS = [
    {"measure": "a", "period": "2017-03", "value": 7.4, "breakdown": {"d": 'é, "x"\ny'}, "note": "ok"},
    {"measure": "b", "period": "2017-03", "numerator": 1, "denominator": 2, "flag": "provisional"},
]
JSON = json.dumps({"observations": ROWS}, ensure_ascii=False).encode()
NDJSON = b"\n".join(json.dumps(row, ensure_ascii=False).encode() for row in ROWS) + b"\n"
CSV = (
    "measure,period,value,numerator,denominator,flag,note,breakdown.d\n"
    'a,2017-03,7.4,,,,ok,"é, ""x""\ny"\n'
    "b,2017-03,,1,2,provisional,,\n"
).encode()


def read(reader: Reader, body: bytes, size: int = 1 << 20) -> list[Raw | Reject]:
    found: list[Raw | Reject] = []
    for start in range(0, len(body), size):
        found += reader.feed(body[start : start + size])
    return found + reader.finish()


def read_good(reader: Reader, body: bytes, size: int = 1 << 20) -> list[Raw]:
    found = read(reader, body, size)
    assert all(isinstance(row, Raw) for row in found), found
    return [row for row in found if isinstance(row, Raw)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
@pytest.mark.parametrize(
    ("reader", "body"), [(JsonReader, JSON), (NdjsonReader, NDJSON), (CsvReader, CSV)], ids=["json", "ndjson", "csv"]
)
def test_the_same_rows_come_out_of_every_format_in_pieces_of_any_size(
    reader: type[JsonReader | NdjsonReader | CsvReader], body: bytes, size: int
) -> None:
    one, two = read_good(reader(), body, size)
    assert (one.measure, one.value, one.breakdown, one.note or None) == ("a", Decimal("7.4"), {"d": 'é, "x"\ny'}, "ok")
    assert (two.measure, two.numerator, two.denominator, two.flag) == ("b", Decimal(1), Decimal(2), "provisional")


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_every_line_end_and_a_byte_order_mark_are_read(bom: bytes, end: bytes, size: int) -> None:
    csv = b"measure,period,value\na,2017-03,1\nb,2017-03,2\n".replace(b"\n", end)
    ndjson = NDJSON.replace(b"\n", end)
    assert [row.value for row in read_good(CsvReader(), bom + csv, size)] == [1, 2]
    assert [row.value for row in read_good(CsvReader(), bom + csv.removesuffix(end), size)] == [1, 2]
    assert [row.measure for row in read_good(NdjsonReader(), bom + ndjson, size)] == ["a", "b"]
    assert len(read_good(JsonReader(), bom + JSON, size)) == 2


def test_a_declared_charset_is_honoured() -> None:
    csv = "measure,period,value,breakdown.d\na,2017-03,1,Añejo\n".encode("iso-8859-1")
    assert read_good(CsvReader("iso-8859-1"), csv)[0].breakdown == {"d": "Añejo"}
    lines = NDJSON.decode().encode("iso-8859-1")
    assert read_good(Recoded(NdjsonReader(), "iso-8859-1"), lines)[0].breakdown == {"d": 'é, "x"\ny'}
    wide = "measure,period,value\na,2017-03,1\n".encode("utf-16")
    assert read_good(CsvReader("utf-16"), wide, 3)[0].value == 1


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("reader", [CsvReader, NdjsonReader, JsonReader])
def test_undeclared_latin_1_is_not_readable_and_the_byte_is_named(reader: type[Reader], size: int) -> None:
    body = {CsvReader: b"measure,period,value\na,2017-03,1\n", NdjsonReader: b"", JsonReader: b""}[reader]
    body += {
        CsvReader: b"b,caf\xe9,1\n",
        NdjsonReader: b'{"measure": "caf\xe9", "period": "2017"}\n',
        JsonReader: b'{"observations": [{"measure": "caf\xe9", "period": "2017"}]}',
    }[reader]
    with pytest.raises(NotReadable, match=f"byte 0xE9 at offset {body.index(0xE9)} "):
        read(reader(), body, size)


@pytest.mark.parametrize(
    ("reader", "body", "told"),
    [
        (JsonReader, JSON[:-1], "truncated"),
        (JsonReader, JSON[: len(JSON) // 2], "truncated"),
        (JsonReader, b"", "truncated"),
        (JsonReader, b'{"observations": [{"measure": "a", "period": "2017", "value": NaN}]}', "not JSON"),
        (JsonReader, b"[]", "observations"),
        (JsonReader, b"{}", "observations"),
        (JsonReader, b'{"observations": {}}', "observations"),
        (JsonReader, b'{"observations": []} {}', "trailing"),
        (JsonReader, b'{"observations": [{"breakdown": ' + b"[" * 100_000, "nested"),
        (NdjsonReader, NDJSON[:-10], "truncated"),
        (NdjsonReader, b'{"measure": 7}\n{"measure": "a", "pe', "truncated"),
        (NdjsonReader, b'{"measure": 7}\n' + b"x" * (LINE_MAX + 1), "longer"),
        (CsvReader, b"", "no header"),
        (CsvReader, b"\n\n", "no header"),
        (CsvReader, b"measure,period,value\na,2017-03,1\na,2017", "cut off"),
        (CsvReader, b'measure,period,value\na,2017-03,"1', "not CSV"),
        (CsvReader, b'measure,period,value\na,2017-03,"1"x\n', "not CSV"),
        (CsvReader, b"measure,period,value," + b"x" * LINE_MAX, "longer"),
        (CsvReader, b"measure;period;value\na;2017-03;1\n", "'measure;period;value' is not known"),
        (CsvReader, b"measure,period,value,value\n", "twice"),
        (CsvReader, b"measure,value\n", "lacks the column 'period'"),
        (CsvReader, b"measure,period,breakdown.\n", "not known"),
        (CsvReader, b"measure,period" + b",value" * COLUMNS_MAX + b"\n", "102 columns"),
        (CsvReader, b"measure,period" + b",value" * 1_000_000 + b"\n", "longer|columns"),
    ],
)
@pytest.mark.parametrize("size", [65_536, 1 << 30])
def test_a_body_that_cannot_be_read_says_why(reader: type[Reader], body: bytes, told: str, size: int) -> None:
    with pytest.raises(NotReadable, match=told):
        read(reader(), body, size)


def test_one_bad_row_spoils_no_other() -> None:
    body = b'{"measure": "a", "period": "2017"}\n\n[1]\n{"measure": "a", "period": "2017", "value": "x"}\n'
    first, second, third = read(NdjsonReader(), body)
    assert isinstance(first, Raw)
    assert isinstance(second, Reject)
    assert isinstance(third, Reject)
    assert (second.index, second.code) == (1, Code.BAD_ROW)
    assert (third.index, third.code, third.field) == (2, Code.BAD_VALUE, "value")


@pytest.mark.parametrize("reader", [JsonReader, NdjsonReader])
def test_digits_stand_together_in_every_format(reader: type[JsonReader | NdjsonReader]) -> None:
    rows = [
        {"measure": "a", "period": "2017", "value": "1_000", "note": "5_000"},
        {"measure": "a", "period": "2018", "value": "1000", "breakdown": {"ward_3": "3_4"}},
        {"measure": "a", "period": "2019", "numerator": 1, "denominator": "1_0"},
    ]
    whole = {"observations": rows}
    body = json.dumps(whole) if reader is JsonReader else "\n".join(json.dumps(row) for row in rows)
    first, second, third = read(reader(), body.encode())
    assert isinstance(first, Reject)
    assert (first.index, first.code, first.field) == (0, Code.BAD_VALUE, "value")
    assert isinstance(second, Raw)
    assert isinstance(third, Reject)
    assert (third.index, third.field) == (2, "denominator")


def test_a_stray_quotation_mark_costs_no_more_than_one_look_at_each_line() -> None:
    reader = CsvReader()
    reader.feed(b"measure,period,value\n" + b'a"' + b",2017,1\n" * 90_000)
    with pytest.raises(NotReadable, match="quotation mark"):
        for _ in range(10):
            reader.feed(b",2017,1\n" * 90_000)


@given(st.text(max_size=40), st.integers(1, 9))
def test_any_note_survives_csv_in_pieces(note: str, size: int) -> None:
    quoted = note.replace('"', '""')
    body = f'measure,period,value,note\na,2017,1,"{quoted}"\n'
    try:
        encoded = body.encode()
    except UnicodeEncodeError:
        return
    expected = note.replace("\r\n", "\n").replace("\r", "\n")
    assert read_good(CsvReader(), encoded, size)[0].note == expected


@pytest.mark.parametrize("reader", [JsonReader, NdjsonReader])
@pytest.mark.parametrize("written", ['"\u0663"', '"\\u0663"', '"1\\u005f000"', '"\uff11"'])
def test_digits_are_those_from_0_to_9_however_they_are_written(
    reader: type[JsonReader | NdjsonReader], written: str
) -> None:
    rows = ['{"measure": "a", "period": "2017", "denominator" : ' + written + "}", '{"measure": "b", "period": "2017"}']
    body = '{"observations": [' + ",".join(rows) + "]}" if reader is JsonReader else "\n".join(rows)
    first, second = read(reader(), body.encode())
    assert isinstance(first, Reject)
    assert (first.index, first.code, first.field) == (0, Code.BAD_VALUE, "denominator")
    assert isinstance(second, Raw)


def test_notes_in_any_script_and_escapes_are_no_numbers() -> None:
    row = {"measure": "a", "period": "2017", "value": "7.0", "note": "\u0663 \\ \u00e9"}
    for text in (json.dumps(row), json.dumps(row, ensure_ascii=False)):
        (found,) = read_good(NdjsonReader(), text.encode())
        assert (found.value, found.note) == (Decimal("7.0"), row["note"])


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_lines_without_any_observation_are_not_readable(body: bytes) -> None:
    with pytest.raises(NotReadable):
        read(NdjsonReader(), body)
