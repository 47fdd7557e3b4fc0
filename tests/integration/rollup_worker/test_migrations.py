"""The schema that the migrations build is the one the tables describe, and they can be taken back."""

import asyncio
from pathlib import Path

import asyncpg
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from rollup_worker.tables import metadata
from tests.support.parts import FreshDatabase

SERVICE = Path(__file__).parents[3] / "services/rollup-worker"


def _differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _downgrade(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SERVICE / "migrations"))
    config.attributes["url"] = url
    command.downgrade(config, "base")


async def test_the_migrations_build_what_the_tables_say(fresh_database: FreshDatabase) -> None:
    engine = create_async_engine((await fresh_database("rollup-worker")).replace("://", "+asyncpg://"))
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == []
    finally:
        await engine.dispose()


async def test_the_migrations_taken_back_leave_nothing(fresh_database: FreshDatabase) -> None:
    url = await fresh_database("rollup-worker")
    await asyncio.to_thread(_downgrade, url)
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        assert [row["tablename"] for row in rows] == ["alembic_version"]
    finally:
        await connection.close()
