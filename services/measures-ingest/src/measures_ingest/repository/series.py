"""A small number for every measure × breakdown × scheme, so that a hot row's key is eight bytes."""

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

from tideline.database import Connection

SeriesKey: TypeAlias = tuple[str, str, str]


async def find(connection: Connection, keys: Collection[SeriesKey]) -> dict[SeriesKey, int]:
    rows = await connection.fetch(_FIND, *_columns(keys))
    return {(measure, breakdown, scheme): number for measure, breakdown, scheme, number in rows}


async def add(connection: Connection, keys: Collection[SeriesKey]) -> None:
    """Adds those that are missing, in one order, so that two writers never wait for each other in a circle."""
    await connection.execute(_ADD, *_columns(sorted(keys)))


def _columns(keys: Iterable[SeriesKey]) -> tuple[list[str], list[str], list[str]]:
    known = list(keys)
    return [key[0] for key in known], [key[1] for key in known], [key[2] for key in known]


_FIND: Final = """
select s.measure, s.breakdown, s.scheme, s.id
from unnest($1::text[], $2::text[], $3::text[]) as k (measure, breakdown, scheme)
join series s using (measure, breakdown, scheme)
"""
_ADD: Final = """
insert into series (measure, breakdown, scheme) select * from unnest($1::text[], $2::text[], $3::text[])
on conflict do nothing
"""
