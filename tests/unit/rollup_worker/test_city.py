"""A whole city, and what its events tell."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from rollup_worker.core.change import changed
from rollup_worker.core.city import judge_city
from rollup_worker.core.facts import CITY, Coverage, Node, NodeStatus, Qualifiers
from tests.unit.rollup_worker.build import area, cell, department, goal, measure, plan, target
from tideline.vocabulary import Kind, Status

PLAN = plan(
    measure("response", department="fire", direction="down"),
    measure("overlay", department="works"),
    goal("safe", "response", department="fire", areas=["livability"]),
    department("fire"),
    department("works"),
    area("livability"),
)
TARGETS = {"response": [target("2017", "8")], "overlay": [target("2017", "10")]}


def test_a_value_reaches_goal_department_area_and_city() -> None:
    cells = {"response": [cell("2017-03", "7.4")], "overlay": [cell("2017-03", "5")]}
    found = judge_city(PLAN, TARGETS, cells, date(2017, 4, 1))
    assert {node.code: status.status for node, status in found.items()} == {
        "response": Status.ACHIEVED,
        "overlay": Status.OFF_TRACK,
        "safe": Status.ACHIEVED,
        "livability": Status.ACHIEVED,
        "fire": Status.ACHIEVED,
        "works": Status.OFF_TRACK,
        "city": Status.AT_RISK,
    }
    assert found[CITY].coverage == Coverage(2, 2)
    assert found[CITY].as_of == "2017-03"


def test_before_anything_is_known_every_node_says_no_data() -> None:
    found = judge_city(PLAN, TARGETS, {}, date(2017, 4, 1))
    assert {status.status for status in found.values()} == {Status.NO_DATA}
    assert judge_city(plan(), {}, {}, date(2017, 4, 1))[CITY].status is Status.NO_DATA


def test_only_what_differs_is_told() -> None:
    node = Node(Kind.MEASURE, "m")
    old = NodeStatus(node, Status.ON_TRACK, Decimal(80), Decimal(5))
    assert changed(old, old) == []
    assert changed(old, replace(old, why={"note": 1})) == []
    assert changed(old, replace(old, value=Decimal("5.00"))) == []
    assert changed(old, replace(old, value=Decimal(6), score=Decimal(81))) == ["score", "value"]
    assert changed(old, replace(old, upper=Decimal(6))) == ["target"]
    assert changed(old, replace(old, qualifiers=Qualifiers(stale=True), coverage=Coverage(1, 1))) == [
        "qualifiers",
        "coverage",
    ]


def test_a_first_status_tells_every_field_that_says_something() -> None:
    node = Node(Kind.MEASURE, "m")
    assert changed(None, NodeStatus(node)) == ["status"]
    assert changed(None, NodeStatus(node, Status.NO_TARGET, as_of="2017-03")) == ["status", "as_of"]
