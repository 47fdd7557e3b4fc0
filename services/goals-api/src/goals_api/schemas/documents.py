"""A whole plan as one document, and what the service answers to it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import ClassVar

import msgspec
from pydantic import BaseModel, Field

from goals_api.core.entities import PLURALS, Content, PlanHead
from goals_api.core.faults import Fault, under
from goals_api.core.proposals import Entry, Proposal, TargetEntry
from goals_api.schemas.city import CityBody
from goals_api.schemas.entities import AreaBody, DepartmentBody, EntityBody, GoalBody, MeasureBody, TargetBody
from goals_api.schemas.words import Body, Code, Line, Part, Prose, Title
from tideline.vocabulary import Kind


class PlanVersionBody(Part):
    """A wording of the plan, such as a regrouping of its areas."""

    id: Line
    title: Title = ""
    on: date | None = None


class PlanFields(Body):
    """What a plan says of itself."""

    code: Code = Field(default="", description="May be left out: the path names it.")
    title: Title
    adopted_on: date | None = None
    resolution: Line | None = None
    description: Prose = ""
    versions: list[PlanVersionBody] = Field(default=[], max_length=200)


class PlanDocument(PlanFields):
    """Everything that belongs to a plan. What it no longer names retires, save targets, which stay as they are."""

    answered: ClassVar[frozenset[str]] = frozenset({"version", "changed_at"})

    city: CityBody | None = Field(
        default=None, description="What holds for the whole city. Left out: as it is. No answer shows it here."
    )
    areas: list[AreaBody] = Field(default=[], max_length=20_000)
    departments: list[DepartmentBody] = Field(default=[], max_length=20_000)
    goals: list[GoalBody] = Field(default=[], max_length=20_000)
    measures: list[MeasureBody] = Field(default=[], max_length=20_000)
    targets: list[TargetBody] = Field(default=[], max_length=500_000)

    def to_proposal(self) -> tuple[Proposal, list[Fault]]:
        """What it asks for, as far as it could be read, and the faults of the rest."""
        if self.faults:
            return Proposal(), list(self.faults)
        entries: dict[Kind, list[EntityBody]] = {
            Kind.AREA: [*self.areas],
            Kind.DEPARTMENT: [*self.departments],
            Kind.MEASURE: [*self.measures],
            Kind.GOAL: [*self.goals],
        }
        head = self.model_dump(include=set(PlanFields.model_fields))
        proposal = Proposal(
            plan=msgspec.convert(head, PlanHead),
            entries=_city(self.city) | {kind: list(_read(kind, bodies)) for kind, bodies in entries.items()},
            targets=[
                TargetEntry(f"targets[{index}]", body.to_target(body.measure))
                for index, body in enumerate(self.targets)
                if not body.faults
            ],
            unread={kind: frozenset(b.code for b in bodies if b.faults) for kind, bodies in entries.items()},
        )
        faults = list(under("city", self.city.faults)) if self.city else []
        return proposal, [*faults, *_unread(entries, self.targets)]


class Named(BaseModel):
    """One entity that a document names; `fields` says what differs."""

    kind: Kind
    code: Code
    fields: list[str] = []


class TargetCounts(BaseModel):
    created: int = 0
    changed: int = 0
    unchanged: int = 0


class PlanAnswer(BaseModel):
    """What a document changed, or with `dry_run` would change."""

    plan: Code
    version: int = Field(description="Of the plan, after the change.")
    dry_run: bool
    created: list[Named] = Field(description="New, or back from retirement.")
    changed: list[Named]
    unchanged: list[Named]
    retired: list[Named]
    targets: TargetCounts
    recomputed: list[Code] = Field(
        description="Measures whose calendar or frequency is another than before, also by following the city's."
    )
    faults: list[str] = Field(description="Always empty: a document with faults answers 422 and lists them all.")


def _city(body: CityBody | None) -> dict[Kind, list[Entry[Content]]]:
    return {Kind.CITY: [Entry("city", body.to_content())]} if body is not None and body.is_read else {}


def _read(kind: Kind, bodies: Iterable[EntityBody]) -> Iterable[Entry[Content]]:
    return (Entry(f"{PLURALS[kind]}[{index}]", body.to_content()) for index, body in enumerate(bodies) if body.is_read)


def _unread(entries: Mapping[Kind, list[EntityBody]], targets: list[TargetBody]) -> Iterable[Fault]:
    for kind, bodies in entries.items():
        for index, body in enumerate(bodies):
            yield from under(f"{PLURALS[kind]}[{index}]", body.faults)
    for index, target in enumerate(targets):
        yield from under(f"targets[{index}]", target.faults)
