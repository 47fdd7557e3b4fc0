"""What a push needs to know: the local copy of a measure's definition, and who may write what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Self

from measures_ingest.core import schemes
from tideline.events import Calendar
from tideline.periods import STANDARD
from tideline.vocabulary import Frequency

ANY: Final = "*"
PEER: Final = "peer"


@dataclass(frozen=True, slots=True)
class Definition:
    """A measure as far as its values must fit it. `multiplier` turns numerator/denominator into the value.

    A derived one is computed from others and takes no values. `peers` are the others whose values may come too.
    Made from the rest, since every row asks: `scheme`, how period ids are read, and `dimensions`, all that values
    may be broken down by.
    """

    code: str
    department: str | None
    frequency: Frequency
    calendar: Calendar = STANDARD
    breakdowns: frozenset[str] = frozenset()
    ratio: bool = False
    multiplier: Decimal = Decimal(1)
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    retired: bool = False
    published: bool = True
    version: int = 1
    derived: bool = False
    peers: frozenset[str] = frozenset()
    scheme: str = field(init=False)
    dimensions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scheme", schemes.scheme(self.frequency, self.calendar))
        object.__setattr__(self, "dimensions", self.breakdowns | {PEER} if self.peers else self.breakdowns)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which measures a sender may write: by code, `*` for all, or all measures of some departments."""

    measures: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()

    @classmethod
    def told(cls, document: Mapping[str, list[str]]) -> Self:
        return cls(frozenset(document.get("measures", ())), frozenset(document.get("departments", ())))

    def document(self) -> dict[str, list[str]]:
        return {"measures": sorted(self.measures), "departments": sorted(self.departments)}

    def admits(self, code: str, department: str | None) -> bool:
        return ANY in self.measures or code in self.measures or (department is not None and self.has(department))

    def may_admit(self, code: str) -> bool:
        """Whether an undefined measure could turn out to be in scope: its department is not known yet."""
        return ANY in self.measures or code in self.measures or bool(self.departments)

    def has(self, department: str) -> bool:
        return department in self.departments


EVERYTHING: Final = Scope(measures=frozenset({ANY}))


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a row is judged against; `quarantine`: rows of undefined measures may wait."""

    definitions: Mapping[str, Definition]
    scope: Scope
    today: date
    quarantine: bool = True
