"""Each service's Alembic history, run forward: `python -m tideline.migrations services/goals-api`."""

import asyncio
import os
import sys
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

_LOCK = 7_411_001


def upgrade(service: Path, url: str, revision: str = "head") -> None:
    """Brings the database at `url` (postgresql://…) to the newest version; of several at once, one does it."""
    config = Config()
    config.set_main_option("script_location", str(service / "migrations"))
    config.attributes["url"] = url
    command.upgrade(config, revision)


def run_env(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` calls."""
    url: str = context.config.attributes["url"]
    asyncio.run(_run(url.replace("postgresql://", "postgresql+asyncpg://", 1), metadata))


async def _run(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate, metadata)
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]), os.environ["DATABASE_URL"])
