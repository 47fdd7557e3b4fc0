"""The line and its intervals against published figures."""

from decimal import Decimal

import pytest

from rollup_worker.core.decimals import exact
from rollup_worker.core.student import quantile
from rollup_worker.core.trend import Line, fit, moved, number
from tideline import periods
from tideline.events import Calendar

SPEED = (
    "4 4 7 7 8 9 10 10 10 11 11 12 12 12 12 13 13 13 13 14 14 14 14 15 15 15 16 16 17 17 17 18 18 18 18 19 19 19 "
    "20 20 20 20 20 22 23 24 24 24 24 25"
)
DISTANCE = (
    "2 10 4 22 16 10 18 26 34 17 28 14 20 24 28 26 34 34 46 26 36 60 80 20 26 54 32 40 32 40 50 42 56 76 84 36 46 68 "
    "32 48 52 56 64 66 54 70 92 93 120 85"
)
CARS = [(int(x), Decimal(y)) for x, y in zip(SPEED.split(), DISTANCE.split(), strict=True)]
"""Speed and stopping distance of 50 cars: Ezekiel, Methods of Correlation Analysis (1930), the `cars` of R."""


@exact
def line(points: list[tuple[int, Decimal]]) -> Line:
    found = fit(points)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("confidence", "freedom", "published"),
    [
        ("0.95", 1, "12.706"),
        ("0.95", 2, "4.303"),
        ("0.95", 3, "3.182"),
        ("0.95", 4, "2.776"),
        ("0.95", 10, "2.228"),
        ("0.95", 30, "2.042"),
        ("0.90", 5, "2.015"),
        ("0.90", 120, "1.658"),
        ("0.99", 1, "63.657"),
        ("0.99", 7, "3.499"),
        ("0.99", 40, "2.704"),
        ("0.999", 15, "4.073"),
        ("0.80", 6, "1.440"),
        ("0.50", 9, "0.703"),
    ],
)
def test_student_t_is_as_the_table_has_it(confidence: str, freedom: int, published: str) -> None:
    assert quantile(Decimal(confidence), freedom).quantize(Decimal("0.001")) == Decimal(published)


def test_student_t_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="degree"):
        quantile(Decimal("0.95"), 0)


def test_the_line_through_the_cars_is_the_published_one() -> None:
    found = line(CARS)
    assert round(found.slope, 4) == Decimal("3.9324")
    assert round(found.at(0), 4) == Decimal("-17.5791")
    assert round(found.error, 2) == Decimal("15.38")


@pytest.mark.parametrize(
    ("speed", "fitted", "lower", "upper"),
    [
        (10, "21.74499", "-9.80960", "53.29959"),
        (12, "29.60981", "-1.74953", "60.96915"),
        (19, "57.13667", "25.76176", "88.51159"),
    ],
)
def test_the_prediction_interval_of_the_cars_is_the_published_one(
    speed: int, fitted: str, lower: str, upper: str
) -> None:
    found = line(CARS)
    value, half = found.at(speed), found.half_width([speed], Decimal("0.95"))
    assert [round(each, 5) for each in (value, value - half, value + half)] == [
        Decimal(fitted),
        Decimal(lower),
        Decimal(upper),
    ]


def test_the_interval_of_a_sum_is_wider_than_that_of_its_parts_set_apart() -> None:
    found, confidence = line(CARS), Decimal("0.95")
    apart = [found.half_width([speed], confidence) ** 2 for speed in (30, 31, 32)]
    assert found.half_width([30, 31, 32], confidence) ** 2 > sum(apart)


def test_three_points_make_no_line() -> None:
    assert fit([(1, Decimal(1)), (2, Decimal(2)), (3, Decimal(3))]) is None


def test_a_level_is_reached_at_the_first_whole_step_at_or_above_it() -> None:
    found = line([(x, Decimal(x) / 10) for x in range(1, 6)])
    assert [found.first_at_least(Decimal(level)) for level in ("0.7", "0.71", "0.6", "-0.05")] == [7, 8, 6, 0]
    assert found.mirrored().first_at_least(Decimal(1)) is None


@pytest.mark.parametrize("name", ["2016-02-29", "2015-W53", "2016-12", "2017-Q1", "2017-H2", "2017", "2017-2018"])
@pytest.mark.parametrize("calendar", [Calendar(), Calendar(fiscal_year_start_month=7, biennium_starts_odd=False)])
def test_neighbours_are_one_apart_in_every_frequency_and_calendar(name: str, calendar: Calendar) -> None:
    if name == "2017-2018" and not calendar.biennium_starts_odd:
        name = "2018-2019"
    period = periods.parse(name, calendar)
    after = periods.next(period, calendar)
    assert number(after) - number(period) == 1
    assert (moved(period, 1, calendar), moved(after, -1, calendar)) == (after, period)
    assert number(moved(period, 50, calendar)) - number(period) == 50
