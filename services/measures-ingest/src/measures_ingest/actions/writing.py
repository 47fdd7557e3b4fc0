"""Rows that fit into observations, and what was written back as events."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final

from measures_ingest.core import breakdowns
from measures_ingest.core.batch import Counts, Sender
from measures_ingest.core.parts import parts
from measures_ingest.core.rows import Row
from measures_ingest.repository import observations
from measures_ingest.repository.observations import ADDED, Place, Value, Written
from measures_ingest.repository.series import SeriesKey
from tideline import outbox
from tideline.database import Connection
from tideline.events import Observation, ObservationsRecorded, PreviousValue
from tideline.outbox import Outgoing

# Below this, a failed COPY costs more than a good one saves.
COPY_FROM: Final = 200
PARTS_AT_ONCE: Final = 16


async def write(
    connection: Connection, rows: Sequence[tuple[uuid.UUID, Row]], numbers: Mapping[SeriesKey, int], at: datetime
) -> list[Written | None]:
    """Writes rows with the batch each belongs to, in order; of each what was written, None where nothing changed."""
    values = [_value(row, batch, numbers) for batch, row in rows]
    written: list[Written | None] = []
    for layer in layers(values):
        found = await _write_layer(connection, layer, at)
        written += [found.get((value.series_id, value.start)) for value in layer]
    return written


def layers(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """Cuts where a key comes again, so that within a layer each stands once and a later one revises an earlier."""
    seen: set[Place] = set()
    start = 0
    for position, value in enumerate(values):
        place = (value.series_id, value.start)
        if place in seen:
            yield values[start:position]
            start = position
            seen = set()
        seen.add(place)
    if values:
        yield values[start:]


async def _write_layer(connection: Connection, layer: Sequence[Value], at: datetime) -> Mapping[Place, Written]:
    if len(layer) >= COPY_FROM and await observations.add_all(connection, sorted(layer, key=itemgetter(0, 1)), at):
        return dict.fromkeys(((value.series_id, value.start) for value in layer), ADDED)
    return await observations.merge(connection, layer, at)


def _value(row: Row, batch: uuid.UUID, numbers: Mapping[SeriesKey, int]) -> Value:
    number = numbers[row.series]
    return Value(number, row.start, row.value, row.numerator, row.denominator, row.flag, row.note, batch)


def tally(written: Sequence[Written | None]) -> Counts:
    accepted = sum(1 for one in written if one is not None and one.revision == 1)
    unchanged = written.count(None)
    return Counts(accepted=accepted, revised=len(written) - accepted - unchanged, unchanged=unchanged)


def observed(rows: Sequence[Row], written: Sequence[Written | None]) -> Iterator[Observation]:
    """What was added or revised, as events tell it."""
    for row, one in zip(rows, written, strict=True):
        if one is not None:
            yield Observation(
                measure=row.measure,
                period=row.period,
                value=row.value,
                numerator=row.numerator,
                denominator=row.denominator,
                breakdown=breakdowns.cells(row.breakdown),
                flag=row.flag,
                note=row.note,
                revision=one.revision,
                previous=_previous(one) if one.revision > 1 else None,
            )


def _previous(one: Written) -> PreviousValue:
    return PreviousValue(
        value=one.old_value, numerator=one.old_numerator, denominator=one.old_denominator, flag=one.old_flag
    )


def events_of(
    batch: uuid.UUID, sender: Sender, at: datetime, found: Iterable[Observation], first: int = 1
) -> Iterator[Outgoing]:
    """The events of a batch, each within its limits, their parts counted from `first`."""
    for number, part in enumerate(parts(found), first):
        event = ObservationsRecorded(
            batch=batch,
            source=sender.source,
            recorded_at=at,
            part=number,
            observations=part,
            actor=sender.actor,
        )
        yield Outgoing(event, "source", sender.source, public=False)


async def record(connection: Connection, at: datetime, outgoing: Iterable[Outgoing]) -> None:
    """Records events a few at a time, so that a large push is never in memory as JSON all at once."""
    waiting: list[Outgoing] = []
    for one in outgoing:
        waiting.append(one)
        if len(waiting) == PARTS_AT_ONCE:
            await outbox.record(connection, at, waiting)
            waiting = []
    await outbox.record(connection, at, waiting)
