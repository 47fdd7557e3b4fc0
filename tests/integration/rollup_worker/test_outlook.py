"""Where measures are heading, whether their targets are good ones, and how they stand beside others."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, goal, measure, push, small_city, target, value
from tideline.events import Baseline, GoalMetric, Peer


async def fetched(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"/v1/status/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def refused(client: httpx.AsyncClient, path: str, **query: Any) -> tuple[int, str]:
    answer = await client.get(f"/v1/status/{path}", params=query)
    return answer.status_code, answer.json()["code"]


async def seeded(city: City) -> None:
    """`response` falls by a minute a month from 12 in January towards 8."""
    months = [value("response", f"2017-0{month}", 13 - month) for month in range(1, 5)]
    await city.tell(*small_city(), push(*months))
    await city.judge()


async def test_a_projection_names_crossing_pace_and_the_status_ahead(city: City, reads: Reads) -> None:
    await seeded(city)
    told = await fetched(reads.public, "measures/response/projection")
    assert (told["status"], told["crossing_on"], told["crossing_reason"]) == ("off_track", "2017-05-31", None)
    assert told["required_pace"] == {
        "per": "month",
        "counts": "change",
        "needed": -0.125,
        "made": -1,
        "periods_left": 8,
    }
    (ahead,) = told["targets"]
    assert (ahead["target"]["period"], ahead["target"]["value"]) == ("2017", 8)
    assert (ahead["projected"]["value"], ahead["projected"]["status"]) == (1, "achieved")
    assert (told["trend"]["slope"], told["trend"]["points"], told["notes"]) == (-1, 4, [])


async def test_a_projection_can_be_asked_of_the_past(city: City, reads: Reads) -> None:
    await seeded(city)
    before = city.clock.move(minutes=1)
    city.clock.move(minutes=1)
    await city.tell(push(value("response", "2017-04", 20, 2), at=city.clock.at))
    await city.judge()
    now = await fetched(reads.public, "measures/response/projection")
    assert now["crossing_reason"] == "moving_away"
    then = await fetched(reads.public, "measures/response/projection", known_at=before.isoformat())
    assert (then["crossing_on"], then["value"]) == ("2017-05-31", 9)
    early = await fetched(reads.public, "measures/response/projection", as_of="2017-03", known_at=before.isoformat())
    assert (early["as_of"], early["trend"], early["notes"]) == ("2017-03", None, ["too_few_points"])
    assert early["required_pace"]["needed"] == pytest.approx(-2 / 9)
    none = await fetched(reads.public, "measures/response/projection", as_of="2016")
    assert (none["status"], none["notes"]) == ("no_data", ["no_data"])


async def test_a_goal_tells_its_measures_and_their_horizons(city: City, reads: Reads) -> None:
    await seeded(city)
    goals = goal(
        "fast-help",
        2,
        kpi="response",
        metrics=[GoalMetric(measure="calls")],
        horizon_years=2,
        biennium="2017-2018",
    )
    calls = [value("calls", f"2017-0{month}", 100) for month in range(1, 5)]
    await city.tell(goals, measure("calls", direction="none"), push(*calls))
    await city.judge()
    told = await fetched(reads.public, "goals/fast-help/projection")
    assert [(each["node"]["code"], each["kpi"]) for each in told["measures"]] == [("response", True), ("calls", False)]
    (horizon,) = told["measures"][0]["horizons"]
    assert (horizon["years"], horizon["period"], horizon["goals"]) == (2, "2018-12", ["fast-help"])
    assert told["measures"][1]["notes"] == ["no_target_ahead", "no_direction"]


async def test_parents_list_the_worst_first_within_a_bound(city: City, reads: Reads) -> None:
    await seeded(city)
    for code, slope in (("worse", 1), ("bad", 0)):
        await city.tell(
            measure(code, direction="down", time_aggregation="average"),
            target(code, "2017", 8),
            push(*(value(code, f"2017-0{month}", 10 + slope * month) for month in range(1, 5))),
        )
    await city.tell(measure("empty"))
    await city.judge()
    for path in ("city", "departments/fire"):
        told = await fetched(reads.public, f"{path}/projection")
        codes = [each["node"]["code"] for each in told["measures"]]
        assert (codes, told["of"]) == (["worse", "bad", "response", "empty"], 4)
    assert [len(each["targets"]) for each in told["measures"]] == [1, 1, 1, 0]
    short = await fetched(reads.public, "city/projection", limit=1)
    assert (len(short["measures"]), short["of"]) == (1, 4)


async def test_the_public_sees_no_projection_of_what_is_not_published(city: City, reads: Reads) -> None:
    await seeded(city)
    await city.tell(measure("secret", published=False), push(value("secret", "2017-03", 3)))
    await city.judge()
    assert await refused(reads.public, "measures/secret/projection") == (404, "not_found")
    assert "secret" not in (await reads.public.get("/v1/status/city/projection")).text
    assert "secret" in (await reads.staff.get("/v1/status/city/projection")).text


async def test_small_counts_are_projected_for_staff_only(city: City, reads: Reads) -> None:
    few = [value("deaths", f"2017-0{month}", month) for month in range(1, 5)]
    await city.tell(measure("deaths", direction="down", suppress_under=10), target("deaths", "2017", 0), push(*few))
    await city.judge()
    for path in ("projection", "target-check", "comparison"):
        told = await fetched(reads.public, f"measures/deaths/{path}")
        assert told["status"] == "suppressed", path
        assert not any(str(number) in str(told.get("value")) for number in range(1, 5))
        assert (await fetched(reads.staff, f"measures/deaths/{path}"))["status"] != "suppressed"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"confidence": "1"}, "bad_request"),
        ({"confidence": "x"}, "bad_request"),
        ({"points": "3"}, "bad_request"),
        ({"limit": "0"}, "bad_request"),
        ({"as_of": "2017-13"}, "bad_period"),
        ({"known_at": "then"}, "bad_known_at"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_a_code(
    city: City, reads: Reads, query: dict[str, str], code: str
) -> None:
    await seeded(city)
    assert await refused(reads.public, "measures/response/projection", **query) == (422, code)


async def test_what_is_the_same_is_not_sent_again(city: City, reads: Reads) -> None:
    await seeded(city)
    for path in ("measures/response/projection", "city/projection"):
        first = await reads.public.get(f"/v1/status/{path}")
        city.clock.move(hours=1)
        tag = {"If-None-Match": first.headers["etag"]}
        again = await reads.public.get(f"/v1/status/{path}", headers=tag)
        assert (again.status_code, first.headers["cache-control"]) == (304, "public, no-cache")
        assert (await reads.staff.get(f"/v1/status/{path}", headers=tag)).status_code == 200


async def test_the_published_example_of_a_target_check_answers_with_its_figures(city: City, reads: Reads) -> None:
    half_year = [299, 310, 301, 421, 298, 328]
    await city.tell(
        measure("potholes", time_aggregation="sum"),
        target("potholes", "2017", 5000, at=NOON - timedelta(days=200)),
        push(*(value("potholes", f"2017-0{month}", each) for month, each in enumerate(half_year, 1))),
    )
    await city.judge()
    told = await fetched(reads.public, "measures/potholes/target-check", period="2017")
    over = told["categories"][1]
    assert (over["category"], over["detected"]) == ("overconfidence", True)
    assert over["figures"] == {
        "to_date": 1957,
        "parts_reporting": 6,
        "parts_remaining": 6,
        "best": 421,
        "best_period": "2017-04",
        "capacity": 4483,
        "asked": 5000,
    }
    assert [each["category"] for each in told["categories"]] == [
        "uncertainty", "overconfidence", "mediocrity", "accuracy", "stability",
    ]  # fmt: skip
    assert (told["freeze"]["frozen"], told["target"]["value"]) == (True, 5000)


async def test_a_target_changed_inside_its_period_is_told_as_a_forecast(city: City, reads: Reads) -> None:
    await city.tell(
        measure("potholes", time_aggregation="sum"),
        target("potholes", "2017", 5000, at=NOON - timedelta(days=200)),
        push(value("potholes", "2017-01", 300)),
    )
    before = city.clock.move(minutes=1)
    city.clock.move(minutes=1)
    await city.tell(target("potholes", "2017", 4400, 2, at=city.clock.at))
    await city.judge()
    told = await fetched(reads.public, "measures/potholes/target-check")
    (change,) = told["freeze"]["changes"]
    assert (told["freeze"]["frozen"], change["before"]["value"], change["after"]["value"]) == (False, 5000, 4400)
    then = await fetched(reads.public, "measures/potholes/target-check", known_at=before.isoformat())
    assert (then["freeze"]["frozen"], then["target"]["value"]) == (True, 5000)


async def test_a_check_without_target_or_value_says_so(city: City, reads: Reads) -> None:
    await city.tell(measure("bare"), measure("aimed"), target("aimed", "2018", 5))
    await city.judge()
    assert (await fetched(reads.public, "measures/bare/target-check"))["notes"] == ["no_target"]
    told = await fetched(reads.public, "measures/aimed/target-check")
    assert (told["status"], told["detected"]) == ("no_data", ["uncertainty"])
    assert await refused(reads.public, "measures/aimed/target-check", period="2019") == (404, "not_found")
    assert await refused(reads.public, "measures/aimed/target-check", period="20199") == (422, "bad_period")
    assert await refused(reads.public, "measures/none/target-check") == (404, "not_found")


async def test_a_measure_stands_beside_its_peers(city: City, reads: Reads) -> None:
    await city.tell(
        measure(
            "recycling",
            department=None,
            frequency="year",
            time_aggregation="last",
            peers=[
                Peer(code="salford", title="Salford", source="open data"),
                Peer(code="leeds", title="Leeds"),
                Peer(code="york"),
            ],
            baseline=Baseline(period="2013", value=Decimal(30)),
        ),
        push(
            *(value("recycling", str(2014 + step), 40 + step) for step in range(3)),
            *(value("recycling", str(2014 + step), 50 - step, breakdown={"peer": "salford"}) for step in range(3)),
            value("recycling", "2016", 42, breakdown={"peer": "leeds"}),
            value("recycling", "2015", 99, breakdown={"peer": "york"}),
        ),
    )
    await city.judge()
    told = await fetched(reads.public, "measures/recycling/comparison")
    position = told["position"]
    assert (position["text"], position["tied"], position["share_worse"]) == ("2 of 3", 1, 0)
    assert (position["median"], position["missing"], told["value"]) == (45, ["york"], 42)
    peers = {peer["code"]: peer for peer in told["peers"]}
    assert (peers["salford"]["title"], peers["salford"]["source"]) == ("Salford", "open data")
    assert [each["value"] for each in peers["salford"]["series"]] == [50, 49, 48]
    assert (peers["york"]["value"], peers["york"]["latest"]["value"]) == (None, 99)
    past = told["past"]
    assert (past["previous"]["value"], past["best"]["period"], past["mean"]) == (41, "2016", 41)
    assert past["baseline"]["value"] == 30
    then = await fetched(reads.public, "measures/recycling/comparison", as_of="2015", limit=1)
    assert (then["position"]["text"], [each["period"] for each in then["series"]]) == ("3 of 3", ["2015"])


async def test_a_measure_without_peers_still_has_a_past(city: City, reads: Reads) -> None:
    await seeded(city)
    told = await fetched(reads.public, "measures/response/comparison")
    assert (told["peers"], told["notes"], told["past"]["best"]["value"]) == ([], ["no_peers"], 9)
    assert told["position"]["median"] is None
    none = await fetched(reads.public, "measures/response/comparison", as_of="2016")
    assert (none["status"], none["notes"]) == ("no_data", ["no_data"])
