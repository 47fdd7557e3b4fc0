"""Ids stay, first days follow: how a period is read is kept beside the day on which it began."""

from datetime import date

import pytest

from measures_ingest.core.schemes import moved, period_id, scheme, told
from tideline.events import Calendar
from tideline.vocabulary import Frequency

JULY = Calendar(fiscal_year_start_month=7, biennium_starts_odd=False)


@pytest.mark.parametrize("frequency", Frequency)
@pytest.mark.parametrize("calendar", [Calendar(), JULY])
def test_a_scheme_says_all_that_reading_an_id_needs(frequency: Frequency, calendar: Calendar) -> None:
    again = told(scheme(frequency, calendar))
    assert again[0] is frequency
    assert scheme(*again) == scheme(frequency, calendar)


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("month", date(2017, 3, 1), "2017-03"),
        ("year/7", date(2016, 7, 1), "2017"),
        ("quarter/7", date(2016, 7, 1), "2017-Q1"),
    ],
)
def test_a_first_day_is_named_in_its_scheme(text: str, start: date, expected: str) -> None:
    assert period_id(start, text) == expected


def test_an_id_keeps_its_name_when_the_fiscal_year_moves() -> None:
    assert moved(date(2017, 1, 1), "year/1", "year/7") == date(2016, 7, 1)
    assert moved(date(2016, 7, 1), "quarter/7", "quarter/1") == date(2017, 1, 1)


def test_what_is_no_period_of_the_kind_any_more_goes_nowhere() -> None:
    assert moved(date(2017, 3, 1), "month", "quarter/1") is None
    assert moved(date(2017, 1, 1), "biennium/1/odd", "biennium/1/even") is None
    assert moved(date(1900, 1, 1), "year/1", "year/7") is None
