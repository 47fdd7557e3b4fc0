"""One push, and everything it moves: measure, goal, department, city, each subscriber, every explanation."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.e2e import story
from tests.e2e.story import BAD, CITY, DEPARTMENT, GOAL, MEASURE, WAY_UP, Told
from tests.support.running import Tideline, read_json, status_path, told

MILLIONTH = Decimal("0.000001")


@pytest.fixture(scope="module")
async def it(tideline: Tideline, partner_creds: Path) -> Told:
    return await story.tell(tideline, this_month(), partner_creds)


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


async def test_the_answer_comes_after_the_commit(tideline: Tideline, it: Told) -> None:
    assert (it.answer["accepted"] + it.answer["revised"], it.answer["rejected"]) == (1, 0)
    current = await tideline.observations(MEASURE[1])
    assert [Decimal(each["value"]) for each in current if each["period"] == it.period] == [BAD]


def test_measure_goal_department_and_city_change_in_this_order(it: Told) -> None:
    assert [sent.node for sent in it.streamed] == list(WAY_UP)
    assert {sent.event for sent in it.streamed} == {"status.changed.v1"}


def test_each_change_names_the_fields_the_old_and_the_new(it: Told) -> None:
    for sent in it.streamed:
        assert "score" in sent.body["changed"]
        assert sent.body["new"]["score"] < sent.body["old"]["score"]
    words = [sent.body["new"]["status"] for sent in it.streamed[:3]]
    assert words == ["off_track", "off_track", "at_risk"]


def test_a_partner_on_nats_hears_the_same_as_the_event_stream(it: Told) -> None:
    assert [message.subject for message in it.delivered] == [f"status.changed.v1.{k}.{code}" for k, code in WAY_UP]
    for message, sent in zip(it.delivered, it.streamed, strict=True):
        headers = message.headers or {}
        assert (headers["ce-specversion"], headers["ce-id"]) == ("1.0", sent.data["id"])
        assert headers["ce-type"] == sent.data["type"] == "org.tideline.status.changed.v1"
        assert read_json(message.data) == sent.body


async def test_the_measure_explains_itself_by_the_batch_it_came_from(tideline: Tideline, it: Told) -> None:
    why = await tideline.status(*MEASURE, "explain")
    given = [each for each in why["inputs"] if each["period"] == it.period]
    assert [(each["batch"], each["value"]) for each in given] == [(it.answer["batch"], BAD)]
    assert (why["method"]["id"], why["method"]["version"], why["target"]) == ("threshold", 1, story.TARGET)
    assert Decimal(why["numbers"]["near_band"]) == story.TARGET / 10


@pytest.mark.parametrize("node", [GOAL, DEPARTMENT, CITY], ids=lambda node: node[0])
async def test_the_contributions_of_the_children_add_up_to_the_score(
    tideline: Tideline, it: Told, node: story.Node
) -> None:
    why = await tideline.status(*node, "explain")
    parts = [Decimal(child["contribution"]) for child in why["children"] if child["contribution"] is not None]
    assert parts
    assert abs(sum(parts) - why["score"]) <= len(parts) * MILLIONTH


async def test_every_node_shows_the_version_that_was_told(tideline: Tideline, it: Told) -> None:
    for sent in it.streamed[:3]:
        document = await tideline.status(*sent.node)
        assert (document["version"], document["score"]) == (sent.body["version"], sent.body["new"]["score"])


async def test_an_unchanged_status_is_not_sent_again(tideline: Tideline, it: Told) -> None:
    first = await tideline.http.get(status_path(*DEPARTMENT))
    again = await tideline.http.get(status_path(*DEPARTMENT), headers={"If-None-Match": first.headers["ETag"]})
    assert (told(first)["status"], again.status_code, again.content) == ("at_risk", 304, b"")


async def test_a_reader_who_comes_back_gets_what_followed(tideline: Tideline, it: Told) -> None:
    """From after each event that was seen, the rest comes again: the same ones, in the same order, once."""
    for place, sent in enumerate(it.streamed[:-1]):
        async with tideline.events(since=sent.id, types="status.changed.v1") as events:
            rest = [each async for each in story.up_to_city(events, it.answer["batch"])]
        assert [each.data["id"] for each in rest] == [each.data["id"] for each in it.streamed[place + 1 :]]


async def test_the_same_push_again_changes_nothing(tideline: Tideline, it: Told) -> None:
    answer = await tideline.push([story.observation(MEASURE[1], it.period, BAD)])
    assert (answer["unchanged"], answer["accepted"], answer["revised"]) == (1, 0, 0)
    document = await tideline.status(*MEASURE)
    assert document["version"] == it.streamed[0].body["version"]


async def test_a_place_that_no_stream_knows_is_gone(tideline: Tideline, it: Told) -> None:
    answer = await tideline.http.get("/v1/events", headers={"Last-Event-ID": "status:999999999"})
    assert answer.status_code == httpx.codes.GONE
    assert answer.json()["snapshot"] == "/v1/status/city"
