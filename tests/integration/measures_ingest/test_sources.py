"""Feeds, their scopes and their keys."""

import hashlib
from typing import Any

import httpx
import pytest

from tests.integration.measures_ingest.conftest import Ingest, token

POWER: dict[str, Any] = {"code": "tpu-power", "title": "TPU Power", "scope": {"departments": ["tpu"]}}


def row(measure: str = "outages") -> dict[str, Any]:
    return {"measure": measure, "period": "2016-03", "value": 7}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def made(ingest: Ingest, **more: Any) -> str:
    answer = await ingest.client.post("/v1/sources", json={**POWER, **more})
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["key"]
    return key


async def push_as(ingest: Ingest, key: str, *rows: dict[str, Any], **headers: str) -> httpx.Response:
    body = {"observations": list(rows)}
    return await ingest.client.post("/v1/observations", json=body, headers={**bearer(key), **headers})


async def test_a_feed_pushes_what_its_scope_holds(ingest: Ingest) -> None:
    await ingest.define("outages", department="tpu")
    key = await made(ingest)
    answer = await push_as(ingest, key, row(), row("potholes"))
    assert answer.status_code == 207
    assert [(error["index"], error["code"]) for error in answer.json()["errors"]] == [(1, "not_your_measure")]
    assert [(event.source, event.actor) for event in await ingest.recorded()] == [("tpu-power", "tpu-power")]
    subjects = await ingest.database.pool.fetch("select subject from event")
    assert [found["subject"] for found in subjects] == ["internal.observations.recorded.v1.source.tpu-power"]


async def test_a_scope_names_measures_or_all(ingest: Ingest) -> None:
    one = await made(ingest, scope={"measures": ["potholes"]})
    every = await made(ingest, code="all", scope={"measures": ["*"]})
    none = await made(ingest, code="none", scope={})
    assert (await push_as(ingest, one, row("potholes"))).status_code == 201
    assert (await push_as(ingest, one, row("outages"))).status_code == 422
    assert (await push_as(ingest, every, row("outages"))).json()["quarantined"] == 1
    assert (await push_as(ingest, none, row("potholes"))).status_code == 422


async def test_the_key_is_shown_once_and_only_its_digest_is_kept(ingest: Ingest) -> None:
    key = await made(ingest)
    prefix, key_id, secret = key.split("_", 2)
    assert prefix == "tlk"
    row_kept = await ingest.database.pool.fetchrow("select id, digest from source_key")
    assert row_kept is not None
    assert (row_kept["id"], row_kept["digest"]) == (key_id, hashlib.sha256(secret.encode()).digest())
    told = (await ingest.client.get("/v1/sources/tpu-power")).text
    assert key_id in told
    assert secret not in told


async def test_a_key_is_rotated_without_a_gap_and_a_revoked_one_is_refused(ingest: Ingest) -> None:
    old = await made(ingest)
    new = (await ingest.client.post("/v1/sources/tpu-power/keys")).json()["key"]
    assert (await push_as(ingest, old, row())).status_code == 201
    assert (await push_as(ingest, new, row())).status_code == 201
    revoked = await ingest.client.delete(f"/v1/sources/tpu-power/keys/{old.split('_')[1]}")
    assert revoked.status_code == 204
    assert (await push_as(ingest, old, row())).status_code == 401
    assert (await push_as(ingest, new, row())).status_code == 201
    keys = (await ingest.client.get("/v1/sources/tpu-power")).json()["keys"]
    assert [key["revoked_at"] is None for key in keys] == [False, True]


async def test_a_wrong_secret_or_an_unknown_id_is_refused(ingest: Ingest) -> None:
    key = await made(ingest)
    for wrong in (key[:-1], key + "x", "tlk_unknown_" + key.split("_", 2)[2], key.rsplit("_", 1)[0]):
        answer = await push_as(ingest, wrong, row())
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_a_changed_scope_holds_from_the_next_push_on(ingest: Ingest) -> None:
    key = await made(ingest)
    assert (await push_as(ingest, key, row("potholes"))).status_code == 422
    tag = (await ingest.client.get("/v1/sources/tpu-power")).headers["etag"]
    change = {"title": "TPU Power", "scope": {"measures": ["*"]}}
    assert (await ingest.client.put("/v1/sources/tpu-power", json=change)).status_code == 428
    assert (
        await ingest.client.put("/v1/sources/tpu-power", json=change, headers={"If-Match": '"7"'})
    ).status_code == 412
    changed = await ingest.client.put("/v1/sources/tpu-power", json=change, headers={"If-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (await push_as(ingest, key, row("potholes"))).status_code == 201


async def test_a_feed_reads_its_own_measures_and_batches_only(ingest: Ingest) -> None:
    await ingest.define("outages", department="tpu")
    key = await made(ingest)
    own = (await push_as(ingest, key, row())).json()["batch"]
    other = (await ingest.push(row("potholes"))).json()["batch"]
    ingest.client.headers.update(bearer(key))
    assert (await ingest.client.get("/v1/observations?measure=outages")).status_code == 200
    assert (await ingest.client.get("/v1/observations?measure=potholes")).status_code == 403
    assert (await ingest.client.get(f"/v1/batches/{own}")).status_code == 200
    assert (await ingest.client.get(f"/v1/batches/{other}/errors")).status_code == 404
    assert [one["id"] for one in (await ingest.client.get("/v1/batches")).json()["items"]] == [own]


async def test_two_feeds_may_use_the_same_idempotency_key(ingest: Ingest) -> None:
    one = await made(ingest, scope={"measures": ["*"]})
    two = await made(ingest, code="other", scope={"measures": ["*"]})
    await push_as(ingest, one, row("potholes"), **{"Idempotency-Key": "k"})
    answer = await push_as(ingest, two, {**row("potholes"), "value": 8}, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["revised"]) == (201, 1)


async def test_sources_are_listed_and_a_code_is_taken_once(ingest: Ingest) -> None:
    for number in range(3):
        await made(ingest, code=f"feed-{number}")
    page = (await ingest.client.get("/v1/sources?limit=2")).json()
    rest = (await ingest.client.get("/v1/sources", params={"limit": 2, "cursor": page["next"]})).json()
    assert [one["code"] for one in page["items"] + rest["items"]] == ["feed-0", "feed-1", "feed-2"]
    assert rest["next"] is None
    for code in ("feed-1", "staff"):
        taken = await ingest.client.post("/v1/sources", json={**POWER, "code": code})
        assert (taken.status_code, taken.json()["code"]) == (409, "code_taken")


@pytest.mark.parametrize(
    ("role", "read", "write"), [("viewer", 403, 403), ("steward", 200, 403), ("analyst", 200, 403)]
)
async def test_keys_are_made_by_administrators_alone(ingest: Ingest, role: str, read: int, write: int) -> None:
    await made(ingest)
    ingest.client.headers.update(bearer(token(role)))
    assert (await ingest.client.get("/v1/sources")).status_code == read
    assert (await ingest.client.post("/v1/sources", json={**POWER, "code": "x"})).status_code == write
    assert (await ingest.client.post("/v1/sources/tpu-power/keys")).status_code == write


async def test_an_unknown_source_or_key_is_not_found(ingest: Ingest) -> None:
    assert (await ingest.client.get("/v1/sources/nobody")).status_code == 404
    assert (await ingest.client.post("/v1/sources/nobody/keys")).status_code == 404
    assert (await ingest.client.delete("/v1/sources/nobody/keys/x")).status_code == 404
    assert (await ingest.client.post("/v1/sources", json={**POWER, "code": "No dots."})).status_code == 422
