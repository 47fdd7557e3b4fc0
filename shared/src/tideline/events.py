"""The contract: every event that crosses a service's border, as one typed body per type.

Readers ignore fields they do not know; a type only ever gains fields. What would break a reader gets a new
version and a new class. Values are decimals and lose no digit: numbers on the wire, never floats in between.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec

from tideline.vocabulary import CITY_CODE, Kind

SOURCE_PREFIX: Final = "/tideline/"
TYPE_PREFIX: Final = "org.tideline."
OBSERVATIONS_MAX: Final = 1_000
BYTES_MAX: Final = 512 * 1024
INTERNAL: Final = "internal."


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A body. `noun` and `verb` make its subject and type; `stream` is the one stream that carries it."""

    noun: ClassVar[str]
    verb: ClassVar[str]
    stream: ClassVar[str]
    generation: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        return f"{TYPE_PREFIX}{cls.noun}.{cls.verb}.v{cls.generation}"


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    fiscal_year_start_month: int = 1
    biennium_starts_odd: bool = True


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    period: str
    value: Decimal
    note: str = ""


class MethodChoice(msgspec.Struct, frozen=True, kw_only=True):
    """`version` null: the one in force."""

    id: str
    params: dict[str, Any] = {}
    version: int | None = None


class Formula(msgspec.Struct, frozen=True, kw_only=True):
    """How a measure is derived from others: as written, the measures it reads, and parsed.

    `tree` is `["number", "1.5"]`, `["measure", code]` or an operation with its operands, which are trees:
    `+ - * /` with two, `negate` and `abs` with one, `min` and `max` with two or more.
    """

    text: str
    inputs: list[str]
    tree: list[Any]


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """Someone else with the same measure. Its values are observations under the dimension `peer`."""

    code: str
    title: str = ""
    source: str = ""


class EquityRule(msgspec.Struct, frozen=True, kw_only=True):
    """How the gaps between the groups of a dimension are judged; each target is the most that is acceptable.

    `reference` is the group that others are held against; null: the best one. `order` lists the groups from the
    least to the most advantaged, which the slope index needs. `difference` and `slope_index` are in the measure's
    unit, `ratio` from 1, `index_of_disparity` in percent.
    """

    dimension: str
    reference: str | None = None
    order: list[str] = []
    difference: Decimal | None = None
    ratio: Decimal | None = None
    index_of_disparity: Decimal | None = None
    slope_index: Decimal | None = None
    near_percent: Decimal = Decimal(10)


class MeasureDefined(Event, frozen=True, kw_only=True):
    """The whole definition of a measure as it now stands; `retired` closes it and keeps its history.

    `calendar` is the one in effect, the city's where the measure names none. `weighted_by` is the measure that weighs
    this one's values where they are averaged, and counts the people of each group where gaps are told. Non-zero
    counts under `suppress_under` are not shown to the public; null: as the city says, 0: all are shown.
    """

    noun = "measure"
    verb = "defined"
    stream = "GOALS"

    code: str
    version: int
    title: str
    plan: str | None = None
    description: str = ""
    department: str | None = None
    areas: list[str] = []
    type: str = "output"
    unit: str = ""
    direction: str = "up"
    frequency: str = "month"
    calendar: Calendar = Calendar()
    time_aggregation: str = "sum"
    breakdown_aggregation: str = "sum"
    multiplier: Decimal = Decimal(1)
    breakdowns: list[str] = []
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    source: str = ""
    collection_method: str = ""
    owner: str | None = None
    method: MethodChoice | None = None
    grace_days: int | None = None
    weight: Decimal = Decimal(1)
    baseline: Baseline | None = None
    formula: Formula | None = None
    weighted_by: str | None = None
    peers: list[Peer] = []
    equity: list[EquityRule] = []
    suppress_under: int | None = None
    published: bool = True
    sample: bool = False
    retired: bool = False
    retirement_note: str = ""
    defined_at: datetime


class GoalMetric(msgspec.Struct, frozen=True, kw_only=True):
    measure: str
    weight: Decimal = Decimal(0)


class GoalDefined(Event, frozen=True, kw_only=True):
    """A goal with its KPI (decides) and metrics (inform unless weighted). No department: a citywide goal."""

    noun = "goal"
    verb = "defined"
    stream = "GOALS"

    code: str
    version: int
    title: str
    plan: str | None = None
    description: str = ""
    department: str | None = None
    areas: list[str] = []
    horizon_years: int | None = None
    biennium: str | None = None
    owners: list[str] = []
    kpi: str | None = None
    metrics: list[GoalMetric] = []
    policy: str = "kpi"
    minimum_coverage: Decimal = Decimal("0.5")
    weight: Decimal = Decimal(1)
    published: bool = True
    sample: bool = False
    retired: bool = False
    retirement_note: str = ""
    defined_at: datetime


