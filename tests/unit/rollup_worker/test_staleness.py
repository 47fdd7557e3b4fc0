"""When a status is too old."""

from datetime import date

import pytest

from rollup_worker.core.staleness import GRACE_DAYS, is_stale, stale_from
from tideline import periods
from tideline.vocabulary import Frequency


@pytest.mark.parametrize(
    ("latest", "grace", "first"),
    [
        ("2017-03-14", None, date(2017, 3, 20)),
        ("2017-W11", None, date(2017, 4, 4)),
        ("2017-03", None, date(2017, 6, 1)),
        ("2017-Q1", None, date(2017, 8, 16)),
        ("2017-H1", None, date(2018, 3, 3)),
        ("2017", None, date(2019, 5, 2)),
        ("2017-2018", None, date(2021, 7, 1)),
        ("2017-03", 0, date(2017, 5, 2)),
    ],
)
def test_stale_is_later_than_the_next_periods_end_and_the_grace(latest: str, grace: int | None, first: date) -> None:
    period = periods.parse(latest)
    assert stale_from(period, grace) == first
    assert not is_stale(period, grace, first.replace(day=first.day - 1) if first.day > 1 else period.end)
    assert is_stale(period, grace, first)


def test_every_frequency_has_a_grace() -> None:
    assert set(GRACE_DAYS) == set(Frequency)


def test_the_last_period_of_the_calendar_and_an_endless_grace_never_go_stale() -> None:
    assert stale_from(periods.parse("2200-12"), None) is None
    assert stale_from(periods.parse("2017-12"), 10_000_000) is None
