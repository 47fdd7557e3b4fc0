"""At which moment something is looked at, and what was read of a measure then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from rollup_worker.core.facts import Cell, Target
from rollup_worker.core.methods import InForce
from rollup_worker.core.overlay import NOTHING, Overlay
from rollup_worker.core.suppression import USUAL
from rollup_worker.repository import methods
from rollup_worker.repository.inputs import Value
from tideline import events
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.periods import Period


@dataclass(frozen=True, slots=True)
class Moment:
    """The last period to look at (None: the latest there is), what was known when (None: all), and what day it is.

    `in_force` are the adopted versions of methods at that time. `overlay` is supposed beside what is stored.
    `suppress_under` is the city's threshold for small numbers.
    """

    today: date
    as_of: Period | None = None
    known_at: datetime | None = None
    in_force: InForce = field(default_factory=dict)
    overlay: Overlay = NOTHING
    suppress_under: int = USUAL


@dataclass(frozen=True, slots=True)
class Loaded:
    """A measure with what was read of it. `cells` are `values` as the core reads them, or what its formula makes.

    `targets` bind the headline; `told` are all targets, those of single cells too. `weights` are the cells of the
    measure that weighs this one. `reads` are the definitions of other measures whose values were read.
    `inputs` are the cells that a formula was computed from, by measure. `later` are the cells that stand now in the
    same periods, by measure, where an earlier time was asked about and values are broken down.
    """

    definition: MeasureDefined
    values: Sequence[Value] = ()
    cells: Sequence[Cell] = ()
    targets: Sequence[Target] = ()
    told: Sequence[events.Target] = ()
    weights: Sequence[Cell] = ()
    reads: Mapping[str, MeasureDefined] = field(default_factory=dict)
    inputs: Mapping[str, Sequence[Cell]] = field(default_factory=dict)
    later: Mapping[str, Sequence[Cell]] = field(default_factory=dict)


async def find_moment(connection: Connection, as_of: Period | None = None, known_at: datetime | None = None) -> Moment:
    """Day and methods are those that were recorded until then."""
    standing = await methods.find_standing(connection, known_at)
    under = USUAL if standing.suppress_under is None else standing.suppress_under
    return Moment(standing.today, as_of, known_at, standing.in_force, suppress_under=under)
