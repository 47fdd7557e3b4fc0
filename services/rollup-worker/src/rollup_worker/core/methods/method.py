"""What a status method is: a name, a version, described parameters and a pure function over one case."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Generic, TypeVar

import msgspec

from rollup_worker.core.aggregate import is_summable
from rollup_worker.core.facts import Assessment, Breakdown, Cell, Target
from rollup_worker.core.headline import Headline, headlines, over, trailing
from rollup_worker.core.methods.references import FREQUENCY, Named, misfit
from rollup_worker.core.weights import NONE, Weights
from tideline import periods
from tideline.events import Calendar, MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Aggregation, Direction, Frequency, Status

CONFIRM_MAX: Final = 24
TRAILING_MAX: Final = 120
DECIMAL: Final = r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$"


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every method can be told.

    `level`: judge the measure at this coarser period, put together by its time aggregation.
    `trailing`: judge each period by the aggregate of this many periods up to and with it (the two exclude each other).
    `confirm`: show a judgement only once it has held for this many judged periods in a row (hysteresis).

    Of each pair in `exclusive` only one can be given. What a parameter names of the measure itself stands in the schema
    as `x-refers-to`: a `period` of its calendar, one of its `breakdown`s or `peer`s, a `frequency` not finer than its.
    """

    exclusive: ClassVar[Sequence[tuple[str, str]]] = (("level", "trailing"),)

    level: Annotated[Frequency, FREQUENCY] | None = None
    trailing: Annotated[int, msgspec.Meta(ge=1, le=TRAILING_MAX)] | None = None
    confirm: Annotated[int, msgspec.Meta(ge=1, le=CONFIRM_MAX)] = 1

    def misfit(self, definition: MeasureDefined) -> str | None:
        """Why these parameters cannot work for a measure; None: they can."""
        return misfit(definition, self.named())

    def named(self) -> list[Named]:
        """What they name of the measure."""
        return [(FREQUENCY, self.level)]


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Case:
    """One measure to be judged: its definition, its targets (oldest first) and its headlines up to `latest`.

    `peers` are the headlines of others with the same measure, by their code. `trailing` is over how many own periods
    each value is put together. `cells` are the own ones, and `weights` what they weigh.
    """

    definition: MeasureDefined
    targets: Sequence[Target]
    known: Mapping[Period, Headline]
    latest: Period
    level: Frequency
    peers: Mapping[str, Mapping[Period, Headline]] = field(default_factory=dict)
    trailing: int | None = None
    cells: Sequence[Cell] = ()
    weights: Weights = NONE

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
        """The value of a period to date; of an own period, over those that trail it where that is asked."""
        if self.trailing and whole.frequency == self.definition.frequency and whole.end <= self.latest.end:
            return trailing(self.definition, self.known, whole, self.trailing)
        return over(self.definition, self.known, whole, self.latest)

    def back(self, frequency: Frequency) -> Iterator[Headline]:
        """The values at a frequency, the latest first.

        Where values add up, earlier ones that cover only a part are left out: they compare with nothing.
        """
        calendar = self.definition.calendar
        wholes = sorted({periods.parent(period, frequency, calendar) for period in self.known}, reverse=True)
        for whole in wholes:
            held = self.at_period(whole)
            covered = held.reporting == held.of or not self.adds_up or whole == wholes[0]
            if covered and held.value is not None:
                yield held

    def before(self, last: Period) -> "Case":
        """The case as it stood when `last` was the latest period."""
        return replace(
            self,
            latest=last,
            known={period: held for period, held in self.known.items() if period.end <= last.end},
            peers={
                peer: {period: held for period, held in known.items() if period.end <= last.end}
                for peer, known in self.peers.items()
            },
            cells=[cell for cell in self.cells if cell.period.end <= last.end],
        )

    def groups(self, dimension: str) -> "dict[str, Case]":
        """A case for each group of a dimension that has values; each is judged at its own latest period."""
        names = sorted(
            {name for cell in self.cells if cell.present for key, name in cell.breakdown if key == dimension}
        )
        return {name: self._group((dimension, name)) for name in names}

    def _group(self, pair: tuple[str, str]) -> "Case":
        cells = [replace(cell, breakdown=_without(cell, pair)) for cell in self.cells if pair in cell.breakdown]
        weights = self.weights.within(pair)
        known = headlines(self.definition, cells, weights)
        return replace(self, known=known, latest=max(known), cells=cells, weights=weights, peers={})

    @property
    def baseline_period(self) -> Period | None:
        """None without a baseline, or with one that names no period."""
        baseline = self.definition.baseline
        return period_of(baseline.period, self.definition.calendar) if baseline else None

    @property
    def next_target(self) -> Target | None:
        """The nearest that ends with or after the judged period; of two that end together, the longer period's."""
        ahead = [target for target in self.targets if target.period.end >= self.judged.end]
        return min(ahead, key=lambda target: (target.period.end, target.period.start), default=None)

    def within(self, target: Target) -> bool:
        """Whether the judged period belongs to the target's (a week by its Thursday)."""
        judged, wanted = self.judged, target.period
        if periods.is_coarser(wanted.frequency, judged.frequency):
            return periods.parent(judged, wanted.frequency, self.definition.calendar) == wanted
        return judged == wanted

    def beside(self, target: Target) -> Headline:
        """The value to hold against a target: of the target's own coarser period where values add up."""
        wider = self.adds_up and not self.trailing and periods.is_coarser(target.period.frequency, self.level)
        return self.at(target.period.frequency if wider else self.level)


