"""What a plan leaves open is found, and what is in order is not."""

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rollup_worker.core import lint as rules
from rollup_worker.core.facts import Node, Plan
from rollup_worker.core.lint import Count, Defined, Seen, lint
from tests.unit.rollup_worker.build import area, baseline, department, goal, measure, metric, plan
from tideline import periods
from tideline.events import EquityRule, Formula, MethodChoice, Peer
from tideline.vocabulary import Kind

TODAY = date(2017, 4, 10)
MARCH = periods.parse("2017-03")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "lint.md"
WHOLE: dict[str, Any] = {
    "department": "fire",
    "areas": ["safety"],
    "owner": "Fire chief",
    "source": "Dispatch",
    "unit": "minutes",
    "baseline": baseline("2016", "9"),
}


def seen(**more: Any) -> Seen:
    return Seen(**{"today": TODAY, "latest": {"m": MARCH}, "targeted": {"m"}, **more})


def look(known: Plan, there: Seen, only: Iterable[Node] | None = None) -> list[tuple[str, str]]:
    """The findings as (rule, code of the node)."""
    nodes = every(known) if only is None else list(only)
    return [(found.rule.code, found.node.code) for found in lint(known, there, nodes)[0]]


def every(known: Plan) -> list[Node]:
    return [Node(kind, code) for kind, held in rules.held(known).items() for code in held]


def of_measure(there: Seen | None = None, **changed: Any) -> set[str]:
    """What is found about one measure that is otherwise in order."""
    known = plan(measure(**{**WHOLE, **changed}), department("fire"), area("safety"))
    return {code for code, node in look(known, there or seen()) if node == "m"}


def test_a_plan_in_order_has_no_findings() -> None:
    known = plan(
        measure(**WHOLE),
        goal("g", kpi="m", department="fire", areas=["safety"], owners=["Fire chief"]),
        department("fire"),
        area("safety"),
    )
    assert look(known, seen()) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"department": None, "areas": []}, {"aligned_to_nothing"}),
        ({"areas": []}, {"outside_the_plan"}),
        ({"department": None}, set()),
        ({"owner": None}, {"no_owner"}),
        ({"owner": "  "}, {"no_owner"}),
        ({"source": ""}, {"no_source"}),
        ({"baseline": None}, {"no_baseline"}),
        ({"method": MethodChoice(id="magic")}, {"unknown_method"}),
        ({"method": MethodChoice(id="pace")}, set()),
        ({"direction": "none", "baseline": None}, set()),
        ({"peers": [Peer(code="salford")]}, {"peers_without_values"}),
        ({"equity": [EquityRule(dimension="race")]}, {"groups_without_values"}),
        ({"retired": True, "owner": None, "source": ""}, set()),
    ],
)
def test_each_gap_of_a_measure_is_found_by_itself(changed: dict[str, Any], found: set[str]) -> None:
    assert of_measure(**changed) == found


def test_a_measure_without_target_has_no_default_method_either() -> None:
    assert of_measure(seen(targeted=())) == {"no_method", "no_target"}
    assert of_measure(seen(targeted=()), method=MethodChoice(id="cagr-ratio")) >= {"no_target"}
    assert of_measure(seen(targeted=()), direction="none") == set()


def test_a_measure_that_never_had_a_value_is_not_called_stale() -> None:
    assert of_measure(seen(latest={})) == {"never_populated"}


@pytest.mark.parametrize(("last", "found"), [("2017-03", set()), ("2016-02", set()), ("2016-01", {"stale_for_long"})])
def test_stale_for_long_is_more_than_a_year_after_it_became_stale(last: str, found: set[str]) -> None:
    assert of_measure(seen(latest={"m": periods.parse(last)})) == found


def test_the_first_day_of_being_stale_for_long() -> None:
    """February's successor ends on 2015-04-01, 30 days of grace are spent on 2015-05-02, and a year later …"""
    last = {"m": periods.parse("2015-02")}
    assert of_measure(seen(latest=last, today=date(2016, 4, 30))) == set()
    assert of_measure(seen(latest=last, today=date(2016, 5, 1))) == {"stale_for_long"}


