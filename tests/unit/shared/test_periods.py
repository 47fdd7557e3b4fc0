"""Periods: ids, calendars, parents, parts."""

import json
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tideline import periods
from tideline.events import Calendar
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency

ORACLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "oracles" / "period_cases.json"
JULY = Calendar(fiscal_year_start_month=7)
EVEN = Calendar(biennium_starts_odd=False)
CALENDARS = {
    "biennium_wa_city": (Calendar(), Frequency.BIENNIUM),
    "dhis2_two_yearly": (EVEN, Frequency.BIENNIUM),
}


def published() -> dict[str, Any]:
    if not ORACLE.exists():
        pytest.skip(f"the published period cases are not beside this checkout ({ORACLE.name})")
    cases: dict[str, Any] = json.loads(ORACLE.read_text())
    return cases


def test_published_fiscal_years_and_biennia_are_reproduced() -> None:
    checked = 0
    for case in published()["cases"]:
        if "date" not in case:
            continue
        default = (Calendar(fiscal_year_start_month=case.get("start_month", 1)), Frequency.YEAR)
        calendar, frequency = CALENDARS.get(case["type"], default)
        period = periods.containing(date.fromisoformat(case["date"]), frequency, calendar)
        if "op" in case:
            period = getattr(periods, case["op"])(period, calendar)
        assert (period.start.isoformat(), period.last_day.isoformat()) == (case["start"], case["end"]), case
        checked += 1
    assert checked == 8


def test_published_invalid_identifiers_are_refused() -> None:
    for text in published()["invalid_identifiers"]:
        with pytest.raises(BadPeriod):
            periods.parse(text)


@pytest.mark.parametrize(
    ("text", "frequency", "start", "end"),
    [
        ("2017-03-14", Frequency.DAY, date(2017, 3, 14), date(2017, 3, 15)),
        ("2017-W11", Frequency.WEEK, date(2017, 3, 13), date(2017, 3, 20)),
        ("2017-03", Frequency.MONTH, date(2017, 3, 1), date(2017, 4, 1)),
        ("2017-Q1", Frequency.QUARTER, date(2017, 1, 1), date(2017, 4, 1)),
        ("2017-H2", Frequency.HALF, date(2017, 7, 1), date(2018, 1, 1)),
        ("2017", Frequency.YEAR, date(2017, 1, 1), date(2018, 1, 1)),
        ("2017-2018", Frequency.BIENNIUM, date(2017, 1, 1), date(2019, 1, 1)),
    ],
)
def test_every_id_names_its_half_open_days_and_prints_back(
    text: str, frequency: Frequency, start: date, end: date
) -> None:
    period = periods.parse(text)
    assert period == Period(start, end, frequency)
    assert periods.identify(period) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2017-3",
        "2017-13",
        "2017-00",
        "2017-02-29",
        "2017-W54",
        "2017-W53",
        "2017-Q0",
        "2017-Q5",
        "2017-H3",
        "2017-2019",
        "2018-2017",
        "2018-2019",
        "17",
        "2017-03-14 ",
        "2017-03\n",
        "２０１７",
        "0000",
        "9999",
        "9999-12-31",
        "1899",
        "1899-12-31",
        "2201",
        "2201-01",
        "2017-Q1-extra",
        "x" * 1_000,
    ],
)
def test_what_names_no_period_between_1900_and_2200_is_refused(text: str) -> None:
    with pytest.raises(BadPeriod):
        periods.parse(text)


def test_a_fiscal_year_is_named_after_the_year_in_which_it_ends() -> None:
    assert periods.parse("2017", JULY) == Period(date(2016, 7, 1), date(2017, 7, 1), Frequency.YEAR)
    assert periods.parse("2017-Q1", JULY) == Period(date(2016, 7, 1), date(2016, 10, 1), Frequency.QUARTER)
    assert periods.parse("2017-H2", JULY) == Period(date(2017, 1, 1), date(2017, 7, 1), Frequency.HALF)
    assert periods.identify(periods.parse("2017-Q3", JULY)) == "2017-Q1"


def test_months_weeks_and_days_do_not_move_with_the_fiscal_year() -> None:
    for text in ("2017-03", "2017-W11", "2017-03-14"):
        assert periods.parse(text, JULY) == periods.parse(text)


def test_a_biennium_starts_odd_unless_the_calendar_says_even() -> None:
    assert periods.parse("2018-2019", EVEN).start == date(2018, 1, 1)
    with pytest.raises(BadPeriod):
        periods.parse("2017-2018", EVEN)
    assert periods.parse("2017-2018", JULY).start == date(2016, 7, 1)


def test_a_week_belongs_to_the_period_that_holds_its_thursday() -> None:
    week = periods.parse("2020-W01")
    assert week.start == date(2019, 12, 30)
    assert periods.identify(periods.parent(week, Frequency.YEAR)) == "2020"
    assert periods.identify(periods.parent(week, Frequency.MONTH)) == "2020-01"
    assert len(periods.parts(periods.parse("2020"), Frequency.WEEK)) == 53


def test_a_period_has_a_coarser_parent_only_and_finer_parts_only() -> None:
    with pytest.raises(BadPeriod):
        periods.parent(periods.parse("2017"), Frequency.MONTH)
    with pytest.raises(BadPeriod):
        periods.parts(periods.parse("2017-03"), Frequency.YEAR)


def test_an_early_month_has_its_fiscal_parent_even_where_that_began_before_1900() -> None:
    assert periods.parent(periods.parse("1900-01"), Frequency.YEAR, JULY).start == date(1899, 7, 1)


def test_there_is_no_period_before_1900_or_after_2200() -> None:
    with pytest.raises(BadPeriod):
        periods.previous(periods.parse("1900"))
    with pytest.raises(BadPeriod):
        periods.next(periods.parse("2200-12"))


@pytest.mark.parametrize("frequency", list(Frequency))
@pytest.mark.parametrize("month", [1, 4, 7, 10])
@pytest.mark.parametrize("odd", [True, False])
def test_periods_of_one_frequency_tile_the_days_and_their_ids_read_back(
    frequency: Frequency, month: int, odd: bool
) -> None:
    calendar = Calendar(fiscal_year_start_month=month, biennium_starts_odd=odd)
    period = periods.containing(date(1999, 12, 31), frequency, calendar)
    for _ in range(60):
        following = periods.next(period, calendar)
        assert following.start == period.end
        assert periods.previous(following, calendar) == period
        assert periods.parse(periods.identify(period, calendar), calendar) == period
        period = following


@pytest.mark.parametrize("coarse", list(Frequency))
@pytest.mark.parametrize("fine", list(Frequency))
def test_the_parts_of_a_period_are_those_whose_parent_it_is(coarse: Frequency, fine: Frequency) -> None:
    if periods.is_coarser(fine, coarse):
        return
    whole = periods.containing(date(2017, 5, 17), coarse, JULY)
    parts = periods.parts(whole, fine, JULY)
    assert all(periods.parent(part, coarse, JULY) == whole for part in parts)
    assert all(one.end == other.start for one, other in pairwise(parts))
    if fine is not Frequency.WEEK:
        assert (parts[0].start, parts[-1].end) == (whole.start, whole.end)
