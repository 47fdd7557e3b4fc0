"""A measure changes its calendar or its frequency: values keep their ids, and what fits no more stays readable."""

from typing import Any

from measures_ingest.jobs.refresh import Refresh
from measures_ingest.repository import definitions
from tests.integration.measures_ingest.conftest import Ingest
from tideline.events import Calendar, Peer

JULY = Calendar(fiscal_year_start_month=7)


def row(period: str, value: int, measure: str = "budget") -> dict[str, Any]:
    return {"measure": measure, "period": period, "value": value}


async def items(ingest: Ingest, **query: str) -> list[tuple[str, int, int, bool]]:
    """Period, value, revision and whether it was left behind."""
    answer = await ingest.client.get("/v1/observations", params={"measure": "budget", **query})
    found = answer.json()["items"]
    return [(one["period"], one["value"], one["revision"], one["left_behind"]) for one in found]


async def test_another_fiscal_year_moves_the_first_days_and_keeps_ids_and_revisions(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="year")
    await ingest.push(row("2016", 1), row("2015", 3))
    await ingest.push(row("2016", 2))
    await ingest.define("budget", version=2, frequency="year", calendar=JULY)
    assert await items(ingest) == [("2015", 3, 1, False), ("2016", 2, 2, False)]
    assert await items(ingest, **{"from": "2016", "to": "2016"}) == [("2016", 2, 2, False)]
    assert (await ingest.push(row("2016", 5))).json()["revised"] == 1
    assert await items(ingest, revisions="true", **{"from": "2016"}) == [
        ("2016", 1, 1, False),
        ("2016", 2, 2, False),
        ("2016", 5, 3, False),
    ]
    starts = await ingest.database.pool.fetch("select distinct period_start::text as day from observation order by 1")
    assert [one["day"] for one in starts] == ["2014-07-01", "2015-07-01"]


async def test_the_months_of_a_measure_by_quarter_are_kept_and_do_not_mix_with_its_quarters(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="month")
    await ingest.push(row("2016-01", 1), row("2016-02", 2))
    await ingest.define("budget", version=2, frequency="quarter")
    assert (await ingest.push(row("2016-Q1", 3))).json()["accepted"] == 1
    assert sorted(await items(ingest)) == [
        ("2016-01", 1, 1, True),
        ("2016-02", 2, 1, True),
        ("2016-Q1", 3, 1, False),
    ]
    await ingest.define("budget", version=3, frequency="month")
    assert sorted(await items(ingest)) == [
        ("2016-01", 1, 1, False),
        ("2016-02", 2, 1, False),
        ("2016-Q1", 3, 1, True),
    ]


async def test_a_biennium_that_began_in_the_other_year_is_kept_until_the_calendar_is_back(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="biennium")
    await ingest.push(row("2015-2016", 1))
    await ingest.define("budget", version=2, frequency="biennium", calendar=Calendar(biennium_starts_odd=False))
    assert await items(ingest) == [("2015-2016", 1, 1, True)]
    await ingest.define("budget", version=3, frequency="biennium", calendar=JULY)
    assert await items(ingest) == [("2015-2016", 1, 1, False)]


async def test_a_value_stays_where_it_is_when_its_new_place_is_taken(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="year")
    await ingest.push(row("2016", 1))
    await ingest.define("budget", version=2, frequency="year", calendar=JULY)
    late = (
        "insert into observation (series_id, period_start, value, revision, batch, recorded_at) "
        "select s.id, '2016-01-01', 9, 1, o.batch, o.recorded_at from series s, observation o where s.scheme = 'year/1'"
    )
    await ingest.database.pool.execute(late)
    await ingest.define("budget", version=3, frequency="year", calendar=JULY)
    assert sorted(await items(ingest)) == [("2016", 1, 1, False), ("2016", 9, 1, True)]


async def test_a_large_push_tells_its_periods_in_the_calendar_of_the_measure(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="quarter", calendar=JULY, breakdowns=["unit"])
    lines = "".join(f"budget,2017-Q{quarter},1,{unit}\n" for quarter in range(1, 5) for unit in range(2_600))
    answer = await ingest.send(f"measure,period,value,breakdown.unit\n{lines}".encode())
    assert answer.json()["accepted"] == 10_400
    told = {one.period for event in await ingest.recorded() for one in event.observations}
    assert told == {f"2017-Q{quarter}" for quarter in range(1, 5)}


async def test_a_formula_closes_a_measure_and_peers_open_a_dimension(ingest: Ingest) -> None:
    await ingest.define("budget", frequency="year", peers=[Peer(code="spokane")])
    await ingest.push(row("2016", 1), row("2016", 2) | {"breakdown": {"peer": "spokane"}})
    assert await ingest.values("budget") == {"2016": 1, "2016spokane": 2}
    assert await ingest.values("budget", breakdown="peer:spokane") == {"2016spokane": 2}
    (error,) = (await ingest.push(row("2016", 2) | {"breakdown": {"peer": "boise"}})).json()["errors"]
    assert error["code"] == "unknown_peer"


async def test_lines_without_an_observation_are_refused_like_any_empty_body(ingest: Ingest) -> None:
    for kind in ("application/json", "application/x-ndjson", "text/csv"):
        answer = await ingest.send(b"", kind)
        assert (answer.status_code, answer.json()["code"]) == (400, "unreadable"), kind


async def test_a_source_takes_what_it_answered(ingest: Ingest) -> None:
    body = {"code": "crews", "title": "Crews", "scope": {"measures": ["potholes"]}}
    await ingest.client.post("/v1/sources", json=body)
    read = await ingest.client.get("/v1/sources/crews")
    headers = {"If-Match": read.headers["etag"]}
    again = await ingest.client.put("/v1/sources/crews", json=read.json() | {"title": "All crews"}, headers=headers)
    assert (again.status_code, again.json()["title"]) == (200, "All crews")
    other = await ingest.client.put("/v1/sources/crews", json=body | {"code": "other"}, headers={"If-Match": '"2"'})
    assert (other.status_code, other.json()["code"]) == (422, "code_mismatch")


async def test_what_comes_late_in_the_old_calendar_is_moved_too(ingest: Ingest) -> None:
    """A push that was judged before the definition came, and committed after it."""
    await ingest.define("budget", frequency="year")
    await ingest.push(row("2016", 1))
    await ingest.define("budget", version=2, frequency="year", calendar=JULY)
    late = (
        "insert into observation (series_id, period_start, value, revision, batch, recorded_at) "
        "select s.id, '2015-01-01', 9, 1, o.batch, o.recorded_at from series s, observation o where s.scheme = 'year/1'"
    )
    await ingest.database.pool.execute(late)
    assert ("2015", 9, 1, True) in await items(ingest)
    async with ingest.database.transaction() as other:
        await definitions.hold_changes(other)
        await Refresh(ingest.database, ingest.desk.definitions).look_after()
        assert ("2015", 9, 1, True) in await items(ingest)
        ingest.desk.definitions.moved.add("budget")
    await Refresh(ingest.database, ingest.desk.definitions).look_after()
    assert await items(ingest) == [("2015", 9, 1, False), ("2016", 1, 1, False)]
