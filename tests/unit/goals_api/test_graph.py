"""The plan as a graph: every fault has the path that leads to it."""

from decimal import Decimal

from goals_api.core.changes import check
from goals_api.core.entities import Metric
from goals_api.core.faults import Fault
from goals_api.core.proposals import Proposal, World
from tests.unit.goals_api.plans import (
    TODAY,
    alone,
    area,
    department,
    document,
    entries,
    goal,
    measure,
    stored,
    world,
)
from tideline.vocabulary import Kind


def found(proposal: Proposal, before: World | None = None) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in check(proposal, before or world(), TODAY)]


def test_a_document_may_name_its_own_parts_in_any_order() -> None:
    plan = document(
        goal("faster", "crews", department="fire", areas=("safety",), kpi="response"),
        measure("response", department="fire", areas=("safety",)),
        measure("crews"),
        department("fire"),
        area("safety", parents=("livability",)),
        area("livability"),
    )
    assert found(plan) == []


def test_every_dangling_reference_is_listed_with_its_path() -> None:
    plan = document(
        area("a", parents=("b",), related=("c",)),
        department("d", merged_into="e"),
        measure("m", department="f", areas=("a", "g")),
        goal("x", "m", "h", department="i", kpi="j"),
    )
    assert found(plan) == [
        ("areas[0].parents[0]", "unknown_area"),
        ("areas[0].related[0]", "unknown_area"),
        ("departments[0].merged_into", "unknown_department"),
        ("measures[0].department", "unknown_department"),
        ("measures[0].areas[1]", "unknown_area"),
        ("goals[0].department", "unknown_department"),
        ("goals[0].kpi", "unknown_measure"),
        ("goals[0].metrics[1]", "unknown_measure"),
    ]


def test_what_stands_outside_of_the_plan_may_be_named() -> None:
    assert found(document(goal("x", "m")), world(measure("m"))) == []


def test_what_retires_with_the_document_may_not_be_named_by_it() -> None:
    before = world(stored(measure("m"), plan="city-plan"))
    assert found(document(goal("x", "m")), before) == [("goals[0].metrics[0]", "retired_reference")]


def test_a_new_reference_to_a_retired_measure_is_refused_and_an_old_one_kept() -> None:
    before = world(stored(measure("m"), retired=True), goal("old", "m"))
    assert found(alone(goal("new", "m")), before) == [("metrics[0]", "retired_reference")]
    assert found(alone(goal("old", "m", description="clearer")), before) == []


def test_areas_that_stand_under_each_other_are_a_cycle_at_each_edge() -> None:
    plan = document(
        area("a", parents=("b",)), area("b", parents=("c",)), area("c", parents=("a",)), area("d", parents=("a",))
    )
    assert found(plan) == [(f"areas[{index}].parents[0]", "cycle") for index in range(3)]


def test_an_area_under_itself_is_a_cycle() -> None:
    assert found(alone(area("a", parents=("a",)))) == [("parents[0]", "cycle")]


def test_a_cycle_may_be_closed_by_one_area_sent_alone() -> None:
    before = world(area("a", parents=("b",)), area("b"))
    assert found(alone(area("b", parents=("a",))), before) == [("parents[0]", "cycle")]


def test_two_ways_to_the_same_parent_are_no_cycle() -> None:
    plan = document(area("a", parents=("b", "c")), area("b", parents=("d",)), area("c", parents=("d",)), area("d"))
    assert found(plan) == []


def test_departments_merged_into_each_other_are_a_cycle() -> None:
    plan = document(department("a", merged_into="b"), department("b", merged_into="a"))
    assert [code for _, code in found(plan)] == ["cycle", "cycle"]


def test_a_chain_of_ten_thousand_areas_is_checked() -> None:
    areas = [area(f"a{index}", parents=(f"a{index + 1}",)) for index in range(10_000)]
    assert found(document(*areas, area("a10000"))) == []


def test_a_measure_counts_in_one_goal_only() -> None:
    plan = document(measure("m"), goal("first", kpi="m"), goal("second", Metric(measure="m", weight=Decimal(1))))
    assert found(plan) == [("goals[1].metrics[0]", "measure_in_two_goals")]


def test_a_measure_may_inform_many_goals() -> None:
    assert found(document(measure("m"), goal("first", kpi="m"), goal("second", "m"), goal("third", "m"))) == []


def test_a_measure_counts_in_a_goal_outside_of_the_document_too() -> None:
    before = world(measure("m"), goal("first", kpi="m"))
    assert found(alone(goal("second", kpi="m")), before) == [("kpi", "measure_in_two_goals")]


def test_a_retired_goal_leaves_its_measure_to_another() -> None:
    before = world(measure("m"), stored(goal("first", kpi="m"), retired=True))
    assert found(alone(goal("second", kpi="m")), before) == []


def test_the_kpi_may_stand_among_the_metrics_to_have_a_weight() -> None:
    assert found(document(measure("m"), goal("x", Metric(measure="m", weight=Decimal(2)), kpi="m"))) == []


def test_a_code_twice_in_a_document_is_a_fault_at_the_second() -> None:
    assert found(document(department("a"), department("b"), department("a"))) == [
        ("departments[2].code", "duplicate_code")
    ]


def test_one_code_may_serve_two_kinds() -> None:
    assert found(document(department("library"), area("library"))) == []


def test_what_another_plan_keeps_is_not_taken_over() -> None:
    before = world(stored(department("fire"), plan="other"))
    assert found(document(department("fire")), before) == [("departments[0].code", "in_another_plan")]


def test_a_reference_to_an_entry_that_could_not_be_read_is_no_second_fault() -> None:
    plan = Proposal(entries=entries([goal("x", "m")]), unread={Kind.MEASURE: frozenset({"m"})})
    assert found(plan) == []


def test_all_faults_of_a_document_are_found_at_once() -> None:
    plan = document(
        department("Bad Code", weight=Decimal(-1)),
        department("d", merged_into="nobody"),
        measure("m", minimum=Decimal(2), maximum=Decimal(1)),
        goal("x", "nothing"),
    )
    faults = check(plan, world(), TODAY)
    assert [fault.path for fault in faults] == [
        "departments[0].code",
        "departments[0].weight",
        "measures[0].maximum",
        "departments[1].merged_into",
        "goals[0].metrics[0]",
    ]
    assert all(isinstance(fault, Fault) and fault.detail for fault in faults)
