"""A small number for every measure × breakdown, so that a hot row's key is eight bytes."""

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

from tideline.database import Connection

SeriesKey: TypeAlias = tuple[str, str]


async def find(connection: Connection, keys: Collection[SeriesKey]) -> dict[SeriesKey, int]:
    rows = await connection.fetch(_FIND, *_columns(keys))
    return {(measure, breakdown): number for measure, breakdown, number in rows}


async def add(connection: Connection, keys: Collection[SeriesKey]) -> None:
    """Adds those that are missing, in one order, so that two writers never wait for each other in a circle."""
    await connection.execute(_ADD, *_columns(sorted(keys)))


def _columns(keys: Iterable[SeriesKey]) -> tuple[list[str], list[str]]:
    pairs = list(keys)
    return [measure for measure, _ in pairs], [breakdown for _, breakdown in pairs]


_FIND: Final = """
select s.measure, s.breakdown, s.id from unnest($1::text[], $2::text[]) as k (measure, breakdown)
join series s using (measure, breakdown)
"""
_ADD: Final = """
insert into series (measure, breakdown) select * from unnest($1::text[], $2::text[]) on conflict do nothing
"""
