"""Small plans for the tests of the rules."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from goals_api.core.entities import (
    CONTENTS,
    PLURALS,
    Area,
    CalendarFrom,
    Content,
    Department,
    Goal,
    Measure,
    Metric,
    PlanHead,
    StandingTarget,
    Stored,
    Target,
    target_key,
)
from goals_api.core.proposals import Entry, Proposal, TargetEntry, World
from tideline.vocabulary import AreaKind, Direction, Frequency, Kind

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TODAY = date(2026, 3, 2)
PLAN = PlanHead(code="city-plan", title="City plan")


def area(code: str, **more: Any) -> Area:
    return Area(code=code, title=code, kind=more.pop("kind", AreaKind.PRIORITY), **more)


def department(code: str, **more: Any) -> Department:
    return Department(**{"code": code, "title": code, **more})


def goal(code: str, *metrics: str | Metric, **more: Any) -> Goal:
    listed = tuple(Metric(measure=metric) if isinstance(metric, str) else metric for metric in metrics)
    return Goal(code=code, title=code, metrics=listed, **more)


def measure(code: str, **more: Any) -> Measure:
    """With a calendar it has its own, otherwise it follows the city's."""
    whose = CalendarFrom.MEASURE if "calendar" in more else CalendarFrom.CITY
    given = {"direction": Direction.UP, "frequency": Frequency.MONTH, "calendar_from": whose, **more}
    return Measure(**{"code": code, "title": code, **given})


def target(measure: str, period: str, value: Any = None, **more: Any) -> Target:
    return Target(measure=measure, period=period, value=value, **more)


def kind_of(content: Content) -> Kind:
    return next(kind for kind, known in CONTENTS.items() if isinstance(content, known))


def stored(content: Content, **more: Any) -> Stored[Content]:
    return Stored[Content](**{"content": content, "version": 1, "changed_at": NOW, **more})


def world(*known: Stored[Content] | Content, targets: Iterable[tuple[Target, int]] = ()) -> World:
    """What stands; a bare content is in force and belongs to no plan."""
    entities: dict[Kind, dict[str, Stored[Content]]] = {kind: {} for kind in PLURALS}
    for one in known:
        found = one if isinstance(one, Stored) else stored(one)
        entities[kind_of(found.content)][found.content.code] = found
    standing = {
        target_key(one): StandingTarget(target=one, version=version, actor="ana", known_from=NOW)
        for one, version in targets
    }
    return World(entities=entities, targets=standing)


def document(*contents: Content, targets: Iterable[Target] = (), plan: PlanHead | None = PLAN) -> Proposal:
    """A whole plan that names exactly these."""
    return Proposal(plan=plan, entries=entries(contents), targets=listed(targets))


def alone(content: Content) -> Proposal:
    """A body that is sent by itself, outside of any plan."""
    return Proposal(entries={kind_of(content): [Entry("", content)]})


def entries(contents: Iterable[Content]) -> Mapping[Kind, list[Entry[Content]]]:
    found: dict[Kind, list[Entry[Content]]] = {kind: [] for kind in PLURALS}
    for content in contents:
        of_kind = found[kind_of(content)]
        of_kind.append(Entry(f"{PLURALS[kind_of(content)]}[{len(of_kind)}]", content))
    return found


def listed(targets: Iterable[Target]) -> list[TargetEntry]:
    return [TargetEntry(f"targets[{index}]", one) for index, one in enumerate(targets)]
