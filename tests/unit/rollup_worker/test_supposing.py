"""Rows of a what-if as a push would store them, and what they change in a plan."""

from decimal import Decimal
from types import MappingProxyType

import pytest

from rollup_worker.core.row_rules import as_stored, label_as_stored
from rollup_worker.core.supposing import Rows, Weight, suppose
from tests.unit.rollup_worker.build import department, goal, measure, metric, plan
from tideline.events import MethodChoice, Target
from tideline.vocabulary import Kind

KNOWN = plan(measure("kpi"), measure("more"), goal("g", "kpi", metrics=[metric("more", "2")]), department("d"))
NONE_ADOPTED: MappingProxyType[str, int] = MappingProxyType({})


@pytest.mark.parametrize(
    ("given", "stored"), [("-0", "0"), ("0E+5", "0"), ("1E+3", "1000"), ("7.40", "7.40"), ("1E+60", "1E+60")]
)
def test_a_number_is_supposed_as_it_would_be_stored(given: str, stored: str) -> None:
    assert str(as_stored(Decimal(given))) == stored


def test_a_label_is_supposed_as_it_would_be_stored() -> None:
    assert [label_as_stored(each) for each in (3, " 3 ", "e\u0301")] == ["3", "3", "\u00e9"]


def test_the_kpi_can_be_weighed_like_any_metric() -> None:
    overlay, faults = suppose(KNOWN, Rows(weights=[Weight(Decimal(3), goal="g", measure="kpi")]), NONE_ADOPTED)
    assert faults == []
    weights = {each.measure: each.weight for each in overlay.plan.goals["g"].metrics}
    assert weights == {"more": 2, "kpi": 3}


def test_two_changes_of_one_definition_are_both_there() -> None:
    rows = Rows(
        weights=[Weight(Decimal(3), goal="g", measure="more"), Weight(Decimal(5), Kind.GOAL, "g")],
        methods=[("kpi", MethodChoice(id="threshold"))],
    )
    more = Rows(rows.observations, rows.targets, [*rows.weights, Weight(Decimal(7), Kind.MEASURE, "kpi")], rows.methods)
    overlay, faults = suppose(KNOWN, more, NONE_ADOPTED)
    assert faults == []
    changed = overlay.plan.goals["g"]
    assert (changed.weight, changed.metrics[0].weight) == (Decimal(5), Decimal(3))
    kpi = overlay.plan.measures["kpi"]
    assert (kpi.weight, kpi.method and kpi.method.id) == (Decimal(7), "threshold")


def test_a_row_that_does_not_fit_changes_nothing_and_is_told_by_its_place() -> None:
    rows = Rows(
        targets=[("kpi", Target(period="2017", value=Decimal(1), version=0)), ("kpi", Target(period="x", version=0))],
        weights=[Weight(Decimal("NaN"), Kind.DEPARTMENT, "d"), Weight(Decimal(1), Kind.DEPARTMENT, "d")],
    )
    overlay, faults = suppose(KNOWN, rows, NONE_ADOPTED)
    assert [(fault.part, fault.index, fault.code) for fault in faults] == [
        ("targets", 1, "bad_period"),
        ("weights", 0, "bad_value"),
    ]
    assert [each.period for each in overlay.targets["kpi"]] == ["2017"]
    assert overlay.plan.departments["d"].weight == 1


def test_a_method_whose_parameters_can_never_work_for_the_measure_is_not_supposed() -> None:
    params: list[tuple[str, dict[str, object]]] = [
        ("control-chart", {"step": "banana"}),
        ("control-chart", {"level": "day"}),
        ("cagr-ratio", {"base_period": "2015-03-45"}),
        ("cagr-ratio", {"series": "nowhere"}),
        ("comparator", {"against": {"peer": "nobody"}}),
        ("comparator", {"confidence": 90}),
    ]
    for method, given in params:
        overlay, faults = suppose(KNOWN, Rows(methods=[("kpi", MethodChoice(id=method, params=given))]), NONE_ADOPTED)
        assert [(fault.part, fault.code) for fault in faults] == [("methods", "bad_params")], given
        assert not overlay.plan.measures


def test_a_target_of_a_finer_period_than_the_measure_is_refused_as_the_plan_refuses_it() -> None:
    rows = Rows(targets=[("kpi", Target(period="2017-03-14", value=Decimal(1), version=0))])
    _, faults = suppose(KNOWN, rows, NONE_ADOPTED)
    assert [(fault.field, fault.code) for fault in faults] == [("period", "period_frequency_mismatch")]
