"""The values of a measure that is computed from others: per period and breakdown, by its formula.

The whole is computed from what readers see of the inputs, their headlines; a group from the inputs' values of that
very group. An input of finer frequency is put together by its own time aggregation, and only from all its parts: a
part of a year is no year. Where one input has no value, the derived measure has none. A result is a number without
numerator and denominator. It is a sample where any input is, else provisional where any input is.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from rollup_worker.core.dependencies import order
from rollup_worker.core.facts import Breakdown, Cell
from rollup_worker.core.formula import evaluate
from rollup_worker.core.headline import Headline, headlines, over
from rollup_worker.core.judge import by_owner
from rollup_worker.core.weights import weighing
from tideline import periods
from tideline.events import Formula, MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Flag, Frequency

WHOLE: Final[Breakdown] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """An input of a formula: its definition, its cells, and those of the measure that weighs it."""

    definition: MeasureDefined
    cells: Sequence[Cell]
    weights: Sequence[Cell] = ()


def cells_of(
    code: str, definitions: Mapping[str, MeasureDefined], held: Mapping[str, Sequence[Cell]]
) -> Sequence[Cell]:
    """The cells of a measure, from those `held` of the measures that have values of their own."""
    found = dict[str, Sequence[Cell]]()
    for each in order(code, definitions):
        definition = definitions[each]
        if definition.formula is None:
            found[each] = held.get(each, ())
        else:
            sources = {name: _source(definitions[name], found) for name in definition.formula.inputs}
            found[each] = derive(definition, definition.formula, sources)
    return found.get(code, ())


def derive(definition: MeasureDefined, formula: Formula, sources: Mapping[str, Source]) -> list[Cell]:
    """Every cell that the formula makes of its inputs' cells."""
    if not formula.inputs or any(code not in sources for code in formula.inputs):
        return []
    known = {code: _by_group(sources[code]) for code in formula.inputs}
    groups = set[Breakdown].intersection(*(set(found) for found in known.values()))
    found = list[Cell]()
    for group in sorted(groups):
        held = {
            code: _in_periods(definition, sources[code].definition, groups_of[group])
            for code, groups_of in known.items()
        }
        found += _cells(formula, group, held)
    return found


def _source(definition: MeasureDefined, made: Mapping[str, Sequence[Cell]]) -> Source:
    return Source(definition, made[definition.code], made.get(definition.weighted_by or "", ()))


def _by_group(source: Source) -> dict[Breakdown, dict[Period, Headline]]:
    """Of every group its value per own period; of the whole, the headline."""
    own, own_weights = (by_owner(cells)[0] for cells in (source.cells, source.weights))
    found = {WHOLE: headlines(source.definition, own, weighing(own_weights))}
    weights = _groups(source.weights)
    for group, cells in _groups(source.cells).items():
        found[group] = headlines(source.definition, cells, weighing(weights.get(group, ())))
    if source.definition.sample:
        found = {group: {p: replace(h, sample=True) for p, h in known.items()} for group, known in found.items()}
    return found


def _groups(cells: Iterable[Cell]) -> dict[Breakdown, list[Cell]]:
    """Each group's cells as if it were the whole."""
    found: defaultdict[Breakdown, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.breakdown:
            found[cell.breakdown].append(replace(cell, breakdown=WHOLE))
    return found


def _in_periods(
    definition: MeasureDefined, source: MeasureDefined, known: Mapping[Period, Headline]
) -> dict[Period, Headline]:
    """An input's values in the derived measure's periods, whole ones only."""
    reading = msgspec.structs.replace(source, calendar=definition.calendar)
    found = dict[Period, Headline]()
    for whole in _wholes(definition, known):
        last = periods.parts(whole, Frequency(source.frequency), definition.calendar)[-1]
        found[whole] = over(reading, known, whole, last)
    return {whole: h for whole, h in found.items() if h.value is not None and h.reporting == h.of}


def _wholes(definition: MeasureDefined, parts: Iterable[Period]) -> set[Period]:
    frequency = Frequency(definition.frequency)
    return {
        periods.parent(part, frequency, definition.calendar)
        for part in parts
        if part.frequency is frequency or periods.is_coarser(frequency, part.frequency)
    }


def _cells(formula: Formula, group: Breakdown, held: Mapping[str, Mapping[Period, Headline]]) -> list[Cell]:
    found = list[Cell]()
    for period in sorted(set[Period].intersection(*(set(known) for known in held.values()))):
        inputs = {code: known[period] for code, known in held.items()}
        values = {code: headline.value for code, headline in inputs.items() if headline.value is not None}
        value = evaluate(formula.tree, values)
        if value is not None:
            found.append(Cell(period, group, value, flag=_flag(inputs.values())))
    return found


def _flag(inputs: Collection[Headline]) -> Flag | None:
    if any(headline.sample for headline in inputs):
        return Flag.SAMPLE
    return Flag.PROVISIONAL if any(headline.provisional for headline in inputs) else None
