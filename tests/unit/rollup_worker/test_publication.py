"""Until when a published status stands."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rollup_worker.core.publication import DAYS_MAX, DAYS_UNLESS_SAID, Publication, expiry
from tideline.vocabulary import Status

TODAY = date(2017, 4, 10)


def published(status: Status | None, until: date | None) -> Publication:
    return Publication(status, "Strike", "analyst", until, datetime(2017, 4, 1, tzinfo=UTC), 1)


def test_it_stands_until_the_day_before_it_expires() -> None:
    assert published(Status.AT_RISK, TODAY + timedelta(days=1)).stands(TODAY)
    assert not published(Status.AT_RISK, TODAY).stands(TODAY)
    assert published(Status.AT_RISK, None).stands(TODAY)


def test_what_was_taken_back_does_not_stand() -> None:
    assert not published(None, TODAY + timedelta(days=1)).stands(TODAY)


@pytest.mark.parametrize(
    ("days", "taken"), [(-1, False), (0, False), (1, True), (DAYS_MAX, True), (DAYS_MAX + 1, False)]
)
def test_it_expires_ahead_and_within_a_year(days: int, taken: bool) -> None:
    asked = TODAY + timedelta(days=days)
    assert expiry(asked, TODAY) == (asked if taken else None)


def test_unsaid_it_expires_after_ninety_days() -> None:
    assert expiry(None, TODAY) == TODAY + timedelta(days=DAYS_UNLESS_SAID) == date(2017, 7, 9)
