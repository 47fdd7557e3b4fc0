"""The plan changes: definitions and targets are kept with the time they were known, and what they touch is marked.

Which node stands under which is derived from all definitions together, once per recompute, not here.
"""

from datetime import datetime
from typing import Any

from rollup_worker.actions.reading import known_words, period_start
from rollup_worker.core.facts import CITY
from rollup_worker.core.formula import fault
from rollup_worker.repository import dirty, facts, plan
from rollup_worker.repository.facts import Reading
from rollup_worker.repository.keys import breakdown_key
from rollup_worker.repository.plan import Defined
from tideline.consumer import Hopeless, Meta
from tideline.database import Connection
from tideline.events import AreaDefined, CityDefined, DepartmentDefined, GoalDefined, MeasureDefined, TargetsSet
from tideline.vocabulary import Aggregation, Direction, Frequency, Kind, Policy


async def on_measure_defined(connection: Connection, event: MeasureDefined, meta: Meta) -> None:
    known_words(Frequency, event.frequency)
    known_words(Direction, event.direction)
    known_words(Aggregation, event.time_aggregation, event.breakdown_aggregation)
    if event.formula and (reason := fault(event.formula.tree)):
        raise Hopeless(f"the formula of {event.code} cannot be computed: {reason}")
    await facts.lock(connection)
    before = (await facts.find_readings(connection, [event.code])).get(event.code)
    if not await _add(connection, Kind.MEASURE, event, meta):
        return
    now = Reading(event.frequency, event.calendar)
    if now != before:
        found = await facts.list_periods(connection, event.code)
        starts = {period: period_start(period, now) for period in found}
        await facts.replace_period_starts(connection, event.code, starts)


async def on_goal_defined(connection: Connection, event: GoalDefined, meta: Meta) -> None:
    known_words(Policy, event.policy)
    await facts.lock(connection)
    await _add(connection, Kind.GOAL, event, meta)


async def on_department_defined(connection: Connection, event: DepartmentDefined, meta: Meta) -> None:
    known_words(Policy, event.policy)
    await facts.lock(connection)
    await _add(connection, Kind.DEPARTMENT, event, meta)


async def on_area_defined(connection: Connection, event: AreaDefined, meta: Meta) -> None:
    known_words(Policy, event.policy)
    await facts.lock(connection)
    await _add(connection, Kind.AREA, event, meta)


async def on_city_defined(connection: Connection, event: CityDefined, meta: Meta) -> None:
    """Another calendar names the period of every node above the measures anew; measures are defined anew by their
    owner where they follow it. Another threshold for small numbers lets the public see more or less of each measure."""
    known_words(Policy, event.policy)
    await facts.lock(connection)
    before = await plan.find_definition(connection, CITY) or CityDefined(version=0, defined_at=event.defined_at)
    assert isinstance(before, CityDefined)
    if not await _add(connection, Kind.CITY, event, meta):
        return
    cause = _defined(Kind.CITY, event, meta)
    if event.calendar != before.calendar:
        await dirty.mark_parents_dirty(connection, cause)
    if event.suppress_under != before.suppress_under:
        await dirty.mark_measures_dirty(connection, cause)


async def on_targets_set(connection: Connection, event: TargetsSet, meta: Meta) -> None:
    await facts.lock(connection)
    targets = [(breakdown_key(target.breakdown), target) for target in event.targets]
    if targets and await facts.add_targets(connection, event.measure, event.set_at, targets):
        periods = sorted({target.period for target in event.targets})[:10]
        cause = _cause("targets", meta, event.set_at, measure=event.measure, periods=periods, published=event.published)
        await dirty.mark_dirty(connection, Kind.MEASURE, [event.measure], cause)


async def _add(
    connection: Connection,
    kind: Kind,
    event: Defined,
    meta: Meta,
) -> bool:
    """True when this is the newest definition of its code; then the node is marked."""
    newest = await facts.add_definition(connection, kind, event.code, event.version, event, event.defined_at)
    if newest:
        await dirty.mark_dirty(connection, kind, [event.code], _defined(kind, event, meta))
    return newest


def _defined(kind: Kind, event: Defined, meta: Meta) -> dict[str, Any]:
    what = {"kind": kind, "code": event.code, "version": event.version, "published": event.published}
    return _cause("definition", meta, event.defined_at, **what)


def _cause(what: str, meta: Meta, at: datetime, **more: Any) -> dict[str, Any]:
    return {"type": what, **more, "event": str(meta.id), "at": at.isoformat()}
