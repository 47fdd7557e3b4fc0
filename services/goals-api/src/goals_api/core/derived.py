"""Checks of derived measures against the measures that they read: frequencies, calendars, units.

A formula is checked when its own measure is proposed, and when a measure that it reads is: then the fault is there.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

from goals_api.core import formulas, units
from goals_api.core.calendars import city_entry, followers, nests
from goals_api.core.entities import Content, Measure
from goals_api.core.faults import Fault, join
from goals_api.core.proposals import Proposal, World
from goals_api.core.units import Mismatch, Unit
from tideline.events import Formula
from tideline.periods import is_coarser
from tideline.vocabulary import Aggregation, Kind

Measures: TypeAlias = Mapping[str, Measure]


@dataclass(frozen=True, slots=True)
class Places:
    """Where in what the author sent each touched measure stands: by itself, or moved by the city's calendar."""

    entries: Mapping[str, str]
    moved: Mapping[str, str]

    def has(self, code: str) -> bool:
        return code in self.entries or code in self.moved

    def at(self, code: str, field: str) -> str:
        return join(self.entries[code], field) if code in self.entries else self.moved[code]


def check_derived(proposal: Proposal, world: World, after: Mapping[str, Content]) -> Iterator[Fault]:
    """Every fault of the formulas that the proposal touches; `after` are the measures that would stand."""
    unread = proposal.unread.get(Kind.MEASURE, frozenset())
    known = _known(world, after, unread)
    places = _places(proposal, world)
    for code in after:
        measure = known.get(code)
        formula = formulas.parse(measure.formula) if measure and measure.formula is not None else None
        if measure and isinstance(formula, Formula) and any(map(places.has, (code, *formula.inputs))):
            yield from _check(measure, formula, known, places)


def _known(world: World, after: Mapping[str, Content], unread: Set[str]) -> dict[str, Measure]:
    """The measures that formulas can read: retired ones too, which nothing new may name."""
    kept = {code: stored.content for code, stored in world.entities[Kind.MEASURE].items()}
    both = {**kept, **after}
    return {code: one for code, one in both.items() if isinstance(one, Measure) and code not in unread}


def _places(proposal: Proposal, world: World) -> Places:
    city = city_entry(proposal)
    moved = join(city.path if city else "", "calendar")
    return Places(
        entries={entry.content.code: entry.path for entry in proposal.entries.get(Kind.MEASURE, ())},
        moved={measure.code: moved for _, measure in followers(proposal, world)},
    )


def _check(measure: Measure, formula: Formula, known: Measures, places: Places) -> Iterator[Fault]:
    inputs = [known[code] for code in formula.inputs if code in known]
    for one in inputs:
        yield from _check_times(measure, one, places)
    if len(inputs) == len(formula.inputs):
        detail = _unit_fault(measure, formula, {one.code: _unit(one) for one in inputs})
        if detail and (place := _place(measure, inputs, "unit", places)):
            yield Fault(place, "unit_mismatch", detail)


def _check_times(measure: Measure, one: Measure, places: Places) -> Iterator[Fault]:
    if is_coarser(one.frequency, measure.frequency):
        detail = f"{measure.code} is told by {measure.frequency} and reads {one.code}, told by {one.frequency}"
        found = Fault("frequency", "frequency_mismatch", detail)
    elif not nests(one.frequency, one.calendar, measure.frequency, measure.calendar):
        detail = f"a {one.frequency} of {one.code} does not lie within one {measure.frequency} of {measure.code}"
        found = Fault("calendar", "calendar_mismatch", detail)
    else:
        return
    if place := _place(measure, [one], found.path, places):
        yield Fault(place, found.code, found.detail)


def _place(measure: Measure, inputs: Sequence[Measure], field: str, places: Places) -> str | None:
    """The formula where its measure is proposed; else the field of the input whose change breaks it."""
    if measure.code in places.entries:
        return places.at(measure.code, "formula")
    return next((places.at(one.code, field) for one in (measure, *inputs) if places.has(one.code)), None)


def _unit_fault(measure: Measure, formula: Formula, read: Mapping[str, Unit | None]) -> str | None:
    found = units.of(formula.tree, read)
    if isinstance(found, Mismatch):
        return f"{measure.code}: {found}"
    wanted = _unit(measure)
    if isinstance(found, Unit) and wanted is not None and found != wanted:
        return f"{measure.code} is told in {measure.unit or wanted}, its formula gives {found}"
    return None


def _unit(measure: Measure) -> Unit | None:
    """Nobody has to write down the unit of a ratio."""
    if measure.unit.strip():
        return units.read(measure.unit)
    return Unit() if measure.aggregation.time is Aggregation.RATIO else None
