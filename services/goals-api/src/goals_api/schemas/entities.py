"""Areas, departments, goals, measures and targets as an author writes them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import BeforeValidator, Field

from goals_api.core.entities import Area, CalendarFrom, Content, Department, Goal, Measure, Target
from goals_api.schemas.words import Body, Code, Line, Number, Part, PeriodId, Prose, Title, Whole
from tideline.vocabulary import Aggregation, AreaKind, Direction, Frequency, MeasureType, Policy

HALF = Decimal("0.5")
ONE = Decimal(1)
STATE = frozenset({"version", "plan", "retired", "retirement_note", "changed_at"})

Coverage = Annotated[Number, Field(description="Share of children that must report, 0 to 1.")]
Published = Annotated[bool, Field(description="Whether the public sees it; otherwise only who has a token.")]
Sample = Annotated[bool, Field(description="True for what is made up to show how things look.")]
Weight = Annotated[Number, Field(description="How much it counts in its parent; 0: not at all.")]
AreaCodes = Annotated[list[Code], Field(max_length=100, description="The areas it is aligned to.")]


class EntityBody(Body):
    """What every kind has. The code may be left out where the path names it."""

    answered: ClassVar[frozenset[str]] = STATE
    content: ClassVar[type[Content]]

    code: Code = Field(default="", description="Unique per kind. Needed except in a PUT, whose path names it.")
    title: Title
    description: Prose = ""
    published: Published = True

    def to_content(self) -> Content:
        """The same as the core knows it; only for a body without faults."""
        return msgspec.convert(self.model_dump(by_alias=True), self.content)


class AreaBody(EntityBody):
    content = Area

    kind: AreaKind
    plan_version: Line | None = Field(default=None, description="The wording of the plan it belongs to.")
    parents: list[Code] = Field(default=[], max_length=100, description="The areas it stands under.")
    related: list[Code] = Field(default=[], max_length=100, description="Areas it touches without standing under.")
    policy: Policy = Policy.WEIGHTED
    minimum_coverage: Coverage = HALF


class NameBody(Part):
    title: Title
    from_: date | None = Field(default=None, alias="from")
    until: date | None = None


class DepartmentBody(EntityBody):
    content = Department

    names: list[NameBody] | None = Field(
        default=None,
        max_length=100,
        description="Its titles over time, the present one last. Left out: kept, and extended by a new title.",
    )
    merged_into: Code | None = Field(
        default=None, description="The department that answers for its goals and measures from now on."
    )
    policy: Policy = Policy.WEIGHTED
    minimum_coverage: Coverage = HALF
    weight: Weight = ONE


class MetricBody(Part):
    measure: Code
    weight: Weight = Decimal(0)


MetricOrCode = Annotated[
    MetricBody,
    BeforeValidator(
        lambda given: {"measure": given} if isinstance(given, str) else given,
        json_schema_input_type=MetricBody | Code,
    ),
]


class GoalBody(EntityBody):
    content = Goal

    department: Code | None = Field(default=None, description="Null: a goal of the whole city.")
    areas: AreaCodes = Field(default=[])
    horizon_years: Whole | None = Field(default=None, description="How far it looks, in years: 2, 4, 10 …")
    biennium: PeriodId | None = None
    owners: list[Line] = Field(default=[], max_length=100, description="Job titles or offices, not persons.")
    kpi: Code | None = Field(default=None, description="The measure that decides.")
    metrics: list[MetricOrCode] = Field(
        default=[], max_length=500, description="Measures beside the KPI: a code informs, a weight counts."
    )
    policy: Policy = Policy.KPI
    minimum_coverage: Coverage = HALF
    weight: Weight = ONE
    sample: Sample = False


class CalendarBody(Part):
    fiscal_year_start_month: Whole = Field(default=1, description="1 to 12; a fiscal year is named after its end.")
    biennium_starts_odd: bool = True


class AggregationBody(Part):
    time: Aggregation = Aggregation.SUM
    breakdown: Aggregation = Aggregation.SUM


class MethodBody(Part):
    id: Line = Field(description="A status method, such as `pace` or `threshold`; see /v1/methods.")
    params: dict[str, Any] = Field(default={}, description="As the method's JSON Schema in /v1/methods says.")
    version: Whole | None = Field(default=None, description="Null: the one in force.")


class BaselineBody(Part):
    period: PeriodId
    value: Number
    note: Prose = ""


class PeerBody(Part):
    code: Code
    title: Title = ""
    source: Prose = ""


class EquityBody(Part):
    """How the gaps between the groups of one dimension are judged; each limit is the most that is acceptable."""

    dimension: Line = Field(description="One of the measure's breakdowns.")
    reference: Line | None = Field(default=None, description="The group others are held against; null: the best one.")
    order: list[Line] = Field(
        default=[], max_length=200, description="From the least to the most advantaged; the slope index needs it."
    )
    difference: Number | None = Field(default=None, description="From the reference, in the measure's unit.")
    ratio: Number | None = Field(default=None, description="To the reference, from 1.")
    index_of_disparity: Number | None = Field(default=None, description="In percent.")
    slope_index: Number | None = Field(default=None, description="In the measure's unit.")
    near_percent: Number = Field(default=Decimal(10), description="Within this much of a limit: at risk.")


class MeasureBody(EntityBody):
    content = Measure
    answered = STATE | {"recomputed"}

    department: Code | None = Field(default=None, description="Null: a citywide indicator.")
    areas: AreaCodes = Field(default=[])
    type: MeasureType = MeasureType.OUTPUT
    unit: Line = ""
    direction: Direction = Field(description="The way it should move; `none` describes without judging.")
    frequency: Frequency
    calendar: CalendarBody | None = Field(
        default=None, description="Its own; null: it follows the city's. Answers show the one in effect."
    )
    calendar_from: CalendarFrom | None = Field(
        default=None,
        description="Whose calendar that is. Left out: `measure` where a calendar is given, else `city`.",
    )
    aggregation: AggregationBody = AggregationBody()
    multiplier: Number = Field(default=ONE, description="A ratio is multiplied by this for display, such as 100.")
    breakdowns: list[Line] = Field(default=[], max_length=50, description="The dimensions values may carry.")
    minimum: Number | None = None
    maximum: Number | None = None
    source: Prose = ""
    collection_method: Prose = ""
    owner: Line | None = Field(default=None, description="A job title or office, not a person.")
    method: MethodBody | None = None
    grace_days: Whole | None = Field(default=None, description="Days after a period before a missing value is stale.")
    weight: Weight = ONE
    baseline: BaselineBody | None = None
    formula: str | None = Field(
        default=None,
        description="Derives it from other measures, for example `100 * {answered-in-time} / {calls}`: numbers, "
        "measures in braces, + - * / ( ), min, max, abs. At most 2,000 characters.",
    )
    weighted_by: Code | None = Field(
        default=None, description="The measure that weighs its values where they are averaged, such as a population."
    )
    peers: list[PeerBody] = Field(
        default=[], max_length=200, description="Others with the same measure; their values carry `peer` as dimension."
    )
    equity: list[EquityBody] = Field(default=[], max_length=50)
    suppress_under: Whole | None = Field(
        default=None, description="Counts above 0 and under this are not shown; null: as the city says, 0: all are."
    )
    sample: Sample = False

    def to_content(self) -> Measure:
        """The same as the core knows it; only for a body without faults."""
        whose = CalendarFrom.CITY if self.calendar is None else CalendarFrom.MEASURE
        given = self.model_dump(by_alias=True)
        given |= {"calendar": given["calendar"] or {}, "calendar_from": self.calendar_from or whose}
        return msgspec.convert(given, Measure)


class RetirementBody(Part):
    """Why something is retired; shown to the public."""

    note: Prose = ""


class TargetFields(Body):
    """A target of the measure that the path names: a value, or bounds of a range. All null takes it back."""

    answered: ClassVar[frozenset[str]] = frozenset({"version", "actor", "known_from", "known_to"})

    period: PeriodId
    breakdown: dict[Line, Line] = Field(default={}, max_length=50)
    value: Number | None = None
    lower: Number | None = None
    upper: Number | None = None
    reason: Prose = Field(default="", description="Needed to change a target whose period has begun.")
    sample: Sample = False

    def to_target(self, measure: str) -> Target:
        return msgspec.convert(self.model_dump() | {"measure": measure}, Target)


class TargetBody(TargetFields):
    measure: Code
