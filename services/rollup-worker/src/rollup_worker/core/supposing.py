"""From the rows of a what-if to an overlay: each row is held against the plan, and what does not fit is told by row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from rollup_worker.core import facts
from rollup_worker.core.facts import Plan
from rollup_worker.core.methods import InForce, chosen
from rollup_worker.core.overlay import Overlay
from rollup_worker.core.row_rules import Wrong, measure_fault, number_fault, target_fault, value_fault
from tideline.events import (
    DepartmentDefined,
    GoalDefined,
    GoalMetric,
    MeasureDefined,
    MethodChoice,
    Observation,
    Target,
)
from tideline.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of a goal, department or measure, or, where `goal` is named, of a measure in that goal."""

    weight: Decimal
    kind: Kind | None = None
    code: str | None = None
    goal: str | None = None
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What is supposed, in the order in which it was said; targets and methods with the measure they are of."""

    observations: Sequence[Observation] = ()
    targets: Sequence[tuple[str, Target]] = ()
    weights: Sequence[Weight] = ()
    methods: Sequence[tuple[str, MethodChoice]] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row. `part` is the list it stands in, `index` counts its rows from 0."""

    part: str
    index: int
    field: str | None
    code: str
    detail: str


def suppose(plan: Plan, rows: Rows, in_force: InForce) -> tuple[Overlay, list[Fault]]:
    """The overlay of all rows that fit, and the faults of the others. `plan` holds what may be supposed about."""
    draft = _Draft(plan)
    for part, each in (
        ("observations", (draft.value(row) for row in rows.observations)),
        ("targets", (draft.target(code, row) for code, row in rows.targets)),
        ("weights", (draft.weight(row) for row in rows.weights)),
        ("methods", (draft.method(code, row, in_force) for code, row in rows.methods)),
    ):
        draft.note(part, each)
    return Overlay(dict(draft.values), dict(draft.targets), draft.changed), draft.faults


@dataclass
class _Draft:
    """An overlay in the making."""

    plan: Plan
    faults: list[Fault] = field(default_factory=list)
    values: defaultdict[str, list[Observation]] = field(default_factory=lambda: defaultdict(list))
    targets: defaultdict[str, list[Target]] = field(default_factory=lambda: defaultdict(list))
    measures: dict[str, MeasureDefined] = field(default_factory=dict)
    goals: dict[str, GoalDefined] = field(default_factory=dict)
    departments: dict[str, DepartmentDefined] = field(default_factory=dict)
    seen: set[tuple[object, ...]] = field(default_factory=set)

    @property
    def changed(self) -> Plan:
        return Plan(self.measures, self.goals, self.departments)

    def note(self, part: str, found: Iterable[Wrong | None]) -> None:
        self.faults += [Fault(part, index, *wrong) for index, wrong in enumerate(found) if wrong]

    def value(self, row: Observation) -> Wrong | None:
        definition = self.plan.measures.get(row.measure)
        wrong = measure_fault(definition, row.measure)
        if definition is None or wrong:
            return wrong
        key = ("value", row.measure, row.period, facts.breakdown(row.breakdown))
        wrong = value_fault(row, definition) or self._twice(key)
        if wrong is None:
            self.values[row.measure].append(row)
        return wrong

    def target(self, code: str, row: Target) -> Wrong | None:
        definition = self.plan.measures.get(code)
        wrong = measure_fault(definition, code)
        if definition is None or wrong:
            return wrong
        wrong = target_fault(row, definition) or self._twice(
            ("target", code, row.period, facts.breakdown(row.breakdown))
        )
        if wrong is None:
            self.targets[code].append(row)
        return wrong

    def method(self, code: str, choice: MethodChoice, in_force: InForce) -> Wrong | None:
        definition = self.measures.get(code) or self.plan.measures.get(code)
        wrong = measure_fault(definition, code)
        if definition is None or wrong:
            return wrong
        method = chosen(choice, in_force)
        if method is None:
            return Wrong("id", "unknown_method", f"there is no method {choice.id[:60]!r} in that version")
        if faults := method.validate(choice.params):
            return Wrong("params", "bad_params", "; ".join(faults))
        if misfit := method.read(choice.params).misfit(definition):
            return Wrong("params", "bad_params", misfit)
        wrong = self._twice(("method", code))
        if wrong is None:
            self.measures[code] = msgspec.structs.replace(definition, method=choice)
        return wrong

    def weight(self, row: Weight) -> Wrong | None:
        wrong = number_fault("weight", row.weight)
        if wrong or row.weight < 0:
            return wrong or Wrong("weight", "out_of_range", "a weight is zero or more")
        wrong = self._twice(("weight", row.kind, row.code, row.goal, row.measure))
        if wrong:
            return wrong
        if row.goal is not None:
            return self._metric(row.goal, row.measure or "", row.weight)
        return self._node(row.kind, row.code or "", row.weight)

    def _metric(self, code: str, measure: str, weight: Decimal) -> Wrong | None:
        goal = self.goals.get(code) or self.plan.goals.get(code)
        if goal is None:
            return Wrong("goal", "unknown_goal", f"there is no goal {code[:100]!r}")
        if measure not in self.plan.measures or measure not in {goal.kpi, *(each.measure for each in goal.metrics)}:
            return Wrong("measure", "unknown_metric", f"{measure[:100]!r} is no metric of {code!r}")
        others = [each for each in goal.metrics if each.measure != measure]
        metrics = [*others, GoalMetric(measure=measure, weight=weight)]
        self.goals[code] = msgspec.structs.replace(goal, metrics=metrics)
        return None

    def _node(self, kind: Kind | None, code: str, weight: Decimal) -> Wrong | None:
        drafts: Mapping[Kind | None, tuple[dict[str, Any], Mapping[str, Any]]] = {
            Kind.MEASURE: (self.measures, self.plan.measures),
            Kind.GOAL: (self.goals, self.plan.goals),
            Kind.DEPARTMENT: (self.departments, self.plan.departments),
        }
        if kind not in drafts:
            return Wrong("kind", "bad_kind", "a goal, department or measure has a weight")
        changed, stored = drafts[kind]
        definition = changed.get(code) or stored.get(code)
        if definition is None:
            return Wrong("code", f"unknown_{kind}", f"there is no {kind} {code[:100]!r}")
        changed[code] = msgspec.structs.replace(definition, weight=weight)
        return None

    def _twice(self, key: tuple[object, ...]) -> Wrong | None:
        if key in self.seen:
            return Wrong(None, "duplicate_in_batch", "an earlier row says of the same what is supposed")
        self.seen.add(key)
        return None
