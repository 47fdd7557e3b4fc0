"""Short ways to say a plan, its targets and its values."""

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rollup_worker.core import facts
from rollup_worker.core.facts import Cell, Child, Node, NodeStatus, Plan, Qualifiers, Target
from rollup_worker.core.judge import judge_measure
from tideline import periods
from tideline.events import (
    AreaDefined,
    Baseline,
    DepartmentDefined,
    GoalDefined,
    GoalMetric,
    MeasureDefined,
    MethodChoice,
)
from tideline.vocabulary import Flag, Kind, Status

DEFINED_AT = datetime(2017, 1, 1, tzinfo=UTC)
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def measure(code: str = "m", **fields: Any) -> MeasureDefined:
    return MeasureDefined(**_named(code, time_aggregation="last") | fields)


def goal(code: str, kpi: str | None = None, **fields: Any) -> GoalDefined:
    return GoalDefined(**_named(code, kpi=kpi) | fields)


def department(code: str, **fields: Any) -> DepartmentDefined:
    return DepartmentDefined(**_named(code) | fields)


def area(code: str, **fields: Any) -> AreaDefined:
    return AreaDefined(**_named(code, kind="goal_area") | fields)


def _named(code: str, **fields: Any) -> dict[str, Any]:
    return {"code": code, "version": 1, "title": code, "defined_at": DEFINED_AT, **fields}


def metric(code: str, weight: str = "0") -> GoalMetric:
    return GoalMetric(measure=code, weight=Decimal(weight))


def baseline(period: str, value: str) -> Baseline:
    return Baseline(period=period, value=Decimal(value))


def plan(*definitions: MeasureDefined | GoalDefined | DepartmentDefined | AreaDefined) -> Plan:
    return Plan(
        {d.code: d for d in definitions if isinstance(d, MeasureDefined)},
        {d.code: d for d in definitions if isinstance(d, GoalDefined)},
        {d.code: d for d in definitions if isinstance(d, DepartmentDefined)},
        {d.code: d for d in definitions if isinstance(d, AreaDefined)},
    )


def number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def target(period: str, value: str | None = None, lower: str | None = None, upper: str | None = None) -> Target:
    return Target(periods.parse(period), number(value), number(lower), number(upper))


def cell(
    period: str,
    value: str | None = None,
    pair: tuple[str, str] | None = None,
    flag: Flag | None = None,
    **breakdown: str,
) -> Cell:
    numerator, denominator = pair or (None, None)
    return Cell(
        periods.parse(period),
        facts.breakdown(breakdown),
        number(value),
        number(numerator),
        number(denominator),
        flag,
    )


def judge(
    definition: MeasureDefined, targets: list[Target], cells: list[Cell], today: date | None = None
) -> NodeStatus:
    """Judged on the day the latest value ends, unless told otherwise."""
    return judge_measure(definition, targets, cells, today or max(c.period.end for c in cells))


def by_threshold(direction: str = "up", params: dict[str, Any] | None = None, **fields: Any) -> MeasureDefined:
    return measure(direction=direction, method=MethodChoice(id="threshold", params=params or {}), **fields)


def judged(direction: str, value: str, limit: str, **params: Any) -> NodeStatus:
    return judge(by_threshold(direction, params), [target("2017-03", limit)], [cell("2017-03", value)])


def quarter(each: str, **params: Any) -> NodeStatus:
    """Three months of a year in which 1,200 are wanted, so that 300 are due."""
    months = [cell(f"2017-0{month}", each) for month in (1, 2, 3)]
    return judge(by_threshold("up", params, time_aggregation="sum"), [target("2017", "1200")], months)


def child(
    code: str,
    status: Status,
    score: str | None = None,
    weight: str = "1",
    kpi: bool = False,
    qualifiers: Qualifiers | None = None,
) -> Child:
    return Child(
        Node(Kind.MEASURE, code),
        Decimal(weight),
        kpi,
        status,
        number(score),
        as_of="2017-03",
        as_of_end=date(2017, 4, 1),
        qualifiers=qualifiers or Qualifiers(),
    )


def published_json(*path: str) -> Any:
    return json.loads(_published(*path).read_text())


def published_rows(*path: str) -> list[dict[str, str]]:
    with _published(*path).open(newline="") as file:
        return list(csv.DictReader(file))


def _published(*path: str) -> Path:
    found = DATA.joinpath(*path)
    if not found.exists():
        pytest.skip(f"the published data {'/'.join(path)} are not beside this checkout")
    return found
