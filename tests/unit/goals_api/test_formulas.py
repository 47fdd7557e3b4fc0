"""A formula is read as arithmetic is written, or refused with the place where it stops being one."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_api.core.faults import Fault
from goals_api.core.formulas import DEPTH_MAX, INPUTS_MAX, LENGTH_MAX, inputs_of, parse
from tideline.events import Formula


def read(text: str) -> Formula:
    found = parse(text)
    assert isinstance(found, Formula), found
    return found


def refused(text: str) -> str:
    found = parse(text)
    assert isinstance(found, Fault), found
    assert (found.path, found.code) == ("formula", "bad_formula")
    return found.detail


A, B, C = ["measure", "a"], ["measure", "b"], ["measure", "c"]


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{a}", A),
        ("{a} + {b} * {c}", ["+", A, ["*", B, C]]),
        ("({a} + {b}) * {c}", ["*", ["+", A, B], C]),
        ("{a} - {b} - {c}", ["-", ["-", A, B], C]),
        ("{a} / {b} / {c}", ["/", ["/", A, B], C]),
        ("-{a} * {b}", ["*", ["negate", A], B]),
        ("--{a}", ["negate", ["negate", A]]),
        ("100 * { a } / 1.50", ["/", ["*", ["number", "100"], A], ["number", "1.50"]]),
        (".5*{a}", ["*", ["number", ".5"], A]),
        ("min({a}, {b} + 1, 2)", ["min", A, ["+", B, ["number", "1"]], ["number", "2"]]),
        ("max({a},{b})", ["max", A, B]),
        ("abs({a} \u2212 {b}) \u00d7 {c}", ["*", ["abs", ["-", A, B]], C]),
        ("{0-1-a}", ["measure", "0-1-a"]),
    ],
)
def test_a_formula_is_read_as_arithmetic_is_written(text: str, tree: object) -> None:
    assert read(text).tree == tree


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "at character 1: expected a number"),
        ("{a} +", "at character 6: expected a number"),
        ("{a} {b}", "at character 5: expected an operator or the end, found b"),
        ("({a}", "at character 5: expected ), found the end"),
        ("{a})", "at character 4: expected an operator or the end, found )"),
        ("{a} ? {b}", "at character 5: '? {b}' is not part"),
        ("{A}", "at character 1: 'A' is no code"),
        ("{}", "is no code"),
        ("{a", "at character 1: '{a' is not part"),
        ("sum({a}, {b})", "at character 1: 'sum' is no function; there are min, max, abs"),
        ("min {a}", "expected ( after min"),
        ("min({a})", "min takes two operands or more"),
        ("abs({a}, {b})", "abs takes one operand"),
        ("min({a},)", "expected a number"),
        ("{a} ** {b}", "expected a number"),
        ("1 + 2", "reads at least one measure"),
        ("{a} * 1e3", "expected an operator or the end, found e"),
        ("{a} * " + "9" * 39, "at most 38 digits"),
    ],
)
def test_what_is_no_formula_is_refused_with_its_place(text: str, detail: str) -> None:
    assert detail in refused(text)


def test_the_inputs_stand_once_in_the_order_of_the_text() -> None:
    assert read("{b} / ({a} + {b}) * {c}").inputs == ["b", "a", "c"]
    assert inputs_of("{b} + {a}") == ("b", "a")
    assert inputs_of(None) == inputs_of("{") == ()


def written(tree: list[Any]) -> str:
    """A tree with all its parentheses."""
    name, *operands = tree
    if name == "number":
        return str(operands[0])
    if name == "measure":
        return f"{{{operands[0]}}}"
    texts = [written(operand) for operand in operands]
    if name in ("min", "max", "abs"):
        return f"{name}({', '.join(texts)})"
    return f"(-{texts[0]})" if name == "negate" else f"({f' {name} '.join(texts)})"


def _longer(trees: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[list[Any]]:
    two = st.tuples(st.sampled_from(["+", "-", "*", "/", "min", "max"]), trees, trees)
    return st.tuples(st.sampled_from(["negate", "abs"]), trees).map(list) | two.map(list)


LEAVES = st.sampled_from([A, B, C, ["number", "2"], ["number", "0.50"]])


@given(st.recursive(LEAVES, _longer, max_leaves=12))
def test_a_tree_that_is_written_out_is_read_back(tree: list[Any]) -> None:
    found = parse(written(tree))
    assert found.tree == tree if isinstance(found, Formula) else "reads at least one measure" in found.detail


def test_length_depth_and_inputs_are_bounded() -> None:
    assert "2000 characters" in refused("{a}" + " " * LENGTH_MAX)
    assert "not part" in refused("{" + " " * (LENGTH_MAX - 1))
    assert "nested" in refused("(" * (DEPTH_MAX + 1) + "{a}" + ")" * (DEPTH_MAX + 1))
    assert "nested" in refused("-" * 1_500 + "{a}")
    assert read("(" * (DEPTH_MAX - 1) + "{a}" + ")" * (DEPTH_MAX - 1)).tree == A
    assert "steps" in refused("{a}" + "+1" * 500)
    assert f"at most {INPUTS_MAX}" in refused("+".join(f"{{{number}}}" for number in range(INPUTS_MAX + 1)))
    assert len(read("+".join(f"{{{number}}}" for number in range(INPUTS_MAX))).inputs) == INPUTS_MAX


@given(st.text(alphabet="{}ab01.+-*/(), minmaxabs", max_size=80))
def test_any_text_is_a_formula_or_a_fault_and_a_formula_can_travel(text: str) -> None:
    found = parse(text)
    if isinstance(found, Formula):
        assert msgspec.json.decode(msgspec.json.encode(found), type=Formula) == found
