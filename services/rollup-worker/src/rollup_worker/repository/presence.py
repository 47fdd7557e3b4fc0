"""Whether the worker is at work on this database: it says its name when it connects."""

from tideline.database import Connection

WORKER = "rollup-worker"


async def worker_is_there(connection: Connection) -> bool:
    return bool(
        await connection.fetchval(
            "select exists (select from pg_stat_activity where datname = current_database() and application_name = $1)",
            WORKER,
        )
    )
