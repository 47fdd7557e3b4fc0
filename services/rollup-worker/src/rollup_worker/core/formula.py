"""What a parsed formula comes to. Exact but for quotients, which are rounded half-even to 34 digits.

A measure without a value and a division by zero give no number, and so does everything computed from one: what is
missing is never taken for zero.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from rollup_worker.core.decimals import divide, exact

DEEPEST: Final = 100
"""How far operations may stand within each other."""
MANY: Final = 1_000
_OPERANDS: Final[Mapping[str, tuple[int, int]]] = {
    "+": (2, 2),
    "-": (2, 2),
    "*": (2, 2),
    "/": (2, 2),
    "negate": (1, 1),
    "abs": (1, 1),
    "min": (2, MANY),
    "max": (2, MANY),
}
_COMPUTE: Final[Mapping[str, Callable[[list[Decimal]], Decimal | None]]] = {
    "+": lambda held: held[0] + held[1],
    "-": lambda held: held[0] - held[1],
    "*": lambda held: held[0] * held[1],
    "/": lambda held: divide(held[0], held[1]) if held[1] else None,
    "negate": lambda held: -held[0],
    "abs": lambda held: abs(held[0]),
    "min": min,
    "max": max,
}


def fault(tree: Any, depth: int = 0) -> str | None:
    """What keeps a tree from being computed; None: nothing does."""
    if depth > DEEPEST:
        return f"operations stand more than {DEEPEST} deep"
    if not isinstance(tree, list) or not tree or not isinstance(tree[0], str):
        return "an operand is no tree"
    name, operands = tree[0], tree[1:]
    if name in ("number", "measure"):
        return None if _is_leaf(name, operands) else f"{name} needs one word"
    if name not in _OPERANDS:
        return f"{name!r} is no operation"
    least, most = _OPERANDS[name]
    if not least <= len(operands) <= most:
        return f"{name} has {len(operands)} operands"
    return next((found for each in operands if (found := fault(each, depth + 1))), None)


@exact
def evaluate(tree: Sequence[Any], values: Mapping[str, Decimal]) -> Decimal | None:
    """The number that a tree without `fault` comes to, with the measures' values by code; None: there is none."""
    return _evaluate(tree, values)


def _evaluate(tree: Sequence[Any], values: Mapping[str, Decimal]) -> Decimal | None:
    name, *operands = tree
    if name == "measure":
        return values.get(operands[0])
    if name == "number":
        return Decimal(operands[0])
    held: list[Decimal] = []
    for operand in operands:
        value = _evaluate(operand, values)
        if value is None:
            return None
        held.append(value)
    return _COMPUTE[name](held)


def _is_leaf(name: str, operands: Sequence[Any]) -> bool:
    if len(operands) != 1 or not isinstance(operands[0], str):
        return False
    try:
        return name == "measure" or Decimal(operands[0]).is_finite()
    except ArithmeticError:
        return False
