"""What PostgreSQL stores comes back as it was written."""

from decimal import Decimal

import pytest

from tests.support.parts import FreshDatabase
from tideline.database import Database, plain


@pytest.mark.parametrize(
    "text", ["900000", "10000", "-120000", "0", "0.00010", "7.40", "12345678901234567890123456789012340000"]
)
async def test_a_number_is_written_out_as_it_went_in(fresh_database: FreshDatabase, text: str) -> None:
    database = await Database.open(await fresh_database(), size=1)
    try:
        assert str(plain(await database.pool.fetchval("select $1::numeric", Decimal(text)))) == text
    finally:
        await database.close()
