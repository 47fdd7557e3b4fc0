"""Which days of which measures are read to judge one: the latest periods, or all there is."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rollup_worker.core.dependencies import Days, Definitions, last_ready, order, windows
from rollup_worker.core.facts import Breakdown, Cell, Target
from rollup_worker.core.judge import window
from rollup_worker.core.methods import InForce
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import Period

Reach = Callable[[MeasureDefined, Period], date]
"""The first day to read of a measure whose latest value is expected in that period."""


@dataclass(frozen=True, slots=True)
class Need:
    """A measure, and by measure with values of its own the days to read: for its values and for its weights.

    `last` is the period in which its latest value is expected; None: it is not known beforehand. Weights count from
    `since` on, or are the latest before.
    """

    code: str
    own: Mapping[str, Days] = field(default_factory=dict)
    weights: Mapping[str, Days] = field(default_factory=dict)
    last: Period | None = None
    since: date = periods.FIRST_DAY


def leaves(code: str, definitions: Definitions) -> Collection[str]:
    """The measures with values of their own from which one is made."""
    return [each for each in order(code, definitions) if definitions[each].formula is None]


def recent(
    definition: MeasureDefined,
    definitions: Definitions,
    targets: Sequence[Target],
    latest: Mapping[str, Period],
    in_force: InForce,
    reach: Reach | None = None,
) -> Need:
    """What judging at the last period needs, given the latest ones of all measures with values of their own.

    `reach` names an earlier day for those who look further back.
    """
    last = last_ready(definition.code, definitions, latest)
    if last is None:
        return Need(definition.code)
    first, upto = window(definition, targets, last, in_force)
    days = (min(first, reach(definition, last)) if reach else first, upto)
    return _need(definition, definitions, days, last)


def whole(definition: MeasureDefined, definitions: Definitions, until: date) -> Need:
    """Everything that begins before a day."""
    return _need(definition, definitions, (periods.FIRST_DAY, until), None)


def since(cells: Iterable[Cell], day: date) -> list[Cell]:
    """Of each breakdown the cells whose period ends after a day, and the last before these."""
    kept, before = list[Cell](), dict[Breakdown, Cell]()
    for cell in sorted(cells, key=lambda cell: cell.period.end):
        if cell.period.end > day:
            kept.append(cell)
        elif cell.present:
            before[cell.breakdown] = cell
    return [*before.values(), *kept]


def _need(definition: MeasureDefined, definitions: Definitions, days: Days, last: Period | None) -> Need:
    weights = dict[str, Days]()
    if definition.weighted_by:
        weights = windows(definition.weighted_by, definitions, (periods.FIRST_DAY, days[1]))
    return Need(definition.code, windows(definition.code, definitions, days), weights, last, days[0])
