"""The contract: every event that crosses a service's border, as one typed body per type.

Readers ignore fields they do not know; a type only ever gains fields. What would break a reader gets a new
version and a new class. Values are decimals and lose no digit: numbers on the wire, never floats in between.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

import msgspec

from tideline.vocabulary import Kind

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
    id: str
    params: dict[str, Any] = {}


class MeasureDefined(Event, frozen=True, kw_only=True):
    """The whole definition of a measure as it now stands; `retired` closes it and keeps its history."""

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
    """What one push (or one part of a large one) stored. Internal: raw values are not public."""

    noun = "observations"
    verb = "recorded"
    stream = "MEASUREMENTS"

    batch: uuid.UUID
    source: str
    recorded_at: datetime
    part: int = 1
    observations: list[Observation]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a status document said at one version, as far as an event compares it."""

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
    TargetsSet,
    ObservationsRecorded,
    StatusChanged,
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
