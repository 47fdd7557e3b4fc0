"""Formulas of derived measures: text into a tree, or the fault and where it stands.

    sum    = term (("+" | "-") term)*
    term   = factor (("*" | "/") factor)*
    factor = "-" factor | number | "{" code "}" | "(" sum ")" | name "(" sum ("," sum)* ")"

Names are min, max (two operands or more) and abs (one). The tree is described at `tideline.events.Formula`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, TypeAlias

from goals_api.core.faults import Fault
from tideline.events import Formula
from tideline.vocabulary import CODE

LENGTH_MAX: Final = 2_000
DEPTH_MAX: Final = 40
HEIGHT_MAX: Final = 100
INPUTS_MAX: Final = 50
DIGITS_MAX: Final = 38
FUNCTIONS: Final = {"min": (2, INPUTS_MAX), "max": (2, INPUTS_MAX), "abs": (1, 1)}
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|\{(?P<measure>[^{}]*)\}|(?P<name>[a-z]+)|(?P<sign>[-+*/(),\u2212\u00d7]))",
    re.ASCII,
)
_SIGNS: Final = {"\u2212": "-", "\u00d7": "*"}
Tree: TypeAlias = list[Any]


class _Wrong(Exception):
    """Ends the reading of a formula; never leaves this module."""

    def __init__(self, at: int, detail: str) -> None:
        super().__init__(f"at character {at + 1}: {detail}")


def parse(text: str) -> Formula | Fault:
    """The formula that a text says, its inputs in the order in which they first stand."""
    return _parse(text) if len(text) <= LENGTH_MAX else _fault(f"a formula has at most {LENGTH_MAX} characters")


@lru_cache(maxsize=4_096)
def _parse(text: str) -> Formula | Fault:
    try:
        tree = _Reading(text).whole()
    except _Wrong as reason:
        return _fault(str(reason))
    inputs = list(dict.fromkeys(measures(tree)))
    if not inputs:
        return _fault("a formula reads at least one measure, such as {calls}")
    if len(inputs) > INPUTS_MAX:
        return _fault(f"a formula reads at most {INPUTS_MAX} measures")
    if _height(tree) > HEIGHT_MAX:
        return _fault(f"more than {HEIGHT_MAX} steps hang on each other; group some of them with parentheses")
    return Formula(text=text, inputs=inputs, tree=tree)


def inputs_of(text: str | None) -> tuple[str, ...]:
    """The measures that a formula reads; none of what is no formula."""
    found = parse(text) if text is not None else None
    return tuple(found.inputs) if isinstance(found, Formula) else ()


def measures(tree: Tree) -> Iterator[str]:
    """The measures in a tree, from left to right."""
    if tree[0] == "measure":
        yield tree[1]
    elif tree[0] != "number":
        for operand in tree[1:]:
            yield from measures(operand)


class _Reading:
    """One pass over a text by recursive descent, one token ahead; depth is bounded here, not by the stack."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._depth = 0
        self._advance()

    def whole(self) -> Tree:
        tree = self._sum()
        if self._kind:
            raise self._expected("an operator or the end")
        return tree

    def _sum(self) -> Tree:
        tree = self._term()
        while self._word in ("+", "-"):
            sign = self._take()
            tree = [sign, tree, self._term()]
        return tree

    def _term(self) -> Tree:
        tree = self._factor()
        while self._word in ("*", "/"):
            sign = self._take()
            tree = [sign, tree, self._factor()]
        return tree

    def _factor(self) -> Tree:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise _Wrong(self._at, f"nested more than {DEPTH_MAX} deep")
        tree = self._read_factor()
        self._depth -= 1
        return tree

    def _read_factor(self) -> Tree:
        if self._kind in ("number", "measure"):
            return [self._kind, self._operand()]
        if self._kind == "name":
            return self._function()
        if self._word == "-":
            self._take()
            return ["negate", self._factor()]
        if self._word == "(":
            self._take()
            tree = self._sum()
            self._close()
            return tree
        raise self._expected("a number, a measure such as {calls}, or a parenthesis")

    def _operand(self) -> str:
        if self._kind == "measure" and not CODE.fullmatch(self._word):
            raise _Wrong(self._at, f"{self._word[:60]!r} is no code of a measure")
        if self._kind == "number" and len(self._word) > DIGITS_MAX:
            raise _Wrong(self._at, f"a number has at most {DIGITS_MAX} digits")
        return self._take()

    def _function(self) -> Tree:
        at, name = self._at, self._take()
        if name not in FUNCTIONS:
            raise _Wrong(at, f"{name[:40]!r} is no function; there are {', '.join(FUNCTIONS)}")
        if self._word != "(":
            raise self._expected(f"( after {name}")
        self._take()
        operands = [self._sum()]
        while self._word == ",":
            self._take()
            operands.append(self._sum())
        self._close()
        least, most = FUNCTIONS[name]
        if not least <= len(operands) <= most:
            raise _Wrong(at, f"{name} takes {'one operand' if most == 1 else 'two operands or more'}")
        return [name, *operands]

    def _close(self) -> None:
        if self._word != ")":
            raise self._expected(")")
        self._take()

    def _take(self) -> str:
        word = self._word
        self._advance()
        return word

    def _advance(self) -> None:
        found = _TOKEN.match(self._text, self._end)
        if found is None or found.lastgroup is None:
            self._at = len(self._text) - len(self._text[self._end :].lstrip())
            if self._at < len(self._text):
                raise _Wrong(self._at, f"{self._text[self._at : self._at + 20]!r} is not part of any formula")
            self._kind, self._word = "", ""
            return
        self._kind, self._at, self._end = found.lastgroup, found.end() - len(found[0].lstrip()), found.end()
        self._word = _SIGNS.get(found[found.lastgroup], found[found.lastgroup]).strip()

    def _expected(self, what: str) -> _Wrong:
        return _Wrong(self._at, f"expected {what}, found {self._word[:40] or 'the end'}")


def _height(tree: Tree) -> int:
    """Steps from the root to the deepest leaf. Reading has bounded the nesting, not how long a sum is."""
    height, level = 0, [tree]
    while level:
        height += 1
        level = [operand for node in level if node[0] not in ("number", "measure") for operand in node[1:]]
    return height


def _fault(detail: str) -> Fault:
    return Fault("formula", "bad_formula", detail)
