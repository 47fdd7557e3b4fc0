"""Units as products of powers of words, far enough to say whether a formula can give what its measure claims.

`minutes`, `calls per 1,000 residents`, `$ / call`, `m^2`. Numbers in a unit are a scale and count for nothing;
`%`, `percent`, `share` and the like, with or without `of …`, have no dimension. Singular and plural are one word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

from goals_api.core.formulas import Tree

_PER: Final = re.compile(r"(?:^|\s)per\s|/")
_TIMES: Final = re.compile(r"\*|·|×")
_SCALE: Final = re.compile(r"^[\d.,\s]+(?=\D|$)")
_POWER: Final = re.compile(r"^(?P<word>.*?)\s*\^\s*(?P<power>-?\d)$")
_NONE: Final = re.compile(r"(%|per ?cent|percentages?|percentage points?|shares?|ratio|fraction)(\s+of\s.*)?")
_SAME: Final = {"people": "person", "persons": "person", "$": "dollar", "us$": "dollar", "usd": "dollar"}


@dataclass(frozen=True, slots=True)
class Unit:
    """`powers` by the root of a word; `words` are the same roots as somebody wrote them, and no part of the unit."""

    powers: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        above = [self._power(root, power) for root, power in self.powers.items() if power > 0]
        below = [self._power(root, -power) for root, power in self.powers.items() if power < 0]
        if not above and not below:
            return "a share or a bare number"
        return " per ".join([" * ".join(above) or "1", *below])

    def _power(self, root: str, power: int) -> str:
        return self.words.get(root, root) + (f"^{power}" if power > 1 else "")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two units that had to be equal where an operation stands."""

    operation: str
    one: Unit
    other: Unit

    def __str__(self) -> str:
        return f"{self.operation} joins {self.one} and {self.other}"


class Bare:
    """A number without a measure: it takes the other side's unit in a sum and is a scale in a product."""


class Unknown:
    """The unit of what has none written down: it cannot be checked and stops nothing."""


BARE: Final = Bare()
UNKNOWN: Final = Unknown()
Dimension = Unit | Bare | Unknown


def read(text: str) -> Unit:
    """The unit that a text names."""
    written = text.strip().lower()
    if _NONE.fullmatch(written):
        return Unit()
    above, *below = _PER.split(f" {written}")
    found = _product(above)
    for part in below:
        found = _joined(found, _product(part), -1)
    return found


def of(tree: Tree, units: Mapping[str, Unit | None]) -> Dimension | Mismatch:
    """The unit of what a tree gives; `units` by measure, None where nobody wrote one down."""
    if tree[0] == "number":
        return BARE
    if tree[0] == "measure":
        unit = units.get(tree[1])
        return UNKNOWN if unit is None else unit
    operands: list[Dimension] = []
    for operand in tree[1:]:
        found = of(operand, units)
        if isinstance(found, Mismatch):
            return found
        operands.append(found)
    return _times(tree[0], *operands) if tree[0] in ("*", "/") else _alike(tree[0], operands)


def _alike(operation: str, operands: Sequence[Dimension]) -> Dimension | Mismatch:
    """What has to be of one unit to be added, compared or kept."""
    known = [operand for operand in operands if isinstance(operand, Unit)]
    for other in known[1:]:
        if other != known[0]:
            return Mismatch(operation, known[0], other)
    if any(isinstance(operand, Unknown) for operand in operands):
        return UNKNOWN
    return known[0] if known else BARE


def _times(operation: str, one: Dimension, other: Dimension) -> Dimension:
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return UNKNOWN
    if isinstance(one, Bare) and isinstance(other, Bare):
        return BARE
    left, right = (operand if isinstance(operand, Unit) else Unit() for operand in (one, other))
    return _joined(left, right, 1 if operation == "*" else -1)


def _product(text: str) -> Unit:
    return reduce(lambda found, word: _joined(found, _word(word), 1), _TIMES.split(text), Unit())


def _word(text: str) -> Unit:
    """One word with its power; what is a number or a share only has no dimension."""
    bare = _SCALE.sub("", text.strip()).strip()
    found = _POWER.match(bare)
    word, power = (found["word"], int(found["power"])) if found else (bare, 1)
    word = " ".join(word.split())
    if not word or not power or _NONE.fullmatch(word):
        return Unit()
    root = _root(word)
    return Unit({root: power}, {root: word})


def _root(words: str) -> str:
    """Equal for the singular and the plural of a word; of several words the last one is counted."""
    *before, last = words.split()
    last = _SAME.get(last, last)
    if last.endswith("ies"):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith(("ss", "us", "is")):
        last = last[:-1]
    last = f"{last[:-1]}i" if last.endswith("y") else last.removesuffix("e")
    return " ".join([*before, last])


def _joined(one: Unit, other: Unit, sign: int) -> Unit:
    powers = dict(one.powers)
    for root, power in other.powers.items():
        powers[root] = powers.get(root, 0) + sign * power
    return Unit({root: power for root, power in powers.items() if power}, {**other.words, **one.words})