class DepartmentDefined(Event, frozen=True, kw_only=True):
    """A department; `merged_into` names the department that answers for its goals and measures from now on."""

    noun = "department"
    verb = "defined"
    stream = "GOALS"

    code: str
    version: int
    title: str
    plan: str | None = None
    merged_into: str | None = None
    policy: str = "weighted"
    minimum_coverage: Decimal = Decimal("0.5")
    weight: Decimal = Decimal(1)
    published: bool = True
    retired: bool = False
    retirement_note: str = ""
    defined_at: datetime


class AreaDefined(Event, frozen=True, kw_only=True):
    """An area of the plan. `parents` are the areas it stands under; n:m."""

    noun = "area"
    verb = "defined"
    stream = "GOALS"

    code: str
    version: int
    title: str
    plan: str | None = None
    kind: str
    plan_version: str | None = None
    parents: list[str] = []
    related: list[str] = []
    policy: str = "weighted"
    minimum_coverage: Decimal = Decimal("0.5")
    published: bool = True
    retired: bool = False
    retirement_note: str = ""
    defined_at: datetime


class CityDefined(Event, frozen=True, kw_only=True):
    """What holds for the whole city; its code is always `city`.

    Measures that name no calendar follow this one: each of them is defined anew when it changes.
    """

    noun = "city"
    verb = "defined"
    stream = "GOALS"

    code: str = CITY_CODE
    version: int
    title: str = "City"
    calendar: Calendar = Calendar()
    suppress_under: int = 10
    policy: str = "weighted"
    minimum_coverage: Decimal = Decimal("0.5")
    published: bool = True
    retired: bool = False
    defined_at: datetime


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One target as it now stands; all three values null: taken back. `lower` and `upper` bound a range."""

    period: str
    breakdown: dict[str, str] = {}
    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    version: int
    sample: bool = False
    reason: str = ""


class TargetsSet(Event, frozen=True, kw_only=True):
    """The targets of one measure that were set or changed, at most 1,000 in one event."""

    noun = "targets"
    verb = "set"
    stream = "GOALS"

    measure: str
    published: bool = True
    targets: list[Target]
    set_at: datetime


class PreviousValue(msgspec.Struct, frozen=True, kw_only=True):
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    flag: str | None = None


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One value of a measure; `revision` counts from 1; a revision carries the value it replaces."""

    measure: str
    period: str
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    breakdown: dict[str, str] = {}
    flag: str | None = None
    note: str | None = None
    revision: int = 1
    previous: PreviousValue | None = None


class ObservationsRecorded(Event, frozen=True, kw_only=True):
    """What one push (or one part of a large one) stored. Internal: raw values are not public.

    `actor` is who pushed: the subject of a person's token, or the code of the source whose feed key it was.
    """

    noun = "observations"
    verb = "recorded"
    stream = "MEASUREMENTS"

    batch: uuid.UUID
    source: str
    recorded_at: datetime
    part: int = 1
    observations: list[Observation]
    actor: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a status document said at one version, as far as an event compares it.

    `published` is the status that a person put beside it.
    """

    status: str
    score: Decimal | None = None
    value: Decimal | None = None
    target: Decimal | None = None
    as_of: str | None = None
    stale: bool = False
    provisional: bool = False
    sample: bool = False
    reporting: int = 0
    of: int = 0
    published: str | None = None


class StatusChanged(Event, frozen=True, kw_only=True):
    """One new version of one node's status: which fields changed, from what, to what, and why."""

    noun = "status"
    verb = "changed"
    stream = "STATUS"

    kind: Kind
    code: str
    title: str
    version: int
    changed: list[str]
    old: Judged | None
    new: Judged
    method: str | None = None
    why: dict[str, Any]
    computed_at: datetime


class Restated(msgspec.Struct, frozen=True, kw_only=True):
    """One value that was replaced: what it said, what it says, and what that did to the status of its period."""

    period: str
    breakdown: dict[str, str] = {}
    revision: int
    old: PreviousValue
    new: PreviousValue
    note: str | None = None
    old_status: str | None = None
    new_status: str | None = None


class ValueRestated(Event, frozen=True, kw_only=True):
    """Past values of a measure were replaced: by whom, when, and why where the source said so (`note`).

    The public hears of headline values only, and by which source; staff also by whom (`actor`).
    """

    noun = "value"
    verb = "restated"
    stream = "STATUS"

    measure: str
    title: str
    batch: uuid.UUID
    source: str
    restated: list[Restated]
    recorded_at: datetime
    actor: str = ""


