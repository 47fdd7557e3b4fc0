"""The city's calendar and the measures that follow it, and which periods lie wholly within which.

A measure without a calendar of its own has the city's. When that changes, all of them change in the same edit: their
versions count it and whoever computes with them is told.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from goals_api.core.entities import CalendarFrom, City, Content, Measure, Stored
from goals_api.core.faults import Fault, join
from goals_api.core.proposals import Entry, Proposal, World
from tideline.events import Calendar
from tideline.vocabulary import Frequency, Kind

_MONTHS: Final = {Frequency.QUARTER: 3, Frequency.HALF: 6, Frequency.YEAR: 12, Frequency.BIENNIUM: 12}


def city_entry(proposal: Proposal) -> Entry[Content] | None:
    """What a proposal says of the city, if anything."""
    return next(iter(proposal.entries.get(Kind.CITY, ())), None)


def settled(proposal: Proposal, world: World) -> Proposal:
    """The same with the city's calendar, as it will be, in every proposed measure that follows it."""
    calendar = _to_be(proposal, world)
    measures = [_with(entry, calendar) for entry in proposal.entries.get(Kind.MEASURE, ())]
    return replace(proposal, entries={**proposal.entries, Kind.MEASURE: measures}) if measures else proposal


def followers(proposal: Proposal, world: World) -> Iterator[tuple[Stored[Content], Measure]]:
    """Measures that the proposal does not name and whose calendar it changes: as they stand, as they will.

    A retired one keeps the calendar in which its history was told, until it comes back; so does one that the
    proposal retires by not naming it.
    """
    calendar = _to_be(proposal, world)
    proposed = {entry.content.code for entry in proposal.entries.get(Kind.MEASURE, ())}
    for code, stored in world.entities.get(Kind.MEASURE, {}).items():
        measure = stored.content
        assert isinstance(measure, Measure)
        stays = not stored.retired and (stored.plan is None or stored.plan != proposal.plan_code)
        follows = measure.calendar_from is CalendarFrom.CITY and measure.calendar != calendar
        if stays and follows and code not in proposed:
            yield stored, replace(measure, calendar=calendar)


def check_calendars(proposal: Proposal, world: World) -> Iterator[Fault]:
    """A measure that says it follows the city shows no other calendar than one the city has, had or will have."""
    for entry in proposal.entries.get(Kind.MEASURE, ()):
        measure, stored = entry.content, world.entities[Kind.MEASURE].get(entry.content.code)
        assert isinstance(measure, Measure)
        known: Sequence[object] = (Calendar(), world.city.calendar, _to_be(proposal, world))
        if stored is not None and isinstance(stored.content, Measure):
            known = (*known, stored.content.calendar)
        if measure.calendar_from is CalendarFrom.CITY and measure.calendar not in known:
            detail = 'this is not the city\'s calendar: say calendar_from "measure", or leave the calendar out'
            yield Fault(join(entry.path, "calendar"), "calendar_conflict", detail)


def nests(finer: Frequency, inside: Calendar, coarser: Frequency, outside: Calendar) -> bool:
    """Whether every period of the finer frequency lies within one of the coarser; days, weeks and months always do."""
    if finer not in _MONTHS or coarser not in _MONTHS:
        return True
    if (inside.fiscal_year_start_month - outside.fiscal_year_start_month) % _MONTHS[finer]:
        return False
    return finer is not Frequency.BIENNIUM or inside.biennium_starts_odd == outside.biennium_starts_odd


def _to_be(proposal: Proposal, world: World) -> Calendar:
    entry = city_entry(proposal)
    return entry.content.calendar if entry and isinstance(entry.content, City) else world.city.calendar


def _with(entry: Entry[Content], calendar: Calendar) -> Entry[Content]:
    measure = entry.content
    assert isinstance(measure, Measure)
    if measure.calendar_from is not CalendarFrom.CITY:
        return entry
    return Entry(entry.path, replace(measure, calendar=calendar))
