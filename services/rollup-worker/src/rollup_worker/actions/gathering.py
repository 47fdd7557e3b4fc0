"""Reading what some measures need: first what decides how much that is, then the values, a bounded number at once."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from rollup_worker.actions.moments import Loaded, Moment
from rollup_worker.actions.values import cells, first_after, last_named, over_values, targets, within
from rollup_worker.core import facts, needs
from rollup_worker.core.dependencies import Days
from rollup_worker.core.derived import cells_of
from rollup_worker.core.facts import Cell, Target
from rollup_worker.core.judge import latest
from rollup_worker.core.needs import Need, Reach
from rollup_worker.core.overlay import over_targets
from rollup_worker.repository import dependencies, inputs
from rollup_worker.repository.inputs import Value, Wanted
from tideline import events
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.periods import Period

ROWS_MAX: Final = 20_000
"""How many values are held at once, unless one measure alone is judged from more."""
OWN, WEIGHTS = 0, 1

Held = Mapping[str, Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Gathering:
    """`asked` are the measures to load; `known` are these and all that they read. `told` are the targets.

    `reach`: how far back `recent` looks beyond what judging reads. `moved` are those of the known whose periods began
    on other days at that moment than their values are now kept under: of these everything is read.
    """

    connection: Connection
    moment: Moment
    asked: Mapping[str, MeasureDefined]
    known: Mapping[str, MeasureDefined]
    told: Mapping[str, Sequence[events.Target]]
    reach: Reach | None = None
    moved: Collection[str] = frozenset()

    @classmethod
    async def begin(
        cls,
        connection: Connection,
        definitions: Mapping[str, MeasureDefined],
        moment: Moment,
        reach: Reach | None = None,
    ) -> "Gathering":
        supposed = moment.overlay
        asked = supposed.measures(definitions)
        told = await inputs.list_targets(connection, asked, moment.known_at)
        told = {code: over_targets(held, supposed.targets.get(code, ())) for code, held in told.items()}
        known = {**await _list_read(connection, asked, moment), **asked}
        moved = await inputs.list_moved(connection, known, moment.known_at) if moment.known_at else set[str]()
        return cls(connection, moment, asked, known, told, reach, moved)

    async def recent(self) -> AsyncIterator[Loaded]:
        """What judging reads. Where the latest value is not where it was expected, everything is read after all."""
        late = dict[str, MeasureDefined]()
        async for need, loaded in self._load(await self._recent_needs()):
            if need.last and latest(loaded.cells, self.moment.as_of) != need.last:
                late[need.code] = loaded.definition
            else:
                yield loaded
        async for loaded in self.whole(late):
            yield loaded

    async def whole(self, measures: Iterable[str]) -> AsyncIterator[Loaded]:
        """Everything up to the moment, of some of the measures asked for."""
        async for _, loaded in self._load([self._whole_need(self.asked[code]) for code in measures]):
            yield loaded

    async def _recent_needs(self) -> list[Need]:
        read = {code: needs.leaves(code, self.known) for code in self.asked}
        befores = {leaf: first_after(self.known[leaf], self.moment.as_of) for found in read.values() for leaf in found}
        found = await inputs.list_latest(self.connection, befores, self.moment.known_at)
        last = {code: _period_from(start, self.known[code]) for code, start in found.items() if code not in self.moved}
        last |= await self._latest_moved(befores)
        return [self._need(self.asked[code], leaves, last) for code, leaves in read.items()]

    async def _latest_moved(self, befores: Mapping[str, date | None]) -> dict[str, Period]:
        """The latest periods of measures whose values are now kept under other days."""
        moved = befores.keys() & self.moved
        if not moved or self.moment.known_at is None:
            return {}
        names = defaultdict[str, list[str]](list)
        for code, name in await inputs.list_names(self.connection, moved, self.moment.known_at):
            names[code].append(name)
        found = {code: last_named(self.known[code], held, befores[code]) for code, held in names.items()}
        return {code: last for code, last in found.items() if last}

    def _need(self, definition: MeasureDefined, leaves: Iterable[str], last: Mapping[str, Period]) -> Need:
        if not self.moment.overlay.values.keys().isdisjoint(leaves):
            return self._whole_need(definition)
        return needs.recent(definition, self.known, self._targets(definition), last, self.moment.in_force, self.reach)

    def _whole_need(self, definition: MeasureDefined) -> Need:
        return needs.whole(definition, self.known, self._end(definition.code))

    def _targets(self, definition: MeasureDefined) -> Sequence[Target]:
        return targets(definition, self.told[definition.code])

    async def _load(self, wanted: Sequence[Need]) -> AsyncIterator[tuple[Need, Loaded]]:
        """As many measures at a time as their values leave room for; measures that were seen tell how many that is."""
        at, size = 0, len(wanted)
        while at < len(wanted):
            part = wanted[at : at + size]
            limit = ROWS_MAX + 1 if len(part) > 1 else None
            rows = await inputs.list_values(self.connection, self._wanted(part), self.moment.known_at, limit)
            full = limit is not None and len(rows) == limit
            complete = rows[-1][0] // 2 if full else len(part)
            held = _by_reader(rows)
            for place, need in enumerate(part[:complete]):
                yield need, self._loaded(need, held[2 * place + OWN], held[2 * place + WEIGHTS])
            at += complete
            size = max(1, complete if full else 2 * size)

    def _loaded(self, need: Need, own: Held, weighing: Held) -> Loaded:
        definition = self.asked[need.code]
        values, made, read = self._made(need.code, self._then(own, need.own))
        weights: Sequence[Cell] = ()
        if need.weights and definition.weighted_by:
            weights = self._made(definition.weighted_by, self._then(weighing, need.weights))[1]
        return Loaded(
            definition=definition,
            values=values,
            cells=made,
            targets=self._targets(definition),
            told=self.told[need.code],
            weights=needs.since(weights, need.since),
            inputs=read if definition.formula else {},
            reads={code: self.known[code] for code in {*need.own, *need.weights} - {need.code}},
        )

    def _made(self, code: str, held: Held) -> tuple[Sequence[Value], Sequence[Cell], Mapping[str, Sequence[Cell]]]:
        """The values read for a measure, the cells that they are or make, and those that they are, by measure."""
        supposed = self.moment.overlay.values
        read = {
            leaf: over_values(held.get(leaf, ()), supposed.get(leaf, ())) for leaf in needs.leaves(code, self.known)
        }
        sources = {leaf: cells(self.known[leaf], values) for leaf, values in read.items()}
        made = cells_of(code, self.known, sources)
        return [value for values in read.values() for value in values], made, sources

    def _wanted(self, part: Sequence[Need]) -> list[Wanted]:
        """Of each need by turns the own values and the weights."""
        return [
            Wanted(2 * place + what, code, *self._days(code, days), code in self.moved)
            for place, need in enumerate(part)
            for what, held in ((OWN, need.own), (WEIGHTS, need.weights))
            for code, days in held.items()
        ]

    def _days(self, code: str, days: Days) -> Days:
        return days[0], min(days[1], self._end(code))

    def _then(self, held: Held, wanted: Mapping[str, Days]) -> Held:
        """What was wanted of the values that were read: of the moved ones the days they had then."""
        return {
            code: within(self.known[code], values, *self._days(code, wanted[code])) if code in self.moved else values
            for code, values in held.items()
        }

    def _end(self, code: str) -> date:
        return first_after(self.known[code], self.moment.as_of) or date.max


async def _list_read(
    connection: Connection, asked: Mapping[str, MeasureDefined], moment: Moment
) -> Mapping[str, MeasureDefined]:
    """The definitions of what others are made from and weighed by, and of these in turn."""
    supposed = moment.overlay.plan.measures
    named = {code for definition in [*asked.values(), *supposed.values()] for code in _names(definition)}
    found = await dependencies.list_read(connection, named, moment.known_at) if named else {}
    return {**found, **supposed}


def _names(definition: MeasureDefined) -> Sequence[str]:
    inputs_of = definition.formula.inputs if definition.formula else []
    return [*inputs_of, definition.weighted_by] if definition.weighted_by else inputs_of


def _by_reader(rows: Iterable[tuple[int, Value]]) -> Mapping[int, Mapping[str, Sequence[Value]]]:
    found = defaultdict[int, defaultdict[str, list[Value]]](lambda: defaultdict(list))
    for reader, value in rows:
        found[reader][value.measure].append(value)
    return found


def _period_from(start: date, definition: MeasureDefined) -> Period:
    return facts.period_from(start, definition.frequency, definition.calendar)
