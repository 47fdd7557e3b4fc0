"""A person publishes another status: beside the computed one, with a reason, until a day, and never instead of it."""

import asyncio
from typing import Any

import httpx
import pytest

from rollup_worker.jobs.recompute import Recompute
from rollup_worker.worker import HINT
from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, measure, nodes, push, small_city, value
from tests.integration.shared.wires import until
from tests.support.parts import Nats
from tideline.bus import Bus
from tideline.events import StatusPublished, decode

PATH = "/v1/status/measures/response/published"
BODY = {"status": "at_risk", "reason": "Two engines are out of service"}


@pytest.fixture
async def judged(city: City, reads: Reads) -> City:
    """The small city on target, and the API at the same hour."""
    reads.app.state.clock = city.clock
    await city.begin_day()
    await city.tell(*small_city(), push(value("response", "2017-03", "7.4")))
    await city.judge()
    return city


async def put(reads: Reads, path: str = PATH, role: str = "analyst", **more: Any) -> httpx.Response:
    headers = {**reads.by(role, *more.pop("departments", ())), **more.pop("headers", {})}
    return await reads.public.put(path, json={**BODY, **more}, headers=headers)


async def test_both_statuses_are_shown_and_the_computed_one_is_not_touched(judged: City, reads: Reads) -> None:
    before = (await reads.public.get("/v1/status/measures/response")).json()
    answer = await put(reads, expires_on="2017-05-01")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    told = await judged.judge()
    after = (await reads.public.get("/v1/status/measures/response")).json()
    said = {**BODY, "actor": "analyst", "published_at": answer.json()["published_at"], "expires_on": "2017-05-01"}
    assert after["published"] == {**said, "version": 1} == answer.json()
    assert (after["status"], after["score"]) == (before["status"], before["score"]) == ("achieved", 100)
    assert (nodes(told), told[0].changed) == (["measure:response"], ["published"])
    assert told[0].old and (told[0].old.published, told[0].new.published) == (None, "at_risk")
    assert told[0].why["causes"][0] | {"at": ""} == {
        "type": "publication", "version": 1, "actor": "analyst", "published": True, "at": "",
    }  # fmt: skip


async def test_parents_count_the_computed_status_only(judged: City, reads: Reads) -> None:
    before = (await reads.public.get("/v1/status/city")).content
    await put(reads, status="deteriorating")
    await judged.judge()
    assert (await reads.public.get("/v1/status/city")).content == before


async def test_every_kind_of_node_can_have_one(judged: City, reads: Reads) -> None:
    places = ["measures/response", "goals/fast-help", "departments/fire", "areas/safety", "city"]
    for place in places:
        assert (await put(reads, f"/v1/status/{place}/published")).status_code == 201
    told = await judged.judge()
    assert [each.changed for each in told] == [["published"]] * 5
    for place in places:
        assert (await reads.public.get(f"/v1/status/{place}")).json()["published"]["status"] == "at_risk"


async def test_the_fact_stands_in_the_log_with_who_and_why(judged: City, reads: Reads) -> None:
    await put(reads)
    (row,) = await judged.database.pool.fetch("select * from event where type like '%publication%'")
    event = decode(row["type"], row["body"])
    assert isinstance(event, StatusPublished)
    assert (event.status, event.reason, event.actor) == ("at_risk", BODY["reason"], "analyst")
    assert row["subject"] == "publication.made.v1.measure.response"


async def test_what_the_public_does_not_see_is_told_internally(judged: City, reads: Reads) -> None:
    await judged.tell(measure("secret", published=False))
    await put(reads, "/v1/status/measures/secret/published")
    await judged.judge()
    subject = await judged.database.pool.fetchval("select subject from event where type like '%publication%'")
    assert subject == "internal.publication.made.v1.measure.secret"
    assert (await reads.public.get("/v1/status/measures/secret/published")).status_code == 404
    assert (await reads.staff.get("/v1/status/measures/secret/published")).status_code == 200


