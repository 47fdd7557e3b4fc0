"""Restatements are told: what a known value was replaced with, by whom, why, and what that did to its period's status.

The status of that period is judged twice from what is known now, once with the old value in its place and once with
the new. The public hears of headline values of published measures, as far as neither is withheld; staff hear of all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from rollup_worker.actions.judging import Judgement, judge_loaded
from rollup_worker.actions.loading import Moment, load_recent
from rollup_worker.actions.withholding import headlines_of, withheld
from rollup_worker.core import facts
from rollup_worker.core.facts import Breakdown, Cell, Node
from rollup_worker.core.veil import covered
from rollup_worker.repository import dirty, plan, restatements
from rollup_worker.repository.restatements import Replaced
from tideline import outbox, periods
from tideline.database import Connection
from tideline.events import OBSERVATIONS_MAX, MeasureDefined, PreviousValue, Restated, ValueRestated, encode
from tideline.outbox import Outgoing
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Flag, Kind

TAKEN_MAX: Final = 20_000
JUDGED_MAX: Final = 50
"""How many periods one pass judges; what is restated beyond is told without statuses."""
BYTES_MAX: Final = 400 * 1024


@dataclass(frozen=True, slots=True)
class Effect:
    """A period judged with the old values and with the new ones; `shown`: its headline is withheld from nobody."""

    old: Judgement
    new: Judgement
    shown: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch restated of one measure, with the effects on those periods that were judged."""

    definition: MeasureDefined
    replaced: Sequence[Replaced]
    effects: Mapping[str, Effect] = field(default_factory=dict)


async def tell_restatements(connection: Connection, moment: Moment, now: datetime) -> None:
    """In the pass that judges them; what is too much for one pass is left to the next."""
    found = await restatements.take(connection, TAKEN_MAX)
    if len(found) == TAKEN_MAX:
        waiting = await restatements.list_waiting(connection)
        await dirty.mark_dirty(connection, Kind.MEASURE, waiting, {"type": "restatements", "at": now.isoformat()})
    left, told = JUDGED_MAX, list[Outgoing]()
    for batch in await _batches(connection, [each for each in found if each.old != each.new]):
        effects = await _effects(connection, batch, moment, left)
        left -= len(effects)
        told += _events(replace(batch, effects=effects))
    await outbox.record(connection, now, told)


async def _batches(connection: Connection, told: Sequence[Replaced]) -> list[Batch]:
    if not told:
        return []
    nodes = {Node(Kind.MEASURE, each.measure) for each in told}
    defined = {d.code: d for d in (await plan.list_definitions(connection, nodes)).values()}
    held: dict[tuple[str, UUID], list[Replaced]] = {}
    for each in told:
        held.setdefault((each.measure, each.batch), []).append(each)
    found = [(defined[code], replaced) for (code, _), replaced in held.items()]
    return [Batch(definition, replaced) for definition, replaced in found if isinstance(definition, MeasureDefined)]


async def _effects(connection: Connection, batch: Batch, moment: Moment, most: int) -> dict[str, Effect]:
    """By period. A text that is no period of the measure as it is defined now has none."""
    names = dict.fromkeys(each.period for each in batch.replaced)
    readable = [(name, period) for name in names if (period := _period(name, batch.definition))]
    return {name: await _effect(connection, batch, replace(moment, as_of=period)) for name, period in readable[:most]}


async def _effect(connection: Connection, batch: Batch, moment: Moment) -> Effect:
    code, period = batch.definition.code, moment.as_of
    assert period is not None
    loaded = (await load_recent(connection, {code: batch.definition}, moment))[code]
    here = [each for each in batch.replaced if _period(each.period, batch.definition) == period]
    old, new = (
        judge_loaded(replace(loaded, cells=_with(loaded.cells, period, values)), moment)
        for values in (
            {facts.breakdown(each.breakdown): each.old for each in reversed(here)},
            {facts.breakdown(each.breakdown): each.new for each in here},
        )
    )
    hidden = (headlines_of(withheld(judged.read, moment.suppress_under)) for judged in (old, new))
    return Effect(old, new, all(period not in held for held in hidden))


def _with(cells: Iterable[Cell], period: Period, values: Mapping[Breakdown, PreviousValue]) -> list[Cell]:
    """The cells with these values in their place."""
    kept = [cell for cell in cells if cell.period != period or cell.breakdown not in values]
    placed = (
        Cell(period, key, each.value, each.numerator, each.denominator, Flag(each.flag) if each.flag else None)
        for key, each in values.items()
    )
    return [*kept, *(cell for cell in placed if cell.present)]


def _period(name: str, definition: MeasureDefined) -> Period | None:
    try:
        period = periods.parse(name, definition.calendar)
    except BadPeriod:
        return None
    return period if period.frequency == definition.frequency else None


def _events(batch: Batch) -> Iterator[Outgoing]:
    yield from _told(batch, [_restated(each, batch, public=False) for each in batch.replaced], public=False)
    if batch.definition.published:
        shown = [_restated(each, batch, public=True) for each in batch.replaced if _is_shown(each, batch)]
        yield from _told(batch, shown, public=True)


def _is_shown(each: Replaced, batch: Batch) -> bool:
    """What was not judged is shown only where nothing of the measure could be withheld."""
    if each.breakdown:
        return False
    effect, definition = batch.effects.get(each.period), batch.definition
    return effect.shown if effect else not definition.breakdowns and definition.suppress_under is None


def _restated(each: Replaced, batch: Batch, *, public: bool) -> Restated:
    effect = batch.effects.get(each.period)
    return Restated(
        period=each.period,
        breakdown=each.breakdown,
        revision=each.revision,
        old=each.old,
        new=each.new,
        note=each.note,
        old_status=_word(effect.old, public=public) if effect else None,
        new_status=_word(effect.new, public=public) if effect else None,
    )


def _word(judged: Judgement, *, public: bool) -> str:
    return (covered(judged.status, judged.veil) if public else judged.status).status.value


def _told(batch: Batch, restated: Iterable[Restated], *, public: bool) -> Iterator[Outgoing]:
    first, definition = batch.replaced[0], batch.definition
    for part in _parts(restated):
        event = ValueRestated(
            measure=definition.code,
            title=definition.title,
            batch=first.batch,
            source=first.source,
            restated=part,
            recorded_at=first.recorded_at,
            actor="" if public else first.actor,
        )
        yield Outgoing(event, Kind.MEASURE.value, definition.code, public=public)


def _parts(restated: Iterable[Restated]) -> Iterator[list[Restated]]:
    """As many as fit into one event."""
    part, size = list[Restated](), 0
    for each in restated:
        length = len(encode(each))
        if part and (len(part) == OBSERVATIONS_MAX or size + length > BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(each)
        size += length
    if part:
        yield part
