"""What holds now, what was known at an instant, every revision."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.measures_ingest.conftest import Ingest, token
from tideline.events import Calendar


def row(month: int, value: Any, **more: Any) -> dict[str, Any]:
    return {"measure": "potholes", "period": f"2016-{month:02}", "value": value, **more}


async def read(ingest: Ingest, **query: Any) -> list[dict[str, Any]]:
    answer = await ingest.client.get("/v1/observations", params={"measure": "potholes", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_value_is_told_with_its_batch_source_and_times(ingest: Ingest) -> None:
    batch = (await ingest.push(row(3, 7, note="so far"))).json()["batch"]
    (found,) = await read(ingest)
    recorded_at = found.pop("recorded_at")
    assert recorded_at.startswith("2017-06-15T12:")
    assert found == {
        "measure": "potholes",
        "period": "2016-03",
        "breakdown": {},
        "value": 7,
        "numerator": None,
        "denominator": None,
        "flag": None,
        "note": "so far",
        "revision": 1,
        "batch": batch,
        "source": "staff",
        "superseded_at": None,
        "left_behind": False,
    }


async def test_who_has_the_answer_already_is_told_so(ingest: Ingest) -> None:
    batch = (await ingest.push(row(3, 7))).json()["batch"]
    for url in ("/v1/observations?measure=potholes", f"/v1/batches/{batch}"):
        first = await ingest.client.get(url)
        again = await ingest.client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    before = (await ingest.client.get("/v1/observations?measure=potholes")).headers["etag"]
    await ingest.push(row(3, 8))
    answer = await ingest.client.get("/v1/observations?measure=potholes", headers={"If-None-Match": before})
    assert answer.status_code == 200


async def test_an_earlier_instant_knows_the_earlier_value(ingest: Ingest) -> None:
    before = ingest.desk.clock.now() - timedelta(seconds=1)
    await ingest.push(row(3, 1), row(4, 1))
    first = ingest.desk.clock.now()
    await ingest.push(row(3, 2))
    second = ingest.desk.clock.now()
    await ingest.push(row(3, None, flag="withdrawn"))
    assert await ingest.values("potholes") == {"2016-03": None, "2016-04": 1}
    assert await ingest.values("potholes", known_at=second.isoformat()) == {"2016-03": 2, "2016-04": 1}
    assert await ingest.values("potholes", known_at=first.isoformat()) == {"2016-03": 1, "2016-04": 1}
    assert await ingest.values("potholes", known_at=before.isoformat()) == {}
    unquoted = f"/v1/observations?measure=potholes&known_at={first.isoformat()}"
    assert len((await ingest.client.get(unquoted)).json()["items"]) == 2


async def test_every_revision_can_be_read_page_by_page(ingest: Ingest) -> None:
    for value in range(5):
        await ingest.push(*(row(month, value) for month in range(1, 5)))
    found: list[tuple[str, int, int]] = []
    query: dict[str, str] = {}
    while True:
        params = {"measure": "potholes", "revisions": "true", "limit": "3", **query}
        page = (await ingest.client.get("/v1/observations", params=params)).json()
        found += [(one["period"], one["revision"], one["value"]) for one in page["items"]]
        if page["next"] is None:
            break
        query = {"cursor": page["next"]}
    assert found == [(f"2016-{month:02}", value + 1, value) for month in range(1, 5) for value in range(5)]


async def test_a_window_and_a_cell_narrow_what_is_read(ingest: Ingest) -> None:
    await ingest.push(*(row(month, month) for month in range(1, 13)), row(2, 20, breakdown={"district": "a:b"}))
    assert await ingest.values("potholes", **{"from": "2016-11"}) == {"2016-11": 11, "2016-12": 12}
    assert await ingest.values("potholes", **{"from": "2016-02", "to": "2016-Q1"}, breakdown="") == {
        "2016-02": 2,
        "2016-03": 3,
    }
    for cell in ("district:a:b", '{"district": "a:b"}'):
        assert await ingest.values("potholes", breakdown=cell) == {"2016-02a:b": 20}


async def test_a_fiscal_period_is_told_as_it_was_sent(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="quarter", calendar=Calendar(fiscal_year_start_month=7))
    await ingest.push({"measure": "budget", "period": "2017-Q1", "value": 5})
    assert await ingest.values("budget") == {"2017-Q1": 5}
    assert (await ingest.recorded())[0].observations[0].period == "2017-Q1"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"measure": "nobody"}, 404, "not_found"),
        ({}, 422, "bad_request"),
        ({"measure": "potholes", "from": "soon"}, 400, "bad_period"),
        ({"measure": "potholes", "breakdown": "ward:3"}, 400, "unknown_dimension"),
        ({"measure": "potholes", "breakdown": '{"district": '}, 400, "bad_breakdown"),
        ({"measure": "potholes", "breakdown": '{"district": []}'}, 400, "bad_breakdown"),
        ({"measure": "potholes", "known_at": "then"}, 400, "bad_instant"),
        ({"measure": "potholes", "known_at": "9999-12-31T23:59:59-12:00"}, 400, "bad_instant"),
        ({"measure": "potholes", "cursor": "x"}, 400, "bad_cursor"),
        ({"measure": "potholes", "cursor": "WyJhIiwgMSwgMV0"}, 400, "bad_cursor"),
        ({"measure": "potholes", "limit": "0"}, 422, "bad_request"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_so(
    ingest: Ingest, query: dict[str, str], status: int, code: str
) -> None:
    answer = await ingest.client.get("/v1/observations", params=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_any_token_reads_and_none_does_not(ingest: Ingest) -> None:
    ingest.client.headers["Authorization"] = f"Bearer {token('viewer')}"
    assert await read(ingest) == []
    del ingest.client.headers["Authorization"]
    assert (await ingest.client.get("/v1/observations?measure=potholes")).status_code == 401


async def test_batches_are_listed_the_newest_first(ingest: Ingest) -> None:
    made = [(await ingest.push(row(month, 1))).json()["batch"] for month in range(1, 6)]
    found: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await ingest.client.get("/v1/batches", params=query)).json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == made[::-1]
    assert (await ingest.client.get(f"/v1/batches/{made[0]}")).json()["status"] == 201
    for nobody in ("0195a1c2-3b4d-7e5f-8a6b-7c8d9e0f1a2b", "yesterday"):
        unknown = await ingest.client.get(f"/v1/batches/{nobody}")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
