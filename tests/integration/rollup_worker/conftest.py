"""The fixtures of the roll-up's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.rollup_worker.stage import City
from tests.support.parts import FreshDatabase
from tideline.database import Database


@pytest.fixture
async def city(fresh_database: FreshDatabase) -> AsyncIterator[City]:
    database = await Database.open(await fresh_database("rollup-worker"), size=4)
    yield City(database)
    await database.close()
