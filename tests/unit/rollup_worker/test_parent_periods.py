"""A parent tells its period in the city's calendar, whatever calendar its child was judged in."""

from datetime import date
from decimal import Decimal

import pytest

from rollup_worker.core.city import judge_city
from rollup_worker.core.facts import CITY, Child, Node, Parent, Plan
from rollup_worker.core.rollup import roll_up
from tests.unit.rollup_worker.build import DEFINED_AT, cell, department, goal, measure, target
from tideline import periods
from tideline.events import Calendar, CityDefined
from tideline.vocabulary import Kind, Policy, Status

JULY = Calendar(fiscal_year_start_month=7)


def child(name: str, start: date, end: date, code: str = "m") -> Child:
    status = Status.ON_TRACK, Decimal(80)
    return Child(Node(Kind.MEASURE, code), Decimal(1), False, *status, as_of=name, as_of_start=start, as_of_end=end)


@pytest.mark.parametrize(
    ("calendar", "name", "span", "told"),
    [
        (periods.STANDARD, "2027", (date(2026, 7, 1), date(2027, 7, 1)), "2027-06"),
        (JULY, "2027", (date(2026, 7, 1), date(2027, 7, 1)), "2027"),
        (JULY, "2026", (date(2026, 1, 1), date(2027, 1, 1)), "2026-12"),
        (JULY, "2027-Q1", (date(2026, 7, 1), date(2026, 10, 1)), "2027-Q1"),
        (periods.STANDARD, "2027-Q1", (date(2026, 7, 1), date(2026, 10, 1)), "2026-Q3"),
        (JULY, "2026-W28", (date(2026, 7, 6), date(2026, 7, 13)), "2026-W28"),
        (JULY, "2026-07-09", (date(2026, 7, 9), date(2026, 7, 10)), "2026-07-09"),
        (periods.STANDARD, "2017-2018", (date(2017, 1, 1), date(2019, 1, 1)), "2017-2018"),
        (
            Calendar(biennium_starts_odd=False),
            "2017-2018",
            (date(2017, 1, 1), date(2019, 1, 1)),
            "2018-12",
        ),
    ],
)
def test_a_span_is_told_by_its_name_in_the_city_or_by_the_month_in_which_it_ends(
    calendar: Calendar, name: str, span: tuple[date, date], told: str
) -> None:
    found = roll_up(Parent(CITY, calendar=calendar), [child(name, *span)])
    assert (found.as_of, found.as_of_end) == (told, span[1])
    period = periods.parse(told, calendar)
    assert (found.as_of_start, found.as_of_end) == (period.start, period.end)


def test_of_two_children_that_end_on_one_day_the_shorter_period_is_told() -> None:
    year = child("2017", date(2017, 1, 1), date(2018, 1, 1), "a")
    month = child("2017-12", date(2017, 12, 1), date(2018, 1, 1), "b")
    for family in ([year, month], [month, year]):
        assert roll_up(Parent(CITY), family).as_of == "2017-12"


def test_the_city_is_judged_by_its_own_rule_once_it_has_said_one() -> None:
    city = CityDefined(version=1, calendar=JULY, policy="worst_of", minimum_coverage=Decimal(1), defined_at=DEFINED_AT)
    plan = Plan(
        {code: measure(code, department="fire", direction="down") for code in ("a", "b")},
        {"g": goal("g", kpi="a", department="fire")},
        {"fire": department("fire")},
        city=city,
    )
    targets = {code: [target("2017-03", "5")] for code in ("a", "b")}
    values = {"a": [cell("2017-03", "4")], "b": [cell("2017-03", "9")]}
    found = judge_city(plan, targets, values, date(2017, 4, 2))[CITY]
    assert (found.method, found.why["minimum_coverage"], found.as_of) == (Policy.WORST_OF, 1, "2017-03")
