"""Each service's migrations build what its tables describe, and can be taken back."""

import asyncio
from importlib import import_module

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.parts import DATABASES, SERVICES, FreshDatabase


def _differences(connection: sa.Connection, metadata: sa.MetaData) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, metadata))


def _downgrade(service: str, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    config.attributes["url"] = url
    command.downgrade(config, "base")


@pytest.mark.parametrize("service", DATABASES)
async def test_the_migrations_build_what_the_tables_say(fresh_database: FreshDatabase, service: str) -> None:
    metadata = import_module(f"{service.replace('-', '_')}.tables").Base.metadata
    engine = create_async_engine((await fresh_database(service)).replace("://", "+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences, metadata) == []
    finally:
        await engine.dispose()


@pytest.mark.parametrize("service", DATABASES)
async def test_the_migrations_taken_back_leave_nothing(fresh_database: FreshDatabase, service: str) -> None:
    url = await fresh_database(service)
    await asyncio.to_thread(_downgrade, service, url)
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
        assert [row["tablename"] for row in rows] == ["alembic_version"]
    finally:
        await connection.close()