async def test_replacing_needs_the_version_that_was_read(judged: City, reads: Reads) -> None:
    assert (await put(reads, headers={"If-Match": '"1"'})).status_code == 412
    await put(reads)
    assert (await put(reads, status="off_track")).json()["code"] == "if_match_required"
    stale = await put(reads, status="off_track", headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.headers["etag"]) == (412, '"1"')
    answer = await put(reads, status="off_track", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert (await reads.public.get(PATH)).json()["status"] == "off_track"


async def test_the_same_again_is_no_new_version(judged: City, reads: Reads) -> None:
    await put(reads)
    again = await put(reads, role="coordinator", headers={"If-Match": '"1"'})
    assert (again.status_code, again.json()["version"], again.json()["actor"]) == (200, 1, "analyst")
    assert await judged.database.pool.fetchval("select count(*) from event where type like '%publication%'") == 1


async def test_two_at_once_make_one_version(judged: City, reads: Reads) -> None:
    answers = await asyncio.gather(*(put(reads, reason=f"Reason {number}") for number in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 428, 428, 428]


async def test_it_is_taken_back_and_can_be_made_again(judged: City, reads: Reads) -> None:
    await put(reads)
    await judged.judge()
    by = reads.by("coordinator")
    assert (await reads.public.delete(PATH, headers=by)).status_code == 428
    answer = await reads.public.delete(f"{PATH}?reason=Repaired", headers={**by, "If-Match": '"1"'})
    assert (answer.status_code, answer.content) == (204, b"")
    told = await judged.judge()
    assert [each.changed for each in told] == [["published"]]
    assert (await reads.public.get("/v1/status/measures/response")).json()["published"] is None
    gone = await reads.public.get(PATH)
    assert (gone.status_code, gone.json()["code"]) == (404, "nothing_published")
    assert (await reads.public.delete(PATH, headers=by)).status_code == 404
    assert (await put(reads)).json()["version"] == 3


async def test_it_ends_with_the_day_on_which_it_expires(judged: City, reads: Reads) -> None:
    await put(reads, expires_on="2017-04-12")
    await judged.judge()
    judged.clock.move(days=1)
    await judged.begin_day()
    assert await judged.judge() == []
    judged.clock.move(days=1)
    await judged.begin_day()
    (told,) = await judged.judge()
    assert (told.changed, told.why["causes"]) == (["published"], [{"type": "tick", "day": "2017-04-12"}])
    assert (await reads.public.get("/v1/status/measures/response")).json()["published"] is None
    assert (await reads.public.get(PATH)).status_code == 404
    judged.clock.move(days=1)
    await judged.begin_day()
    assert await judged.database.pool.fetchval("select count(*) from dirty") == 0
    assert (await put(reads, expires_on="2017-05-01")).json()["version"] == 2


async def test_it_expires_in_ninety_days_unless_said_and_in_a_year_at_most(judged: City, reads: Reads) -> None:
    for day in ("2017-04-10", "2016-01-01", "2018-04-12"):
        answer = await put(reads, expires_on=day)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "expires_on")
    assert (await put(reads)).json()["expires_on"] == "2017-07-09"
    latest = await put(reads, expires_on="2018-04-11", headers={"If-Match": '"1"'})
    assert latest.json()["expires_on"] == "2018-04-11"


async def test_a_rebuild_keeps_it(judged: City, reads: Reads) -> None:
    await put(reads)
    await judged.judge()
    async with judged.database.transaction() as connection:
        await connection.execute(
            "insert into dirty (kind, code, cause) values ('measure', 'response', '{\"type\": \"rebuild\"}')"
        )
    assert await judged.judge() == []


async def test_a_first_status_can_have_one_beside_it(city: City, reads: Reads) -> None:
    reads.app.state.clock = city.clock
    await city.begin_day()
    await city.tell(measure("new"))
    assert (await put(reads, "/v1/status/measures/new/published")).status_code == 201
    (told, *_) = await city.judge()
    assert (told.code, told.changed[0], told.changed[-1]) == ("new", "status", "published")


async def test_what_was_published_then_is_shown_for_then(judged: City, reads: Reads) -> None:
    await put(reads, "/v1/status/goals/fast-help/published")
    then = judged.clock.move(minutes=1)
    await judged.judge()
    judged.clock.move(minutes=1)
    await reads.public.delete(
        "/v1/status/goals/fast-help/published", headers={**reads.by("analyst"), "If-Match": '"1"'}
    )
    await judged.judge()
    path, at = "/v1/status/goals/fast-help", {"known_at": then.isoformat()}
    assert (await reads.public.get(path)).json()["published"] is None
    assert (await reads.public.get(path, params=at)).json()["published"]["status"] == "at_risk"
    assert (await reads.public.get(path, params={**at, "as_of": "2017-03"})).json()["published"]["status"] == "at_risk"
    assert (await reads.public.get(f"{path}/explain", params=at)).json()["published"]["status"] == "at_risk"
    versions = (await reads.public.get(f"{path}/history")).json()["items"]
    assert [each["published"] for each in versions] == [None, "at_risk", None]


async def test_it_speaks_of_the_latest_period_and_of_no_earlier_one(judged: City, reads: Reads) -> None:
    await judged.tell(push(value("response", "2017-02", "9.9")))
    await put(reads)
    await judged.judge()
    found = {
        period: (await reads.public.get("/v1/status/measures/response", params={"as_of": period})).json()["published"]
        for period in ("2017-02", "2017-03")
    }
    assert found["2017-02"] is None and found["2017-03"]["status"] == "at_risk"


@pytest.mark.parametrize(
    ("role", "departments", "place", "status", "code"),
    [
        ("viewer", (), "measures/response", 403, "role_missing"),
        ("steward", ("fire",), "measures/response", 403, "role_missing"),
        ("department_owner", ("fire",), "measures/response", 201, None),
        ("department_owner", ("fire",), "goals/fast-help", 201, None),
        ("department_owner", ("fire",), "departments/fire", 201, None),
        ("department_owner", ("water",), "measures/response", 403, "not_your_department"),
        ("department_owner", ("fire",), "areas/safety", 403, "not_your_department"),
        ("department_owner", ("fire",), "city", 403, "not_your_department"),
        ("coordinator", (), "city", 201, None),
        ("administrator", (), "areas/safety", 201, None),
    ],
)
async def test_who_may(
    judged: City, reads: Reads, role: str, departments: tuple[str, ...], place: str, status: int, code: str | None
) -> None:
    answer = await put(reads, f"/v1/status/{place}/published", role, departments=departments)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b"[]", 422, ""),
        (b'{"status": "at_risk"}', 422, ""),
        (b'{"status": "no_data", "reason": "x"}', 422, "status"),
        (b'{"status": "at_risk", "reason": "  "}', 422, "reason"),
        (b'{"status": "at_risk", "reason": 3}', 422, "reason"),
        (b'{"status": "at_risk", "reason": "a\\u0000b"}', 422, "reason"),
        (b'{"status": "at_risk", "reason": "' + b"x" * 2_001 + b'"}', 422, "reason"),
        (b'{"status": "at_risk", "reason": "x", "until": "2017-05-01"}', 422, ""),
        (b'{"status": "at_risk", "reason": "' + b"x" * 70_000 + b'"}', 413, None),
    ],
)
async def test_a_wrong_body_is_refused_with_its_fault(
    judged: City, reads: Reads, body: bytes, status: int, path: str | None
) -> None:
    headers = {**reads.by("analyst"), "Content-Type": "application/json"}
    answer = await reads.public.put(PATH, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if path is not None:
        assert [fault["path"] for fault in answer.json()["errors"]] == [path]


async def test_nobody_writes_without_a_token_and_nothing_about_nothing(judged: City, reads: Reads) -> None:
    assert (await reads.public.put(PATH, json=BODY)).status_code == 401
    assert (await reads.public.delete(PATH)).status_code == 401
    assert (await put(reads, "/v1/status/measures/none/published")).status_code == 404
    wrong = await reads.public.put(PATH, content="x", headers={**reads.by("analyst"), "Content-Type": "text/csv"})
    assert wrong.status_code == 415


async def test_what_is_retired_keeps_its_status_and_gets_no_other(judged: City, reads: Reads) -> None:
    await judged.tell(measure("response", 2, retired=True))
    answer = await put(reads)
    assert (answer.status_code, answer.json()["code"]) == (409, "retired")


async def test_it_can_be_taken_back_from_what_was_retired_since(judged: City, reads: Reads) -> None:
    await put(reads)
    await judged.tell(measure("response", 2, retired=True))
    await judged.judge()
    assert (await reads.public.get("/v1/status/measures/response")).json()["published"]["status"] == "at_risk"
    headers = {**reads.by("analyst"), "If-Match": '"1"'}
    assert (await reads.public.delete(PATH, headers=headers)).status_code == 204
    await judged.judge()
    assert (await reads.public.get("/v1/status/measures/response")).json()["published"] is None


async def test_a_reader_who_has_it_is_told_so(judged: City, reads: Reads) -> None:
    await put(reads)
    tag = (await reads.public.get(PATH)).headers["etag"]
    assert (await reads.public.get(PATH, headers={"If-None-Match": tag})).status_code == 304


async def test_the_front_page_shows_both_and_trusts_no_text(judged: City, reads: Reads) -> None:
    for place in ("departments/fire", "city"):
        await put(reads, f"/v1/status/{place}/published", reason="<b>Strike</b>", expires_on="2017-05-01")
    await judged.judge()
    page = (await reads.public.get("/")).text
    assert page.count("Published:") == 2
    assert "until 2017-05-01: &lt;b&gt;Strike&lt;/b&gt;" in page
    assert page.count("Achieved") > 2 and page.startswith("<!doctype html>")


async def test_the_worker_is_told_at_once(judged: City, reads: Reads, nats_server: Nats) -> None:
    bus = await Bus.connect(nats_server.url, nats_server.creds("rollup-worker"), "rollup-worker")
    recompute = Recompute(judged.database, judged.clock, poll_seconds=60)
    await bus.on_hint(HINT, recompute.wake)
    await bus.round_trip()
    running = asyncio.create_task(recompute.run())
    try:
        await put(reads)

        async def seen() -> bool:
            return (await reads.public.get("/v1/status/measures/response")).json()["published"] is not None

        await until(seen)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await bus.close()


async def test_the_description_names_verbs_bodies_and_answers(reads: Reads) -> None:
    told = (await reads.public.get("/services/rollup-api/openapi.json")).json()
    operations = told["paths"]["/v1/status/{kind}/{code}/published"]
    assert set(operations) == {"get", "put", "delete"}
    assert set(operations["put"]["responses"]) == {"200", "201", "default"}
    assert set(operations["delete"]["responses"]) == {"204", "default"}
    body = operations["put"]["requestBody"]["content"]["application/json"]["schema"]
    shape = told["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]]
    assert shape["required"] == ["status", "reason"] and shape["additionalProperties"] is False
    assert operations["put"]["security"] == [{"HTTPBearer": []}]
    assert {each["name"] for each in operations["put"]["parameters"]} == {"kind", "code", "If-Match"}
    names = [each["operationId"] for item in told["paths"].values() for each in item.values()]
    assert len(names) == len(set(names))
