"""What there is of values and targets, as the lint of a plan asks for it: whether any, and how late."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from rollup_worker.core.facts import PEER
from rollup_worker.repository.keys import breakdown_of
from tideline.database import Connection


async def list_latest_own(connection: Connection, measures: Iterable[str]) -> dict[str, date]:
    """Of each measure that has a value of its own the begin of the latest period."""
    rows = await connection.fetch(_LATEST, list(measures), f'%"{PEER}":%')
    return {row["code"]: row["period_start"] for row in rows}


async def list_labels(connection: Connection, measures: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    """By measure and dimension the labels that have a value. Reads every cell of these measures once."""
    found: dict[str, dict[str, set[str]]] = {}
    for row in await connection.fetch(_CELLS, list(measures)):
        for dimension, label in breakdown_of(row["breakdown"]).items():
            found.setdefault(row["measure"], {}).setdefault(dimension, set()).add(label)
    return found


async def list_targeted(connection: Connection) -> set[str]:
    """The measures with a target for the whole that stands."""
    rows = await connection.fetch(_TARGETED)
    return {row["measure"] for row in rows}


_LATEST: Final = """
select m.code, l.period_start from unnest($1::text[]) m (code)
cross join lateral (
    select period_start from observation
    where measure = m.code and known_to is null and reported and breakdown not like $2
    order by period_start desc limit 1) l
"""
_CELLS: Final = """
select distinct measure, breakdown from observation
where measure = any($1::text[]) and known_to is null and reported and breakdown <> ''
"""
_TARGETED: Final = """
select distinct measure from target
where known_to is null and breakdown = '' and coalesce(value, lower, upper) is not null
"""
