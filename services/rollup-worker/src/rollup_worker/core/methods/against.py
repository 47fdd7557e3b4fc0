"""What a value is compared with: a target, a peer, the own past or the baseline, and which of its sides is good."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal

import msgspec

from rollup_worker.core.facts import Target
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods import threshold
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case
from rollup_worker.core.methods.references import PEER
from tideline import periods
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Direction


class Peer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another city or body with the same measure, by its code."""

    peer: Annotated[str, PEER]


Other = Literal["target", "previous_year", "previous_period", "baseline"] | Peer


@dataclass(frozen=True, slots=True)
class Against:
    """The comparator: a value of which `reporting` of `of` parts are there, or a target; `good` is its good side.

    `good` is None where neither side is: then the value is only described.
    """

    name: str
    held: Headline
    good: Bounds | None = None
    target: Target | None = None

    @property
    def limits(self) -> Bounds:
        return self.good or Bounds(self.held.value, self.held.value)


def find(case: Case, against: Other) -> Against | None:
    """None where there is none."""
    if against == "target":
        return _target(case)
    found = _value(case, against)
    if found is None or found.value is None or not found.reporting:
        return None
    sides = {Direction.UP: Bounds(found.value, None), Direction.DOWN: Bounds(None, found.value)}
    return Against(name_of(against), found, sides.get(case.direction))


def _target(case: Case) -> Against | None:
    target = threshold.target_for(case)
    good = bounds(target, case.direction) if target else None
    if target is None or good is None:
        return None
    if case.direction is not Direction.NONE:
        return Against("target", Headline(target.period, target.value), good, target)
    return Against("target", Headline(target.period, target.value), None, target) if target.value is not None else None


def _value(case: Case, against: Other) -> Headline | None:
    if isinstance(against, Peer):
        return replace(case, known=case.peers.get(against.peer, {})).at_period(case.judged)
    if against == "baseline":
        return _baseline(case)
    period = _before(case, against)
    return case.at_period(period) if period else None


def _baseline(case: Case) -> Headline | None:
    """A sum is compared with a baseline of its own length only."""
    baseline, period = case.definition.baseline, case.baseline_period
    if baseline is None or period is None or (case.adds_up and period.frequency is not case.level):
        return None
    return Headline(period, baseline.value)


def _before(case: Case, against: str) -> Period | None:
    step = periods.year_before if against == "previous_year" else periods.previous
    try:
        return step(case.judged, case.definition.calendar)
    except BadPeriod:
        return None


def since(case: Case, against: Other) -> date:
    period = _before(case, "previous_year") if against == "previous_year" else None
    if period is None:
        return case.judged.start
    return periods.parts(period, case.latest.frequency, case.definition.calendar)[0].start


def name_of(against: Other) -> str:
    return f"peer {against.peer}" if isinstance(against, Peer) else against
