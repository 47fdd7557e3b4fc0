"""Targets with their versions: what was set when."""

from datetime import datetime
from typing import Final

from rollup_worker.core.facts import Target
from rollup_worker.core.target_check import TargetVersion
from tideline.database import Connection, plain
from tideline.periods import Period


async def list_versions(
    connection: Connection, measure: str, name: str, period: Period, known_at: datetime | None = None
) -> list[TargetVersion]:
    """Every version of one headline target that was known then; `name` is the id of its period."""
    rows = await connection.fetch(_VERSIONS, measure, name, known_at)
    return [
        TargetVersion(
            Target(
                period,
                plain(row["value"]),
                plain(row["lower"]),
                plain(row["upper"]),
                row["version"],
                row["sample"],
            ),
            row["known_from"],
            row["reason"],
        )
        for row in rows
    ]


_VERSIONS: Final = """
select value, lower, upper, version, sample, known_from, reason from target
where measure = $1 and period = $2 and breakdown = '' and known_from <= coalesce($3, 'infinity'::timestamptz)
order by version
"""
