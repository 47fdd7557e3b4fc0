"""Small numbers: which cells of a measure the public does not see.

**The rule** is that of the Washington State Department of Health (Standards for Reporting Data with Small Numbers,
2018): non-zero counts under ten are not shown, zero and ten are, and a rate is not shown when its numerator or its
denominator is such a count. The threshold is the measure's `suppress_under`, else the city's; 0: all are shown.

**What is a count.** Where values add up over groups (`sum`, `count`): the value, if it is a whole number. Of a ratio:
its numerator and its denominator. Of any other value: the people behind it, as its denominator or the measure that it
is `weighted_by` tells. Where nothing tells a count, nothing is hidden.

**What is hidden beside it** says `disclosure.py`: a hidden cell is never the difference of what is shown. For values
that do not add up, too, a sum over groups never has a single hidden one.

**The headline** is hidden where the measure itself sets a threshold and it is such a count, or where it would give a
cell away. The values of others (`peer`) are theirs and are left as they are.

**A derived measure** shows no cell that is made from a hidden one.

A cell of a coarser period is made from shown cells of its parts only, so that the periods stay independent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from rollup_worker.core.decimals import ZERO, exact
from rollup_worker.core.disclosure import HEADLINE, Table, protect
from rollup_worker.core.facts import PEER, Breakdown, Cell, Plan
from rollup_worker.core.headline import headline
from rollup_worker.core.weights import NONE, Weights
from tideline.events import MeasureDefined
from tideline.periods import Period, is_coarser, parent
from tideline.vocabulary import Aggregation, Frequency

ADDING: Final = frozenset({Aggregation.SUM, Aggregation.COUNT})

USUAL: Final = 10
"""The threshold of a city that says nothing."""

Numbers = Mapping[Breakdown, Decimal]
Hidden = Mapping[Period, frozenset[Breakdown]]
NOTHING: Final[Hidden] = MappingProxyType({})


def city_limit(plan: Plan) -> int:
    """The threshold of the city."""
    return plan.city.suppress_under if plan.city else USUAL


def limit(definition: MeasureDefined, city: int) -> int:
    """The threshold of a measure: its own, else the city's."""
    return city if definition.suppress_under is None else definition.suppress_under


def inherited(definition: MeasureDefined, inputs: Mapping[str, Hidden], known: Mapping[str, MeasureDefined]) -> Hidden:
    """What a derived measure may not show: each cell made from one that is hidden, in its own periods."""
    found = defaultdict[Period, set[Breakdown]](set)
    for code, concealed in inputs.items():
        frequency = Frequency(definition.frequency)
        for period, keys in concealed.items():
            if period.frequency is frequency or is_coarser(frequency, period.frequency):
                found[parent(period, frequency, known[code].calendar)] |= keys
    return {period: frozenset(keys) for period, keys in found.items()}


def shown(definition: MeasureDefined, cells: Iterable[Cell], under: int, weights: Weights = NONE) -> list[Cell]:
    """The cells that the public sees, of all periods, in their order."""
    held = list(cells)
    concealed = hidden_by_period(definition, held, under, weights)
    return [cell for cell in held if cell.breakdown not in concealed.get(cell.period, ())]


def hidden_headlines(
    definition: MeasureDefined, cells: Iterable[Cell], under: int, weights: Weights = NONE
) -> frozenset[Period]:
    """The periods whose headline the public does not see."""
    found = hidden_by_period(definition, cells, under, weights)
    return frozenset(period for period, concealed in found.items() if HEADLINE in concealed)


def hidden_by_period(
    definition: MeasureDefined, cells: Iterable[Cell], under: int, weights: Weights = NONE, given: Hidden = NOTHING
) -> Hidden:
    """Of each period with hidden cells their breakdowns; the empty one stands for the headline.

    `given` are hidden for another reason.
    """
    grouped = defaultdict[Period, list[Cell]](list)
    for cell in cells:
        grouped[cell.period].append(cell)
    found = {
        period: hidden(definition, held, under, weights, given.get(period, frozenset()))
        for period, held in grouped.items()
    }
    return {period: concealed for period, concealed in found.items() if concealed}


@exact
def hidden(
    definition: MeasureDefined,
    cells: Iterable[Cell],
    under: int,
    weights: Weights = NONE,
    given: frozenset[Breakdown] = frozenset(),
) -> frozenset[Breakdown]:
    """The breakdowns that the public does not see, of the cells of one period, those `given` among them."""
    own = {cell.breakdown: cell for cell in cells if cell.present and not _of_others(cell)}
    if not own or (not given and (under <= 0 or (set(own) == {HEADLINE} and definition.suppress_under is None))):
        return frozenset()
    tables = _tables(definition, list(own.values()), max(under, 0), weights)
    small = {key for table in tables for key in table.numbers if table.is_small(key)}
    return protect(tables, {*small, *given}) if small or given else frozenset()


def _of_others(cell: Cell) -> bool:
    return any(name == PEER for name, _ in cell.breakdown)


def _tables(definition: MeasureDefined, cells: Sequence[Cell], under: int, weights: Weights) -> list[Table]:
    explicit = definition.suppress_under is not None
    values = _with_headline(definition, cells, weights)
    if Aggregation(definition.breakdown_aggregation) in ADDING:
        return [Table(values, under, explicit, whole=True)]
    if Aggregation.RATIO in (definition.breakdown_aggregation, definition.time_aggregation):
        counts = [_counts(cells, "numerator"), _counts(cells, "denominator")]
    else:
        counts = [_people(cells, weights)]
    return [*(Table(numbers, under, explicit) for numbers in counts), Table(values, 0)]


def _with_headline(definition: MeasureDefined, cells: Sequence[Cell], weights: Weights) -> Numbers:
    found = {cell.breakdown: cell.value for cell in cells if cell.value is not None}
    total = headline(definition, cells, weights).value
    return found if total is None else {**found, HEADLINE: total}


def _counts(cells: Sequence[Cell], name: str) -> Numbers:
    found = {cell.breakdown: number for cell in cells if (number := getattr(cell, name)) is not None}
    return _totalled(found)


def _people(cells: Sequence[Cell], weights: Weights) -> Numbers:
    told = {cell.breakdown: _behind(cell, weights) for cell in cells}
    whole = _behind(replace(cells[0], breakdown=HEADLINE, denominator=None), weights)
    found = {key: number for key, number in told.items() if number is not None}
    return _totalled(found if whole is None else {HEADLINE: whole, **found})


def _behind(cell: Cell, weights: Weights) -> Decimal | None:
    return cell.denominator if cell.denominator is not None else weights.of(cell)


def _totalled(found: Numbers) -> Numbers:
    """With the sum over the smallest cut, where the total was not told."""
    if HEADLINE in found or not found:
        return found
    cuts = {tuple(name for name, _ in key) for key in found}
    smallest = min(cuts, key=lambda cut: (len(cut), cut))
    parts = (number for key, number in found.items() if tuple(name for name, _ in key) == smallest)
    return {**found, HEADLINE: sum(parts, ZERO)}
