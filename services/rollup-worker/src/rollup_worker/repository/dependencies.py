"""Which measures read which: derived from all definitions, as the edges are."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from tideline.database import Connection
from tideline.events import MeasureDefined

_reader: Final = msgspec.json.Decoder(MeasureDefined)


@dataclass(frozen=True, slots=True)
class Touched:
    """A measure to be judged with the measures whose change does so: itself, or some that it reads."""

    definition: MeasureDefined
    by: Collection[str]


async def list_touched(connection: Connection, measures: Iterable[str]) -> dict[str, Touched]:
    """These measures and all that read them, directly or through others, as far as they are defined."""
    rows = await connection.fetch(_TOUCHED, list(measures))
    return {row["code"]: Touched(_reader.decode(row["body"]), row["by"]) for row in rows}


async def list_read(
    connection: Connection, measures: Iterable[str], known_at: datetime | None = None
) -> dict[str, MeasureDefined]:
    """These measures and all that they read, directly or through others, as they stand or stood at a time."""
    rows = await connection.fetch(_READ, list(measures), known_at)
    return {row["code"]: _reader.decode(row["body"]) for row in rows}


async def replace_dependencies(connection: Connection, inputs: Mapping[str, Iterable[str]]) -> None:
    """By measure what it reads. Writes only what differs."""
    pairs = [(measure, each) for measure, held in inputs.items() for each in held]
    columns = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    await connection.execute(_REPLACE, *columns)


_TOUCHED: Final = """
with recursive touched (code, by) as (
    select code, code from unnest($1::text[]) code
    union
    select d.measure, t.by from touched t join dependency d on d.input = t.code)
select d.code, d.body, t.by from (select code, array_agg(by order by by) as by from touched group by code) t
join definition d on d.kind = 'measure' and d.code = t.code and d.known_to is null
"""
_READ: Final = """
with recursive standing (code, body) as (
    select code, body from definition
    where kind = 'measure' and case when $2::timestamptz is null then known_to is null
        else known_from <= $2 and (known_to is null or known_to > $2) end),
read (code) as (
    select * from unnest($1::text[])
    union
    select i.code from read r join standing s using (code) cross join lateral (
        select jsonb_array_elements_text(s.body->'formula'->'inputs') union all
        select s.body->>'weighted_by') i (code)
    where i.code is not null)
select code, body from standing join read using (code)
"""
_REPLACE: Final = """
with now (measure, input) as (select * from unnest($1::text[], $2::text[])),
gone as (delete from dependency d where not exists (
    select from now n where n.measure = d.measure and n.input = d.input))
insert into dependency (measure, input) select distinct measure, input from now on conflict do nothing
"""
