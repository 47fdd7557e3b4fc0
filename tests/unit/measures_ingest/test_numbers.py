"""Decimals as they are stored."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measures_ingest.core import numbers
from measures_ingest.core.rejects import Code


@pytest.mark.parametrize("text", ["-0", "-0.00", "0e5", "0.000"])
def test_every_zero_is_one_zero(text: str) -> None:
    assert str(numbers.canonical(Decimal(text))) == "0"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_a_bad_value(text: str) -> None:
    assert numbers.canonical(Decimal(text)) is Code.BAD_VALUE


@pytest.mark.parametrize("text", ["1e38", "1e-31", "1e400", "-1e999999", "1" * 39, "0." + "1" * 39, "9" * 200_000])
def test_what_does_not_fit_is_out_of_range(text: str) -> None:
    assert numbers.canonical(Decimal(text)) is Code.OUT_OF_RANGE


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("7.40", "7.40"),
        ("1e3", "1000"),
        ("1E+30", "1" + "0" * 30),
        ("1e-30", "1E-30"),
        ("9" * 38, "9" * 38),
        ("1." + "0" * 60, "1"),
        ("12" + "0" * 29, "12" + "0" * 29),
        ("0.00000001", "1E-8"),
        ("1e37", "1" + "0" * 37),
        ("0." + "1" * 38, "0." + "1" * 38),
        ("1." + "0" * 34 + "1", "1." + "0" * 34 + "1"),
    ],
)
def test_a_number_is_stored_with_its_digits(text: str, stored: str) -> None:
    assert str(numbers.canonical(Decimal(text))) == stored


@pytest.mark.parametrize(
    "text", ["", "-", "1,5", "1 000", "1_000", "nan", "inf", "0x10", "１２", "1e", "1e9999999", "+-1"]
)
def test_a_cell_holds_plain_decimal_text(text: str) -> None:
    assert numbers.read(text) is Code.BAD_VALUE


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20))
def test_storing_changes_no_number(value: Decimal) -> None:
    assert numbers.canonical(value) == value
    assert numbers.read(f"{value:f}") == value
