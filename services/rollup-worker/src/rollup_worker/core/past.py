"""A measure judged at the end of every period of its own that has a value, each from what its judgement reads."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from rollup_worker.core.facts import Cell, NodeStatus, Target
from rollup_worker.core.judge import NOTHING_ADOPTED, judge_measure, peer_of, window
from rollup_worker.core.methods import InForce
from tideline.events import MeasureDefined


def judge_past(
    definition: MeasureDefined,
    targets: Sequence[Target],
    cells: Iterable[Cell],
    weights: Sequence[Cell] = (),
    in_force: InForce = NOTHING_ADOPTED,
) -> Iterator[NodeStatus]:
    """The statuses of one measure, oldest first: each as it stood when its period was over."""
    ordered = sorted(cells, key=lambda cell: cell.period.start)
    starts = [cell.period.start for cell in ordered]
    for period in sorted({cell.period for cell in ordered if cell.present and peer_of(cell) is None}):
        first, upto = window(definition, targets, period, in_force)
        read = ordered[bisect_left(starts, first) : bisect_left(starts, upto)]
        yield judge_measure(definition, targets, read, date.min, period, weights=weights, in_force=in_force)