@dataclass(frozen=True, slots=True)
class Method(Generic[P]):
    """`source` says where the method is published. A new version of a method is a new entry.

    `since` names the first day of the values that judging a case reads (its `known` is still empty then); None: the
    judged period, the one before and, where values add up, the targets' own periods. Older values change nothing.
    `reads_groups` names the dimension whose groups a judgement reads one by one; None: it reads headlines alone. A
    method that calls `Case.groups` has it, for what the public may not see of groups is kept from it there too.
    """

    id: str
    version: int
    title: str
    description: str
    source: str
    params: type[P]
    assess: Callable[[Case, P], Assessment]
    since: Callable[[Case, P], date] | None = None
    reads_groups: Callable[[P], str | None] | None = None
    needs_direction: bool = True

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the parameters; decimals may be given as numbers or as strings."""
        described: dict[str, Any] = _numbers_too(msgspec.json.schema(self.params))
        return described | {"allOf": [_not_both(pair) for pair in self.params.exclusive]}

    def read(self, params: Mapping[str, Any]) -> P:
        """Raises msgspec.ValidationError."""
        found = msgspec.convert({name: _whole(value) for name, value in params.items()}, self.params)
        for one, other in self.params.exclusive:
            if getattr(found, one) is not None and getattr(found, other) is not None:
                raise msgspec.ValidationError(f"{one} and {other} exclude each other")
        if any(isinstance(given, Decimal) and not given.is_finite() for given in msgspec.structs.astuple(found)):
            raise msgspec.ValidationError("a number is finite")
        return found

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
    if isinstance(schema, dict):
        told = {name: _numbers_too(part) for name, part in schema.items()}
        is_decimal = schema.get("type") == "string" and schema.get("format") == "decimal"
        return {"pattern": DECIMAL, **told, "type": ["number", "string"]} if is_decimal else told
    return [_numbers_too(part) for part in schema] if isinstance(schema, list) else schema


def _not_both(pair: tuple[str, str]) -> dict[str, Any]:
    """Null is as good as not given."""
    given = {name: {"not": {"type": "null"}} for name in pair}
    return {"not": {"required": list(pair), "properties": given}}


def _whole(value: Any) -> Any:
    """In JSON 3.0 is a whole number too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _without(cell: Cell, pair: tuple[str, str]) -> Breakdown:
    return tuple(each for each in cell.breakdown if each != pair)


def period_of(text: str, calendar: Calendar) -> Period | None:
    """None where the text names no period."""
    try:
        return periods.parse(text, calendar)
    except BadPeriod:
        return None


def unjudged(status: Status, reason: str, detail: str, target: Target | None = None) -> Assessment:
    return Assessment(status, target=target, why={"reason": reason, "detail": detail})


NO_TARGET: Final = unjudged(Status.NO_TARGET, "no_target", "No target applies to the judged period.")
