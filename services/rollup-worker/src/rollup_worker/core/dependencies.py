"""What a derived measure is made from, how far its inputs can fill it, and which of their days it reads.

What reads itself through others cannot be made, whichever of them is asked; asking ends all the same.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency

Days = tuple[date, date]
"""Half-open."""
Definitions = Mapping[str, MeasureDefined]


def named(definitions: Definitions) -> dict[str, set[str]]:
    """By measure those that its definition names: its formula's inputs, and the one that weighs it.

    A retired measure reads nothing any more.
    """
    found = dict[str, set[str]]()
    for code, definition in definitions.items():
        inputs = set(definition.formula.inputs) if definition.formula else set()
        weighing = {definition.weighted_by} if definition.weighted_by else set()
        if not definition.retired:
            found[code] = inputs | weighing
    return found


def order(code: str, definitions: Definitions) -> Sequence[str]:
    """What one measure is made from, each after its own inputs and itself last.

    Empty where it cannot be made: an input is not defined, or something on the way reads itself.
    """
    waiting = {each: _reads(definitions[each], definitions) for each in _reach(code, definitions)}
    found = dict[str, None]()
    while ready := [each for each, inputs in waiting.items() if inputs <= found.keys()]:
        for each in sorted(ready):
            found[each] = None
            del waiting[each]
    return list(found) if code in found else []


def last_ready(code: str, definitions: Definitions, latest: Mapping[str, Period]) -> Period | None:
    """No later period has a value, given the latest ones of the measures that have values of their own.

    An earlier one may be the last, where that one lacks a value or a group of an input.
    """
    found = dict[str, Period | None]()
    for each in order(code, definitions):
        definition = definitions[each]
        if definition.formula is None:
            found[each] = latest.get(each)
        else:
            ready = [_filled(definition, definitions[name], found[name]) for name in definition.formula.inputs]
            found[each] = min((last for last in ready if last), default=None) if all(ready) else None
    return found.get(code)


def windows(code: str, definitions: Definitions, days: Days) -> dict[str, Days]:
    """Of each measure with values of its own the days (half-open) in which those periods begin that make the values
    of one measure in its days. A measure that weighs is read from the beginning, since its older values count on.
    """
    found = {code: days}
    for each in reversed(order(code, definitions)):
        definition = definitions[each]
        if definition.formula is not None and each in found:
            for name in definition.formula.inputs:
                source = definitions[name]
                _widen(found, name, _days_read(definition, source, found[each]))
                if source.weighted_by and source.weighted_by in definitions:
                    _widen(found, source.weighted_by, (periods.FIRST_DAY, days[1]))
    return {each: span for each, span in found.items() if each in definitions and definitions[each].formula is None}


def _widen(found: dict[str, Days], code: str, days: Days) -> None:
    held = found.get(code, days)
    found[code] = min(held[0], days[0]), max(held[1], days[1])


def _filled(definition: MeasureDefined, source: MeasureDefined, last: Period | None) -> Period | None:
    """The last period that an input with its latest value for `last` can fill."""
    if last is None:
        return None
    try:
        whole = periods.parent(last, Frequency(definition.frequency), definition.calendar)
        parts = periods.parts(whole, Frequency(source.frequency), definition.calendar)
        return whole if parts[-1].end <= last.end else periods.previous(whole, definition.calendar)
    except BadPeriod:
        return None


def _days_read(definition: MeasureDefined, source: MeasureDefined, days: Days) -> Days:
    """A week may begin before the period to which it belongs."""
    try:
        first = periods.containing(days[0], Frequency(definition.frequency), definition.calendar)
        parts = periods.parts(first, Frequency(source.frequency), definition.calendar)
    except BadPeriod:
        return days
    return min(parts[0].start, days[0]), days[1]


def _reads(definition: MeasureDefined, definitions: Definitions) -> set[str]:
    """The inputs of a formula, and what weighs these as far as it is defined."""
    if definition.formula is None:
        return set()
    inputs = set(definition.formula.inputs)
    weighing = {definitions[each].weighted_by for each in inputs & definitions.keys()}
    return inputs | {each for each in weighing if each and each in definitions}


def _reach(code: str, definitions: Definitions) -> set[str]:
    """A measure with all that it reads, as far as they are defined."""
    found, waiting = set[str](), {code}
    while fresh := {each for each in waiting if each in definitions} - found:
        found |= fresh
        waiting = {each for name in fresh for each in _reads(definitions[name], definitions)}
    return found
