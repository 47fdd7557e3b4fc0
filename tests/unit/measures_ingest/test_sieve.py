"""Rows against definitions: every reject code has its row here."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from measures_ingest.core.cells import CsvReader
from measures_ingest.core.definitions import EVERYTHING, Definition, Rules, Scope
from measures_ingest.core.reading import JsonReader
from measures_ingest.core.rejects import MEANINGS, Code, Reject
from measures_ingest.core.rows import Raw, Row, Sifted
from measures_ingest.core.sieve import Sieve
from tideline import events
from tideline.vocabulary import Frequency

TODAY = date(2017, 6, 15)
DEFINITIONS = {
    d.code: d
    for d in (
        Definition("potholes", "streets", Frequency.MONTH, breakdowns=frozenset({"district", "crew"})),
        Definition("share", "fire", Frequency.MONTH, minimum=Decimal(0), maximum=Decimal(100)),
        Definition("saidi", "tpu", Frequency.YEAR, ratio=True, maximum=Decimal(60)),
        Definition("old", "fire", Frequency.MONTH, retired=True),
        Definition("rate", "fire", Frequency.MONTH, derived=True),
        Definition(
            "beds", None, Frequency.MONTH, breakdowns=frozenset({"district"}), peers=frozenset({"spokane", "boise"})
        ),
    )
}
RULES = Rules(DEFINITIONS, EVERYTHING, TODAY)


def sift(*rows: dict[str, Any], rules: Rules = RULES) -> Sifted:
    reader = JsonReader()
    reader.feed(events.encode({"observations": rows}))
    return Sieve(rules).sift(enumerate(reader.finish()))


def row(**more: Any) -> dict[str, Any]:
    return {"measure": "potholes", "period": "2017-03", "value": 7, **more}


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in row().items() if name != field}


REJECTED: list[tuple[Code, str | None, dict[str, Any]]] = [
    (Code.BAD_ROW, "measure", row(measure=7)),
    (Code.MISSING_FIELD, "measure", without("measure")),
    (Code.MISSING_FIELD, "period", without("period")),
    (Code.MISSING_FIELD, "period", row(period="")),
    (Code.MISSING_FIELD, "measure", row(measure="")),
    (Code.UNKNOWN_FIELD, "breakdowns", row(breakdowns={"district": "3"})),
    (Code.UNKNOWN_MEASURE, "measure", row(measure="Pot Holes")),
    (Code.RETIRED_MEASURE, "measure", row(measure="old")),
    (Code.DERIVED_MEASURE, "measure", row(measure="rate")),
    (Code.UNKNOWN_PEER, "breakdown.peer", row(measure="beds", breakdown={"peer": "seattle"})),
    (Code.UNKNOWN_DIMENSION, "breakdown.peer", row(breakdown={"peer": "spokane"})),
    (Code.BAD_BREAKDOWN, "breakdown.peer", row(measure="beds", breakdown={"peer": ""})),
    (Code.BAD_VALUE, "value", row(value="\u0663")),
    (Code.BAD_VALUE, "value", row(value="1\u0663", note="caf\u00e9")),
    (Code.BAD_PERIOD, "period", row(period="March 2017")),
    (Code.BAD_PERIOD, "period", row(period="2017-13")),
    (Code.BAD_PERIOD, "period", row(period="1899-12")),
    (Code.BAD_PERIOD, "period", row(period=[2017])),
    (Code.PERIOD_FREQUENCY_MISMATCH, "period", row(period="2017-Q1")),
    (Code.PERIOD_FREQUENCY_MISMATCH, "period", row(period=2017)),
    (Code.FUTURE_PERIOD, "period", row(period="2017-07")),
    (Code.FUTURE_PERIOD, "period", row(period="2999-01")),
    (Code.FUTURE_PERIOD, "period", row(period="9999-12")),
    (Code.UNKNOWN_DIMENSION, "breakdown.ward", row(breakdown={"ward": "3"})),
    (Code.BAD_BREAKDOWN, "breakdown.district", row(breakdown={"district": " "})),
    (Code.BAD_BREAKDOWN, "breakdown.district", row(breakdown={"district": "x" * 201})),
    (Code.BAD_BREAKDOWN, "breakdown.district", row(breakdown={"district": "a\0b"})),
    (Code.BAD_BREAKDOWN, "breakdown", row(breakdown={"district": 3.5})),
    (Code.BAD_BREAKDOWN, "breakdown", row(breakdown=["district"])),
    (Code.MISSING_VALUE, "value", row(value=None)),
    (Code.MISSING_VALUE, "numerator", {"measure": "saidi", "period": 2016}),
    (Code.BAD_VALUE, "value", row(value="many")),
    (Code.BAD_VALUE, "value", row(value="NaN")),
    (Code.BAD_VALUE, "value", row(value="-Infinity")),
    (Code.BAD_VALUE, "value", row(value=True)),
    (Code.BAD_VALUE, "value", row(value={"n": 1})),
    (Code.OUT_OF_RANGE, "value", row(value="1e400")),
    (Code.OUT_OF_RANGE, "value", row(value=Decimal(10) ** 400)),
    (Code.OUT_OF_RANGE, "value", row(value="1" * 39)),
    (Code.OUT_OF_RANGE, "value", row(value="1e-31")),
    (Code.OUT_OF_RANGE, "value", row(measure="share", value=100.1)),
    (Code.OUT_OF_RANGE, "value", row(measure="share", value=-1)),
    (Code.OUT_OF_RANGE, "numerator", {"measure": "saidi", "period": 2016, "numerator": 61, "denominator": 1}),
    (Code.RATIO_EXPECTED, "value", {"measure": "saidi", "period": 2016, "value": 4}),
    (Code.RATIO_EXPECTED, "value", {"measure": "saidi", "period": 2016, "value": 4, "numerator": 4, "denominator": 1}),
    (Code.RATIO_EXPECTED, "denominator", {"measure": "saidi", "period": 2016, "numerator": 4}),
    (Code.VALUE_EXPECTED, "value", row(value=None, numerator=1, denominator=2)),
    (Code.ZERO_DENOMINATOR, "denominator", {"measure": "saidi", "period": 2016, "numerator": 4, "denominator": 0}),
    (Code.BAD_FLAG, "flag", row(flag="perhaps")),
    (Code.BAD_FLAG, "flag", row(flag="withdrawn")),
    (Code.BAD_NOTE, "note", row(note="x" * 2_001)),
    (Code.BAD_NOTE, "note", row(note="a\0b")),
    (Code.BAD_NOTE, "note", row(note=7)),
]
ELSEWHERE = {Code.NOT_YOUR_MEASURE, Code.DUPLICATE_IN_BATCH}


@pytest.mark.parametrize(("code", "field", "sent"), REJECTED)
def test_a_row_that_does_not_fit_is_rejected_with_its_code_and_field(
    code: Code, field: str | None, sent: dict[str, Any]
) -> None:
    sifted = sift(row(), sent)
    assert [(reject.index, reject.code, reject.field) for reject in sifted.rejects] == [(1, code, field)]
    assert sifted.rejects[0].detail
    assert len(sifted.rows) == 1


def test_every_code_has_a_row_here_and_a_line_in_the_documentation() -> None:
    assert {code for code, _, _ in REJECTED} | ELSEWHERE == set(Code) == set(MEANINGS)
    told = Path(__file__).parents[3].joinpath("docs/push.md").read_text()
    assert [code for code in Code if f"| `{code}` | {MEANINGS[code]} |" not in told] == []


def test_a_code_outside_the_scope_is_not_your_measure() -> None:
    scoped = Rules(DEFINITIONS, Scope(departments=frozenset({"streets"})), TODAY)
    sifted = sift(row(), row(measure="share"), rules=scoped)
    assert [(reject.code, reject.index) for reject in sifted.rejects] == [(Code.NOT_YOUR_MEASURE, 1)]
    listed = Rules(DEFINITIONS, Scope(measures=frozenset({"share"})), TODAY)
    assert [reject.code for reject in sift(row(), row(measure="new"), rules=listed).rejects] == [
        Code.NOT_YOUR_MEASURE,
        Code.NOT_YOUR_MEASURE,
    ]


def test_the_first_of_two_rows_with_one_key_is_taken() -> None:
    sifted = sift(row(), row(value=8), row(breakdown={"district": "3"}), row(breakdown={"district": 3}))
    assert [found.index for found in sifted.rows] == [0, 2]
    assert [(reject.index, reject.code) for reject in sifted.rejects] == [
        (1, Code.DUPLICATE_IN_BATCH),
        (3, Code.DUPLICATE_IN_BATCH),
    ]


def test_a_row_of_an_undefined_measure_waits() -> None:
    sifted = sift(row(), row(measure="new"))
    assert [(waiting.index, waiting.raw.measure) for waiting in sifted.unknown] == [(1, "new")]


def test_with_quarantine_off_an_undefined_measure_is_unknown() -> None:
    strict = Rules(DEFINITIONS, EVERYTHING, TODAY, quarantine=False)
    assert [reject.code for reject in sift(row(measure="new"), rules=strict).rejects] == [Code.UNKNOWN_MEASURE]


def test_a_withdrawn_value_is_taken_without_a_value() -> None:
    (found,) = sift(row(value=None, flag="withdrawn")).rows
    assert (found.value, found.flag) == (None, "withdrawn")


def test_a_ratio_measure_takes_numerator_and_denominator() -> None:
    (found,) = sift({"measure": "saidi", "period": 2016, "numerator": "1.10", "denominator": 3}).rows
    assert (found.value, found.numerator, found.denominator) == (None, Decimal("1.10"), Decimal(3))
    assert (found.start, found.period) == (date(2016, 1, 1), "2016")


def test_a_period_is_read_in_the_measures_own_calendar() -> None:
    fiscal = Definition("budget", None, Frequency.YEAR, events.Calendar(fiscal_year_start_month=7))
    sifted = sift(row(measure="budget", period="2017"), rules=Rules({"budget": fiscal}, EVERYTHING, TODAY))
    assert sifted.rows[0].start == date(2016, 7, 1)


def test_one_cell_has_one_text_whatever_the_order_the_spaces_and_the_normal_form() -> None:
    one = sift(row(breakdown={"district": "Añejo", "crew": " 2"})).rows[0]
    two = sift(row(breakdown={"crew": 2, "district": "Añejo"})).rows[0]
    assert one.breakdown == two.breakdown == '{"crew":"2","district":"Añejo"}'
    assert sift(row()).rows[0].breakdown == "{}"


def test_the_shape_of_a_csv_row_is_judged_too() -> None:
    reader = CsvReader()
    found = reader.feed(b"measure,period,value\npotholes,2017-03\npotholes,2017-03,7\n") + reader.finish()
    assert isinstance(found[0], Reject)
    assert found[0].code is Code.BAD_ROW
    assert isinstance(found[1], Raw)


def test_a_judged_row_keeps_every_digit() -> None:
    (found,) = sift(row(value="12345678901234567890.123456789012345678")).rows
    assert isinstance(found, Row)
    assert found.value == Decimal("12345678901234567890.123456789012345678")


def test_a_peers_value_may_carry_other_dimensions_too() -> None:
    peers = sift(
        row(measure="beds", breakdown={"peer": " spokane "}),
        row(measure="beds", breakdown={"peer": "boise", "district": "3"}),
    )
    assert [one.breakdown for one in peers.rows] == ['{"peer":"spokane"}', '{"district":"3","peer":"boise"}']
