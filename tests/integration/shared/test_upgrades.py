"""What was stored before an upgrade means the same after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from alembic import command
from alembic.config import Config

from tests.support.parts import SERVICES, FreshDatabase
from tideline import migrations

GOALS_BEFORE = """
insert into measure (code, title, description, published, version, retired, retirement_note, changed_at, areas, type,
    unit, direction, frequency, calendar, aggregation, multiplier, breakdowns, source, collection_method, weight,
    sample)
select 'm' || n, 'M', '', true, 1, false, '', now(), '{}', 'output', '', 'up', 'year',
    jsonb_build_object('fiscal_year_start_month', n, 'biennium_starts_odd', true), '{}', 1, '{}', '', '', 1, false
from unnest(array[1, 7]) n
"""
INGEST_BEFORE = """
with given (frequency, month, odd) as (values ('month', 7, true), ('quarter', 7, true), ('biennium', 1, false)),
defined as (
    insert into measure (code, version, frequency, fiscal_year_start_month, biennium_starts_odd, breakdowns, ratio,
        multiplier, retired, published, changed)
    select frequency, 1, frequency, month, odd, '{}', false, 1, false, true, row_number() over () from given)
insert into series (measure, breakdown) select frequency, '{}' from given
"""


@asynccontextmanager
async def upgraded(url: str, service: str, before: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A database that held `before` in the first version and was brought to the newest."""
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    config.attributes["url"] = url
    await asyncio.to_thread(command.downgrade, config, "0001")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(before)
        await asyncio.to_thread(migrations.upgrade, SERVICES / service, url)
        yield connection
    finally:
        await connection.close()


async def test_measures_of_the_standard_calendar_follow_the_city_and_others_keep_their_own(
    fresh_database: FreshDatabase,
) -> None:
    async with upgraded(await fresh_database("goals-api"), "goals-api", GOALS_BEFORE) as connection:
        rows = await connection.fetch("select code, calendar_from from measure order by code")
    assert [tuple(row) for row in rows] == [("m1", "city"), ("m7", "measure")]


async def test_series_are_read_in_the_calendar_that_their_measure_had(fresh_database: FreshDatabase) -> None:
    async with upgraded(await fresh_database("measures-ingest"), "measures-ingest", INGEST_BEFORE) as connection:
        rows = await connection.fetch("select scheme from series order by id")
    assert [row["scheme"] for row in rows] == ["month", "quarter/7", "biennium/1/even"]
