"""What enters and leaves the engine: values only. Definitions are the event bodies themselves.

Times are days; a judged period is known by its id and by the day after its last one. Scores run from 0 to 100
with six decimals, weights are not negative, shares run from 0 to 1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tideline import events, periods
from tideline.events import AreaDefined, Calendar, CityDefined, DepartmentDefined, GoalDefined, MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import CITY_CODE, Flag, Frequency, Kind, Policy, Status

Breakdown = tuple[tuple[str, str], ...]


class Node(NamedTuple):
    """One node of the roll-up; sorts by kind, then code."""

    kind: Kind
    code: str


CITY: Final = Node(Kind.CITY, CITY_CODE)
PEER: Final = "peer"
"""The dimension under which the values of others with the same measure stand; they are no part of its own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The definitions as they stand, by code; retired ones included."""

    measures: Mapping[str, MeasureDefined] = field(default_factory=dict)
    goals: Mapping[str, GoalDefined] = field(default_factory=dict)
    departments: Mapping[str, DepartmentDefined] = field(default_factory=dict)
    areas: Mapping[str, AreaDefined] = field(default_factory=dict)
    city: CityDefined | None = None

    @property
    def calendar(self) -> Calendar:
        """The city's own."""
        return self.city.calendar if self.city else periods.STANDARD


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """`child` counts in `parent` with `weight`; weight 0 informs only. `kpi` marks the measure that decides."""

    parent: Node
    child: Node
    weight: Decimal = Decimal(1)
    kpi: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a measure's headline value. `value`, or the bounds of a range (either may be open)."""

    period: Period
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    version: int = 1
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One observation: the current value of a measure for a period and a breakdown (empty: the whole)."""

    period: Period
    breakdown: Breakdown = ()
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    flag: Flag | None = None

    @property
    def present(self) -> bool:
        """A withdrawn value is no value; zero is one."""
        pair = self.numerator is not None and self.denominator is not None
        return self.flag is not Flag.WITHDRAWN and (self.value is not None or pair)


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """Beside a judgement, never instead of it."""

    stale: bool = False
    provisional: bool = False
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many reported of how many asked; `stale` of those that did not had a judgement that is too old."""

    reporting: int = 0
    of: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class Assessment:
    """A method's answer about one measure at one period.

    `native` is the method's own figure (pace: progress made / progress due), `score` the common one.
    `why` holds the intermediate numbers under plain names: decimals, whole numbers, texts, lists of these.
    """

    status: Status
    score: Decimal | None = None
    native: Decimal | None = None
    target: Target | None = None
    why: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A child as its parent saw it. The contributions of a judged parent add up to its score.

    None: the child did not count, because it did not report or only informs.
    """

    node: Node
    weight: Decimal
    status: Status
    score: Decimal | None
    contribution: Decimal | None
    stale: bool = False
    kpi: bool = False


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """The status of a node. `as_of` is the judged period's id; its days run from `as_of_start` up to `as_of_end`.

    A parent shows the period of its most recent child in the city's calendar. `lower` and `upper` stand instead of
    `target` for ranges.
    """

    node: Node
    status: Status = Status.NO_DATA
    score: Decimal | None = None
    value: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    as_of: str | None = None
    as_of_start: date | None = None
    as_of_end: date | None = None
    qualifiers: Qualifiers = Qualifiers()
    coverage: Coverage = Coverage()
    counts: Mapping[Status, int] = field(default_factory=dict)
    method: str | None = None
    method_version: int | None = None
    native: Decimal | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Contribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """What a parent may know of a child: its edge and its last status."""

    node: Node
    weight: Decimal
    kpi: bool
    status: Status
    score: Decimal | None = None
    value: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    as_of: str | None = None
    as_of_start: date | None = None
    as_of_end: date | None = None
    qualifiers: Qualifiers = Qualifiers()


@dataclass(frozen=True, slots=True)
class Parent:
    """How a node is judged from its children. `calendar` is the city's, in which it tells its period."""

    node: Node
    policy: Policy = Policy.WEIGHTED
    minimum_coverage: Decimal = Decimal("0.5")
    sample: bool = False
    calendar: Calendar = periods.STANDARD


def child(edge: Edge, status: NodeStatus) -> Child:
    return Child(
        node=edge.child,
        weight=edge.weight,
        kpi=edge.kpi,
        status=status.status,
        score=status.score,
        value=status.value,
        target=status.target,
        lower=status.lower,
        upper=status.upper,
        as_of=status.as_of,
        as_of_start=status.as_of_start,
        as_of_end=status.as_of_end,
        qualifiers=status.qualifiers,
    )


def parent(
    definition: GoalDefined | DepartmentDefined | AreaDefined | CityDefined, calendar: Calendar = periods.STANDARD
) -> Parent:
    """The rule of a node that has children; a city that has said nothing of itself has `Parent(CITY)`."""
    return Parent(
        Node(Kind(definition.noun), definition.code),
        Policy(definition.policy),
        definition.minimum_coverage,
        getattr(definition, "sample", False),
        calendar,
    )


def breakdown(words: Mapping[str, str]) -> Breakdown:
    return tuple(sorted(words.items()))


def cell(definition: MeasureDefined, observation: events.Observation) -> Cell:
    """Raises periods.BadPeriod, and ValueError for an unknown flag."""
    return Cell(
        periods.parse(observation.period, definition.calendar),
        breakdown(observation.breakdown),
        observation.value,
        observation.numerator,
        observation.denominator,
        Flag(observation.flag) if observation.flag else None,
    )


def period_from(start: date, frequency: str, calendar: Calendar) -> Period:
    """The period that begins on a stored start date."""
    return periods.containing(start, Frequency(frequency), calendar)


def headline_targets(definition: MeasureDefined, targets: Iterable[events.Target]) -> Sequence[Target]:
    """Those that bind the headline value, oldest period first; taken back and broken-down ones left out.

    Raises periods.BadPeriod.
    """
    kept = [
        Target(periods.parse(t.period, definition.calendar), t.value, t.lower, t.upper, t.version, t.sample)
        for t in targets
        if not t.breakdown and (t.value, t.lower, t.upper) != (None, None, None)
    ]
    return sorted(kept, key=lambda target: (target.period.end, target.period.start))