class StatusPublished(Event, frozen=True, kw_only=True):
    """A person put another status beside the computed one, which stays; `status` null: it was taken back."""

    noun = "publication"
    verb = "made"
    stream = "STATUS"

    kind: Kind
    code: str
    version: int
    status: str | None
    reason: str
    actor: str
    expires_on: date | None = None
    published_at: datetime


class OfferedMethod(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: int
    title: str
    in_force: bool
    params: dict[str, Any]


class MethodsOffered(Event, frozen=True, kw_only=True):
    """Every status method that measures can choose, with the JSON Schema of its parameters."""

    noun = "methods"
    verb = "offered"
    stream = "STATUS"

    methods: list[OfferedMethod]
    offered_at: datetime


class MethodAdopted(Event, frozen=True, kw_only=True):
    """From now on this version of a method judges every measure that names no version."""

    noun = "method"
    verb = "adopted"
    stream = "STATUS"

    id: str
    version: int
    previous: int
    actor: str
    adopted_at: datetime


class Entered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What entered the roll-up, as the next line of its journal: one kind of thing at a time.

    A stream in capitals: its events from the sequence `first` to `last` (of STATUS: the next fact that entered at the
    roll-up itself). `tick`: the day of `at` began. `rebuild`: all nodes were marked.
    """

    what: str
    first: int | None = None
    last: int | None = None
    at: datetime | None = None


class RecomputeDone(Event, frozen=True, kw_only=True):
    """Journal of the recompute, internal: what had entered since the pass before, in order, how many of the waiting
    marks it took, on which day it judged and when.

    With the facts it is all that a replay needs to arrive at the same documents. `positions` is up to where each
    stream had been read. Of a long journal the rest follows under the same number (`more`).
    """

    noun = "recompute"
    verb = "done"
    stream = "STATUS"

    number: int
    positions: dict[str, int]
    entered: list[Entered] = []
    marks: int = 0
    more: bool = False
    today: date
    computed_at: datetime


class DatasetListed(Event, frozen=True, kw_only=True):
    """A dataset of the open data inventory as it now stands."""

    noun = "dataset"
    verb = "listed"
    stream = "CATALOG"

    code: str
    version: int
    title: str
    department: str | None = None
    publication_status: str
    measures: list[str] = []
    listed_at: datetime


EVENTS: Final[tuple[type[Event], ...]] = (
    MeasureDefined,
    GoalDefined,
    DepartmentDefined,
    AreaDefined,
    CityDefined,
    TargetsSet,
    ObservationsRecorded,
    StatusChanged,
    StatusPublished,
    ValueRestated,
    MethodsOffered,
    MethodAdopted,
    RecomputeDone,
    DatasetListed,
)
BY_TYPE: Final[Mapping[str, type[Event]]] = {event.type_name(): event for event in EVENTS}
STREAM_SUBJECTS: Final[Mapping[str, Sequence[str]]] = {
    stream: tuple(f"{prefix}{event.noun}.>" for event in EVENTS if event.stream == stream for prefix in ("", INTERNAL))
    for stream in ("GOALS", "MEASUREMENTS", "STATUS", "CATALOG")
}

_encoder: Final = msgspec.json.Encoder(decimal_format="number")
_decoders: Final[Mapping[str, msgspec.json.Decoder[Any]]] = {
    name: msgspec.json.Decoder(event) for name, event in BY_TYPE.items()
}


def encode(body: object) -> bytes:
    """JSON of a body; decimals keep every digit."""
    return _encoder.encode(body)


def decode(type_name: str, body: bytes) -> Event:
    """The typed body. Raises KeyError for an unknown type and msgspec.ValidationError for a wrong body."""
    event: Event = _decoders[type_name].decode(body)
    return event


def subject(event: type[Event], kind: str, code: str, *, public: bool) -> str:
    """`<noun>.<verb>.v<n>.<kind>.<code>`, under `internal.` when only staff and services may see it."""
    name = f"{event.noun}.{event.verb}.v{event.generation}.{kind}.{code}"
    return name if public else INTERNAL + name


def dataschema(event: type[Event]) -> str:
    return f"/schemas/{event.noun}.{event.verb}.v{event.generation}.json"


def schema(event: type[Event]) -> dict[str, Any]:
    """JSON Schema 2020-12 of a body. Decimals travel as numbers; a decimal string is read as well."""
    (found,), definitions = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    body = {**found, "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": dataschema(event)}
    return {**body, "$defs": {name: _with_numbers(part) for name, part in definitions.items()}}


def _with_numbers(part: Any) -> Any:
    if isinstance(part, dict):
        if part.get("format") == "decimal":
            return {**part, "type": ["number", "string"]}
        return {key: _with_numbers(value) for key, value in part.items()}
    return [_with_numbers(value) for value in part] if isinstance(part, list) else part
