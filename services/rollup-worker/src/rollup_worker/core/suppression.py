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
cell away. One that is made of groups and is the value of one of them (`min`, `max`, `median`, `last`) is hidden with
any of them; beside one of its own there are always two hidden groups, and it does not tell which of them it is like.
The values of others (`peer`) are theirs and are left as they are.

**A derived measure** shows no cell that is made from a hidden one.

A cell of a coarser period is made from shown cells of its parts only, so that the periods stay independent.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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

PICKING: Final = frozenset({Aggregation.MIN, Aggregation.MAX, Aggregation.MEDIAN, Aggregation.LAST})
"""These take the value of one group, or two, for the whole."""

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


def together(one: Hidden, other: Hidden) -> Hidden:
    """Hidden by either."""
    nothing = frozenset[Breakdown]()
    return {period: one.get(period, nothing) | other.get(period, nothing) for period in {*one, *other}}


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
    if not given and not _may_be_small(definition, own.values(), under, weights):
        return frozenset()
    tables = _tables(definition, list(own.values()), max(under, 0), weights)
    small = {key for table in tables for key in table.numbers if table.is_small(key)}
    found = protect(tables, {*small, *given}) if small or given else frozenset()
    return found | {HEADLINE} if _picked(definition, own, found) else found


def _may_be_small(definition: MeasureDefined, cells: Iterable[Cell], under: int, weights: Weights) -> bool:
    """Told without putting any sum together; most periods hide nothing."""
    if definition.suppress_under is not None:
        return True
    broken_down = (cell for cell in cells if cell.breakdown)
    if _adds(definition):
        told: Iterable[Decimal | None] = (cell.value for cell in broken_down)
    elif _is_ratio(definition):
        told = (number for cell in broken_down for number in (cell.numerator, cell.denominator))
    else:
        told = (_behind(cell, weights) for cell in broken_down)
    return any(number is not None and 0 < number < under for number in told)


def _picked(definition: MeasureDefined, own: Mapping[Breakdown, Cell], hidden: Collection[Breakdown]) -> bool:
    """Whether the headline is taken from groups of which one is hidden."""
    if not hidden or HEADLINE in own or definition.breakdown_aggregation not in PICKING:
        return False
    return any(key in hidden for key in _smallest(own))


def _adds(definition: MeasureDefined) -> bool:
    return Aggregation(definition.breakdown_aggregation) in ADDING


def _is_ratio(definition: MeasureDefined) -> bool:
    return Aggregation.RATIO in (definition.breakdown_aggregation, definition.time_aggregation)


def _of_others(cell: Cell) -> bool:
    return any(name == PEER for name, _ in cell.breakdown)


def _tables(definition: MeasureDefined, cells: Sequence[Cell], under: int, weights: Weights) -> list[Table]:
    explicit = definition.suppress_under is not None
    values = _with_headline(definition, cells, weights)
    if _adds(definition):
        return [Table(values, under, explicit, whole=True)]
    if _is_ratio(definition):
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
    return {**found, HEADLINE: sum((found[key] for key in _smallest(found)), ZERO)}


def _smallest(keys: Collection[Breakdown]) -> list[Breakdown]:
    """Those of the smallest cut, of which a headline is made."""
    cuts = {key: tuple(name for name, _ in key) for key in keys}
    smallest = min(cuts.values(), key=lambda cut: (len(cut), cut))
    return [key for key, cut in cuts.items() if cut == smallest]
