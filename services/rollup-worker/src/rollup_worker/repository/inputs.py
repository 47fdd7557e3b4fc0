"""What a judgement of measures is made from: the latest cells and the targets, as known now or at a time.

The latest periods are read from the end of an index, so that the cost does not depend on how long a history is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import asyncpg

from rollup_worker.repository.keys import breakdown_of
from tideline import events
from tideline.database import Connection, plain


@dataclass(frozen=True, slots=True)
class Value:
    """One value with where it came from."""

    period: str
    breakdown: dict[str, str]
    revision: int
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    batch: UUID
    source: str
    known_from: datetime


async def list_latest(
    connection: Connection, befores: Mapping[str, date | None], known_at: datetime | None = None
) -> dict[str, date]:
    """Of each measure the begin of the latest period with a value that begins before a day (None: any)."""
    query, more = (_LATEST, []) if known_at is None else (_LATEST_KNOWN, [known_at])
    rows = await connection.fetch(query, list(befores), list(befores.values()), *more)
    return {row["code"]: row["latest"] for row in rows if row["latest"] is not None}


async def list_values(
    connection: Connection, windows: Mapping[str, tuple[date, date]], known_at: datetime | None = None
) -> dict[str, list[Value]]:
    """Of each measure the values of the periods that begin in a half-open span of days, oldest first."""
    found: dict[str, list[Value]] = {code: [] for code in windows}
    starts, ends = ([window[side] for window in windows.values()] for side in (0, 1))
    query, more = (_VALUES, []) if known_at is None else (_VALUES_KNOWN, [known_at])
    for row in await connection.fetch(query, list(windows), starts, ends, *more):
        found[row["measure"]].append(_value(row))
    return found


async def list_targets(
    connection: Connection, measures: Iterable[str], known_at: datetime | None = None
) -> dict[str, list[events.Target]]:
    found: dict[str, list[events.Target]] = {code: [] for code in measures}
    for row in await connection.fetch(_TARGETS, list(found), known_at):
        found[row["measure"]].append(_target(row))
    return found


def _value(row: asyncpg.Record) -> Value:
    return Value(row["period"], breakdown_of(row["breakdown"]), *(plain(row[name]) for name in Value.__slots__[2:]))


def _target(row: asyncpg.Record) -> events.Target:
    return events.Target(
        period=row["period"],
        breakdown=breakdown_of(row["breakdown"]),
        value=plain(row["value"]),
        lower=plain(row["lower"]),
        upper=plain(row["upper"]),
        version=row["version"],
        sample=row["sample"],
        reason=row["reason"],
    )


_LATEST: Final = """
select m.code, l.period_start as latest from unnest($1::text[], $2::date[]) m (code, before)
cross join lateral (
    select period_start from observation
    where measure = m.code and known_to is null and reported and period_start < coalesce(m.before, 'infinity')
    order by period_start desc limit 1) l
"""
_LATEST_KNOWN: Final = """
select m.code, max(o.period_start) as latest from unnest($1::text[], $2::date[]) m (code, before)
join observation o on o.measure = m.code
where o.known_from <= $3 and (o.known_to is null or o.known_to > $3) and o.reported
  and o.period_start < coalesce(m.before, 'infinity')
group by m.code
"""
_VALUES: Final = """
select o.* from unnest($1::text[], $2::date[], $3::date[]) m (code, first, upto)
join observation o on o.measure = m.code and o.period_start >= m.first and o.period_start < m.upto
where o.known_to is null and o.reported
order by o.measure, o.period_start, o.breakdown
"""
_VALUES_KNOWN: Final = """
select o.* from unnest($1::text[], $2::date[], $3::date[]) m (code, first, upto)
join observation o on o.measure = m.code and o.period_start >= m.first and o.period_start < m.upto
where o.known_from <= $4 and (o.known_to is null or o.known_to > $4) and o.reported
order by o.measure, o.period_start, o.breakdown
"""
_TARGETS: Final = """
select * from target
where measure = any($1::text[]) and case when $2::timestamptz is null then known_to is null
    else known_from <= $2 and (known_to is null or known_to > $2) end
order by measure, period, breakdown
"""
