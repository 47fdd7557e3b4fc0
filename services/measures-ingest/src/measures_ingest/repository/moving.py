"""Observations whose periods begin on other days since the definition of their measure changed."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from tideline.database import Connection

# A measure may have millions of values; the pool's limit for a statement is meant for ordinary ones.
PATIENCE_SECONDS: Final = 3_600.0


async def list_other_schemes(connection: Connection, measure: str, scheme: str) -> list[str]:
    rows = await connection.fetch(_OTHERS, measure, scheme)
    return [row["scheme"] for row in rows]


async def list_late(connection: Connection, schemes: Mapping[str, str]) -> list[str]:
    """Those of the measures with values in another scheme than theirs, of the same frequency."""
    rows = await connection.fetch(_LATE, list(schemes), list(schemes.values()))
    return [row["measure"] for row in rows]


async def list_starts(connection: Connection, measure: str, scheme: str) -> list[date]:
    """The first days of all periods that a measure's series of one scheme have values for."""
    rows = await connection.fetch(_STARTS, measure, scheme, timeout=PATIENCE_SECONDS)
    return [row["period_start"] for row in rows]


async def move(connection: Connection, measure: str, old: str, new: str, starts: Mapping[date, date]) -> None:
    """Gives values and their history the series of another scheme and other first days.

    A value whose new place is taken stays where it is.
    """
    await connection.execute(_ADD, measure, old, new)
    places = [list(starts), list(starts.values())]
    await connection.execute(_MOVE, measure, old, new, *places, timeout=PATIENCE_SECONDS)


_OTHERS: Final = "select distinct scheme from series where measure = $1 and scheme <> $2"
_LATE: Final = """
select distinct s.measure from unnest($1::text[], $2::text[]) as own (measure, scheme)
join series s on s.measure = own.measure and s.scheme <> own.scheme
    and split_part(s.scheme, '/', 1) = split_part(own.scheme, '/', 1)
where exists (select from observation o where o.series_id = s.id)
"""
_STARTS: Final = """
select distinct o.period_start from series s join observation o on o.series_id = s.id
where s.measure = $1 and s.scheme = $2
"""
_ADD: Final = """
insert into series (measure, breakdown, scheme) select measure, breakdown, $3 from series
where measure = $1 and scheme = $2 on conflict do nothing
"""
_MOVE: Final = """
with free as materialized (
    select o.series_id, o.period_start, target.id as new_id, place.new_start
    from series s
    join series target on target.measure = s.measure and target.breakdown = s.breakdown and target.scheme = $3
    join observation o on o.series_id = s.id
    join unnest($4::date[], $5::date[]) as place (old_start, new_start) on place.old_start = o.period_start
    where s.measure = $1 and s.scheme = $2 and not exists (
        select from observation taken where taken.series_id = target.id and taken.period_start = place.new_start)),
history as (
    update observation_history h set series_id = free.new_id, period_start = free.new_start
    from free where h.series_id = free.series_id and h.period_start = free.period_start)
update observation o set series_id = free.new_id, period_start = free.new_start
from free where o.series_id = free.series_id and o.period_start = free.period_start
"""
