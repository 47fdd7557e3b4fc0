"""From definitions to edges."""

from decimal import Decimal

from rollup_worker.core.facts import CITY, Edge, Node, Plan
from rollup_worker.core.graph import LEVELS, edges, nodes
from tests.unit.rollup_worker.build import area, department, goal, measure, metric, plan
from tideline.vocabulary import Kind


def told(given: Plan) -> set[tuple[str, str, str]]:
    """Parent, child, weight; areas left out."""
    return {
        (edge.parent.code, edge.child.code, str(edge.weight))
        for edge in edges(given)
        if edge.parent.kind is not Kind.AREA
    }


def aligned(given: Plan, code: str) -> set[str]:
    return {edge.child.code for edge in edges(given) if edge.parent == Node(Kind.AREA, code)}


def test_kpi_goal_department_and_city_stand_one_under_the_other() -> None:
    given = plan(measure("m", department="fire"), goal("g", "m", department="fire"), department("fire"))
    assert told(given) == {("g", "m", "1"), ("fire", "g", "1"), ("city", "fire", "1")}
    assert Edge(Node(Kind.GOAL, "g"), Node(Kind.MEASURE, "m"), Decimal(1), kpi=True) in edges(given)


def test_without_a_goal_a_measure_stands_under_its_department_and_without_one_under_the_city() -> None:
    given = plan(measure("a", department="fire", weight=Decimal(3)), measure("b"), goal("c"), department("fire"))
    assert told(given) == {("fire", "a", "3"), ("city", "b", "1"), ("city", "c", "1"), ("city", "fire", "1")}


def test_a_measure_that_only_informs_goals_counts_nowhere_else() -> None:
    given = plan(
        measure("m", department="fire"),
        goal("a", metrics=[metric("m")], department="fire"),
        goal("b", metrics=[metric("m")], department="fire"),
        department("fire"),
    )
    assert {edge for edge in told(given) if edge[1] == "m"} == {("a", "m", "0"), ("b", "m", "0")}


def test_of_two_goals_that_claim_a_measure_the_first_has_it() -> None:
    given = plan(measure("m"), goal("b", "m"), goal("a", metrics=[metric("m", "2")]))
    assert {edge for edge in told(given) if edge[1] == "m"} == {("a", "m", "2"), ("b", "m", "0")}


def test_a_kpi_keeps_the_weight_it_is_given() -> None:
    given = plan(measure("m"), measure("n"), goal("g", "m", metrics=[metric("m", "3"), metric("n", "1")]))
    assert {edge for edge in told(given) if edge[0] == "g"} == {("g", "m", "3"), ("g", "n", "1")}


def test_what_a_merged_department_had_stands_under_the_last_of_its_successors() -> None:
    given = plan(
        measure("m", department="old"),
        goal("g", department="old"),
        department("old", merged_into="middle", retired=True),
        department("middle", merged_into="new"),
        department("new"),
    )
    assert told(given) == {("new", "m", "1"), ("new", "g", "1"), ("city", "new", "1")}


def test_departments_merged_in_a_circle_lose_nothing_and_end() -> None:
    given = plan(goal("g", department="a"), department("a", merged_into="b"), department("b", merged_into="a"))
    assert told(given) == {("city", "g", "1")}


def test_what_a_retired_department_had_stands_under_the_city() -> None:
    given = plan(goal("g", department="old"), department("old", retired=True))
    assert told(given) == {("city", "g", "1")}


def test_a_department_not_yet_defined_has_no_edge() -> None:
    assert told(plan(goal("g", department="later"))) == set()


def test_retired_nodes_count_nowhere_and_free_their_children() -> None:
    given = plan(
        measure("m", department="fire"),
        measure("n", department="fire", retired=True),
        goal("g", "m", department="fire", retired=True),
        department("fire"),
        area("a", retired=True),
    )
    assert told(given) == {("fire", "m", "1"), ("city", "fire", "1")}
    assert nodes(given) == (Node(Kind.MEASURE, "m"), Node(Kind.DEPARTMENT, "fire"), CITY)


def test_an_area_holds_goals_and_measures_of_no_goal_aligned_to_it_or_below_it() -> None:
    given = plan(
        area("top"),
        area("left", parents=["top"]),
        area("right", parents=["top"]),
        area("leaf", parents=["left", "right"]),
        measure("m", areas=["leaf"]),
        measure("in-goal", areas=["leaf"]),
        goal("g", "in-goal", areas=["left"]),
        goal("twice", areas=["leaf", "right"]),
    )
    assert aligned(given, "top") == {"m", "g", "twice"}
    assert aligned(given, "right") == {"m", "twice"}
    assert aligned(given, "leaf") == {"m", "twice"}
    assert len([edge for edge in edges(given) if edge.parent.code == "top"]) == 3


def test_areas_in_a_circle_end() -> None:
    given = plan(area("a", parents=["b"]), area("b", parents=["a"]), goal("g", areas=["a"]))
    assert aligned(given, "a") == aligned(given, "b") == {"g"}


def test_children_always_stand_on_a_lower_level() -> None:
    given = plan(measure("m", areas=["a"]), measure("n"), goal("g", "n", areas=["a"]), department("fire"), area("a"))
    assert all(LEVELS[edge.child.kind] < LEVELS[edge.parent.kind] for edge in edges(given))


def test_a_goal_that_only_lists_a_measure_does_not_keep_it_from_one_that_weighs_it() -> None:
    given = plan(measure("m"), goal("a", metrics=[metric("m")]), goal("b", metrics=[metric("m", "2")]))
    assert {edge for edge in told(given) if edge[1] == "m"} == {("a", "m", "0"), ("b", "m", "2")}
