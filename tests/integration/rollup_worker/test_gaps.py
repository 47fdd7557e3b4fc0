"""Gaps and small numbers through the reads: what the public gets, what staff get, and what leaves as an event."""

import json
from decimal import Decimal
from typing import Any

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, area, department, goal, measure, push, target, value
from tideline.events import CityDefined, EquityRule, Event, Formula, Observation, Target, TargetsSet

ORDER = ["1", "2", "3"]
NUMBERS = ("value", "previous_value", "value_held", "change", "previous", "year_to_date", "trailing_value")
RULE = EquityRule(dimension="district", order=ORDER, difference=Decimal(20), index_of_disparity=Decimal(10))


def potholes(**more: Any) -> Event:
    words: dict[str, Any] = {"breakdowns": ["district"], "equity": [RULE], "direction": "up", **more}
    return measure("potholes", **words)


def by_district(period: str, *counts: int, code: str = "potholes", revision: int = 1) -> list[Observation]:
    return [
        value(code, period, count, revision, breakdown={"district": str(place)})
        for place, count in enumerate(counts, 1)
    ]


async def stand(city: City, *events: Event) -> None:
    await city.tell(department("fire"), *events)
    await city.judge()


async def read(client: Any, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def groups(found: Any) -> dict[str, Any]:
    (dimension,) = found["dimensions"]
    return {line["group"]: line["value"] for line in dimension["groups"]["items"]}


async def test_the_public_reads_the_groups_it_may_see_and_no_gap_beside_a_hidden_one(city: City, reads: Reads) -> None:
    await stand(city, potholes(), push(*by_district("2017-02", 30, 60, 90), *by_district("2017-03", 3, 60, 90)))
    path = "/v1/status/measures/potholes/gaps"
    public, staff = await read(reads.public, path), await read(reads.staff, path)
    assert groups(staff) == {"1": 3, "2": 60, "3": 90}
    assert groups(public) == {"1": None, "2": None, "3": 90}
    (told,) = public["dimensions"]
    assert (told["groups"]["shown"], told["groups"]["of"]) == (1, 3)
    assert [line["suppressed"] for line in told["groups"]["items"]] == [True, True, False]
    assert told["gaps"]["difference"]["status"] == "suppressed"
    difference = staff["dimensions"][0]["gaps"]["difference"]
    assert (difference["value"], difference["previous"], difference["change"]) == (87, 60, 27)
    assert (difference["best"], difference["worst"], difference["trend"]) == ("3", "1", "widening")
    assert (difference["target"], difference["status"]) == (20, "off_track")


async def test_gaps_have_a_history_and_look_back_a_year(city: City, reads: Reads) -> None:
    months = ("2016-03", 20, 40), ("2017-01", 20, 90), ("2017-02", 20, 80), ("2017-03", 20, 70)
    await stand(city, potholes(), push(*(cell for month, *counts in months for cell in by_district(month, *counts))))
    found = await read(reads.public, "/v1/status/measures/potholes/gaps?history=3")
    difference = found["dimensions"][0]["gaps"]["difference"]
    assert [(point["period"], point["value"]) for point in difference["history"]] == [
        ("2017-03", 50),
        ("2017-02", 60),
        ("2017-01", 70),
    ]
    assert (difference["last_year"], difference["change_from_last_year"], difference["trend"]) == (20, 30, "narrowing")
    slope = found["dimensions"][0]["gaps"]["slope_index"]
    assert (slope["value"], slope["weighted"]) == (100, False)


async def test_populations_weigh_the_slope_and_are_told(city: City, reads: Reads) -> None:
    people = measure("people", direction="none", frequency="year", breakdowns=["district"])
    await stand(
        city,
        people,
        potholes(weighted_by="people"),
        push(
            *by_district("2016", 100, 300, code="people"),
            *by_district("2017-03", 10, 12),
        ),
    )
    found = (await read(reads.public, "/v1/status/measures/potholes/gaps"))["dimensions"][0]
    assert [line["population"] for line in found["groups"]["items"]] == [100, 300]
    assert (found["gaps"]["slope_index"]["value"], found["gaps"]["slope_index"]["weighted"]) == (4, True)


async def test_a_group_has_its_own_target_and_status(city: City, reads: Reads) -> None:
    aim = Target(period="2017-03", breakdown={"district": "1"}, value=Decimal(40), version=1)
    await stand(
        city,
        potholes(),
        TargetsSet(measure="potholes", targets=[aim], set_at=NOON),
        push(*by_district("2017-03", 30, 60)),
    )
    first, second = (await read(reads.public, "/v1/status/measures/potholes/gaps"))["dimensions"][0]["groups"]["items"]
    assert (first["target"], first["status"]) == (40, "off_track")
    assert (second["target"], second["status"]) == (None, "no_target")


async def test_gaps_answer_as_of_a_period_and_as_known_at_a_time(city: City, reads: Reads) -> None:
    await stand(city, potholes(), push(*by_district("2017-02", 30, 60), *by_district("2017-03", 20, 90)))
    before = city.clock.at.isoformat().replace("+00:00", "Z")
    later = city.clock.move(hours=1)
    await city.tell(push(*by_district("2017-03", 50, 90, revision=2), at=later), at=later)
    await city.judge()
    path = "/v1/status/measures/potholes/gaps"
    assert groups(await read(reads.public, path)) == {"1": 50, "2": 90}
    assert groups(await read(reads.public, f"{path}?as_of=2017-02")) == {"1": 30, "2": 60}
    assert groups(await read(reads.public, f"{path}?known_at={before}")) == {"1": 20, "2": 90}


async def test_gaps_beneath_a_node_come_worst_first_and_only_of_published_measures(city: City, reads: Reads) -> None:
    secret = measure("secret", breakdowns=["district"], equity=[RULE], published=False)
    fair = measure("fair", breakdowns=["district"], equity=[RULE])
    await stand(
        city,
        potholes(),
        secret,
        fair,
        push(
            *by_district("2017-03", 30, 90),
            *by_district("2017-03", 30, 95, code="secret"),
            *by_district("2017-03", 50, 51, code="fair"),
        ),
    )
    for path in ("/v1/status/departments/fire/gaps", "/v1/status/city/gaps"):
        public, staff = await read(reads.public, path), await read(reads.staff, path)
        assert [line["code"] for line in public["items"]] == ["potholes", "fair"]
        assert public["counts"] == {"achieved": 1, "off_track": 1}
        assert [line["code"] for line in staff["items"]] == ["secret", "potholes", "fair"]


async def test_gaps_are_revalidated_and_unpublished_ones_are_not_there(city: City, reads: Reads) -> None:
    await stand(city, potholes(), measure("secret", published=False), push(*by_district("2017-03", 30, 90)))
    path = "/v1/status/measures/potholes/gaps"
    answer = await reads.public.get(path)
    again = await reads.public.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (answer.headers["cache-control"], again.status_code) == ("public, no-cache", 304)
    assert (await reads.public.get("/v1/status/measures/secret/gaps")).status_code == 404
    assert (await reads.staff.get("/v1/status/measures/secret/gaps")).status_code == 200
    assert (await reads.public.get(f"{path}?dimension=colour")).status_code == 422
    assert (await reads.public.get(f"{path}?dimension=district")).status_code == 200


async def test_a_suppressed_headline_leaves_nowhere(city: City, reads: Reads) -> None:
    await stand(
        city,
        area("safety"),
        goal("streets", kpi="deaths", areas=["safety"]),
        goal("calm", kpi="calls", areas=["safety"]),
        measure("deaths", direction="down", suppress_under=10, frequency="year"),
        measure("calls", direction="down", frequency="year"),
        target("deaths", "2016", 8),
        target("calls", "2016", 800),
        push(value("deaths", "2016", 7), value("calls", "2016", 789)),
    )
    for node in ("measures/deaths", "goals/streets"):
        for more in ("", "?as_of=2016", "?known_at=2017-04-10"):
            found = await read(reads.public, f"/v1/status/{node}{more}")
            hidden = [found[name] for name in ("status", "score", "value", "target")]
            assert hidden == ["suppressed", None, None, None]
        staff = await read(reads.staff, f"/v1/status/{node}")
        assert (staff["status"], staff["value"], staff["target"]) == ("achieved", 7, 8)
    for node in ("departments/fire", "areas/safety", "city"):
        whole = await read(reads.public, f"/v1/status/{node}")
        assert (whole["status"], whole["score"]) == ("achieved", None)
        assert all(child["contribution"] is None for child in whole["children"])
        assert (await read(reads.staff, f"/v1/status/{node}"))["score"] == 100
    lines = {line["code"]: line for line in (await read(reads.public, "/v1/status/areas/safety"))["children"]}
    assert (lines["streets"]["status"], lines["streets"]["score"], lines["calm"]["status"]) == (
        "suppressed",
        None,
        "achieved",
    )
    assert (await read(reads.public, "/v1/status/areas/safety"))["counts"] == {"achieved": 1, "suppressed": 1}


async def test_nothing_told_of_a_suppressed_measure_holds_its_value(city: City, reads: Reads) -> None:
    await stand(
        city,
        goal("streets", kpi="deaths"),
        measure("deaths", direction="down", suppress_under=10, frequency="year"),
        target("deaths", "2016", "8.25"),
        push(value("deaths", "2015", "6"), value("deaths", "2016", "7")),
    )
    await city.tell(push(value("deaths", "2016", "4", 2)))
    told = await city.judge()
    assert [event.new.status for event in told if event.kind == "measure"] == ["suppressed"]
    assert all(
        (event.new.value, event.new.score, event.old and event.old.value) == (None, None, None) for event in told
    )
    for path in ("explain", "history", "history?by=period", "series", "gaps"):
        for node in ("measures/deaths", "goals/streets"):
            if node.startswith("goals") and path == "series":
                continue
            body = await read(reads.public, f"/v1/status/{node}/{path}")
            assert not {7, 6, 4} & set(_numbers(body, NUMBERS))
    explained = await read(reads.public, "/v1/status/measures/deaths/explain")
    assert (explained["status"], explained["numbers"], explained["inputs"]) == ("suppressed", {}, [])
    assert explained["withheld"] > 0


def _numbers(body: Any, names: tuple[str, ...], *, told: bool = False) -> list[float]:
    """The numbers under these names; what the plan says of targets is public."""
    if isinstance(body, dict):
        return [
            n for name, part in body.items() if name != "targets" for n in _numbers(part, names, told=name in names)
        ]
    if isinstance(body, list):
        return [n for part in body for n in _numbers(part, names, told=told)]
    return [body] if told and isinstance(body, int | float) else []


async def test_a_headline_that_would_give_a_cell_away_is_suppressed(city: City, reads: Reads) -> None:
    await stand(city, potholes(), push(*by_district("2017-03", 3, 0)))
    public = await read(reads.public, "/v1/status/measures/potholes")
    assert (public["status"], public["value"]) == ("suppressed", None)
    assert (await read(reads.staff, "/v1/status/measures/potholes"))["value"] == 3


async def test_when_counts_grow_the_headline_is_shown_again_and_said_so(city: City, reads: Reads) -> None:
    await stand(city, measure("deaths", suppress_under=10), push(value("deaths", "2017-02", 7)))
    assert (await read(reads.public, "/v1/status/measures/deaths"))["status"] == "suppressed"
    await city.tell(push(value("deaths", "2017-03", 70)))
    (event,) = [event for event in await city.judge() if event.code == "deaths"]
    assert event.old is not None
    assert (event.old.value, event.new.value) == (None, Decimal(70))
    assert "visibility" in event.changed
    explained = await read(reads.public, "/v1/status/measures/deaths/explain")
    assert (explained["value"], explained["numbers"]) == (70, {})


async def test_a_derived_measure_shows_nothing_made_from_a_hidden_cell(city: City, reads: Reads) -> None:
    formula = Formula(text="potholes / 2", inputs=["potholes"], tree=["/", ["measure", "potholes"], ["number", "2"]])
    derived = measure(
        "half", breakdowns=["district"], time_aggregation="average", breakdown_aggregation="average", formula=formula
    )
    await stand(city, potholes(), derived, push(*by_district("2017-03", 3, 60, 90)))
    path = "/v1/status/measures/half/gaps"
    assert groups(await read(reads.staff, path)) == {"1": 1.5, "2": 30, "3": 45}
    assert groups(await read(reads.public, path)) == {"1": None, "2": None, "3": 45}


async def test_the_equity_report_tells_what_can_be_broken_down(city: City, reads: Reads) -> None:
    await stand(
        city,
        potholes(),
        measure("plain", department=None),
        measure("secret", published=False),
        target("plain", "2017", 10),
        push(*by_district("2017-03", 30, 90)),
    )
    public, staff = await read(reads.public, "/v1/equity"), await read(reads.staff, "/v1/equity")
    lines = {line["code"]: line for line in public["items"]}
    assert list(lines) == ["plain", "potholes"] and len(staff["items"]) == 3
    assert [lines["potholes"][name] for name in ("can_be_broken_down", "has_values_by_group", "has_gap_target")] == [
        True,
        True,
        True,
    ]
    assert (lines["plain"]["has_target"], lines["plain"]["current"], lines["potholes"]["current"]) == (
        True,
        False,
        True,
    )
    assert (public["figures"]["measures"], public["figures"]["shares"]["can_be_broken_down"]) == (2, 0.5)
    assert [each["code"] for each in public["departments"]] == ["fire", None]
    assert json.dumps(public).count("secret") == 0


async def test_supposing_around_a_suppressed_measure_tells_nothing_of_it(city: City, reads: Reads) -> None:
    await stand(
        city,
        measure("deaths", direction="down", suppress_under=10, frequency="year", published=True),
        measure("calls", direction="down", frequency="year"),
        target("deaths", "2016", 4),
        target("calls", "2016", 800),
        push(value("deaths", "2016", 7), value("calls", "2016", 789)),
    )
    for supposed in ({"targets": [{"measure": "deaths", "period": "2016", "value": 7}]}, _calls(700), _calls(9000)):
        body = {"node": {"kind": "department", "code": "fire"}, **supposed}
        answer = await reads.public.post("/v1/what-if", json=body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert [found[side]["status"] for side in ("before", "after")] == ["suppressed", "suppressed"]
        assert [found[side]["score"] for side in ("before", "after")] == [None, None]
        assert "deaths" not in [node["code"] for node in found["changed"]]


def _calls(amount: int) -> dict[str, Any]:
    return {"observations": [{"measure": "calls", "period": "2016", "value": amount}]}


async def test_another_threshold_of_the_city_shows_and_hides_anew(city: City, reads: Reads) -> None:
    await stand(city, potholes(), push(*by_district("2017-03", 12, 0)))
    assert (await read(reads.public, "/v1/status/measures/potholes"))["value"] == 12
    await city.tell(CityDefined(version=1, suppress_under=20, defined_at=NOON))
    (event,) = [event for event in await city.judge() if event.code == "potholes"]
    assert (event.new.status, event.new.value) == ("suppressed", None)
    assert (await read(reads.public, "/v1/status/measures/potholes"))["status"] == "suppressed"
    assert groups(await read(reads.public, "/v1/status/measures/potholes/gaps")) == {"1": None, "2": 0}
    await city.tell(CityDefined(version=2, suppress_under=0, defined_at=NOON))
    await city.judge()
    assert (await read(reads.public, "/v1/status/measures/potholes"))["value"] == 12


async def test_an_explanation_shows_no_hidden_headline_of_an_input(city: City, reads: Reads) -> None:
    formula = Formula(text="deaths / 2", inputs=["deaths"], tree=["/", ["measure", "deaths"], ["number", "2"]])
    year = [value("deaths", f"2016-{month:02}", 20 + month) for month in range(1, 13)]
    await stand(
        city,
        measure("deaths", suppress_under=10),
        measure("half", frequency="year", formula=formula),
        push(*year, value("deaths", "2017-01", 7)),
    )
    path = "/v1/status/measures/half/explain"
    public, staff = await read(reads.public, path), await read(reads.staff, path)
    assert public["value"] == staff["value"] == 159
    assert 7 not in [each["value"] for each in public["inputs"]]
    await city.tell(push(value("deaths", "2016-05", 3, 2)))
    await city.judge()
    hidden = await read(reads.public, path)
    assert (hidden["status"], hidden["value"], hidden["inputs"]) == ("suppressed", None, [])


async def test_a_look_at_the_past_gives_no_cell_back_that_is_hidden_now(city: City, reads: Reads) -> None:
    """44 + 12 + 55 + 66, then the 12 becomes a 7 and the 44 its partner: the old 44 would tell the 7."""
    await stand(city, potholes(), push(*by_district("2017-03", 44, 12, 55, 66)))
    then, path = city.clock.at.isoformat(), "/v1/status/measures/potholes/gaps"
    assert groups(await read(reads.public, path)) == {"1": 44, "2": 12, "3": 55, "4": 66}
    now = city.clock.move(hours=1)
    await stand(city, push(value("potholes", "2017-03", 7, 2, breakdown={"district": "2"}), at=now))
    assert groups(await read(reads.public, path)) == {"1": None, "2": None, "3": 55, "4": 66}
    past = path + "?known_at=" + then.replace("+00:00", "Z")
    assert groups(await read(reads.public, past)) == {"1": None, "2": None, "3": 55, "4": 66}
    assert groups(await read(reads.staff, past)) == {"1": 44, "2": 12, "3": 55, "4": 66}
