"""A node at the ends of many periods: what all of these judgements read is read once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from rollup_worker.actions.judging import Judgement, Tree, judge_each, judge_with, rolled_up, shape_under
from rollup_worker.actions.loading import Loaded, Moment, stream_recent
from rollup_worker.actions.withholding import withheld
from rollup_worker.core.facts import Node, Plan
from rollup_worker.core.judge import latest, window
from rollup_worker.core.veil import read_hidden
from tideline import periods
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.periods import Period

Judged = defaultdict[Period, dict[str, Judgement]]


async def judge_periods(
    connection: Connection, plan: Plan, root: Node, moment: Moment, ends: Sequence[Period]
) -> list[Tree]:
    """One tree for each of the periods; the same as that many `judge_tree`. Raises KeyError as it does."""
    shape, found = shape_under(plan, root), Judged(dict)
    active = {code: plan.measures[code] for code in shape.measures}
    derived = {code: definition for code, definition in active.items() if definition.formula}
    await _judge_from_one_load(connection, _without(active, derived), moment, ends, found)
    for end in ends if derived else ():
        async for code, judgement in judge_each(connection, derived, replace(moment, as_of=end)):
            found[end][code] = judgement
    return [rolled_up(plan, shape, found[end]) for end in ends]


async def _judge_from_one_load(
    connection: Connection,
    definitions: Mapping[str, MeasureDefined],
    moment: Moment,
    ends: Sequence[Period],
    found: Judged,
) -> None:
    if not definitions or not ends:
        return
    oldest, newest = (replace(moment, as_of=end) for end in (min(ends, key=_end), max(ends, key=_end)))
    first = {
        loaded.definition.code: min(cell.period.start for cell in loaded.cells)
        async for loaded in stream_recent(connection, definitions, oldest)
        if loaded.cells
    }

    def reach(definition: MeasureDefined, _: Period) -> date:
        """What had no value by the oldest end has none before it either."""
        return first.get(definition.code, periods.FIRST_DAY)

    async for loaded in stream_recent(connection, definitions, newest, reach):
        # One period's numbers hide nothing of another's: what is withheld is found once for all of them.
        hidden = read_hidden(loaded.definition, withheld(loaded, moment.suppress_under), moment.in_force)
        for end in ends:
            then = replace(moment, as_of=end)
            seen = _seen(loaded, then)
            judged = judge_with(seen, then, hidden & {cell.period for cell in seen.cells})
            found[end][loaded.definition.code] = replace(judged, read=Loaded(loaded.definition))


def _seen(loaded: Loaded, then: Moment) -> Loaded:
    """What a judgement at that moment alone would have read."""
    last = latest(loaded.cells, then.as_of)
    if last is None:
        return replace(loaded, cells=())
    first, upto = window(loaded.definition, loaded.targets, last, then.in_force)
    return replace(loaded, cells=[cell for cell in loaded.cells if first <= cell.period.start < upto])


def _without(held: Mapping[str, MeasureDefined], others: Mapping[str, MeasureDefined]) -> Mapping[str, MeasureDefined]:
    return {code: definition for code, definition in held.items() if code not in others}


def _end(period: Period) -> date:
    return period.end
