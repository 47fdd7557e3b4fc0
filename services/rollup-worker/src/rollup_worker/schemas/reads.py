"""The answers beside the status document: why, over time, and which methods there are."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from rollup_worker.schemas.document import ChildLine, CoverageFigures, NodeName, Published, QualifierWords
from tideline.events import Baseline
from tideline.vocabulary import Status


class MethodWords(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a status method, or a policy of the roll-up; `params` is the JSON Schema of its parameters.

    `in_force`: it judges measures that name no version.
    """

    id: str
    version: int
    title: str
    description: str
    source: str
    params: dict[str, Any]
    judges: str = "measures"
    in_force: bool = True


class MethodList(msgspec.Struct, frozen=True):
    items: list[MethodWords]
    next: str | None = None


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was read, with where it came from and since when it is known; one only supposed came from none."""

    measure: str
    period: str
    breakdown: dict[str, str]
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    revision: int
    batch: UUID | None
    source: str
    known_from: datetime | None


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the measure that weighs."""

    period: str
    breakdown: dict[str, str]
    value: Decimal | None


class TargetWords(msgspec.Struct, frozen=True, kw_only=True):
    period: str
    version: int
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    sample: bool = False


class MethodUsed(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: int | None
    title: str
    source: str
    params: dict[str, Any] = {}


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a node has its status.

    `numbers` are the intermediate ones by plain names; `native` is the method's own figure. `inputs` are the values
    read (of a derived measure those of its inputs; `reads` are all measures concerned), `withheld` how many of them
    only staff may see. `children` bring their contributions to the score.
    `published` is what a person put beside the status. `changed` and `why` tell what the newest version changed, and
    which facts did it.
    """

    node: NodeName
    version: int
    as_of: str | None
    known_at: datetime | None
    status: Status
    score: Decimal | None
    value: Decimal | None
    target: Decimal | None
    lower: Decimal | None = None
    upper: Decimal | None = None
    qualifiers: QualifierWords
    coverage: CoverageFigures
    method: MethodUsed | None
    native: Decimal | None
    numbers: dict[str, Any]
    definition_version: int | None
    baseline: Baseline | None = None
    targets: list[TargetWords] = []
    formula: str | None = None
    reads: list[str] = []
    weighted_by: str | None = None
    weights: list[Weight] = []
    inputs: list[Input] = []
    withheld: int = 0
    children: list[ChildLine] = []
    published: Published | None = None
    changed: list[str] = []
    why: dict[str, Any] = {}


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """One version, known from one time to another (null: still); `published` is what a person put beside it."""

    version: int
    known_from: datetime
    known_to: datetime | None
    as_of: str | None
    status: Status
    score: Decimal | None
    value: Decimal | None
    target: Decimal | None
    qualifiers: QualifierWords
    published: Status | None = None
    changed: list[str]
    why: dict[str, Any]


class PeriodLine(msgspec.Struct, frozen=True, kw_only=True):
    """The status at the end of one period; `as_of` is the period that was judged then."""

    period: str
    as_of: str | None
    status: Status
    score: Decimal | None
    value: Decimal | None
    target: Decimal | None
    qualifiers: QualifierWords
    coverage: CoverageFigures


class VersionPage(msgspec.Struct, frozen=True):
    items: list[VersionLine]
    next: str | None


class PeriodPage(msgspec.Struct, frozen=True):
    items: list[PeriodLine]
    next: str | None
