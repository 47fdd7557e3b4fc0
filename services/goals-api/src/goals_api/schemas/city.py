"""The city as an author writes it."""

from typing import ClassVar

import msgspec
from pydantic import Field

from goals_api.core.entities import City
from goals_api.schemas.entities import HALF, CalendarBody, Coverage
from goals_api.schemas.words import Body, Title, Whole
from tideline.vocabulary import Policy


class CityBody(Body):
    """What holds for the whole city."""

    answered: ClassVar[frozenset[str]] = frozenset({"version", "changed_at", "recomputed"})

    title: Title
    calendar: CalendarBody = Field(
        default=CalendarBody(), description="Measures without a calendar of their own follow this one."
    )
    suppress_under: Whole = Field(
        default=10, description="Counts above 0 and under this are not shown to the public; 0: all are. At most 1,000."
    )
    policy: Policy = Field(default=Policy.WEIGHTED, description="How the city is judged from its children; not `kpi`.")
    minimum_coverage: Coverage = HALF

    def to_content(self) -> City:
        """The same as the core knows it; only for a body without faults."""
        return msgspec.convert(self.model_dump(), City)
