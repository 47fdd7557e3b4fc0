"""What measures are judged and shown from: their values, targets and weights, as known at a moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from rollup_worker.core import facts
from rollup_worker.core.facts import Cell, Target
from rollup_worker.core.judge import window
from rollup_worker.core.methods import InForce
from rollup_worker.core.overlay import NOTHING, Overlay
from rollup_worker.repository import inputs
from rollup_worker.repository.inputs import Value
from tideline import events, periods
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Flag, Frequency

FIRST: Final = periods.FIRST_DAY


@dataclass(frozen=True, slots=True)
class Moment:
    """The last period to look at (None: the latest there is), what was known when (None: all), and what day it is.

    `in_force` are the adopted versions of methods at that time. `overlay` is supposed beside what is stored.
    """

    today: date
    as_of: Period | None = None
    known_at: datetime | None = None
    in_force: InForce = field(default_factory=dict)
    overlay: Overlay = NOTHING


@dataclass(frozen=True, slots=True)
class Loaded:
    """A measure with what was read of it. `cells` are `values` as the core reads them, or what its formula makes.

    `targets` bind the headline; `told` are all targets, those of single cells too. `weights` are the cells of the
    measure that weighs this one.
    """

    definition: MeasureDefined
    values: Sequence[Value] = ()
    cells: Sequence[Cell] = ()
    targets: Sequence[Target] = ()
    told: Sequence[events.Target] = ()
    weights: Sequence[Cell] = ()


async def load_recent(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> dict[str, Loaded]:
    """Of each measure what its judgement reads: the latest periods, however long its history is."""
    told = await inputs.list_targets(connection, definitions, moment.known_at)
    targets = {code: _targets(definition, told[code]) for code, definition in definitions.items()}
    befores = {code: _before(definition, moment.as_of) for code, definition in definitions.items()}
    latest = {
        code: facts.period_from(start, definitions[code].frequency, definitions[code].calendar)
        for code, start in (await inputs.list_latest(connection, befores, moment.known_at)).items()
    }
    windows = {code: window(definitions[code], targets[code], last, moment.in_force) for code, last in latest.items()}
    return await _load(connection, definitions, moment, windows, told)


async def load_series(
    connection: Connection, definitions: Mapping[str, MeasureDefined], moment: Moment
) -> dict[str, Loaded]:
    """Of each measure everything up to the moment."""
    told = await inputs.list_targets(connection, definitions, moment.known_at)
    windows = {code: (FIRST, _before(definition, moment.as_of) or date.max) for code, definition in definitions.items()}
    return await _load(connection, definitions, moment, windows, told)


async def _load(
    connection: Connection,
    definitions: Mapping[str, MeasureDefined],
    moment: Moment,
    windows: Mapping[str, tuple[date, date]],
    told: Mapping[str, Sequence[events.Target]],
) -> dict[str, Loaded]:
    values = await inputs.list_values(connection, windows, moment.known_at)
    return {
        code: Loaded(
            definition=definition,
            values=values.get(code, []),
            cells=[cell for value in values.get(code, []) if (cell := _cell(definition, value))],
            targets=_targets(definition, told[code]),
            told=told[code],
        )
        for code, definition in definitions.items()
    }


def _cell(definition: MeasureDefined, value: Value) -> Cell | None:
    """None for an id that was no period of the measure as it was defined then."""
    try:
        period = periods.parse(value.period, definition.calendar)
    except BadPeriod:
        return None
    if period.frequency != definition.frequency:
        return None
    flag = Flag(value.flag) if value.flag else None
    breakdown = facts.breakdown(value.breakdown)
    return Cell(period, breakdown, value.value, value.numerator, value.denominator, flag)


def _targets(definition: MeasureDefined, found: Iterable[events.Target]) -> Sequence[Target]:
    readable = [target for target in found if _is_readable(target.period, definition)]
    return facts.headline_targets(definition, readable)


def _is_readable(period: str, definition: MeasureDefined) -> bool:
    try:
        periods.parse(period, definition.calendar)
    except BadPeriod:
        return False
    return True


def _before(definition: MeasureDefined, as_of: Period | None) -> date | None:
    """Periods that begin before this day are over by the end of `as_of`."""
    if as_of is None:
        return None
    try:
        return periods.containing(as_of.end, Frequency(definition.frequency), definition.calendar).start
    except BadPeriod:
        return None
