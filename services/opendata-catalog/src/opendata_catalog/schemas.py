"""The API's words for the inventory, in and out."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from opendata_catalog.core.feeds import Feed
from opendata_catalog.core.inventory import Classification, Entry, PublicationStatus, UpdateFrequency


def _storable(text: str) -> str:
    """PostgreSQL keeps neither a NUL nor half of a surrogate pair."""
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("holds a NUL or an unpaired surrogate")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, Field(max_length=300)]
Prose = Annotated[Text, Field(max_length=10_000)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,100}$")]


class DatasetFields(BaseModel):
    """What a steward says of a dataset; nothing else is taken."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Line, Field(min_length=1)]
    classification: Classification
    description: Prose = ""
    department: Code | None = None
    update_frequency: UpdateFrequency = UpdateFrequency.IRREGULAR
    licence: Line = ""
    owner: Line = ""
    privacy: Prose = ""
    source_system: Line = ""
    sensitivity_reason: Prose = ""
    publication_status: PublicationStatus = PublicationStatus.IDENTIFIED
    withdrawal_note: Prose = ""
    measures: Annotated[list[Code], Field(max_length=1_000)] = []


class DatasetNew(DatasetFields):
    code: Code

    def entry(self) -> Entry:
        return Entry(**self.model_dump(exclude={"measures"}), measures=tuple(self.measures))


class DatasetChange(DatasetFields):
    """The whole entry as it shall stand; a code, when given, is the one in the path."""

    code: Code | None = None

    def entry(self, code: str) -> Entry:
        values = self.model_dump(exclude={"measures", "code"})
        return Entry(code=code, **values, measures=tuple(self.measures))


class FeedOut(BaseModel):
    """A measure that the dataset feeds, as the plan names it now; not known: the plan has no such measure."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    known: bool
    title: str | None
    department: str | None
    retired: bool


class DatasetOut(DatasetFields):
    code: str
    feeds: list[FeedOut]
    version: int
    listed_at: datetime

    @classmethod
    def of(cls, entry: Entry, feeds: tuple[Feed, ...], version: int, at: datetime) -> Self:
        """The public is told of as many measures as `feeds` has."""
        values: dict[str, Any] = {name: getattr(entry, name) for name in (*DatasetFields.model_fields, "code")}
        values["measures"] = [feed.code for feed in feeds]
        shown = [FeedOut.model_validate(feed) for feed in feeds]
        return cls(**values, feeds=shown, version=version, listed_at=at)


class DatasetPage(BaseModel):
    items: list[DatasetOut]
    next: str | None


class VersionOut(BaseModel):
    """What the entry said at one version, since when, and who said it."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    entry: dict[str, Any]
    listed_at: datetime
    listed_by: str


class VersionPage(BaseModel):
    items: list[VersionOut]
    next: str | None
