"""The numbers of series."""

import asyncio

import pytest

from measures_ingest.actions import numbering
from tests.integration.measures_ingest.conftest import Ingest


async def test_a_series_has_one_number_whoever_asks_first(ingest: Ingest) -> None:
    keys = [("potholes", str(number), "month") for number in range(50)]
    askers = [numbering.Numbering(ingest.database) for _ in range(8)]
    answers = await asyncio.gather(*(asker.numbers(keys) for asker in askers))
    assert all({key: answer[key] for key in keys} == {key: answers[0][key] for key in keys} for answer in answers)
    assert await ingest.count("series") == 50


async def test_a_memory_that_is_full_forgets_and_loses_nothing(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "REMEMBERED_MAX", 4)
    asker = numbering.Numbering(ingest.database)
    held = await asker.numbers([("potholes", str(number), "month") for number in range(3)])
    more = await asker.numbers([("potholes", str(number), "month") for number in range(6)])
    assert [held["potholes", str(number), "month"] for number in range(3)] == [
        more["potholes", str(n), "month"] for n in range(3)
    ]
    assert len({more["potholes", str(number), "month"] for number in range(6)}) == 6
    again = await asker.numbers([("potholes", "0", "month")])
    assert again["potholes", "0", "month"] == held["potholes", "0", "month"]
