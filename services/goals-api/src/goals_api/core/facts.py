"""From what is stored to the event that tells of it."""

from datetime import datetime
from typing import Any

from goals_api.core import formulas
from goals_api.core.entities import Area, City, Content, Department, Goal, Measure, Stored
from tideline import events


def defined(stored: Stored[Content]) -> events.Event:
    """The whole definition as it now stands."""
    content = stored.content
    if isinstance(content, Measure):
        return _measure_defined(content, stored)
    if isinstance(content, Goal):
        return _goal_defined(content, stored)
    if isinstance(content, Department):
        return _department_defined(content, stored)
    if isinstance(content, City):
        return _city_defined(content, stored)
    return _area_defined(content, stored)


def _state(stored: Stored[Content]) -> dict[str, Any]:
    at: datetime = stored.changed_at
    return {
        "code": stored.content.code,
        "title": stored.content.title,
        "published": stored.content.published,
        "version": stored.version,
        "plan": stored.plan,
        "retired": stored.retired,
        "retirement_note": stored.retirement_note,
        "defined_at": at,
    }


def _city_defined(city: City, stored: Stored[Content]) -> events.CityDefined:
    return events.CityDefined(
        code=city.code,
        version=stored.version,
        title=city.title,
        calendar=city.calendar,
        suppress_under=city.suppress_under,
        policy=city.policy,
        minimum_coverage=city.minimum_coverage,
        defined_at=stored.changed_at,
    )


def _measure_defined(measure: Measure, stored: Stored[Content]) -> events.MeasureDefined:
    return events.MeasureDefined(
        **_state(stored),
        description=measure.description,
        department=measure.department,
        areas=list(measure.areas),
        type=measure.type,
        unit=measure.unit,
        direction=measure.direction,
        frequency=measure.frequency,
        calendar=measure.calendar,
        time_aggregation=measure.aggregation.time,
        breakdown_aggregation=measure.aggregation.breakdown,
        multiplier=measure.multiplier,
        breakdowns=list(measure.breakdowns),
        minimum=measure.minimum,
        maximum=measure.maximum,
        source=measure.source,
        collection_method=measure.collection_method,
        owner=measure.owner,
        method=measure.method,
        grace_days=measure.grace_days,
        weight=measure.weight,
        baseline=measure.baseline,
        formula=_formula(measure),
        weighted_by=measure.weighted_by,
        peers=list(measure.peers),
        equity=list(measure.equity),
        suppress_under=measure.suppress_under,
        sample=measure.sample,
    )


def _formula(measure: Measure) -> events.Formula | None:
    found = formulas.parse(measure.formula) if measure.formula is not None else None
    return found if isinstance(found, events.Formula) else None


def _goal_defined(goal: Goal, stored: Stored[Content]) -> events.GoalDefined:
    return events.GoalDefined(
        **_state(stored),
        description=goal.description,
        department=goal.department,
        areas=list(goal.areas),
        horizon_years=goal.horizon_years,
        biennium=goal.biennium,
        owners=list(goal.owners),
        kpi=goal.kpi,
        metrics=[events.GoalMetric(measure=metric.measure, weight=metric.weight) for metric in goal.metrics],
        policy=goal.policy,
        minimum_coverage=goal.minimum_coverage,
        weight=goal.weight,
        sample=goal.sample,
    )


def _department_defined(department: Department, stored: Stored[Content]) -> events.DepartmentDefined:
    return events.DepartmentDefined(
        **_state(stored),
        merged_into=department.merged_into,
        policy=department.policy,
        minimum_coverage=department.minimum_coverage,
        weight=department.weight,
    )


def _area_defined(area: Area, stored: Stored[Content]) -> events.AreaDefined:
    return events.AreaDefined(
        **_state(stored),
        kind=area.kind,
        plan_version=area.plan_version,
        parents=list(area.parents),
        related=list(area.related),
        policy=area.policy,
        minimum_coverage=area.minimum_coverage,
    )
