"""The inventory over HTTP: who may write it, what is refused, and that nothing is ever lost."""

import asyncio
import json

import pytest

from tests.integration.opendata_catalog.conftest import Catalog, Entries
from tideline.vocabulary import Role

PATH = "/v1/datasets"
POTHOLES = f"{PATH}/street-potholes"


async def _events(catalog: Catalog) -> list[dict[str, object]]:
    rows = await catalog.database.pool.fetch("select version, subject, body from event order by id")
    return [{"version": row["version"], "subject": row["subject"], **json.loads(row["body"])} for row in rows]


async def test_a_steward_lists_a_dataset_and_everyone_reads_it(catalog: Catalog, entry: Entries) -> None:
    made = await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    assert (made.status_code, made.headers["Location"]) == (201, POTHOLES)
    found = await catalog.public.get(POTHOLES)
    assert found.status_code == 200
    assert found.json() == made.json()
    assert {key: found.json()[key] for key in entry()} == entry()
    assert found.json()["version"] == 1


async def test_a_listed_dataset_and_its_event_are_one_transaction(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    (event,) = await _events(catalog)
    assert event["subject"] == "dataset.listed.v1.dataset.street-potholes"
    assert (event["version"], event["publication_status"], event["measures"]) == (1, "described", ["potholes-repaired"])


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
async def test_coordinators_and_administrators_write_too(catalog: Catalog, entry: Entries, role: Role) -> None:
    made = await catalog.public.post(PATH, json=entry(), headers=catalog.signer.headers(role))
    assert made.status_code == 201


async def test_others_may_not_write(catalog: Catalog, entry: Entries) -> None:
    assert (await catalog.public.post(PATH, json=entry())).status_code == 401
    viewer = await catalog.public.post(PATH, json=entry(), headers=catalog.signer.headers(Role.VIEWER))
    assert (viewer.status_code, viewer.json()["code"]) == (403, "role_missing")
    assert await _events(catalog) == []


async def test_a_steward_of_one_department_writes_no_other(catalog: Catalog, entry: Entries) -> None:
    mine = catalog.signer.headers(Role.STEWARD, departments=("fire",))
    refused = await catalog.public.post(PATH, json=entry(), headers=mine)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_department")
    assert (await catalog.public.post(PATH, json=entry(department="fire"), headers=mine)).status_code == 201
    moved = await catalog.public.put(POTHOLES, json=entry(), headers=mine | {"If-Match": '"1"'})
    assert moved.status_code == 403


async def test_a_sensitive_dataset_is_refused_without_a_reason_and_listed_with_it(
    catalog: Catalog, entry: Entries
) -> None:
    refused = await catalog.public.post(PATH, json=entry(classification="sensitive"), headers=catalog.steward)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert [error["path"] for error in refused.json()["errors"]] == ["sensitivity_reason"]
    told = entry(classification="sensitive", sensitivity_reason="Names of victims")
    assert (await catalog.public.post(PATH, json=told, headers=catalog.steward)).status_code == 201
    assert (await catalog.public.get(POTHOLES)).json()["sensitivity_reason"] == "Names of victims"


@pytest.mark.parametrize(
    "change",
    [
        {"code": "Street Potholes"},
        {"title": ""},
        {"title": "NUL \x00"},
        {"update_frequency": "sometimes"},
        {"publication_status": "done"},
        {"measures": ["a b"]},
        {"colour": "blue"},
    ],
)
async def test_an_entry_that_does_not_fit_is_refused(catalog: Catalog, entry: Entries, change: dict[str, str]) -> None:
    refused = await catalog.public.post(PATH, json=entry() | change, headers=catalog.steward)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_request")
    assert next(iter(change)) in refused.json()["errors"][0]["path"]


async def test_half_a_surrogate_pair_is_refused(catalog: Catalog, entry: Entries) -> None:
    body = json.dumps(entry(title="\ud800"))
    headers = catalog.steward | {"Content-Type": "application/json"}
    assert (await catalog.public.post(PATH, content=body, headers=headers)).status_code == 422


async def test_a_code_is_taken_once(catalog: Catalog, entry: Entries) -> None:
    answers = await asyncio.gather(
        *(catalog.public.post(PATH, json=entry(), headers=catalog.steward) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await _events(catalog)) == 1


async def test_a_change_names_the_version_it_has_seen(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    seen = (await catalog.public.get(POTHOLES)).headers["ETag"]
    changed = entry(title="Potholes filled")
    assert (await catalog.public.put(POTHOLES, json=changed, headers=catalog.steward)).status_code == 428
    done = await catalog.public.put(POTHOLES, json=changed, headers=catalog.steward | {"If-Match": seen})
    assert (done.status_code, done.json()["version"], done.json()["title"]) == (200, 2, "Potholes filled")
    stale = await catalog.public.put(POTHOLES, json=entry(), headers=catalog.steward | {"If-Match": seen})
    assert stale.status_code == 412
    assert [event["version"] for event in await _events(catalog)] == [1, 2]


async def test_of_two_writers_who_saw_the_same_one_wins(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    headers = catalog.steward | {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(catalog.public.put(POTHOLES, json=entry(title=str(n)), headers=headers) for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


async def test_the_same_entry_again_is_no_new_version(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    again = await catalog.public.put(POTHOLES, json=entry(), headers=catalog.steward | {"If-Match": '"1"'})
    assert (again.status_code, again.json()["version"]) == (200, 1)
    assert len(await _events(catalog)) == 1


async def test_the_code_in_the_body_is_the_one_in_the_path(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    headers = catalog.steward | {"If-Match": '"1"'}
    refused = await catalog.public.put(POTHOLES, json=entry("another"), headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "code_mismatch")


async def test_a_withdrawn_dataset_stays_in_the_inventory_with_its_reason(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    headers = catalog.steward | {"If-Match": '"1"'}
    assert (await catalog.public.delete(POTHOLES, headers=headers)).status_code == 422
    gone = await catalog.public.delete(POTHOLES, params={"note": "Replaced by work orders"}, headers=headers)
    assert gone.status_code == 200
    found = (await catalog.public.get(POTHOLES)).json()
    assert (found["publication_status"], found["withdrawal_note"]) == ("withdrawn", "Replaced by work orders")
    assert (await catalog.public.get(PATH)).json()["items"] == [found]


async def test_every_version_is_kept_with_who_and_when_for_staff(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    coordinator = catalog.signer.headers(Role.COORDINATOR) | {"If-Match": '"1"'}
    await catalog.public.put(POTHOLES, json=entry(title="Potholes filled"), headers=coordinator)
    assert (await catalog.public.get(f"{POTHOLES}/versions")).status_code == 401
    first = (await catalog.public.get(f"{POTHOLES}/versions?limit=1", headers=catalog.steward)).json()
    rest = (await catalog.public.get(f"{POTHOLES}/versions?cursor={first['next']}", headers=catalog.steward)).json()
    told = [(each["version"], each["listed_by"], each["entry"]["title"]) for each in first["items"] + rest["items"]]
    assert told == [(2, "coordinator", "Potholes filled"), (1, "steward", "Potholes repaired")]
    assert rest["next"] is None


async def test_a_list_is_paged_by_code_and_narrowed(catalog: Catalog, entry: Entries) -> None:
    for code in ("c", "a", "b"):
        await catalog.public.post(PATH, json=entry(code, measures=[f"m-{code}"]), headers=catalog.steward)
    first = (await catalog.public.get(f"{PATH}?limit=2")).json()
    rest = (await catalog.public.get(f"{PATH}?limit=2&cursor={first['next']}")).json()
    assert [item["code"] for item in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next"] is None
    for query in ("measure=m-b", "measure=m-b&department=public-works&classification=public"):
        assert [item["code"] for item in (await catalog.public.get(f"{PATH}?{query}")).json()["items"]] == ["b"]
    assert (await catalog.public.get(f"{PATH}?department=fire")).json()["items"] == []


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJcdTAwMDAiXQ", "e30"])
async def test_a_cursor_that_is_not_ours_is_unreadable(catalog: Catalog, cursor: str) -> None:
    refused = await catalog.public.get(f"{PATH}?cursor={cursor}")
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_cursor")


async def test_an_unknown_dataset_is_not_found(catalog: Catalog, entry: Entries) -> None:
    assert (await catalog.public.get(f"{PATH}/none")).status_code == 404
    headers = catalog.steward | {"If-Match": "*"}
    assert (await catalog.public.put(f"{PATH}/none", json=entry("none"), headers=headers)).status_code == 404


async def test_a_reader_who_has_the_entry_is_not_sent_it_again(catalog: Catalog, entry: Entries) -> None:
    await catalog.public.post(PATH, json=entry(), headers=catalog.steward)
    seen = (await catalog.public.get(POTHOLES)).headers["ETag"]
    assert (await catalog.public.get(POTHOLES, headers={"If-None-Match": seen})).status_code == 304


async def test_the_catalog_is_ready_and_describes_itself(catalog: Catalog) -> None:
    await catalog.become_ready()
    paths = (await catalog.public.get("/openapi.json")).json()["paths"]
    assert set(paths) == {PATH, f"{PATH}/{{code}}", f"{PATH}/{{code}}/versions"}
