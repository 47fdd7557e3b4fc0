"""Facts as they arrive, kept with the time they were known. Adding one twice changes nothing; order does not matter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from rollup_worker.repository import restatements
from tideline.database import Connection
from tideline.events import Calendar, Target, encode
from tideline.vocabulary import Kind

_FACTS_LOCK: Final = 7_411_101


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of one value, as a row. `period_start` None: no period of the measure's calendar (yet)."""

    measure: str
    period: str
    breakdown: str
    revision: int
    period_start: date | None
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """From where values came, when, and who pushed them."""

    batch: UUID
    source: str
    recorded_at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How a measure's period ids are read."""

    frequency: str
    calendar: Calendar


async def lock(connection: Connection) -> None:
    """Facts are added by one transaction at a time: so each closes its neighbours and sees the newest calendar."""
    await connection.execute("select pg_advisory_xact_lock($1)", _FACTS_LOCK)


async def add_definition(
    connection: Connection, kind: Kind, code: str, version: int, body: object, at: datetime
) -> bool:
    """True when this version is now the newest known; a late older one only takes its place in the history."""
    place = (kind.value, code, version, at)
    await connection.execute(_CLOSE_DEFINITION, *place)
    added = await connection.fetchrow(_ADD_DEFINITION, *place, encode(body).decode())
    return added is not None and added["known_to"] is None


async def find_readings(connection: Connection, measures: Iterable[str]) -> dict[str, Reading]:
    rows = await connection.fetch(
        "select code, body->>'frequency' as frequency, body->'calendar' as calendar from definition "
        "where kind = 'measure' and known_to is null and code = any($1::text[])",
        list(measures),
    )
    return {row["code"]: Reading(row["frequency"], msgspec.json.decode(row["calendar"], type=Calendar)) for row in rows}


async def list_periods(connection: Connection, measure: str) -> list[str]:
    rows = await connection.fetch("select distinct period from observation where measure = $1", measure)
    return [row["period"] for row in rows]


async def replace_period_starts(connection: Connection, measure: str, starts: dict[str, date | None]) -> None:
    """Reads the stored ids of a measure anew, after its calendar or frequency has changed."""
    await connection.execute(_REPLACE_STARTS, measure, list(starts), list(starts.values()))


async def add_observations(connection: Connection, origin: Origin, revisions: Sequence[Revision]) -> set[str]:
    """The measures that gained something they did not have."""
    at = origin.recorded_at
    rows = await connection.fetch(_ADD_OBSERVATIONS, origin.batch, origin.source, at, *_columns(revisions))
    later = [(row["measure"], row["period"], row["breakdown"], row["revision"]) for row in rows if row["revision"] > 1]
    if later:
        await connection.execute(_CLOSE_PREVIOUS, at, *(list(column) for column in zip(*later, strict=True)))
        await restatements.add_restatements(connection, later, origin.actor)
    return {row["measure"] for row in rows}


async def add_targets(
    connection: Connection, measure: str, at: datetime, targets: Sequence[tuple[str, Target]]
) -> bool:
    """Each target with the key of its breakdown. True when at least one was new."""
    rows = [(t.period, key, t.version, t.value, t.lower, t.upper, t.sample, t.reason) for key, t in targets]
    columns = [list(column) for column in zip(*rows, strict=True)]
    added = await connection.fetch(_ADD_TARGETS, measure, at, *columns)
    await connection.execute(_CLOSE_TARGETS, measure, [row["period"] for row in added])
    return bool(added)


def _columns(revisions: Sequence[Revision]) -> list[list[object]]:
    return [[getattr(revision, name) for revision in revisions] for name in Revision.__slots__]


_CLOSE_DEFINITION: Final = """
update definition set known_to = $4
where kind = $1 and code = $2
  and version = (select max(version) from definition where kind = $1 and code = $2 and version < $3)
  and not exists (select from definition where kind = $1 and code = $2 and version = $3)
"""
_ADD_DEFINITION: Final = """
insert into definition (kind, code, version, known_from, body, known_to)
values ($1, $2, $3, $4, $5::jsonb, (
    select known_from from definition where kind = $1 and code = $2 and version > $3 order by version limit 1))
on conflict (kind, code, version) do nothing
returning known_to
"""
_REPLACE_STARTS: Final = """
update observation o set period_start = s.period_start
from unnest($2::text[], $3::date[]) s (period, period_start)
where o.measure = $1 and o.period = s.period and o.period_start is distinct from s.period_start
"""
_ADD_OBSERVATIONS: Final = """
insert into observation (measure, period, breakdown, revision, period_start, value, numerator, denominator, flag,
    note, batch, source, known_from, known_to)
select g.*, $1, $2, $3, (
    select n.known_from from observation n
    where n.measure = g.measure and n.period = g.period and n.breakdown = g.breakdown and n.revision > g.revision
    order by n.revision limit 1)
from unnest($4::text[], $5::text[], $6::text[], $7::int[], $8::date[], $9::numeric[], $10::numeric[],
    $11::numeric[], $12::text[], $13::text[])
    g (measure, period, breakdown, revision, period_start, value, numerator, denominator, flag, note)
on conflict do nothing
returning measure, period, breakdown, revision
"""
_CLOSE_PREVIOUS: Final = """
update observation p set known_to = $1
from unnest($2::text[], $3::text[], $4::text[], $5::int[]) g (measure, period, breakdown, revision)
where p.measure = g.measure and p.period = g.period and p.breakdown = g.breakdown and p.revision = (
    select max(o.revision) from observation o
    where o.measure = g.measure and o.period = g.period and o.breakdown = g.breakdown and o.revision < g.revision)
"""
_ADD_TARGETS: Final = """
insert into target (measure, known_from, period, breakdown, version, value, lower, upper, sample, reason)
select $1, $2, g.* from unnest($3::text[], $4::text[], $5::int[], $6::numeric[], $7::numeric[], $8::numeric[],
    $9::bool[], $10::text[]) g
on conflict do nothing
returning period
"""
_CLOSE_TARGETS: Final = """
update target t set known_to = n.next
from (select period, breakdown, version, lead(known_from) over (partition by period, breakdown order by version) as next
      from target where measure = $1 and period = any($2::text[])) n
where t.measure = $1 and t.period = n.period and t.breakdown = n.breakdown and t.version = n.version
  and t.known_to is distinct from n.next
"""
