"""Calendars: fiscal years, biennia and ISO weeks, and the same period a year before."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tideline import periods
from tideline.events import Calendar
from tideline.periods import BadPeriod
from tideline.vocabulary import Frequency

ORACLE = Path(__file__).resolve().parents[4] / "shared" / "data" / "oracles" / "period_cases.json"
JULY = Calendar(fiscal_year_start_month=7)
OCTOBER = Calendar(fiscal_year_start_month=10)
EVEN_JULY = Calendar(fiscal_year_start_month=7, biennium_starts_odd=False)


def ids(whole: str, frequency: Frequency, calendar: Calendar = periods.STANDARD) -> list[str]:
    parts = periods.parts(periods.parse(whole, calendar), frequency, calendar)
    return [periods.identify(part, calendar) for part in parts]


def test_published_lengths_of_periods_are_reproduced() -> None:
    if not ORACLE.exists():
        pytest.skip(f"the published period cases are not beside this checkout ({ORACLE.name})")
    cases = [case for case in json.loads(ORACLE.read_text())["cases"] if "duration" in case]
    ours = {
        "2011Q3": ("2011-Q3", periods.STANDARD),
        "2011W1": ("2011-W01", periods.STANDARD),
        "2011July": ("2012", JULY),
    }
    lengths = {}
    for case in cases:
        text, calendar = ours[case["iso"]]
        period = periods.parse(text, calendar)
        months = len(periods.parts(period, Frequency.MONTH, calendar)) if period.days > 7 else 0
        lengths[case["iso"]] = {0: f"P{period.days}D", 3: "P3M", 12: "P1Y"}[months]
    assert lengths == {case["iso"]: case["duration"] for case in cases} and len(cases) == 3


@pytest.mark.parametrize("start", range(1, 13))
def test_wherever_a_fiscal_year_starts_it_has_twelve_months_and_the_name_of_its_last(start: int) -> None:
    calendar = Calendar(fiscal_year_start_month=start)
    months = ids("2017", Frequency.MONTH, calendar)
    assert len(months) == 12
    assert months[-1] == ("2017-12" if start == 1 else f"2017-{start - 1:02}")
    assert ids("2017", Frequency.QUARTER, calendar) == [f"2017-Q{quarter}" for quarter in (1, 2, 3, 4)]


def test_a_federal_year_starts_in_october() -> None:
    assert periods.parse("2017-Q1", OCTOBER).start == date(2016, 10, 1)
    assert periods.identify(periods.containing(date(2017, 9, 30), Frequency.YEAR, OCTOBER), OCTOBER) == "2017"
    assert periods.identify(periods.containing(date(2017, 10, 1), Frequency.YEAR, OCTOBER), OCTOBER) == "2018"


def test_a_biennium_holds_two_fiscal_years_and_begins_odd_or_even() -> None:
    assert ids("2017-2018", Frequency.YEAR, JULY) == ["2017", "2018"]
    assert periods.parse("2017-2018", JULY).start == date(2016, 7, 1)
    assert ids("2018-2019", Frequency.YEAR, EVEN_JULY) == ["2018", "2019"]
    assert periods.parse("2018-2019", EVEN_JULY).start == date(2017, 7, 1)
    assert len(ids("2017-2018", Frequency.MONTH)) == 24


@pytest.mark.parametrize(("year", "weeks"), [(2015, 53), (2016, 52), (2020, 53), (2021, 52), (2026, 53)])
def test_a_year_has_its_iso_weeks(year: int, weeks: int) -> None:
    found = ids(str(year), Frequency.WEEK)
    assert (len(found), found[-1]) == (weeks, f"{year}-W{weeks}")


def test_week_53_belongs_to_the_old_year_even_where_most_of_it_is_in_the_new_calendar_year() -> None:
    week = periods.parse("2020-W53")
    assert (week.start, week.last_day) == (date(2020, 12, 28), date(2021, 1, 3))
    assert periods.identify(periods.parent(week, Frequency.YEAR)) == "2020"
    assert periods.identify(periods.next(week)) == "2021-W01"
    assert periods.identify(periods.parent(week, Frequency.QUARTER)) == "2020-Q4"


def test_a_week_counts_in_the_fiscal_year_of_its_thursday() -> None:
    week = periods.parse("2017-W26")
    assert (week.start, week.last_day) == (date(2017, 6, 26), date(2017, 7, 2))
    assert periods.identify(periods.parent(week, Frequency.YEAR, JULY), JULY) == "2017"
    assert ids("2017", Frequency.WEEK, JULY)[-1] == "2017-W26"


@pytest.mark.parametrize("frequency", list(Frequency))
def test_a_periods_days_are_half_open(frequency: Frequency) -> None:
    period = periods.containing(date(2017, 3, 15), frequency, JULY)
    inside = [period.start, period.last_day]
    assert [periods.containing(day, frequency, JULY) == period for day in inside] == [True, True]
    for outside in (period.start - timedelta(days=1), period.end):
        assert periods.containing(outside, frequency, JULY) != period


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2017-03-14", "2016-03-14"),
        ("2020-02-29", "2019-02-28"),
        ("2021-02-28", "2020-02-28"),
        ("2017-03", "2016-03"),
        ("2017-Q1", "2016-Q1"),
        ("2017-H2", "2016-H2"),
        ("2017", "2016"),
        ("2017-W11", "2016-W11"),
        ("2020-W53", "2019-W52"),
        ("2021-W52", "2020-W52"),
        ("2021-W01", "2020-W01"),
    ],
)
def test_the_same_period_of_the_year_before(text: str, before: str) -> None:
    for calendar in (periods.STANDARD, JULY):
        found = periods.year_before(periods.parse(text, calendar), calendar)
        assert periods.identify(found, calendar) == before


def test_there_is_no_year_before_the_first_nor_before_a_biennium() -> None:
    for text in ("1900", "1900-01", "1900-W01", "2017-2018"):
        with pytest.raises(BadPeriod):
            periods.year_before(periods.parse(text))
