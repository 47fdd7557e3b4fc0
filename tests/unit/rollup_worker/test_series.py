"""A measure over time."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.facts import Cell, Target
from rollup_worker.core.headline import headlines
from rollup_worker.core.series import A_YEAR, Point, Series
from tests.unit.rollup_worker.build import cell, measure, target
from tideline import periods
from tideline.events import Calendar
from tideline.vocabulary import Flag, Frequency

MONTHS = [cell("2016-11", "10"), cell("2016-12", "20"), cell("2017-01", "1"), cell("2017-03", "4")]


def series(
    cells: list[Cell],
    level: str = "month",
    targets: tuple[Target, ...] = (),
    concealed: tuple[str, ...] = (),
    **more: Any,
) -> Series:
    definition = measure(
        **{"time_aggregation": "sum", "frequency": cells[0].period.frequency if cells else "month", **more}
    )
    hidden = frozenset(periods.parse(text, definition.calendar) for text in concealed)
    known = {period: held for period, held in headlines(definition, cells).items() if period not in hidden}
    return Series(definition, targets, known, Frequency(level), A_YEAR[Frequency(level)], hidden)


def point(found: Series, text: str) -> Point:
    return found.at(periods.parse(text, found.definition.calendar))


def listed(found: Series, start: str | None = None) -> list[str]:
    calendar = found.definition.calendar
    first = periods.parse(start, calendar) if start else None
    return [periods.identify(period, calendar) for period in found.newest_first(first)]


def test_nothing_known_is_no_line() -> None:
    assert listed(series([])) == []


def test_the_line_runs_from_the_last_value_back_to_the_first_and_shows_its_gaps() -> None:
    found = series(MONTHS)
    assert listed(found) == ["2017-03", "2017-02", "2017-01", "2016-12", "2016-11"]
    assert listed(found, "2016-12") == ["2016-12", "2016-11"]
    assert listed(found, "2020-01")[0] == "2017-03"
    assert listed(found, "2016-01") == []
    gap = point(found, "2017-02")
    assert (gap.held.value, gap.held.reporting, gap.held.of) == (None, 0, 1)


def test_the_year_to_date_carries_across_a_missing_month_and_starts_anew_with_the_year() -> None:
    found = series(MONTHS)
    to_date = {text: point(found, text).to_date for text in ("2016-12", "2017-01", "2017-02", "2017-03")}
    assert {text: held and (held.value, held.reporting, held.of) for text, held in to_date.items()} == {
        "2016-12": (Decimal(30), 2, 12),
        "2017-01": (Decimal(1), 1, 12),
        "2017-02": (Decimal(1), 1, 12),
        "2017-03": (Decimal(5), 2, 12),
    }


def test_the_year_to_date_is_the_fiscal_one() -> None:
    found = series(MONTHS, calendar=Calendar(fiscal_year_start_month=7))
    held = point(found, "2017-03").to_date
    assert held and (held.value, held.period.start.month, held.reporting) == (Decimal(35), 7, 4)


def test_a_week_counts_in_the_year_of_its_thursday() -> None:
    weeks = [cell("2019-W52", "1"), cell("2020-W01", "2"), cell("2020-W53", "4"), cell("2021-W01", "8")]
    found = series(weeks, "week")
    to_date = [point(found, text).to_date for text in ("2019-W52", "2020-W01", "2020-W53", "2021-W01")]
    assert [(held.value, held.of) for held in to_date if held] == [
        (Decimal(1), 52),
        (Decimal(2), 53),
        (Decimal(6), 53),
        (Decimal(8), 52),
    ]


def test_nothing_longer_than_a_year_has_a_year_to_date() -> None:
    found = point(series([cell("2017-2018", "5")], "biennium"), "2017-2018")
    assert (found.to_date, found.last_year) == (None, None)


def test_the_trailing_window_says_how_much_of_it_there_is() -> None:
    found = point(series(MONTHS), "2017-03").trailing
    assert (found.value, found.reporting, found.of) == (Decimal(35), 4, 12)
    year = [cell(f"2016-{month:02}", "1") for month in range(1, 13)]
    rolled = point(series([*year, cell("2017-01", "5")]), "2017-01").trailing
    assert (rolled.value, rolled.reporting, rolled.of) == (Decimal(16), 12, 12)


@pytest.mark.parametrize(("aggregation", "value"), [("average", "8.75"), ("last", "4"), ("max", "20"), ("median", "7")])
def test_windows_are_put_together_as_the_measure_declares(aggregation: str, value: str) -> None:
    assert point(series(MONTHS, time_aggregation=aggregation), "2017-03").trailing.value == Decimal(value)


def test_a_ratio_over_a_window_is_the_ratio_of_the_sums() -> None:
    pairs = [cell("2017-01", pair=("1", "2")), cell("2017-02", pair=("0", "98"))]
    found = point(series(pairs, time_aggregation="ratio"), "2017-02")
    assert (found.held.value, found.trailing.value) == (Decimal(0), Decimal("0.01"))


def test_the_same_period_of_the_year_before_stands_beside_its_successor() -> None:
    found = point(series([cell("2016-03", "3"), *MONTHS]), "2017-03")
    assert found.last_year and found.last_year.value == 3
    assert (found.change, found.change_from_last_year) == (None, Decimal(1))
    assert point(series(MONTHS), "2016-12").change == 10


def test_no_change_is_told_from_or_to_a_part_of_a_period() -> None:
    quarters = series([*MONTHS, cell("2016-10", "1")], "quarter")
    found = point(quarters, "2017-Q1")
    assert (found.held.value, found.held.reporting, found.held.of, found.change) == (Decimal(5), 2, 3, None)
    assert point(quarters, "2016-Q4").held.value == 31


def test_a_target_stands_where_it_binds() -> None:
    targets = (target("2017", "100"), target("2017-Q1", "30"))
    found = series(MONTHS, targets=targets)
    bound = {text: point(found, text).target for text in ("2016-12", "2017-01", "2017-03")}
    assert {text: held and held.value for text, held in bound.items()} == {
        "2016-12": None,
        "2017-01": Decimal(30),
        "2017-03": Decimal(30),
    }


def test_flags_are_told_of_the_value_and_of_what_it_is_part_of() -> None:
    found = series([*MONTHS[:3], cell("2017-03", "4", flag=Flag.PROVISIONAL), cell("2017-04", "1")])
    march, april = point(found, "2017-03"), point(found, "2017-04")
    assert (march.held.provisional, april.held.provisional) == (True, False)
    assert april.to_date and april.to_date.provisional


def test_what_the_reader_may_not_see_is_in_nothing_that_is_put_together() -> None:
    found = series(MONTHS, concealed=("2017-01", "2017-03"))
    march = point(found, "2017-03")
    assert listed(found)[0] == "2017-03"
    assert (march.concealed, march.held.value, march.change) == (True, None, None)
    assert march.to_date and (march.to_date.value, march.to_date.reporting) == (None, 0)
    assert march.trailing.value == 30
    whole = point(series(MONTHS, "year", concealed=("2017-01",)), "2017")
    assert (whole.concealed, whole.held.value, whole.held.reporting) == (True, Decimal(4), 1)


def test_an_early_line_ends_at_the_first_day_there_is() -> None:
    found = series([cell("1900-01", "1"), cell("1900-02", "2")])
    first = point(found, "1900-01")
    assert (first.last_year, first.change, first.trailing.of) == (None, None, 1)
    assert listed(found) == ["1900-02", "1900-01"]
