"""What a push needs to know: the local copy of a measure's definition, and who may write what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, Self

from tideline import periods
from tideline.events import Calendar
from tideline.periods import STANDARD
from tideline.vocabulary import Frequency

ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Definition:
    """A measure as far as its values must fit it. `multiplier` turns numerator/denominator into the value."""

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

    def period_id(self, start: date) -> str:
        """The id of the period that begins on a day, in this measure's calendar."""
        return _period_id(start, self.frequency, self.calendar)


@lru_cache(maxsize=65_536)
def _period_id(start: date, frequency: Frequency, calendar: Calendar) -> str:
    return periods.identify(periods.containing(start, frequency, calendar), calendar)


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
