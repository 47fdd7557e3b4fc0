"""API words in and out; the push itself is decoded in core, its words are described beside its route."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from measures_ingest.core.rejects import Code
from tideline.vocabulary import CODE, Flag
from tideline.web import PAGE_MAX

CodeText = Annotated[str, Field(pattern=f"^{CODE.pattern}$", examples=["tpu-power"])]

Exact = Annotated[Decimal, WithJsonSchema({"type": "number", "description": "A decimal with all its digits."})]


class RejectOut(BaseModel):
    """Why one row was not taken; `index` counts the rows of the batch from 0."""

    index: int
    code: Code
    field: str | None
    detail: str


class CountsOut(BaseModel):
    """Every row is in exactly one of these; of a refused atomic push only the rejected are counted."""

    accepted: int
    revised: int
    unchanged: int
    quarantined: int
    rejected: int


class PushAnswer(CountsOut):
    batch: UUID | None
    errors: list[RejectOut]


class BatchOut(CountsOut):
    id: UUID
    source: str
    format: str
    atomic: bool
    status: int
    received_at: datetime


class BatchWithErrors(BatchOut):
    errors: list[RejectOut]


class BatchPage(BaseModel):
    items: list[BatchOut]
    next: str | None


class RejectPage(BaseModel):
    items: list[RejectOut]
    next: str | None


class ObservationQuery(BaseModel):
    """Which observations of a measure; periods in the measure's own calendar, both included."""

    measure: str
    since: str | None = Field(None, alias="from", description="First period.", examples=["2017-01"])
    to: str | None = Field(None, description="Last period.", examples=["2017-12"])
    breakdown: str | None = Field(
        None, max_length=2_000, description="One cell, as `dimension:value,…` or as JSON; empty or `{}`: the whole."
    )
    known_at: str | None = Field(None, max_length=40, description="What was known at this instant (RFC 3339).")
    revisions: bool = Field(False, description="Every revision, those that were replaced too.")
    limit: int = Field(100, ge=1, le=PAGE_MAX)
    cursor: str | None = Field(None, max_length=400, description="The `next` of the page before.")


class ObservationOut(BaseModel):
    """One revision of one value. `superseded_at` null: it holds now."""

    measure: str
    period: str
    breakdown: dict[str, str]
    value: Exact | None
    numerator: Exact | None
    denominator: Exact | None
    flag: Flag | None
    note: str | None
    revision: int
    batch: UUID
    source: str | None
    recorded_at: datetime
    superseded_at: datetime | None
    left_behind: bool = Field(
        description="True: the measure's frequency or calendar has changed since, and has no such period any more."
    )


class ObservationPage(BaseModel):
    items: list[ObservationOut]
    next: str | None


class ScopeIn(BaseModel):
    """What a source may write: measures by code (`*`: all), or all measures of some departments."""

    model_config = ConfigDict(extra="forbid")

    measures: list[CodeText | Annotated[str, Field(pattern=r"^\*$")]] = Field([], max_length=10_000)
    departments: list[CodeText] = Field([], max_length=1_000)


class SourceIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=300)
    contact: str | None = Field(None, max_length=300)
    scope: ScopeIn


class ReplacedSource(SourceIn):
    """What a GET answered can be sent back: what the service keeps of a feed is not read."""

    code: CodeText | None = Field(None, description="May be left out: the path names it.")

    @model_validator(mode="before")
    @classmethod
    def _without_answered(cls, given: Any) -> Any:
        answered = {"version", "created_at", "created_by", "keys"}
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if name not in answered}


class NewSource(SourceIn):
    code: CodeText


class KeyOut(BaseModel):
    """A key without its secret, which nobody can read again."""

    id: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class SourceOut(BaseModel):
    code: str
    title: str
    contact: str | None
    scope: ScopeIn
    version: int
    created_at: datetime
    created_by: str


class SourceWithKeys(SourceOut):
    keys: list[KeyOut]


class SourceWithSecret(SourceOut):
    """`key` is shown this once."""

    key: str


class SecretOut(BaseModel):
    """`key` is shown this once."""

    id: str
    key: str


class SourcePage(BaseModel):
    items: list[SourceOut]
    next: str | None
