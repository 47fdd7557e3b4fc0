"""Observations arrive: rows with their revision, and a mark on each measure that gained something."""

from rollup_worker.actions.reading import known_words, period_start
from rollup_worker.repository import dirty, facts
from rollup_worker.repository.facts import Origin, Reading, Revision
from rollup_worker.repository.keys import breakdown_key
from tideline.consumer import Meta
from tideline.database import Connection
from tideline.events import Observation, ObservationsRecorded
from tideline.vocabulary import Flag, Kind


async def on_observations_recorded(connection: Connection, event: ObservationsRecorded, meta: Meta) -> None:
    known_words(Flag, *{o.flag for o in event.observations})
    await facts.lock(connection)
    readings = await facts.find_readings(connection, {o.measure for o in event.observations})
    revisions = [_revision(o, readings.get(o.measure)) for o in event.observations]
    origin = Origin(event.batch, event.source, event.recorded_at, event.actor)
    gained = await facts.add_observations(connection, origin, revisions)
    cause = {
        "type": "observations",
        "batch": str(event.batch),
        "source": event.source,
        "actor": event.actor,
        "event": str(meta.id),
        "at": event.recorded_at.isoformat(),
    }
    await dirty.mark_dirty(connection, Kind.MEASURE, gained, cause)


def _revision(o: Observation, reading: Reading | None) -> Revision:
    return Revision(
        measure=o.measure,
        period=o.period,
        breakdown=breakdown_key(o.breakdown),
        revision=o.revision,
        period_start=period_start(o.period, reading),
        value=o.value,
        numerator=o.numerator,
        denominator=o.denominator,
        flag=o.flag,
        note=o.note,
    )
