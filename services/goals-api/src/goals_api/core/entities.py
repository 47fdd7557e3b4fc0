"""What a plan is made of, as values: city, areas, departments, goals, measures, targets, and what is stored of them.

A content holds what an author writes; `Stored` adds what the service keeps about it. Contents compare by value:
two are equal when nothing an author could see differs.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Generic, TypeAlias, TypeVar

from msgspec import Struct, field, to_builtins
from msgspec.structs import fields

from tideline.events import Baseline, Calendar, EquityRule, MethodChoice, Peer
from tideline.vocabulary import CITY_CODE, Aggregation, AreaKind, Direction, Frequency, Kind, MeasureType, Policy

HALF: Final = Decimal("0.5")
ONE: Final = Decimal(1)


class CalendarFrom(StrEnum):
    """Whose calendar a measure follows."""

    CITY = "city"
    MEASURE = "measure"


class DatedName(Struct, frozen=True, kw_only=True):
    """A title of a department and when it had it; None where nobody knows, or where it still has it."""

    title: str
    from_: date | None = field(default=None, name="from")
    until: date | None = None


class AggregationRule(Struct, frozen=True, kw_only=True):
    """How values join over time and, separately, over the cells of a breakdown."""

    time: Aggregation = Aggregation.SUM
    breakdown: Aggregation = Aggregation.SUM


class Metric(Struct, frozen=True, kw_only=True):
    """A measure beside the KPI of a goal; weight 0 informs and does not count."""

    measure: str
    weight: Decimal = Decimal(0)


class City(Struct, frozen=True, kw_only=True):
    """What holds for the whole city. There is one; it belongs to no plan and never retires."""

    code: str = CITY_CODE
    title: str = "City"
    calendar: Calendar = Calendar()
    suppress_under: int = 10
    policy: Policy = Policy.WEIGHTED
    minimum_coverage: Decimal = HALF
    published: bool = True


class Area(Struct, frozen=True, kw_only=True):
    code: str
    title: str
    description: str = ""
    kind: AreaKind
    plan_version: str | None = None
    parents: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    policy: Policy = Policy.WEIGHTED
    minimum_coverage: Decimal = HALF
    published: bool = True


class Department(Struct, frozen=True, kw_only=True):
    """`names` are its titles over time, the present one last; None in a proposal lets the service keep them."""

    code: str
    title: str
    description: str = ""
    names: tuple[DatedName, ...] | None = None
    merged_into: str | None = None
    policy: Policy = Policy.WEIGHTED
    minimum_coverage: Decimal = HALF
    weight: Decimal = ONE
    published: bool = True


class Goal(Struct, frozen=True, kw_only=True):
    code: str
    title: str
    description: str = ""
    department: str | None = None
    areas: tuple[str, ...] = ()
    horizon_years: int | None = None
    biennium: str | None = None
    owners: tuple[str, ...] = ()
    kpi: str | None = None
    metrics: tuple[Metric, ...] = ()
    policy: Policy = Policy.KPI
    minimum_coverage: Decimal = HALF
    weight: Decimal = ONE
    published: bool = True
    sample: bool = False


class Measure(Struct, frozen=True, kw_only=True):
    """`calendar` is the one in effect: with `calendar_from` city it is kept the same as the city's.

    `formula` is the text as written; what it reads is parsed from it whenever it is needed.
    """

    code: str
    title: str
    description: str = ""
    department: str | None = None
    areas: tuple[str, ...] = ()
    type: MeasureType = MeasureType.OUTPUT
    unit: str = ""
    direction: Direction
    frequency: Frequency
    calendar: Calendar = Calendar()
    calendar_from: CalendarFrom = CalendarFrom.CITY
    aggregation: AggregationRule = AggregationRule()
    multiplier: Decimal = ONE
    breakdowns: tuple[str, ...] = ()
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    source: str = ""
    collection_method: str = ""
    owner: str | None = None
    method: MethodChoice | None = None
    grace_days: int | None = None
    weight: Decimal = ONE
    baseline: Baseline | None = None
    formula: str | None = None
    weighted_by: str | None = None
    peers: tuple[Peer, ...] = ()
    equity: tuple[EquityRule, ...] = ()
    suppress_under: int | None = None
    published: bool = True
    sample: bool = False


class Target(Struct, frozen=True, kw_only=True):
    """What a measure should reach in a period; value, lower and upper all None: taken back."""

    measure: str
    period: str
    breakdown: dict[str, str] = {}
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    reason: str = ""
    sample: bool = False


Content: TypeAlias = City | Area | Department | Goal | Measure
Kept = TypeVar("Kept", bound=Content)
TargetKey: TypeAlias = tuple[str, str, str]

CONTENTS: Final[Mapping[Kind, type[Content]]] = {
    Kind.CITY: City,
    Kind.AREA: Area,
    Kind.DEPARTMENT: Department,
    Kind.MEASURE: Measure,
    Kind.GOAL: Goal,
}
PLURALS: Final[Mapping[Kind, str]] = {
    Kind.CITY: "city",
    Kind.AREA: "areas",
    Kind.DEPARTMENT: "departments",
    Kind.MEASURE: "measures",
    Kind.GOAL: "goals",
}


class Stored(Struct, Generic[Kept], frozen=True, kw_only=True):
    """A content as it stands in the database; `version` counts from 1, `plan` names the document that keeps it."""

    content: Kept
    version: int
    plan: str | None = None
    retired: bool = False
    retirement_note: str = ""
    changed_at: datetime


class StandingTarget(Struct, frozen=True, kw_only=True):
    """One version of one target; `known_to` None: the version that stands."""

    target: Target
    version: int
    actor: str
    known_from: datetime
    known_to: datetime | None = None


class PlanVersion(Struct, frozen=True, kw_only=True):
    """A wording of the plan that was adopted on a day, such as a regrouping of its areas."""

    id: str
    title: str = ""
    on: date | None = None


class PlanHead(Struct, frozen=True, kw_only=True):
    """What a plan says of itself."""

    code: str
    title: str
    adopted_on: date | None = None
    resolution: str | None = None
    description: str = ""
    versions: tuple[PlanVersion, ...] = ()


class StoredPlan(Struct, frozen=True, kw_only=True):
    """A plan in the database; its version counts every change of anything that belongs to it."""

    head: PlanHead
    version: int
    changed_at: datetime


def breakdown_key(breakdown: Mapping[str, str]) -> str:
    """One text for one cell, whatever the order of its dimensions; "{}" is the whole."""
    if not breakdown:
        return "{}"
    return json.dumps(breakdown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def target_key(target: Target) -> TargetKey:
    return (target.measure, target.period, breakdown_key(target.breakdown))


def differing(one: Struct, other: Struct) -> tuple[str, ...]:
    """The names of the fields in which two contents of one type differ."""
    return tuple(known.encode_name for known in fields(one) if getattr(one, known.name) != getattr(other, known.name))


def plain(value: Struct) -> dict[str, Any]:
    """The words of the API for a value, ready for an exact encoder."""
    found: dict[str, Any] = to_builtins(value, builtin_types=(Decimal, date, datetime))
    return found
