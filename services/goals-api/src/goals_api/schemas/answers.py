"""What readers are shown; the bodies of schemas.entities with what the service keeps about them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from goals_api.schemas.city import CityBody
from goals_api.schemas.documents import PlanDocument
from goals_api.schemas.entities import (
    AreaBody,
    DepartmentBody,
    GoalBody,
    MeasureBody,
)
from goals_api.schemas.words import Code, Number, PeriodId


class State(BaseModel):
    """What the service keeps about an entity."""

    version: int = Field(description="Counts from 1; also the ETag.", examples=[3])
    plan: str | None = Field(description="The plan whose document names it; null when it was made by itself.")
    retired: bool
    retirement_note: str = Field(description="Why it was retired; public.")
    changed_at: datetime


class Area(State, AreaBody):
    """An area of the plan."""


class Department(State, DepartmentBody):
    """A department of the city."""


class Goal(State, GoalBody):
    """A goal with its KPI and metrics."""


class Measure(State, MeasureBody):
    """The definition of a measure."""


class MovedMeasure(Measure):
    """The definition that now stands."""

    recomputed: list[Code] = Field(description="This measure, when its calendar or frequency is another than before.")


class City(CityBody):
    """What holds for the whole city."""

    version: int = Field(description="0: nobody has said anything yet. Also the ETag.", examples=[1])
    changed_at: datetime | None


class MovedCity(City):
    """What holds from now on."""

    recomputed: list[Code] = Field(description="The measures that follow its calendar, when that has changed.")


class Target(BaseModel):
    """One version of a target; `known_to` null: the one that stands."""

    measure: Code
    period: PeriodId
    breakdown: dict[str, str]
    value: Number | None
    lower: Number | None
    upper: Number | None
    reason: str
    sample: bool
    version: int
    actor: str | None = Field(default=None, description="Who set it; only for readers with a token.")
    known_from: datetime
    known_to: datetime | None


class TargetsAnswer(BaseModel):
    """What setting targets did; `items` are the versions it wrote."""

    created: int
    changed: int
    unchanged: int
    items: list[Target]


class Change(BaseModel):
    """One line of history."""

    version: int
    action: str = Field(examples=["created", "changed", "restored", "retired", "targets_set"])
    fields: list[str] = Field(description="What differs from before.", examples=[["title"]])
    by: str = Field(description="The subject of the author's token.")
    at: datetime
    note: str
    plan: str | None
    content: dict[str, Any] = Field(description="The whole content since this change.")


class PlanSummary(BaseModel):
    code: Code
    title: str
    adopted_on: str | None
    resolution: str | None
    description: str
    versions: list[dict[str, Any]]
    version: int
    changed_at: datetime


class Plan(PlanDocument):
    """A plan as a document, with the version that its ETag names."""

    version: int
    changed_at: datetime


class Page(BaseModel):
    next: str | None = Field(description="The cursor of the following page; null on the last one.")


class AreaPage(Page):
    items: list[Area]


class DepartmentPage(Page):
    items: list[Department]


class GoalPage(Page):
    items: list[Goal]


class MeasurePage(Page):
    items: list[Measure]


class TargetPage(Page):
    items: list[Target]


class ChangePage(Page):
    items: list[Change]


class PlanPage(Page):
    items: list[PlanSummary]
