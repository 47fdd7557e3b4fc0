"""What is supposed beside what is stored: values, targets and definitions of a what-if. Nothing of it is kept.

Each word supposed takes the place of the stored one with the same key, or is added where there is none. A value with
the flag `withdrawn` and a target without value and bounds take the stored one away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rollup_worker.core import facts
from rollup_worker.core.facts import Plan
from tideline import events
from tideline.events import MeasureDefined, Observation


@dataclass(frozen=True, slots=True)
class Overlay:
    """`values` and `targets` by measure; `plan` holds only the definitions that are supposed to differ."""

    values: Mapping[str, Sequence[Observation]] = field(default_factory=dict)
    targets: Mapping[str, Sequence[events.Target]] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)

    def measures(self, stored: Mapping[str, MeasureDefined]) -> dict[str, MeasureDefined]:
        """These measures as they are supposed to be defined."""
        return {code: self.plan.measures.get(code, definition) for code, definition in stored.items()}


NOTHING: Overlay = Overlay()


def over_plan(stored: Plan, supposed: Overlay) -> Plan:
    """The whole plan as it is supposed to be."""
    changed = supposed.plan
    return Plan(
        {**stored.measures, **changed.measures},
        {**stored.goals, **changed.goals},
        {**stored.departments, **changed.departments},
        {**stored.areas, **changed.areas},
        changed.city or stored.city,
    )


def over_targets(stored: Sequence[events.Target], supposed: Sequence[events.Target]) -> list[events.Target]:
    """The targets of one measure; one per period and breakdown."""
    found = {(target.period, facts.breakdown(target.breakdown)): target for target in [*stored, *supposed]}
    return list(found.values())
