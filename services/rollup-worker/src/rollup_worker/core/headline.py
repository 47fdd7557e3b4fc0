"""The headline value of a measure: for one of its own periods, and for a coarser one put together from these."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from rollup_worker.core.aggregate import Partial, Reading, collect, finish
from rollup_worker.core.facts import Cell
from rollup_worker.core.weights import NONE, Weights
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Aggregation, Flag, Frequency

NOT_FINAL: Final = frozenset({Flag.PROVISIONAL, Flag.ESTIMATED})


@dataclass(frozen=True, slots=True)
class Headline:
    """A value for `period` out of `reporting` of `of` parts; the pair is kept where every part brought one.

    `value` is None where values exist but make no number, as a ratio whose denominators sum to zero.
    """

    period: Period
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    reporting: int = 1
    of: int = 1
    provisional: bool = False
    sample: bool = False


def headlines(definition: MeasureDefined, cells: Iterable[Cell], weights: Weights = NONE) -> dict[Period, Headline]:
    """The headline of every period that has a value; a period whose values were all withdrawn has none.

    The same cell twice counts once.
    """
    grouped: defaultdict[Period, list[Cell]] = defaultdict(list)
    for cell in set(cells):
        if cell.present:
            grouped[cell.period].append(cell)
    return {period: headline(definition, group, weights) for period, group in sorted(grouped.items())}


def headline(definition: MeasureDefined, cells: Sequence[Cell], weights: Weights = NONE) -> Headline:
    """One period's value: the value without breakdown, else the declared breakdown aggregation.

    The aggregation runs over the cells of one set of dimensions, the smallest that is there (fewest dimensions,
    then alphabetical), so that nothing is counted under two cuts. `cells` are present and of one period.
    """
    chosen = _smallest_cut(cells)
    aggregation = Aggregation(definition.breakdown_aggregation)
    if not chosen[0].breakdown:
        aggregation = Aggregation.RATIO if definition.time_aggregation == Aggregation.RATIO else Aggregation.SUM
    readings = [_reading(definition, cell, weights) for cell in sorted(chosen, key=lambda cell: cell.breakdown)]
    whole = collect(readings, aggregation, definition.multiplier)
    flags = [cell.flag for cell in chosen]
    return Headline(
        cells[0].period,
        _finish(definition, whole, aggregation),
        *_pair(whole),
        provisional=any(flag in NOT_FINAL for flag in flags),
        sample=Flag.SAMPLE in flags,
    )


def over(definition: MeasureDefined, known: Mapping[Period, Headline], whole: Period, until: Period) -> Headline:
    """The value of a coarser period from its parts up to and with `until`: the year to date, or the whole.

    There is no value before the first part that has one. A measure's own period is returned as it is.
    """
    frequency = Frequency(definition.frequency)
    if whole.frequency is frequency:
        own = known.get(whole) if whole.end <= until.end else None
        return own or Headline(whole, None, reporting=0)
    parts = periods.parts(whole, frequency, definition.calendar)
    return across(definition, whole, parts, [known[part] for part in parts if part in known and part.end <= until.end])


def trailing(definition: MeasureDefined, known: Mapping[Period, Headline], last: Period, count: int) -> Headline:
    """The value of `count` own periods up to and with `last`, as of one period; those before 1900 have no value."""
    span = [last]
    while len(span) < count:
        try:
            span.append(periods.previous(span[-1], definition.calendar))
        except BadPeriod:
            break
    held = [known[part] for part in reversed(span) if part in known]
    return replace(across(definition, last, span, held), of=count)


def across(definition: MeasureDefined, whole: Period, parts: Sequence[Period], held: Sequence[Headline]) -> Headline:
    """The value of a span of periods, `parts`, of which those in `held` have one.

    It is made of the headlines that a reader sees: breakdowns are aggregated first, then time. A part without a
    value is skipped, never taken for zero, and lowers `reporting`.
    """
    aggregation = Aggregation(definition.time_aggregation)
    readings = (Reading(h.value, h.period.end, "", h.numerator, h.denominator) for h in held)
    total = collect(readings, aggregation, definition.multiplier)
    return Headline(
        whole,
        _finish(definition, total, aggregation),
        *_pair(total),
        reporting=len(held),
        of=len(parts),
        provisional=any(h.provisional for h in held),
        sample=any(h.sample for h in held),
    )


def _smallest_cut(cells: Sequence[Cell]) -> list[Cell]:
    cuts = [tuple([name for name, _ in cell.breakdown]) for cell in cells]
    smallest = min(set(cuts), key=lambda cut: (len(cut), cut))
    return [cell for cell, cut in zip(cells, cuts, strict=True) if cut == smallest]


def _reading(definition: MeasureDefined, cell: Cell, weights: Weights) -> Reading:
    name = "/".join(group for _, group in cell.breakdown)
    weight = cell.denominator
    if weight is None and definition.weighted_by and Aggregation.WEIGHTED_AVERAGE in _declared(definition):
        weight = weights.of(cell)
    return Reading(cell.value, cell.period.start, name, cell.numerator, weight)


def _declared(definition: MeasureDefined) -> tuple[str, str]:
    return definition.time_aggregation, definition.breakdown_aggregation


def _finish(definition: MeasureDefined, whole: Partial, aggregation: Aggregation) -> Decimal | None:
    """Several values that a measure was to weigh are never averaged without their weights."""
    if aggregation is Aggregation.WEIGHTED_AVERAGE and definition.weighted_by and whole.unweighed and whole.count > 1:
        return None
    return finish(whole, aggregation, definition.multiplier)


def _pair(whole: Partial) -> tuple[Decimal | None, Decimal | None]:
    """Sums of numerators and of denominators (or weights), where every value brought its own."""
    return (None if whole.unpaired else whole.numerator, None if whole.unweighed else whole.denominator)
