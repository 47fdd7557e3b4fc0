"""A city for tests: its database, the handlers called as the consumer calls them, and the recompute."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from rollup_worker.core.facts import CITY, Node
from rollup_worker.handlers import HANDLERS
from rollup_worker.jobs.recompute import Recompute
from rollup_worker.jobs.staleness import record_day
from rollup_worker.repository import assessments
from rollup_worker.schemas.document import Document
from tideline.clock import Clock
from tideline.consumer import Meta
from tideline.database import Database
from tideline.events import (
    AreaDefined,
    DepartmentDefined,
    Event,
    GoalDefined,
    MeasureDefined,
    Observation,
    ObservationsRecorded,
    StatusChanged,
    Target,
    TargetsSet,
    decode,
)
from tideline.vocabulary import Kind

NOON = datetime(2017, 4, 10, 12, tzinfo=UTC)
ALL = {event: handler for handlers in HANDLERS.values() for event, handler in handlers.items()}


class HandClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, at: datetime = NOON) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@dataclass
class City:
    database: Database
    url: str
    clock: HandClock = field(default_factory=HandClock)

    async def tell(self, *events: Event, at: datetime | None = None, uid: uuid.UUID | None = None) -> None:
        """As the consumer would: all in one transaction."""
        async with self.database.transaction() as connection:
            for event in events:
                meta = Meta(uid or uuid.uuid4(), event.stream, 1, event.type_name(), "", at or self.clock.at)
                await ALL[type(event)](connection, event, meta)

    async def judge(self) -> list[StatusChanged]:
        """Drains the log; what was told meanwhile, in order."""
        before = await self.database.pool.fetchval("select coalesce(max(id), 0) from event")
        recompute = Recompute(self.database, self.clock, poll_seconds=1)
        while await recompute.drain():
            pass
        return await self.told(before)

    async def told(self, after: int = 0) -> list[StatusChanged]:
        rows = await self.database.pool.fetch("select type, body from event where id > $1 order by id", after)
        found = [decode(row["type"], row["body"]) for row in rows]
        return [event for event in found if isinstance(event, StatusChanged)]

    async def begin_day(self) -> None:
        await record_day(self.database, self.clock)

    async def document(self, kind: str, code: str) -> Document:
        async with self.database.pool.acquire() as connection:
            stored = await assessments.find_current(connection, Node(Kind(kind), code))
        assert stored is not None
        return msgspec.json.decode(stored.document, type=Document)

    async def city(self) -> Document:
        return await self.document(*CITY)


def measure(code: str, version: int = 1, **changed: Any) -> MeasureDefined:
    words: dict[str, Any] = {"title": code.title(), "department": "fire", "defined_at": NOON, **changed}
    return MeasureDefined(code=code, version=version, **words)


def goal(code: str, version: int = 1, **changed: Any) -> GoalDefined:
    words: dict[str, Any] = {"title": code.title(), "department": "fire", "defined_at": NOON, **changed}
    return GoalDefined(code=code, version=version, **words)


def department(code: str, version: int = 1, **changed: Any) -> DepartmentDefined:
    return DepartmentDefined(code=code, version=version, **{"title": code.title(), "defined_at": NOON, **changed})


def area(code: str, version: int = 1, **changed: Any) -> AreaDefined:
    words: dict[str, Any] = {"title": code.title(), "kind": "focus_area", "defined_at": NOON, **changed}
    return AreaDefined(code=code, version=version, **words)


def value(measure: str, period: str, amount: str | int | None, revision: int = 1, **more: Any) -> Observation:
    return Observation(
        measure=measure,
        period=period,
        value=None if amount is None else Decimal(amount),
        revision=revision,
        **more,
    )


def push(*observations: Observation, at: datetime = NOON, source: str = "feed") -> ObservationsRecorded:
    return ObservationsRecorded(batch=uuid.uuid4(), source=source, recorded_at=at, observations=list(observations))


def target(measure: str, period: str, amount: str | int, version: int = 1, at: datetime = NOON) -> TargetsSet:
    held = Target(period=period, value=Decimal(amount), version=version)
    return TargetsSet(measure=measure, targets=[held], set_at=at)


def small_city() -> Sequence[Event]:
    """One department with one goal, judged by its KPI against a yearly target; one area over the goal."""
    return [
        department("fire"),
        area("safety"),
        goal("fast-help", kpi="response", areas=["safety"]),
        measure("response", direction="down", time_aggregation="average", unit="minutes"),
        target("response", "2017", 8),
    ]


def nodes(events: Sequence[StatusChanged]) -> list[str]:
    return [f"{event.kind}:{event.code}" for event in events]


TODAY = date(2017, 4, 10)
