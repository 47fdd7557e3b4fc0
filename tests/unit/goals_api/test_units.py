"""Units are compared as far as their words say what they are."""

import pytest

from goals_api.core import units
from goals_api.core.faults import Fault
from goals_api.core.formulas import parse
from goals_api.core.units import BARE, UNKNOWN, Mismatch, Unit


def of(text: str, **read: str | None) -> object:
    formula = parse(text)
    assert not isinstance(formula, Fault), formula
    return units.of(formula.tree, {code: None if unit is None else units.read(unit) for code, unit in read.items()})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("minute", "minutes"),
        ("Calls per  day", "call/day"),
        ("incidents per 1,000 residents", "incident per resident"),
        ("per 100,000 residents", "1 / resident"),
        ("%", "percent"),
        ("percent of households", "share"),
        ("m*m", "m^2"),
        ("m^2 / m", "m"),
        ("kWh per household per year", "kwh / (x) * (x)/ households / years".replace("/ (x) * (x)", "")),
        ("people", "persons"),
        ("person", "people"),
        ("$ per call", "USD / calls"),
        ("cities", "city"),
        ("boxes", "box"),
        ("buses", "bus"),
        ("class", "classes"),
        ("full-time employees", "full-time employee"),
    ],
)
def test_these_are_the_same_unit(one: str, other: str) -> None:
    assert units.read(one) == units.read(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("minutes", "hours"), ("calls", "calls per day"), ("m", "m^2"), ("%", "calls"), ("status", "stat")],
)
def test_these_are_not(one: str, other: str) -> None:
    assert units.read(one) != units.read(other)


def test_products_and_quotients_make_new_units() -> None:
    assert of("{a} / {b}", a="minutes", b="calls") == units.read("minutes per call")
    assert of("{a} * {b}", a="minutes per call", b="calls") == units.read("minutes")
    assert of("100 * {a} / {b}", a="calls", b="calls") == Unit()
    assert of("1 / {a}", a="days") == units.read("per day")


def test_a_bare_number_is_a_scale_and_takes_the_unit_of_what_it_is_added_to() -> None:
    assert of("1 + {a}", a="minutes") == of("{a} / 60", a="minutes") == units.read("minutes")
    assert of("max(0, {a})", a="minutes") == of("-abs({a})", a="minutes") == units.read("minutes")


def test_what_is_added_or_compared_must_be_of_one_unit() -> None:
    for text in ("{a} + {b}", "{a} - {b}", "min({a}, 1, {b})", "2 * ({a} + {b})"):
        found = of(text, a="minutes", b="calls")
        assert isinstance(found, Mismatch)
        assert "minutes and calls" in str(found)


def test_what_has_no_unit_is_not_checked_but_what_stands_beside_it_is() -> None:
    assert of("{a} + {b}", a="minutes", b=None) is UNKNOWN
    assert of("{a} / {b}", a=None, b="calls") is UNKNOWN
    assert isinstance(of("{c} * ({a} + {b})", a="minutes", b="calls", c=None), Mismatch)
    assert units.of(["number", "1"], {}) is BARE


def test_a_unit_is_told_in_words() -> None:
    assert str(units.read("minutes per 100 calls")) == "minutes per calls"
    assert str(units.read("m^2")) == "m^2"
    assert str(units.read("per day")) == "1 per day"
    assert str(Unit()) == "a share or a bare number"
