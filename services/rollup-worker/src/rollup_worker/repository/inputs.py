"""What a judgement of measures is made from: the latest cells and the targets, as known now or at a time.

The latest periods are read from the end of an index, so that the cost does not depend on how long a history is.
"""

from collections.abc import Iterable, Mapping, Sequence
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
    """One value with where it came from; one that is only supposed came from no batch."""

    measure: str
    period: str
    breakdown: dict[str, str]
    revision: int
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    batch: UUID | None
    source: str
    known_from: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Values of one measure, of the periods that begin in a half-open span of days, for one reader.

    `moved`: the measure's periods began on other days at the time asked for; all of its values are wanted.
    """

    reader: int
    measure: str
    first: date
    upto: date
    moved: bool = False


async def list_latest(
    connection: Connection, befores: Mapping[str, date | None], known_at: datetime | None = None
) -> dict[str, date]:
    """Of each measure the begin of the latest period with a value that begins before a day (None: any)."""
    query, more = (_LATEST, []) if known_at is None else (_LATEST_KNOWN, [known_at])
    rows = await connection.fetch(query, list(befores), list(befores.values()), *more)
    return {row["code"]: row["latest"] for row in rows if row["latest"] is not None}


async def list_values(
    connection: Connection, wanted: Sequence[Wanted], known_at: datetime | None = None, limit: int | None = None
) -> list[tuple[int, Value]]:
    """The values by reader, in the order of the readers, then by measure and time; at most `limit` of them."""
    columns = [[getattr(each, name) for each in wanted] for name in Wanted.__slots__]
    query, more = (_VALUES, []) if known_at is None else (_VALUES_KNOWN, [known_at])
    rows = await connection.fetch(query, *columns, limit, *more)
    return [(row["reader"], _value(row)) for row in rows]


async def list_moved(connection: Connection, measures: Iterable[str], known_at: datetime) -> set[str]:
    """The measures whose values are kept under other first days than their periods had then.

    First days are those of the newest frequency and calendar.
    """
    rows = await connection.fetch(_MOVED, list(measures), known_at)
    return {row["code"] for row in rows}


async def list_names(connection: Connection, measures: Iterable[str], known_at: datetime) -> list[tuple[str, str]]:
    """Measures with the ids of the periods for which they had a value of their own."""
    rows = await connection.fetch(_NAMES, list(measures), known_at)
    return [(row["measure"], row["period"]) for row in rows]


async def list_standing(connection: Connection, places: Iterable[tuple[str, str]]) -> list[Value]:
    """The values that stand now, of some measures in some periods."""
    columns = [list(column) for column in zip(*places, strict=True)]
    return [_value(row) for row in await connection.fetch(_STANDING, *columns)]


async def list_targets(
    connection: Connection, measures: Iterable[str], known_at: datetime | None = None
) -> dict[str, list[events.Target]]:
    found: dict[str, list[events.Target]] = {code: [] for code in measures}
    for row in await connection.fetch(_TARGETS, list(found), known_at):
        found[row["measure"]].append(_target(row))
    return found


def _value(row: asyncpg.Record) -> Value:
    _, measure, period, key, revision, value, numerator, denominator, *rest = row
    numbers = plain(value), plain(numerator), plain(denominator)
    return Value(measure, period, breakdown_of(key), revision, *numbers, *rest)


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


# Values of others with the same measure stand under the dimension `peer` and make no period the latest.
_OWN: Final = "breakdown !~ '[{,]\"peer\":'"
_LATEST: Final = f"""
select m.code, l.period_start as latest from unnest($1::text[], $2::date[]) m (code, before)
cross join lateral (
    select period_start from observation
    where measure = m.code and known_to is null and reported and period_start < coalesce(m.before, 'infinity')
      and {_OWN}
    order by period_start desc limit 1) l
"""  # noqa: S608
_LATEST_KNOWN: Final = f"""
select m.code, max(o.period_start) as latest from unnest($1::text[], $2::date[]) m (code, before)
join observation o on o.measure = m.code
where o.known_from <= $3 and (o.known_to is null or o.known_to > $3) and o.reported
  and o.period_start < coalesce(m.before, 'infinity') and {_OWN}
group by m.code
"""  # noqa: S608
# `offset 0` keeps the planner from reading the whole table where it takes many measures for most of it.
_WANTED: Final = """
select m.reader, o.measure, o.period, o.breakdown, o.revision, o.value, o.numerator, o.denominator, o.flag, o.batch,
    o.source, o.known_from
from unnest($1::int[], $2::text[], $3::date[], $4::date[], $5::bool[]) m (reader, measure, first, upto, moved)
cross join lateral (
    select * from observation
    where measure = m.measure and {within} and {known}
    offset 0) o
order by m.reader, o.measure, o.period_start, o.breakdown limit $6
"""
_WITHIN: Final = "period_start >= m.first and period_start < m.upto and reported"
_VALUES: Final = _WANTED.format(within=_WITHIN, known="known_to is null")
_VALUES_KNOWN: Final = _WANTED.format(
    within=f"case when m.moved then flag is distinct from 'withdrawn' else {_WITHIN} end",
    known="known_from <= $7 and (known_to is null or known_to > $7)",
)
_STANDING: Final = """
select 0, measure, period, breakdown, revision, value, numerator, denominator, flag, batch, source, known_from
from observation join unnest($1::text[], $2::text[]) p (measure, period) using (measure, period)
where known_to is null and flag is distinct from 'withdrawn'
"""
_NAMES: Final = f"""
select distinct measure, period from observation
where measure = any($1::text[]) and known_from <= $2 and (known_to is null or known_to > $2)
  and flag is distinct from 'withdrawn' and {_OWN}
"""  # noqa: S608
_MOVED: Final = """
select n.code from definition n join definition d using (kind, code)
where kind = 'measure' and code = any($1::text[]) and n.known_to is null
  and d.known_from <= $2 and (d.known_to is null or d.known_to > $2)
  and (d.body->>'frequency', d.body->'calendar') is distinct from (n.body->>'frequency', n.body->'calendar')
"""
_TARGETS: Final = """
select * from target
where measure = any($1::text[]) and case when $2::timestamptz is null then known_to is null
    else known_from <= $2 and (known_to is null or known_to > $2) end
order by measure, period, breakdown
"""
