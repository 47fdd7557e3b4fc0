"""The parts that all other tests stand on."""

import asyncpg
import pytest
from nats.js.errors import NotFoundError

from tests.support.parts import FreshDatabase, Nats, Postgres
from tideline.bus import Bus


@pytest.mark.parametrize("service", [None, "goals-api", "measures-ingest", "rollup-worker", "opendata-catalog"])
async def test_each_test_gets_a_database_of_its_own(fresh_database: FreshDatabase, service: str | None) -> None:
    urls = [await fresh_database(service), await fresh_database(service)]
    for url in urls:
        connection = await asyncpg.connect(url)
        await connection.execute("create table only_here (id int)")
        assert str(await connection.fetchval("show server_version")).startswith("18")
        await connection.close()


@pytest.mark.parametrize("_", range(2))
async def test_streams_of_one_test_are_unknown_to_the_next(nats_server: Nats, _: int) -> None:
    bus = await Bus.connect(nats_server.url, nats_server.creds("goals-api"), "goals-api")
    with pytest.raises(NotFoundError):
        await bus.js.stream_info("GOALS")
    await bus.js.add_stream(name="GOALS", subjects=["goal.>"])
    await bus.close()


async def test_a_killed_server_comes_back_with_its_data(own_postgres: Postgres) -> None:
    connection = await asyncpg.connect(own_postgres.url)
    await connection.execute("create table kept (id int); insert into kept values (1)")
    own_postgres.process.kill()
    own_postgres.restart()
    connection.terminate()
    again = await asyncpg.connect(own_postgres.url)
    assert await again.fetchval("select count(*) from kept") == 1
    await again.close()
