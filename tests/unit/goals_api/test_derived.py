"""Derived measures: what they may read, and that a change of an input cannot break them unseen."""

from typing import Any

import pytest

from goals_api.core.changes import check, edit
from goals_api.core.entities import AggregationRule, City, Measure
from goals_api.core.facts import defined
from goals_api.core.proposals import Proposal, World
from tests.unit.goals_api.plans import NOW, TODAY, alone, document, measure, stored, world
from tideline.events import Calendar, Formula, MeasureDefined
from tideline.vocabulary import Aggregation, Frequency

IN_TIME = measure("in-time", unit="calls")
CALLS = measure("calls", unit="calls")


def share(text: str = "100 * {in-time} / {calls}", **more: Any) -> Measure:
    return measure("share", formula=text, **{"unit": "percent", **more})


def faults(proposal: Proposal, before: World) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in check(proposal, before, TODAY)]


def test_a_document_may_derive_a_measure_from_its_own_in_any_order() -> None:
    assert faults(document(share(), CALLS, IN_TIME), world()) == []


def test_the_event_tells_text_inputs_and_tree() -> None:
    (written,) = edit(alone(share()), world(IN_TIME, CALLS), NOW).written
    event = defined(written.after)
    assert isinstance(event, MeasureDefined)
    assert event.formula == Formula(
        text="100 * {in-time} / {calls}",
        inputs=["in-time", "calls"],
        tree=["/", ["*", ["number", "100"], ["measure", "in-time"]], ["measure", "calls"]],
    )


def test_unknown_and_retired_inputs_are_refused_and_a_kept_one_stays() -> None:
    assert faults(alone(share()), world(CALLS)) == [("formula", "unknown_measure")]
    gone = stored(IN_TIME, retired=True)
    assert faults(alone(share()), world(gone, CALLS)) == [("formula", "retired_reference")]
    assert faults(alone(share(description="new")), world(gone, CALLS, share())) == []


def test_a_formula_that_cannot_be_read_is_one_fault() -> None:
    assert faults(alone(share("100 *")), world()) == [("formula", "bad_formula")]


def test_no_measure_is_derived_from_itself_through_any_number_of_others() -> None:
    assert faults(alone(measure("a", formula="{a} + 1")), world(measure("a"))) == [("formula", "formula_cycle")]
    chain = [measure(f"m{number}", formula=f"{{m{number + 1}}}") for number in range(50)]
    before = world(*chain, measure("m50"))
    closing = alone(measure("m50", formula="{m0} / 2"))
    assert faults(closing, before) == [("formula", "formula_cycle")]
    assert faults(document(*chain, measure("m50", formula="{m0}")), world()) == [
        (f"measures[{number}].formula", "formula_cycle") for number in range(51)
    ]


def test_weights_may_not_run_in_a_circle_either() -> None:
    assert faults(alone(measure("a", weighted_by="a")), world(measure("a"))) == [("weighted_by", "cycle")]
    before = world(measure("people", formula="{homes} * 2"), measure("homes"))
    assert faults(alone(measure("homes", weighted_by="people")), before) == [("weighted_by", "cycle")]
    assert faults(alone(measure("rate", weighted_by="people")), before) == []
    assert faults(alone(measure("rate", weighted_by="nobody")), before) == [("weighted_by", "unknown_measure")]


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("100 * {in-time} / {calls}", "percent", []),
        ("100 * {in-time} / {calls}", "", []),
        ("100 * {in-time} / {calls}", "minutes", ["unit_mismatch"]),
        ("{in-time} + {minutes}", "calls", ["unit_mismatch"]),
        ("{minutes} / {calls}", "minutes per call", []),
        ("{minutes} / {calls}", "minutes", ["unit_mismatch"]),
        ("{unsaid} / {calls}", "minutes", []),
    ],
)
def test_the_formula_gives_the_unit_that_its_measure_claims(text: str, unit: str, expected: list[str]) -> None:
    before = world(IN_TIME, CALLS, measure("minutes", unit="minutes"), measure("unsaid"))
    assert [code for _, code in faults(alone(share(text, unit=unit)), before)] == expected


def test_a_unit_fault_says_both_units_in_words() -> None:
    (fault,) = check(alone(share(unit="minutes")), world(IN_TIME, CALLS), TODAY)
    assert fault.detail == "share is told in minutes, its formula gives a share or a bare number"


def test_the_unit_of_a_ratio_need_not_be_written_down() -> None:
    rate = measure("rate", aggregation=AggregationRule(time=Aggregation.RATIO, breakdown=Aggregation.RATIO))
    assert faults(alone(measure("d", formula="{rate} * {calls}", unit="calls")), world(rate, CALLS)) == []
    assert faults(alone(measure("d", formula="{rate} * {calls}", unit="%")), world(rate, CALLS)) != []


def test_a_derived_value_has_no_numerator() -> None:
    rule = AggregationRule(time=Aggregation.RATIO)
    assert faults(alone(share(aggregation=rule)), world(IN_TIME, CALLS)) == [("aggregation.time", "bad_formula")]


def test_an_input_is_told_as_often_or_more_often() -> None:
    yearly = measure("calls", unit="calls", frequency=Frequency.YEAR)
    assert faults(alone(share()), world(IN_TIME, yearly)) == [("formula", "frequency_mismatch")]
    assert faults(alone(share(frequency=Frequency.YEAR)), world(IN_TIME, yearly)) == []


def test_the_periods_of_an_input_lie_within_those_of_the_measure() -> None:
    july = Calendar(fiscal_year_start_month=7)
    may = Calendar(fiscal_year_start_month=5)
    quarterly = measure("calls", unit="calls", frequency=Frequency.QUARTER)
    for calendar, expected in ((july, []), (may, [("formula", "calendar_mismatch")])):
        half = share("{calls} / {calls}", frequency=Frequency.HALF, calendar=calendar)
        assert faults(alone(half), world(quarterly)) == expected
    monthly = share(frequency=Frequency.YEAR, calendar=may)
    assert faults(alone(monthly), world(IN_TIME, CALLS)) == []


def test_a_change_of_an_input_that_breaks_a_formula_is_refused_at_the_input() -> None:
    before = world(IN_TIME, CALLS, share())
    assert faults(alone(measure("calls", unit="minutes")), before) == [("unit", "unit_mismatch")]
    yearly = measure("calls", unit="calls", frequency=Frequency.YEAR)
    assert faults(alone(yearly), before) == [("frequency", "frequency_mismatch")]


def test_a_calendar_of_the_city_that_breaks_a_formula_is_refused_at_the_city() -> None:
    own = measure("calls", unit="calls", frequency=Frequency.YEAR, calendar=Calendar())
    before = world(own, share("{calls} / {calls}", frequency=Frequency.YEAR))
    july = City(title="City", calendar=Calendar(fiscal_year_start_month=7))
    assert faults(alone(july), before) == [("calendar", "calendar_mismatch")]
