"""One entity by itself: what its schema cannot say."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from goals_api.core.entities import Content, DatedName, Metric, PlanHead, PlanVersion
from goals_api.core.fields import check_content, check_head, check_number
from tests.unit.goals_api.plans import area, department, goal, measure
from tideline.events import Baseline, Calendar, MethodChoice


def found(content: Content) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in check_content(content)]


def test_a_plain_entity_of_each_kind_has_no_fault() -> None:
    assert [found(content) for content in (area("a"), department("d"), goal("g"), measure("m"))] == [[]] * 4


@pytest.mark.parametrize("code", ["Fire", "a b", "a.b", "ä", "x" * 101, "a_b", "a\n"])
def test_a_code_has_lower_case_letters_digits_and_hyphens(code: str) -> None:
    assert found(department(code)) == [("code", "bad_code")]


def test_code_and_title_are_needed() -> None:
    assert found(department("", title=" ")) == [("code", "missing"), ("title", "missing")]


@pytest.mark.parametrize(
    ("field", "value", "path", "code"),
    [
        ("weight", Decimal(-1), "weight", "out_of_range"),
        ("weight", Decimal("1E+38"), "weight", "out_of_range"),
        ("weight", Decimal("1E-31"), "weight", "out_of_range"),
        ("minimum", Decimal("1." + "1" * 38), "minimum", "out_of_range"),
        ("maximum", Decimal("NaN"), "maximum", "bad_value"),
        ("multiplier", Decimal(0), "multiplier", "out_of_range"),
        ("grace_days", -1, "grace_days", "out_of_range"),
        ("grace_days", 10**12, "grace_days", "out_of_range"),
        ("breakdowns", ("district", "District"), "breakdowns[1]", "bad_dimension"),
        ("breakdowns", ("district", "district"), "breakdowns[1]", "duplicate_code"),
        ("areas", ("a", "a"), "areas[1]", "duplicate_code"),
        ("calendar", Calendar(fiscal_year_start_month=13), "calendar.fiscal_year_start_month", "out_of_range"),
        ("baseline", Baseline(period="2017-13", value=Decimal(1)), "baseline.period", "bad_period"),
        ("baseline", Baseline(period="2017", value=Decimal("1E-31")), "baseline.value", "out_of_range"),
        ("method", MethodChoice(id="Pace"), "method.id", "bad_method"),
        ("method", MethodChoice(id="pace", params={"a": [Decimal("1E+400")]}), "method.params.a[0]", "out_of_range"),
        ("method", MethodChoice(id="pace", params={"a": "x" * 70_000}), "method.params", "bad_method"),
    ],
)
def test_a_fault_of_a_measure_is_named(field: str, value: Any, path: str, code: str) -> None:
    assert found(measure("m", **{field: value})) == [(path, code)]


def test_a_minimum_above_the_maximum_is_a_fault() -> None:
    assert found(measure("m", minimum=Decimal(2), maximum=Decimal(1))) == [("maximum", "bad_range")]


def test_a_baseline_is_read_in_the_calendar_of_its_measure() -> None:
    even = Calendar(biennium_starts_odd=False)
    baseline = Baseline(period="2016-2017", value=Decimal(1))
    assert found(measure("m", baseline=baseline, calendar=even)) == []
    assert found(measure("m", baseline=baseline)) == [("baseline.period", "bad_period")]


def test_the_parameters_of_a_method_may_nest() -> None:
    params = {"bands": [{"from": Decimal("0.10"), "word": "near"}], "strict": True, "none": None}
    assert found(measure("m", method=MethodChoice(id="threshold", params=params))) == []


@pytest.mark.parametrize(
    ("field", "value", "path", "code"),
    [
        ("minimum_coverage", Decimal("1.1"), "minimum_coverage", "out_of_range"),
        ("horizon_years", 0, "horizon_years", "out_of_range"),
        ("biennium", "2017", "biennium", "bad_period"),
        ("biennium", "2017-2019", "biennium", "bad_period"),
        ("metrics", (Metric(measure="m"), Metric(measure="m")), "metrics[1]", "duplicate_code"),
        ("metrics", (Metric(measure="m", weight=Decimal(-1)),), "metrics[0].weight", "out_of_range"),
    ],
)
def test_a_fault_of_a_goal_is_named(field: str, value: Any, path: str, code: str) -> None:
    given = goal("g")
    changed = type(given)(**{name: getattr(given, name) for name in given.__struct_fields__} | {field: value})
    assert found(changed) == [(path, code)]


def test_a_biennium_may_begin_in_any_year() -> None:
    assert found(goal("g", biennium="2017-2018")) == found(goal("g", biennium="2016-2017")) == []


def test_a_name_cannot_end_before_it_begins() -> None:
    names = (DatedName(title="Fire", from_=date(2020, 1, 2), until=date(2020, 1, 1)),)
    assert found(department("fire", names=names)) == [("names[0].until", "bad_dates")]


def test_a_plan_names_each_of_its_versions_once() -> None:
    versions = (PlanVersion(id="2015"), PlanVersion(id="2015"))
    faults = check_head(PlanHead(code="plan", title="Plan", versions=versions))
    assert [(fault.path, fault.code) for fault in faults] == [("versions[1]", "duplicate_code")]


def test_zero_and_thirty_eight_digits_are_numbers() -> None:
    assert list(check_number("value", Decimal(0))) == list(check_number("value", Decimal("9" * 38))) == []