def test_peers_and_groups_with_values_are_in_order() -> None:
    peers, equity = [Peer(code="salford"), Peer(code="bury")], [EquityRule(dimension="race")]
    there = seen(labels={"m": {"peer": {"salford", "bury"}, "race": {"a", "b"}}})
    assert of_measure(there, peers=peers, equity=equity) == set()
    known = plan(measure(**{**WHOLE, "peers": peers}))
    some = lint(known, seen(labels={"m": {"peer": {"bury"}}}), every(known))[0]
    assert [found.detail for found in some if found.rule.code == "peers_without_values"] == ["No value of salford."]


def test_a_derived_measure_needs_units_and_neither_source_nor_values() -> None:
    formula = Formula(text="a / b", inputs=["a", "b"], tree=["/", ["measure", "a"], ["measure", "b"]])
    known = plan(
        measure(**{**WHOLE, "source": "", "formula": formula}),
        measure("a", **{**WHOLE, "department": None, "areas": []}),
        measure("b", **{**WHOLE, "unit": "", "department": None, "areas": []}),
        department("fire"),
        area("safety"),
    )
    there = seen(latest={"a": MARCH, "b": MARCH}, targeted={"m", "a", "b"})
    assert look(known, there) == [("units_unchecked", "m")]
    named = plan(*(measure(code, **{**WHOLE, "formula": formula if code == "m" else None}) for code in "mab"))
    assert ("units_unchecked", "m") not in look(named, there)


def test_a_measure_that_weighs_another_is_used() -> None:
    known = plan(
        measure(**{**WHOLE, "weighted_by": "people"}),
        measure("people", direction="none", owner="Clerk", source="Census"),
        department("fire"),
        area("safety"),
    )
    assert look(known, seen(latest={"m": MARCH, "people": MARCH})) == []


def test_composites_without_members_or_with_members_that_weigh_nothing() -> None:
    known = plan(
        measure(**{**WHOLE, "department": None, "areas": []}),
        goal("empty", department="fire", owners=["x"]),
        goal("informed", department="fire", owners=["x"], metrics=[metric("m")]),
        goal("gone", department="fire", owners=["x"], kpi="retired"),
        measure("retired", retired=True),
        department("fire"),
        department("water"),
        department("merged", merged_into="fire"),
        area("safety"),
    )
    found = [(rule, node) for rule, node in look(known, seen()) if rule in ("no_members", "nothing_counts")]
    assert sorted(found) == [
        ("no_members", "empty"),
        ("no_members", "gone"),
        ("no_members", "safety"),
        ("no_members", "water"),
        ("nothing_counts", "informed"),
    ]


def test_goals_need_a_kpi_an_owner_and_a_place() -> None:
    known = plan(goal("g", metrics=[metric("m", "1")]), measure(**WHOLE))
    goals = [rule for rule, node in look(known, seen()) if node == "g"]
    assert goals == ["goal_aligned_to_nothing", "goal_without_kpi", "goal_without_owner"]


def test_counts_say_how_many_of_how_many() -> None:
    known = plan(
        *(measure(f"m{number}", owner="x" if number < 12 else None) for number in range(25)),
        measure("neutral", direction="none"),
    )
    _, counts = lint(known, seen(), every(known))
    assert counts["no_owner"] == Count(14, 26)
    assert counts["no_target"] == Count(25, 25)
    assert counts["units_unchecked"] == Count(0, 0)
    assert counts.keys() == rules.TITLES.keys()


def test_only_the_nodes_that_were_asked_about_are_looked_at() -> None:
    known = plan(measure("a"), measure("b"), goal("g", kpi="a"))
    assert {node for _, node in look(known, seen(), [Node(Kind.MEASURE, "b")])} == {"b"}


def test_the_order_in_which_a_plan_was_written_changes_nothing() -> None:
    parts: list[Defined] = [measure("a"), measure("b", owner="x"), goal("g", kpi="a"), department("d"), area("z")]
    assert look(plan(*parts), seen()) == look(plan(*reversed(parts)), seen())


def test_every_rule_is_documented_and_every_documented_rule_is_one() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert rows == list(rules.TITLES)
