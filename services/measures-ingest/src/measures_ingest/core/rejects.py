"""Why a row was not taken: a closed list of codes. docs/push.md tells every one of them to those who feed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Code(StrEnum):
    BAD_ROW = "bad_row"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_MEASURE = "unknown_measure"
    NOT_YOUR_MEASURE = "not_your_measure"
    RETIRED_MEASURE = "retired_measure"
    DERIVED_MEASURE = "derived_measure"
    BAD_PERIOD = "bad_period"
    PERIOD_FREQUENCY_MISMATCH = "period_frequency_mismatch"
    FUTURE_PERIOD = "future_period"
    UNKNOWN_DIMENSION = "unknown_dimension"
    UNKNOWN_PEER = "unknown_peer"
    BAD_BREAKDOWN = "bad_breakdown"
    MISSING_VALUE = "missing_value"
    BAD_VALUE = "bad_value"
    OUT_OF_RANGE = "out_of_range"
    RATIO_EXPECTED = "ratio_expected"
    VALUE_EXPECTED = "value_expected"
    ZERO_DENOMINATOR = "zero_denominator"
    BAD_FLAG = "bad_flag"
    BAD_NOTE = "bad_note"
    DUPLICATE_IN_BATCH = "duplicate_in_batch"


MEANINGS: Final[Mapping[Code, str]] = {
    Code.BAD_ROW: "The row is not an observation: not an object, or another number of cells than the header.",
    Code.MISSING_FIELD: "`measure` or `period` is missing or empty.",
    Code.UNKNOWN_FIELD: "The row has a field that an observation does not have; nothing is dropped silently.",
    Code.UNKNOWN_MEASURE: "No measure has this code, and the row cannot wait for its definition.",
    Code.NOT_YOUR_MEASURE: "The key or token may not write this measure.",
    Code.RETIRED_MEASURE: "The measure is retired; its history stays, nothing is added.",
    Code.DERIVED_MEASURE: "The measure is derived from others by a formula; it takes no values.",
    Code.BAD_PERIOD: "The text names no period, or one before 1900.",
    Code.PERIOD_FREQUENCY_MISMATCH: "A period of another length than the measure's frequency.",
    Code.FUTURE_PERIOD: "The period has not begun yet.",
    Code.UNKNOWN_DIMENSION: "The measure is not broken down by this dimension.",
    Code.UNKNOWN_PEER: "The measure lists no peer of this code.",
    Code.BAD_BREAKDOWN: "A breakdown value is empty, too long, or no text.",
    Code.MISSING_VALUE: "No value; to take a value back send null with the flag `withdrawn`.",
    Code.BAD_VALUE: "Not a finite decimal number.",
    Code.OUT_OF_RANGE: "Outside the measure's limits, above 38 digits, not below 10^38, or nearer to zero than 10^-30.",
    Code.RATIO_EXPECTED: "A ratio measure takes numerator and denominator, and no value.",
    Code.VALUE_EXPECTED: "The measure takes a value; numerator and denominator alone do not make one.",
    Code.ZERO_DENOMINATOR: "The denominator is zero.",
    Code.BAD_FLAG: "Not one of the flags, or `withdrawn` together with a value.",
    Code.BAD_NOTE: "The note is longer than 2,000 characters or holds a NUL.",
    Code.DUPLICATE_IN_BATCH: "An earlier row of the batch has the same measure, period and breakdown.",
}


class Reject(msgspec.Struct, frozen=True, gc=False):
    """One row that was not taken; `index` counts the rows of the batch from 0."""

    index: int
    code: Code
    field: str | None
    detail: str


class Fault(msgspec.Struct, frozen=True, gc=False):
    """A reject that does not know its row yet."""

    code: Code
    field: str | None
    detail: str

    def at(self, index: int) -> Reject:
        return Reject(index, self.code, self.field, self.detail)
