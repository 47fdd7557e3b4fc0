"""What a status method is: a name, a version, described parameters and a pure function over one case."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec

from rollup_worker.core.aggregate import is_summable
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.headline import Headline, over
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Aggregation, Direction, Frequency, Status

CONFIRM_MAX: Final = 24
TRAILING_MAX: Final = 120


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every method can be told.

    `level`: judge the measure at this coarser period, put together by its time aggregation.
    `trailing`: judge each period by the aggregate of this many periods up to and with it (the two exclude each other).
    `confirm`: show a judgement only once it has held for this many judged periods in a row (hysteresis).
    """

    level: Frequency | None = None
    trailing: Annotated[int, msgspec.Meta(ge=1, le=TRAILING_MAX)] | None = None
    confirm: Annotated[int, msgspec.Meta(ge=1, le=CONFIRM_MAX)] = 1


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Case:
    """One measure to be judged: its definition, its targets (oldest first) and its headlines up to `latest`.

    `peers` are the headlines of others with the same measure, by their code.
    """

    definition: MeasureDefined
    targets: Sequence[Target]
    known: Mapping[Period, Headline]
    latest: Period
    level: Frequency
    peers: Mapping[str, Mapping[Period, Headline]] = field(default_factory=dict)

    @property
    def judged(self) -> Period:
        return periods.parent(self.latest, self.level, self.definition.calendar)

    @property
    def direction(self) -> Direction:
        return Direction(self.definition.direction)

    @property
    def adds_up(self) -> bool:
        """Whether the values of parts add up to the value of the whole, so that a share of a target is due."""
        return is_summable(Aggregation(self.definition.time_aggregation))

    def at(self, frequency: Frequency) -> Headline:
        """The value of the period of that frequency around the latest one, to date."""
        return self.at_period(periods.parent(self.latest, frequency, self.definition.calendar))

    def at_period(self, whole: Period) -> Headline:
        return over(self.definition, self.known, whole, self.latest)

    def within(self, target: Target) -> bool:
        """Whether the judged period belongs to the target's (a week by its Thursday)."""
        judged, wanted = self.judged, target.period
        if periods.is_coarser(wanted.frequency, judged.frequency):
            return periods.parent(judged, wanted.frequency, self.definition.calendar) == wanted
        return judged == wanted

    def beside(self, target: Target) -> Headline:
        """The value to hold against a target: of the target's own coarser period where values add up."""
        wider = self.adds_up and periods.is_coarser(target.period.frequency, self.level)
        return self.at(target.period.frequency if wider else self.level)


@dataclass(frozen=True, slots=True)
class Method(Generic[P]):
    """`source` says where the method is published. A new version of a method is a new entry.

    `since` names the first day of the values that judging a case reads (its `known` is still empty then); None: the
    judged period, the one before and, where values add up, the targets' own periods. Older values change nothing.
    """

    id: str
    version: int
    title: str
    description: str
    source: str
    params: type[P]
    assess: Callable[[Case, P], Assessment]
    since: Callable[[Case, P], date] | None = None
    needs_direction: bool = True

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the parameters; decimals may be given as numbers or as strings."""
        described: dict[str, Any] = _numbers_too(msgspec.json.schema(self.params))
        return described

    def read(self, params: Mapping[str, Any]) -> P:
        """Raises msgspec.ValidationError."""
        return msgspec.convert(dict(params), self.params, strict=False)

    def validate(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with parameters; empty when they can be used."""
        try:
            self.read(params)
        except msgspec.ValidationError as fault:
            return (str(fault),)
        return ()

    def judge(self, case: Case, params: P) -> Assessment:
        """No judgement without a desired direction, unless the method can describe; otherwise the method's own."""
        if case.direction is Direction.NONE and self.needs_direction:
            return unjudged(Status.NO_TARGET, "no_direction", "The measure describes; no direction is desired.")
        return self.assess(case, params)


def _numbers_too(schema: Any) -> Any:
    if schema == {"type": "string", "format": "decimal"}:
        return {"type": ["number", "string"], "format": "decimal"}
    if isinstance(schema, dict):
        return {name: _numbers_too(part) for name, part in schema.items()}
    return [_numbers_too(part) for part in schema] if isinstance(schema, list) else schema


def unjudged(status: Status, reason: str, detail: str, target: Target | None = None) -> Assessment:
    return Assessment(status, target=target, why={"reason": reason, "detail": detail})


NO_TARGET: Final = unjudged(Status.NO_TARGET, "no_target", "No target applies to the judged period.")
