"""A question of what would be if, and its answer. Nothing of either is stored."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from rollup_worker.core.row_rules import as_stored, label_as_stored
from rollup_worker.schemas.document import Document
from tideline.events import MethodChoice, Observation, Target
from tideline.vocabulary import CITY_CODE, Kind, Status


class NodeWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: Kind = Kind.CITY
    code: str = CITY_CODE


class ValueSupposed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An observation as in a push; null with the flag `withdrawn` takes the stored one back."""

    measure: str
    period: str
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    breakdown: dict[str, str | int] = {}
    flag: str | None = None
    note: str | None = None

    def told(self) -> Observation:
        return Observation(
            measure=self.measure,
            period=self.period,
            value=_number(self.value),
            numerator=_number(self.numerator),
            denominator=_number(self.denominator),
            breakdown=_labels(self.breakdown),
            flag=self.flag,
            note=self.note,
        )


class TargetSupposed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A target, or bounds; nothing of the three takes the stored one back."""

    measure: str
    period: str
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    breakdown: dict[str, str | int] = {}

    def told(self) -> Target:
        return Target(
            period=self.period,
            breakdown=_labels(self.breakdown),
            value=_number(self.value),
            lower=_number(self.lower),
            upper=_number(self.upper),
            version=0,
        )


class WeightSupposed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weight of a goal, department or measure (`kind`, `code`), or of a `measure` in a `goal`."""

    weight: Decimal
    kind: Kind | None = None
    code: str | None = None
    goal: str | None = None
    measure: str | None = None


class MethodSupposed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The method of a measure with its parameters: thresholds, tolerances, level, trailing periods."""

    measure: str
    id: str
    params: dict[str, Any] = {}
    version: int | None = None

    def told(self) -> MethodChoice:
        return MethodChoice(id=self.id, params=self.params, version=self.version)


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most 1,000 rows in all. `as_of` and `known_at` as in every status read."""

    node: NodeWords = NodeWords()
    as_of: str | None = None
    known_at: str | None = None
    observations: list[ValueSupposed] = []
    targets: list[TargetSupposed] = []
    weights: list[WeightSupposed] = []
    methods: list[MethodSupposed] = []

    @property
    def rows(self) -> int:
        return sum(len(part) for part in (self.observations, self.targets, self.weights, self.methods))


class Side(msgspec.Struct, frozen=True, kw_only=True):
    status: Status
    score: Decimal | None
    value: Decimal | None
    target: Decimal | None
    as_of: str | None


class ChangedNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node that would stand otherwise; null on a side where it would not stand at all."""

    kind: Kind
    code: str
    title: str
    before: Side | None
    after: Side | None


class Supposed(msgspec.Struct, frozen=True, kw_only=True):
    """The document as it is and as it would be, and every node beneath that would stand otherwise."""

    before: Document
    after: Document
    changed: list[ChangedNode]
    stored: bool = False


def _number(given: Decimal | None) -> Decimal | None:
    return None if given is None else as_stored(given)


def _labels(given: Mapping[str, str | int]) -> dict[str, str]:
    return {dimension: label_as_stored(label) for dimension, label in given.items()}
