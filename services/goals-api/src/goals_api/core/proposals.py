"""What stands before a change, and what an author wants to stand."""

from collections.abc import Mapping, Sequence
from typing import Generic

from msgspec import Struct

from goals_api.core.entities import City, Content, Kept, PlanHead, StandingTarget, Stored, Target, TargetKey
from tideline.events import OfferedMethod
from tideline.vocabulary import CITY_CODE, Kind


class World(Struct, frozen=True, kw_only=True):
    """Everything that stands before a change: all entities of all plans, and the targets the change touches.

    `offered` are the status methods that measures can choose; none: nobody has told of any yet.
    """

    entities: Mapping[Kind, Mapping[str, Stored[Content]]]
    targets: Mapping[TargetKey, StandingTarget] = {}
    offered: Sequence[OfferedMethod] = ()

    @property
    def city(self) -> City:
        """The city as it stands; as it is until anybody says otherwise, when nobody has."""
        stored = self.entities.get(Kind.CITY, {}).get(CITY_CODE)
        return stored.content if stored is not None and isinstance(stored.content, City) else City()


class Entry(Struct, Generic[Kept], frozen=True):
    """A proposed content and its path in what the author sent, such as `goals[3]`; "" for a body of its own."""

    path: str
    content: Kept


class TargetEntry(Struct, frozen=True):
    path: str
    target: Target


class Proposal(Struct, frozen=True, kw_only=True):
    """What an author wants to stand. With `plan` it is that plan's whole document: what is absent retires.

    `unread` names the codes of entries that could not be read in full, so that references to them are not faults too.
    """

    plan: PlanHead | None = None
    entries: Mapping[Kind, Sequence[Entry[Content]]] = {}
    targets: Sequence[TargetEntry] = ()
    unread: Mapping[Kind, frozenset[str]] = {}

    @property
    def plan_code(self) -> str | None:
        return self.plan.code if self.plan else None
