"""Restatements are told: old, new, why, who, and what that did to the status; to the public only what it may see."""

from dataclasses import dataclass
from typing import Any

import msgspec

from rollup_worker.jobs import restating
from tests.integration.rollup_worker.stage import City, measure, push, small_city, target, value
from tideline.events import BYTES_MAX, ValueRestated, decode, encode


@dataclass
class Told:
    public: bool
    event: ValueRestated

    @property
    def words(self) -> list[tuple[Any, ...]]:
        return [
            (each.period, each.old.value, each.new.value, each.old_status, each.new_status)
            for each in self.event.restated
        ]


async def restated(city: City, *, public: bool | None = None) -> list[Told]:
    rows = await city.database.pool.fetch(
        "select subject, type, body from event where type = $1 order by id", ValueRestated.type_name()
    )
    found = [Told(not row["subject"].startswith("internal."), _decoded(row["body"])) for row in rows]
    return [told for told in found if public is None or told.public is public]


def _decoded(body: bytes) -> ValueRestated:
    event = decode(ValueRestated.type_name(), body)
    assert isinstance(event, ValueRestated)
    return event


async def begin(city: City, amount: int = 7, **words: Any) -> None:
    await city.tell(*small_city(), push(value("response", "2017-02", amount, **words)))
    await city.judge()


async def test_a_revision_is_told_with_old_new_why_who_and_the_status_of_its_period(city: City) -> None:
    await begin(city)
    await city.tell(push(value("response", "2017-03", 6)))
    await city.judge()
    assert await restated(city) == []
    later = city.clock.move(hours=1)
    event = push(value("response", "2017-02", 20, 2, note="recounted"), at=later, source="dispatch")
    event = msgspec.structs.replace(event, actor="jo@tacoma")
    await city.tell(event)
    await city.judge()
    inside, outside = await restated(city)
    assert (inside.public, outside.public) == (False, True)
    assert (inside.event.actor, outside.event.actor) == ("jo@tacoma", "")
    assert msgspec.structs.replace(inside.event, actor="") == outside.event
    assert (outside.event.source, outside.event.batch, outside.event.recorded_at) == ("dispatch", event.batch, later)
    assert (outside.event.title, outside.event.restated[0].note) == ("Response", "recounted")
    assert outside.words == [("2017-02", 7, 20, "achieved", "off_track")]
    await city.judge()
    assert len(await restated(city)) == 2


async def test_a_value_taken_back_and_given_again_is_told(city: City) -> None:
    await begin(city)
    await city.tell(push(value("response", "2017-02", None, 2, flag="withdrawn")))
    await city.judge()
    await city.tell(push(value("response", "2017-02", 9, 3)))
    await city.judge()
    first, second = await restated(city, public=True)
    assert first.words == [("2017-02", 7, None, "achieved", "no_data")]
    assert first.event.restated[0].new.flag == "withdrawn"
    assert second.words[0][:4] == ("2017-02", None, 9, "no_data")
    assert second.event.restated[0].old.flag == "withdrawn"


async def test_two_revisions_before_one_pass_are_told_one_by_one(city: City) -> None:
    await begin(city)
    await city.tell(push(value("response", "2017-02", 20, 2)), push(value("response", "2017-02", 6, 3)))
    await city.judge()
    assert [told.words for told in await restated(city, public=True)] == [
        [("2017-02", 7, 20, "achieved", "off_track")],
        [("2017-02", 20, 6, "off_track", "achieved")],
    ]


async def test_from_provisional_to_final_with_the_same_value_is_told(city: City) -> None:
    await begin(city, flag="provisional")
    await city.tell(push(value("response", "2017-02", 7, 2)))
    await city.judge()
    (told,) = await restated(city, public=True)
    assert (told.event.restated[0].old.flag, told.event.restated[0].new.flag) == ("provisional", None)
    assert told.words == [("2017-02", 7, 7, "achieved", "achieved")]


async def test_a_revision_that_changes_nothing_is_not_told(city: City) -> None:
    await begin(city)
    await city.tell(push(value("response", "2017-02", 7, 2, note="checked again")))
    await city.judge()
    assert await restated(city) == []
    assert not await city.database.pool.fetchval("select count(*) from restatement")


async def test_an_older_revision_that_comes_late_restates_nothing(city: City) -> None:
    await city.tell(*small_city(), push(value("response", "2017-02", 9, 3)))
    await city.tell(push(value("response", "2017-02", 7, 2)), push(value("response", "2017-02", 5, 1)))
    await city.judge()
    assert await restated(city) == []


async def test_the_public_hears_nothing_of_single_cells_and_of_what_is_not_published(city: City) -> None:
    await begin(city)
    await city.tell(measure("secret", published=False), push(value("secret", "2017-02", 1)))
    await city.tell(push(value("response", "2017-02", 3, breakdown={"district": "1"})))
    await city.tell(push(value("secret", "2017-02", 2, 2)))
    await city.tell(push(value("response", "2017-02", 4, 2, breakdown={"district": "1"})))
    await city.judge()
    assert await restated(city, public=True) == []
    assert [(told.event.measure, told.words[0][1:3]) for told in await restated(city)] == [
        ("secret", (1, 2)),
        ("response", (3, 4)),
    ]


async def test_a_headline_withheld_for_small_numbers_is_told_to_staff_alone(city: City) -> None:
    words: dict[str, Any] = {"suppress_under": 10, "department": None, "direction": "down", "unit": "count"}
    await city.tell(measure("cases", **words), push(value("cases", "2017-02", 4), value("cases", "2017-03", 40)))
    await city.tell(push(value("cases", "2017-02", 30, 2)), push(value("cases", "2017-03", 50, 2)))
    await city.judge()
    assert [told.words[0][:3] for told in await restated(city, public=True)] == [("2017-03", 40, 50)]
    assert len(await restated(city, public=False)) == 2


async def test_more_periods_than_one_pass_judges_are_told_without_statuses(city: City) -> None:
    months = [f"{year}-{month:02}" for year in range(2010, 2016) for month in range(1, 13)]
    await city.tell(*small_city(), target("response", "2015", 5), push(*(value("response", m, 7) for m in months)))
    await city.tell(push(*(value("response", month, 8, 2) for month in months)))
    await city.judge()
    (told,) = await restated(city, public=True)
    judged = [each for each in told.event.restated if each.new_status]
    assert (len(told.event.restated), len(judged)) == (len(months), restating.JUDGED_MAX)


async def test_a_long_restatement_is_told_in_parts_that_fit(city: City) -> None:
    districts = [{"district": str(number)} for number in range(1_500)]
    await city.tell(*small_city(), push(*(value("response", "2017-02", 70, breakdown=each) for each in districts)))
    note = "x" * 500
    later = [value("response", "2017-02", 80, 2, breakdown=each, note=note) for each in districts]
    await city.tell(push(*later))
    await city.judge()
    parts = [told.event for told in await restated(city, public=False)]
    assert len(parts) == 3 and sum(len(part.restated) for part in parts) == len(districts)
    assert max(len(encode(part)) for part in parts) < BYTES_MAX


async def test_a_restatement_before_its_measure_is_defined_is_told_when_it_is(city: City) -> None:
    await city.tell(push(value("response", "2017-02", 7)), push(value("response", "2017-02", 8, 2)))
    await city.judge()
    assert await restated(city) == []
    await city.tell(*small_city())
    await city.judge()
    assert [told.words[0][:3] for told in await restated(city, public=True)] == [("2017-02", 7, 8)]
