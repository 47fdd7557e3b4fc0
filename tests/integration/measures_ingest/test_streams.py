"""Pushes too large to be judged in memory."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from measures_ingest.routes import push as push_route
from tests.integration.measures_ingest.conftest import Ingest, running
from tests.support.parts import FreshDatabase
from tideline.events import encode

HEADER = b"measure,period,value,numerator,denominator,flag,note,breakdown.district\n"
COUNTS = ("accepted", "revised", "unchanged", "quarantined", "rejected")


@pytest.fixture
async def ingest(fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """Everything above ten rows is a large push here."""
    monkeypatch.setattr(push_route, "MEMORY_ROWS", 10)
    async with running(await fresh_database("measures-ingest"), tmp_path) as found:
        await found.define("potholes", breakdowns=["district"])
        yield found


def line(number: int, value: object | None = None, measure: str = "potholes") -> bytes:
    return f"{measure},2016-{1 + number % 12:02},{number if value is None else value},,,,,{number}\n".encode()


def csv(*numbers: int) -> bytes:
    return HEADER + b"".join(line(number) for number in numbers)


def counts(answer: Any) -> dict[str, int]:
    return {name: answer.json()[name] for name in COUNTS if answer.json()[name]}


async def test_a_large_push_is_stored_with_its_events(ingest: Ingest) -> None:
    answer = await ingest.send(csv(*range(3_000)))
    assert (answer.status_code, counts(answer)) == (201, {"accepted": 3_000})
    found = await ingest.recorded()
    assert [(event.part, event.actor) for event in found] == [(number, "ada") for number in (1, 2, 3)]
    told = {one.breakdown["district"]: (one.period, one.value) for event in found for one in event.observations}
    assert told["17"] == ("2016-06", Decimal(17))
    assert len(told) == 3_000


async def test_ndjson_and_json_come_in_any_size_too(ingest: Ingest) -> None:
    rows = [{"measure": "potholes", "period": "2016-01", "value": n, "breakdown": {"district": n}} for n in range(50)]
    lines = b"\n".join(encode(row) for row in rows)
    assert counts(await ingest.send(lines, "application/x-ndjson")) == {"accepted": 50}
    assert counts(await ingest.push(*rows)) == {"unchanged": 50}


async def test_large_revisions_say_what_they_replace(ingest: Ingest) -> None:
    await ingest.send(csv(*range(40)))
    body = csv(*range(20)) + b"".join(line(number, -number) for number in range(20, 30)) + csv(*range(90, 95))[72:]
    assert counts(await ingest.send(body)) == {"accepted": 5, "revised": 10, "unchanged": 20}
    told = [one for one in (await ingest.recorded())[1].observations if one.revision == 2]
    assert [one.value for one in told] == [-n for n in range(20, 30)]
    assert [one.previous.value for one in told if one.previous] == [*range(20, 30)]
    assert await ingest.count("observation_history") == 10


async def test_duplicates_are_found_across_a_large_push(ingest: Ingest) -> None:
    answer = await ingest.send(csv(*range(20), 5, 7, *range(20, 30), 5))
    assert (answer.status_code, counts(answer)) == (207, {"accepted": 30, "rejected": 3})
    assert [(error["index"], error["code"], error["detail"]) for error in answer.json()["errors"]] == [
        (20, "duplicate_in_batch", "row 5 has the same measure, period and breakdown"),
        (21, "duplicate_in_batch", "row 7 has the same measure, period and breakdown"),
        (32, "duplicate_in_batch", "row 5 has the same measure, period and breakdown"),
    ]


async def test_errors_are_told_in_order_and_all_can_be_read(ingest: Ingest) -> None:
    body = csv(*range(20), 3) + b"".join(line(number, "x") for number in range(1_500)) + line(0)
    answer = await ingest.send(body)
    assert counts(answer) == {"accepted": 20, "rejected": 1_502}
    assert [error["index"] for error in answer.json()["errors"]] == list(range(20, 1_020))
    found: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": "500", **({"cursor": cursor} if cursor else {})}
        page = (await ingest.client.get(f"/v1/batches/{answer.json()['batch']}/errors", params=query)).json()
        found += [error["index"] for error in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == list(range(20, 1_522))


async def test_an_atomic_large_push_is_taken_whole_or_not_at_all(ingest: Ingest) -> None:
    for bad in (csv(*range(20)) + line(3, "x"), csv(*range(20), 3)):
        answer = await ingest.client.post(
            "/v1/observations?atomic=true", content=bad, headers={"Content-Type": "text/csv"}
        )
        assert (answer.status_code, counts(answer)) == (422, {"rejected": 1})
    assert [await ingest.count(table) for table in ("observation", "event", "batch")] == [0, 0, 2]


@pytest.mark.parametrize("end", [b'"unclosed', b"potholes,2016-01", b"caf\xe9,2016-01,1,,,,,\n"])
async def test_a_large_body_that_becomes_unreadable_at_its_end_stores_nothing(ingest: Ingest, end: bytes) -> None:
    answer = await ingest.send(csv(*range(200)) + end)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert [await ingest.count(table) for table in ("observation", "event", "batch")] == [0, 0, 0]


async def test_a_large_body_that_stops_coming_stores_nothing(ingest: Ingest) -> None:
    whole = gzip.compress(csv(*range(50_000)))
    answer = await ingest.send(whole[: len(whole) // 2], Content_Encoding="gzip")
    assert (answer.status_code, await ingest.count("observation")) == (400, 0)


async def test_a_large_push_above_the_cap_stores_nothing(ingest: Ingest) -> None:
    ingest.desk.settings.stream_bytes_max = 100_000

    async def unannounced() -> AsyncIterator[bytes]:
        yield HEADER
        for number in range(10_000):
            yield line(number)

    headers = {"Content-Type": "text/csv"}
    answer = await ingest.client.post("/v1/observations", content=unannounced(), headers=headers)
    assert (answer.status_code, answer.json()["code"], await ingest.count("observation")) == (413, "too_large", 0)


async def test_a_large_dry_run_stores_nothing(ingest: Ingest) -> None:
    await ingest.send(csv(*range(20)))
    body = csv(*range(15, 40)) + b"new,2016-01,1,,,,,\n"
    answer = await ingest.client.post("/v1/observations?dry_run=1", content=body, headers={"Content-Type": "text/csv"})
    expected = {"accepted": 20, "unchanged": 5, "quarantined": 1}
    assert (answer.status_code, counts(answer)) == (200, expected)
    tables = ("observation", "event", "batch", "series", "quarantine")
    assert [await ingest.count(table) for table in tables] == [20, 1, 1, 20, 0]
    assert counts(await ingest.send(body)) == expected


async def test_a_repeated_large_push_gets_its_answer_again_also_when_both_race(ingest: Ingest) -> None:
    body = csv(*range(500))
    one, two = await asyncio.gather(*(ingest.send(body, Idempotency_Key="k") for _ in range(2)))
    assert one.text == two.text
    assert counts(one) == {"accepted": 500}
    assert (await ingest.send(body, Idempotency_Key="k")).text == one.text
    assert (await ingest.send(csv(*range(501)), Idempotency_Key="k")).status_code == 409
    assert (await ingest.count("batch"), len(await ingest.recorded())) == (1, 1)


async def test_large_and_small_pushes_of_the_same_rows_get_along(ingest: Ingest) -> None:
    large = [ingest.send(csv(*range(number, number + 300))) for number in (0, 100)]
    small = [
        ingest.push({"measure": "potholes", "period": "2016-01", "value": n, "breakdown": {"district": f"{n}"}})
        for n in range(0, 396, 12)
    ]
    answers = await asyncio.gather(*large, *small)
    assert {answer.status_code for answer in answers} == {201}
    assert await ingest.count("observation") == 400


async def test_rows_of_undefined_measures_wait_and_those_defined_under_way_do_not(ingest: Ingest) -> None:
    defined = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield HEADER + b"".join(line(number, measure="soon") for number in range(20))
        await ingest.define("soon", breakdowns=["district"])
        defined.set()
        yield b"".join(line(number, measure="later") for number in range(20))

    answer = await ingest.client.post("/v1/observations", content=body(), headers={"Content-Type": "text/csv"})
    assert defined.is_set()
    assert (answer.status_code, counts(answer)) == (201, {"accepted": 20, "quarantined": 20})
    await ingest.define("later", breakdowns=["district"])
    told = (await ingest.client.get(f"/v1/batches/{answer.json()['batch']}")).json()
    assert (told["accepted"], told["quarantined"]) == (40, 0)


async def test_only_so_many_large_pushes_are_under_way_at_once(ingest: Ingest) -> None:
    ingest.desk.settings.streams_max = 0
    answer = await ingest.send(csv(*range(20)))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
    assert ingest.desk.under_way == {}
