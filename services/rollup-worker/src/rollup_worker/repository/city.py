"""What the city says of itself that a judgement needs."""

from datetime import datetime
from typing import Final

from tideline.database import Connection


async def find_suppress_under(connection: Connection, known_at: datetime | None = None) -> int | None:
    """Its threshold for small numbers, as known now or at a time; None: it has said nothing."""
    found: int | None = await connection.fetchval(_SUPPRESS_UNDER, known_at)
    return found


_SUPPRESS_UNDER: Final = """
select (body->>'suppress_under')::int from definition
where kind = 'city' and case when $1::timestamptz is null then known_to is null
    else known_from <= $1 and (known_to is null or known_to > $1) end
"""
