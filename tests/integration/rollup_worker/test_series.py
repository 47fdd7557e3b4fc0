"""A measure over time, as readers meet it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, department, measure, push, target, value

PATH = "/v1/status/measures/rides/series"


async def told(city: City, **changed: Any) -> None:
    await city.tell(
        department("fire"),
        measure("rides", time_aggregation="sum", **changed),
        target("rides", "2017", 100),
        push(*(value("rides", period, amount) for period, amount in (("2016-03", 3), ("2017-01", 4), ("2017-03", 5)))),
    )
    await city.judge()


async def test_what_is_not_there_or_not_published_has_no_series(city: City, reads: Reads) -> None:
    assert (await reads.public.get("/v1/status/measures/none/series")).status_code == 404
    await told(city, published=False)
    hidden = await reads.public.get(PATH)
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    assert (await reads.staff.get(PATH)).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("level=day", "bad_request"),
        ("level=decade", "bad_request"),
        ("from=2017-13", "bad_period"),
        ("to=someday", "bad_period"),
        ("as_of=x", "bad_period"),
        ("known_at=x", "bad_known_at"),
        ("limit=0", "bad_request"),
        ("trailing=1e3", "bad_request"),
        ("cursor=x", "bad_cursor"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_name(city: City, reads: Reads, query: str, code: str) -> None:
    await told(city)
    answer = await reads.public.get(f"{PATH}?{query}")
    assert (answer.status_code in (400, 422), answer.json()["code"]) == (True, code)


async def test_a_series_runs_back_to_its_first_value_with_what_its_periods_add_up_to(city: City, reads: Reads) -> None:
    await told(city)
    found = (await reads.public.get(PATH)).json()
    assert (found["level"], found["trailing"], found["next"], len(found["items"])) == ("month", 12, None, 13)
    march = found["items"][0]
    assert march == {
        "period": "2017-03",
        "value": 5,
        "coverage": {"reporting": 1, "of": 1},
        "provisional": False,
        "sample": False,
        "suppressed": False,
        "change": None,
        "to_date": {"period": "2017", "value": 9, "coverage": {"reporting": 2, "of": 12}, "provisional": False},
        "trailing": {"period": None, "value": 9, "coverage": {"reporting": 2, "of": 12}, "provisional": False},
        "same_period_last_year": {
            "period": "2016-03",
            "value": 3,
            "coverage": {"reporting": 1, "of": 1},
            "provisional": False,
        },
        "change_from_last_year": 2,
        "target": {"period": "2017", "version": 1, "value": 100, "lower": None, "upper": None, "sample": False},
    }
    assert (found["items"][1]["value"], found["items"][-1]["period"]) == (None, "2016-03")


async def test_a_series_is_read_page_by_page_and_between_two_periods(city: City, reads: Reads) -> None:
    await told(city)
    read: list[str] = []
    query = "limit=4&from=2016-06&to=2017-Q1"
    following: str | None = ""
    while following is not None:
        page = (await reads.public.get(f"{PATH}?{query}&cursor={following}")).json()
        read += [item["period"] for item in page["items"]]
        following = page["next"]
    assert read == ["2017-03", "2017-02", "2017-01", *(f"2016-{month:02}" for month in range(12, 5, -1))]


async def test_a_coarser_level_says_how_much_of_it_reports(city: City, reads: Reads) -> None:
    await told(city)
    found = (await reads.public.get(f"{PATH}?level=quarter&trailing=2")).json()
    assert [(item["period"], item["value"], item["coverage"]["reporting"]) for item in found["items"]][::4] == [
        ("2017-Q1", 9, 2),
        ("2016-Q1", 3, 1),
    ]
    assert found["items"][0]["trailing"]["coverage"] == {"reporting": 2, "of": 6}


async def test_a_series_is_read_as_it_was_known_and_up_to_a_period(city: City, reads: Reads) -> None:
    await told(city)
    city.clock.move(days=2)
    await city.tell(push(value("rides", "2017-03", 50, revision=2), at=city.clock.at))
    await city.judge()
    assert (await reads.public.get(PATH)).json()["items"][0]["value"] == 50
    before = (NOON + timedelta(days=1)).date().isoformat()
    assert (await reads.public.get(f"{PATH}?known_at={before}")).json()["items"][0]["value"] == 5
    assert (await reads.public.get(f"{PATH}?as_of=2017-02")).json()["items"][0]["period"] == "2017-01"


async def test_a_small_number_is_kept_from_the_public_and_shown_to_staff(city: City, reads: Reads) -> None:
    await told(city, suppress_under=5)
    public, staff = [(await each.get(PATH)).json()["items"] for each in (reads.public, reads.staff)]
    assert [(item["period"], item["value"]) for item in public if item["suppressed"]] == [
        ("2017-01", None),
        ("2016-03", None),
    ]
    assert (public[0]["to_date"]["value"], staff[0]["to_date"]["value"]) == (5, 9)
    assert not any(item["suppressed"] for item in staff)
