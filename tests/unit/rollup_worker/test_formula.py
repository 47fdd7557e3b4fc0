"""Formulas computed from their trees, by hand-worked numbers."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.formula import DEEPEST, evaluate, fault

A, B = ["measure", "a"], ["measure", "b"]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (["number", "1.50"], "1.50"),
        (["+", A, B], "7"),
        (["-", A, B], "-1"),
        (["*", ["number", "100"], ["/", A, B]], "75"),
        (["negate", A], "-3"),
        (["abs", ["-", A, B]], "1"),
        (["min", A, B, ["number", "2"]], "2"),
        (["max", A, B, ["number", "2"]], "4"),
    ],
)
def test_an_operation_gives_its_number(tree: list[Any], expected: str) -> None:
    assert fault(tree) is None
    assert evaluate(tree, {"a": Decimal(3), "b": Decimal(4)}) == Decimal(expected)


def test_sums_lose_no_digit() -> None:
    tiny, huge = Decimal("1e-20"), Decimal("1e30")
    assert evaluate(["-", ["+", A, B], A], {"a": huge, "b": tiny}) == tiny


def test_a_quotient_has_34_digits() -> None:
    assert evaluate(["/", ["number", "1"], ["number", "3"]], {}) == Decimal("0." + "3" * 34)


def test_a_missing_measure_gives_no_number_and_is_not_zero() -> None:
    assert evaluate(["+", A, B], {"a": Decimal(3)}) is None
    assert evaluate(["max", A, B], {"a": Decimal(3)}) is None


def test_a_division_by_zero_gives_no_number() -> None:
    assert evaluate(["+", A, ["/", A, B]], {"a": Decimal(3), "b": Decimal(0)}) is None


@pytest.mark.parametrize(
    "tree",
    [
        [],
        "a",
        ["power", A, B],
        ["+", A],
        ["-", A, B, A],
        ["min", A],
        ["number", "one"],
        ["number", "NaN"],
        ["number", 1],
        ["measure"],
        ["measure", A],
        ["+", A, ["/", A, None]],
        [A, B],
    ],
)
def test_a_tree_that_cannot_be_computed_is_told(tree: Any) -> None:
    assert fault(tree) is not None


def test_a_tree_deeper_than_the_limit_is_told() -> None:
    tree: list[Any] = A
    for _ in range(DEEPEST + 1):
        tree = ["negate", tree]
    assert fault(tree) == f"operations stand more than {DEEPEST} deep"
