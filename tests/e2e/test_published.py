"""A person publishes another status through the front door: everybody sees both, and who listens is told at once."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import pytest

from tests.support.running import Json, Sent, Tideline, status_path, told, until

CODE: Final = "published-response"
NODE: Final = ("measure", CODE)
PLAN: Final[Json] = {
    "code": "published",
    "title": "A plan about which people speak (sample)",
    "departments": [{"code": "published", "title": "Spoken about (sample)", "weight": 0}],
    "measures": [
        {
            "code": CODE,
            "title": "Response time (sample)",
            "department": "published",
            "unit": "minutes",
            "direction": "down",
            "frequency": "month",
            "calendar": {"fiscal_year_start_month": 1},
            "aggregation": {"time": "average", "breakdown": "average"},
            "method": {"id": "threshold", "params": {"near_percent": "10"}},
            "sample": True,
        }
    ],
    "targets": [{"measure": CODE, "period": "2020-01", "value": "8", "sample": True}],
}
BODY: Final = {"status": "off_track", "reason": "Half of the calls were not recorded (sample)"}
PATH: Final = status_path(*NODE, "published")


@pytest.fixture(scope="module")
async def judged(tideline: Tideline) -> Tideline:
    """A measure that is on target; nothing is published about it."""
    await tideline.put_plan(PLAN)
    await tideline.defined([CODE])
    await tideline.push([{"measure": CODE, "period": "2020-01", "value": "7.4"}])

    async def achieved() -> bool:
        found = await tideline.find_status(*NODE)
        return found is not None and found["status"] == "achieved"

    await until(achieved, "the measure to be judged")
    standing = await tideline.http.get(PATH)
    if standing.status_code == httpx.codes.OK:
        tags = {"If-Match": standing.headers["etag"]}
        assert (await tideline.http.delete(PATH, headers={**by(tideline, "analyst"), **tags})).status_code == 204
        await until(lambda: nothing_published(tideline), "what an earlier run published to be gone")
    return tideline


def by(tideline: Tideline, role: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tideline.credentials['tokens_by_role'][role]}"}


async def nothing_published(tideline: Tideline) -> bool:
    return bool((await tideline.status(*NODE))["published"] is None)


async def test_both_are_shown_and_both_events_come(judged: Tideline) -> None:
    async with judged.events(codes=CODE) as events:
        assert (await anext(events)).event == ""
        answer = await judged.http.put(PATH, json=BODY, headers=by(judged, "coordinator"))
        async with asyncio.timeout(60):
            made, changed = await two(events)
    assert (answer.status_code, answer.headers["etag"].strip('"')) == (201, str(answer.json()["version"]))
    assert (made.event, made.body["reason"]) == ("publication.made.v1", BODY["reason"])
    assert (changed.event, changed.body["changed"]) == ("status.changed.v1", ["published"])
    assert (changed.body["old"]["published"], changed.body["new"]["published"]) == (None, "off_track")
    document = await judged.status(*NODE)
    assert (document["status"], document["published"]["status"]) == ("achieved", "off_track")
    assert document["published"] == told(answer, 201)
    assert document["version"] == changed.body["version"]
    in_ninety_days = datetime.now(UTC).date() + timedelta(days=90)
    assert abs(datetime.fromisoformat(document["published"]["expires_on"]).date() - in_ninety_days) <= timedelta(days=1)


async def test_it_is_taken_back(judged: Tideline) -> None:
    tag = {"If-Match": (await judged.http.get(PATH)).headers["etag"]}
    assert (await judged.http.delete(PATH, headers=by(judged, "analyst"))).status_code == 428
    assert (await judged.http.delete(PATH, headers={**by(judged, "analyst"), **tag})).status_code == 204
    await until(lambda: nothing_published(judged), "the document to show the computed status alone")
    assert (await judged.http.get(PATH)).json()["code"] == "nothing_published"


async def test_who_may_not_is_told_so(judged: Tideline) -> None:
    answers = {
        role: (await judged.http.put(PATH, json=BODY, headers=by(judged, role))).json()["code"]
        for role in ("viewer", "steward", "board_member", "department_owner")
    }
    assert answers.pop("department_owner") == "not_your_department"
    assert set(answers.values()) == {"role_missing"}
    assert (await judged.http.put(PATH, json=BODY)).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/v1/status/city",
        "/v1/lint",
        "/v1/measures",
        "/v1/city",
        "/v1/methods",
        "/v1/datasets",
        "/",
        "/docs",
        "/data.json",
    ],
)
async def test_whatever_answers_get_answers_head(tideline: Tideline, path: str) -> None:
    got, headed = await tideline.http.get(path), await tideline.http.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers.get("content-type") == got.headers.get("content-type")


async def test_the_lint_names_what_a_plan_leaves_open(judged: Tideline) -> None:
    found = told(await judged.http.get("/v1/lint", params={"plan": "published"}))
    codes = {each["code"] for each in found["items"] if each["node"] == CODE}
    assert {"no_owner", "no_source", "no_baseline"} <= codes
    assert not codes & {"never_populated", "no_target", "no_method", "aligned_to_nothing"}
    (share,) = (each for each in found["counts"] if each["code"] == "no_owner")
    assert (share["count"], share["of"], share["percent"]) == (1, 1, 100)


async def two(events: AsyncGenerator[Sent]) -> list[Sent]:
    """The publication, and the change of the status that came of it; what was under way before is passed over."""
    found = list[Sent]()
    async for sent in events:
        if sent.event.startswith("publication.") or (sent.event and "published" in sent.body.get("changed", ())):
            found.append(sent)
        if len(found) == 2:
            break
    return found
