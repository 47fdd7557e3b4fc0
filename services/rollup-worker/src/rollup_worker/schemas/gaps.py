"""Gaps between groups as readers see them, and the report on what can be broken down."""

from datetime import datetime
from decimal import Decimal

import msgspec

from rollup_worker.core.equity import Trend
from rollup_worker.schemas.document import NodeName
from tideline.vocabulary import Status


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """A group with its own target and status, if one is set; `suppressed`: its value is not for the public.

    A group with a value has the status `suppressed` where its judgement reads more of it than the public may see.
    """

    group: str
    value: Decimal | None
    population: Decimal | None = None
    suppressed: bool = False
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    status: Status = Status.NO_DATA


class GroupLines(msgspec.Struct, frozen=True, kw_only=True):
    """`shown` groups have a value here, `of` groups have one at all."""

    shown: int
    of: int
    items: list[GroupLine] = []


class GapPoint(msgspec.Struct, frozen=True, kw_only=True):
    period: str
    value: Decimal | None
    status: Status


class GapLine(msgspec.Struct, frozen=True, kw_only=True):
    """One gap. `previous` is that of the period before, `last_year` that of the same period a year before.

    `reason` says why there is no value; `suppressed`: a group of the period is not for the public. `relative`
    (slope / weighted mean) and `weighted` belong to the slope index.
    """

    value: Decimal | None
    best: str | None = None
    worst: str | None = None
    reference: str | None = None
    relative: Decimal | None = None
    weighted: bool | None = None
    reason: str | None = None
    target: Decimal | None = None
    status: Status
    previous: Decimal | None = None
    change: Decimal | None = None
    last_year: Decimal | None = None
    change_from_last_year: Decimal | None = None
    trend: Trend | None = None
    history: list[GapPoint] = []


class DimensionGaps(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is the worst among the gaps that have one."""

    dimension: str
    status: Status
    groups: GroupLines
    gaps: dict[str, GapLine]


class MeasureGaps(msgspec.Struct, frozen=True, kw_only=True):
    """Values and gaps are in the measure's `unit`, the index of disparity in percent; a ratio has none."""

    node: NodeName
    as_of: str | None
    known_at: datetime | None
    unit: str
    direction: str
    dimensions: list[DimensionGaps]


class MeasureGap(msgspec.Struct, frozen=True, kw_only=True):
    """One dimension of one measure beneath a node."""

    code: str
    title: str
    department: str | None
    as_of: str | None
    dimension: str
    status: Status
    groups: GroupLines
    gaps: dict[str, GapLine]


class GapList(msgspec.Struct, frozen=True, kw_only=True):
    """Worst first; `counts` tell how many stand where."""

    node: NodeName
    known_at: datetime | None
    counts: dict[str, int]
    items: list[MeasureGap]
    next: str | None = None


class EquityLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one measure has: dimensions, values by group, targets over all, by group or of a gap; and is it current."""

    code: str
    title: str
    department: str | None
    breakdowns: list[str]
    can_be_broken_down: bool
    has_values_by_group: bool
    has_target: bool
    has_group_target: bool
    has_gap_target: bool
    current: bool
    as_of: str | None = None


class EquityFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many of how many measures; the shares run from 0 to 1 and are null where there is no measure."""

    measures: int
    can_be_broken_down: int
    has_values_by_group: int
    has_target: int
    has_group_target: int
    has_gap_target: int
    current: int
    shares: dict[str, Decimal | None]


class DepartmentEquity(msgspec.Struct, frozen=True, kw_only=True):
    """`code` null: measures of the whole city."""

    code: str | None
    title: str
    figures: EquityFigures


class EquityReport(msgspec.Struct, frozen=True, kw_only=True):
    known_at: datetime | None
    figures: EquityFigures
    departments: list[DepartmentEquity]
    items: list[EquityLine]
    next: str | None = None
