"""The groups of one dimension of a measure: their values by period, who they are, and which the reader does not see.

A group's value is made as a headline is: its own cell where there is one, else the finer cells of that group by the
declared breakdown aggregation; then over time. What is hidden of a part is not shown of the whole: a coarser period
of a group, or a group made from finer cells, has a value only where all that it is made from is shown. So whatever is
computed from groups tells nothing that the cells shown do not. Between groups of which one is hidden nothing is told:
it may be the best or the worst, and what is left would tell another gap. The values of others (`peer`) are no groups.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from rollup_worker.core.disclosure import HEADLINE
from rollup_worker.core.equity import Group
from rollup_worker.core.facts import PEER, Breakdown, Cell
from rollup_worker.core.headline import Headline, headlines, over
from rollup_worker.core.weights import NONE, Weights, weighing
from tideline import periods
from tideline.events import EquityRule, MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Frequency

Hidden = Mapping[Period, frozenset[Breakdown]]


@dataclass(frozen=True, slots=True)
class Member:
    """One group: its cells and headlines without the dimension, and what of it is hidden in which period.

    In a period in which the group's value is hidden, the empty breakdown is among `hidden`.
    """

    cells: Sequence[Cell] = ()
    weights: Sequence[Cell] = ()
    known: Mapping[Period, Headline] = field(default_factory=dict)
    hidden: Hidden = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cut:
    """One dimension of a measure with its groups.

    `everyone` counts them where something does, `people` as far as the reader sees it.
    """

    definition: MeasureDefined
    dimension: str
    members: Mapping[str, Member]
    people: Weights = NONE
    everyone: Weights = NONE

    def is_hidden(self, name: str, period: Period) -> bool:
        own, hidden = Frequency(self.definition.frequency), self.members[name].hidden
        parts = periods.parts(period, own, self.definition.calendar) if hidden else ()
        return any(HEADLINE in hidden.get(part, ()) for part in parts)

    def hides_a_group(self, period: Period) -> bool:
        return any(self.is_hidden(name, period) for name in self.members)

    def hides_people(self, period: Period, until: Period) -> bool:
        """Whether a population of these groups is not shown."""
        shown = (Cell(period, ((self.dimension, group.name),)) for group in self.groups(period, until))
        return any(self.everyone.of(cell) is not None and self.people.of(cell) is None for cell in shown)

    def value(self, name: str, period: Period, until: Period) -> Headline:
        """The group's value of a period, to date; none where it is hidden."""
        if self.is_hidden(name, period):
            return Headline(period, None, reporting=0)
        return over(self.definition, self.members[name].known, period, until)

    def group(self, name: str, period: Period, until: Period) -> Group | None:
        value = self.value(name, period, until).value
        return None if value is None else Group(name, value, self.population(name, period))

    def groups(self, period: Period, until: Period) -> list[Group]:
        """The groups that have a value to show."""
        return [found for name in self.members if (found := self.group(name, period, until))]

    def reporting(self, period: Period, until: Period) -> list[str]:
        """The groups that have a value, shown or not."""
        known = (name for name in self.members if self.is_hidden(name, period))
        return sorted({*known, *(group.name for group in self.groups(period, until))})

    def population(self, name: str, period: Period) -> Decimal | None:
        if self.is_hidden(name, period):
            return None
        return self.people.of(Cell(period, ((self.dimension, name),)))


def cut(
    definition: MeasureDefined,
    dimension: str,
    cells: Iterable[Cell],
    *,
    weights: Sequence[Cell] = (),
    people: Sequence[Cell] | None = None,
    hidden: Hidden | None = None,
) -> Cut:
    """`weights` weigh the values, `people` are those of them that the reader sees (None: all)."""
    own, theirs = _by_group(dimension, cells), _by_group(dimension, weights)
    concealed = hidden or {}
    members = {
        name: Member(
            _stripped(dimension, held),
            _stripped(dimension, theirs.get(name, ())),
            headlines(definition, _stripped(dimension, held), weighing(_stripped(dimension, theirs.get(name, ())))),
            _hidden_of(dimension, held, concealed),
        )
        for name, held in sorted(own.items())
    }
    everyone = weighing(weights)
    return Cut(definition, dimension, members, everyone if people is None else weighing(people), everyone)


def dimensions(definition: MeasureDefined, cells: Iterable[Cell]) -> list[str]:
    """Those by which a measure can be broken down or is, in the order of its definition."""
    ruled = [rule.dimension for rule in definition.equity]
    used = sorted({name for cell in cells if cell.present for name, _ in cell.breakdown})
    return [name for name in dict.fromkeys([*definition.breakdowns, *ruled, *used]) if name != PEER]


def rule_for(definition: MeasureDefined, dimension: str) -> EquityRule:
    """The measure's rule for a dimension; without one, gaps are told and not judged."""
    found = (rule for rule in definition.equity if rule.dimension == dimension)
    return next(found, EquityRule(dimension=dimension))


def _by_group(dimension: str, cells: Iterable[Cell]) -> Mapping[str, list[Cell]]:
    found = defaultdict[str, list[Cell]](list)
    for cell in cells:
        words = dict(cell.breakdown)
        if cell.present and dimension in words and PEER not in words:
            found[words[dimension]].append(cell)
    return found


def _stripped(dimension: str, cells: Iterable[Cell]) -> list[Cell]:
    return [replace(cell, breakdown=_without(dimension, cell.breakdown)) for cell in cells]


def _without(dimension: str, breakdown: Breakdown) -> Breakdown:
    return tuple(pair for pair in breakdown if pair[0] != dimension)


def _hidden_of(dimension: str, cells: Iterable[Cell], hidden: Hidden) -> Hidden:
    """By period what of a group is hidden: finer cells, and its value where these make it or it is hidden itself."""
    grouped = defaultdict[Period, list[Breakdown]](list)
    for cell in cells if hidden else ():
        if cell.period in hidden:
            grouped[cell.period].append(cell.breakdown)
    found = dict[Period, frozenset[Breakdown]]()
    for period, keys in grouped.items():
        concealed = {_without(dimension, key) for key in keys if key in hidden[period]}
        made_of_hidden = not _used(keys).isdisjoint(hidden[period])
        found[period] = frozenset(concealed | {HEADLINE} if made_of_hidden else concealed)
    return {period: keys for period, keys in found.items() if keys}


def _used(keys: Sequence[Breakdown]) -> frozenset[Breakdown]:
    """Those of the smallest cut, as a headline takes them."""
    smallest = min((len(key), tuple(name for name, _ in key)) for key in keys)
    return frozenset(key for key in keys if (len(key), tuple(name for name, _ in key)) == smallest)
