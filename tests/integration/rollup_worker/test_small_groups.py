"""Judgements, gaps and headlines that are made of single groups: none of them gives a hidden group away."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import NOON, City, department, goal, measure, push, target, value
from tideline.events import EquityRule, Event, MethodChoice, Observation, Target, TargetsSet

BY_GROUP = MethodChoice(id="cagr-ratio", params={"series": "district"})
OF_CASES = {"score", "value", "native", "contribution", "progress", "change", "previous_value"}


def counts(period: str, *numbers: int, code: str = "cases") -> list[Observation]:
    return [value(code, period, number, breakdown={"district": str(place)}) for place, number in enumerate(numbers, 1)]


def cases(**more: Any) -> Event:
    return measure("cases", frequency="year", direction="down", breakdowns=["district"], **more)


async def stand(city: City, *events: Event) -> None:
    await city.tell(department("fire"), *events)
    await city.judge()


async def read(client: Any, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(body: Any) -> Iterator[tuple[str, Any]]:
    """Every number under a name that tells of a judgement; what the plan says of targets is public."""
    for name, part in body.items() if isinstance(body, dict) else enumerate(body if isinstance(body, list) else ()):
        yield from told(part) if name != "targets" else ()
        if name in OF_CASES and part is not None:
            yield name, part


async def judged_by_group(city: City, *years: tuple[int, ...]) -> None:
    """From 2015 on; the method reads each district by itself."""
    rows = [row for year, numbers in enumerate(years, 2015) for row in counts(str(year), *numbers)]
    await stand(city, cases(method=BY_GROUP), goal("less", kpi="cases"), target("cases", "2020", 5), push(*rows))


@pytest.mark.parametrize(
    "years", [((40, 60, 90), (30, 50, 4)), ((40, 60, 4), (30, 50, 70))], ids=["at the end", "at the start"]
)
async def test_a_judgement_of_hidden_groups_is_told_nowhere(
    city: City, reads: Reads, years: tuple[tuple[int, ...], ...]
) -> None:
    await judged_by_group(city, *years)
    staff = await read(reads.staff, "/v1/status/measures/cases")
    assert staff["method"]["id"] == "cagr-ratio" and staff["score"] is not None
    for node in ("measures/cases", "goals/less"):
        for path in ("", "/explain", "/history", "/history?by=period", "?as_of=2016", "/explain?as_of=2016"):
            found = await read(reads.public, f"/v1/status/{node}{path}")
            lines = found["items"][:1] if path.startswith("/history") else [found]
            assert [line["status"] for line in lines] == ["suppressed"], path
            assert {name for line in lines for name, _ in told(line)} == set(), path
    for path in ("comparison", "projection", "target-check"):
        found = await read(reads.public, f"/v1/status/measures/cases/{path}")
        assert found["status"] == "suppressed" and "score" not in dict(told(found)), path
    whole = await read(reads.public, "/v1/status/departments/fire")
    assert (whole["score"], {child["contribution"] for child in whole["children"]}) == (None, {None})


async def test_events_of_such_a_judgement_hold_no_number(city: City) -> None:
    await judged_by_group(city, (40, 60, 90), (30, 50, 4))
    await city.tell(push(*counts("2017", 20, 40, 3)))
    events = [event for event in await city.judge() if event.code in ("cases", "less")]
    assert {event.new.status for event in events} <= {"suppressed"}
    assert all((event.new.score, event.new.value) == (None, None) for event in events)


async def test_groups_that_are_all_shown_are_judged_for_everybody(city: City, reads: Reads) -> None:
    await judged_by_group(city, (40, 60, 90), (30, 50, 70))
    path = "/v1/status/measures/cases"
    public, staff = await read(reads.public, path), await read(reads.staff, path)
    assert public["score"] == staff["score"] is not None


async def test_the_public_cannot_suppose_a_method_that_reads_hidden_groups(city: City, reads: Reads) -> None:
    rows = [*counts("2015", 40, 60, 90), *counts("2016", 30, 50, 4)]
    await stand(city, cases(), target("cases", "2020", 5), push(*rows))
    assert (await read(reads.public, "/v1/status/measures/cases"))["status"] != "suppressed"
    body = {
        "node": {"kind": "measure", "code": "cases"},
        "methods": [{"measure": "cases", "id": BY_GROUP.id, "params": BY_GROUP.params}],
    }
    answer = await reads.public.post("/v1/what-if", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["after"]["status"] == "suppressed"
    assert dict(told(answer.json()["after"])) == {}
    after = (await reads.staff.post("/v1/what-if", json=body)).json()["after"]
    assert after["method"]["id"] == "cagr-ratio" and after["score"] is not None


RULE = EquityRule(
    dimension="district", order=["1", "2", "3", "4"], difference=Decimal(50), ratio=Decimal(2), slope_index=Decimal(9)
)


def potholes(**more: Any) -> Event:
    return measure("cases", direction="up", breakdowns=["district"], equity=[RULE], **more)


async def gaps_of(client: Any, query: str = "") -> dict[str, Any]:
    (found,) = (await read(client, f"/v1/status/measures/cases/gaps{query}"))["dimensions"]
    return dict(found)


async def test_a_gap_beside_a_hidden_group_is_not_told_as_another_one(city: City, reads: Reads) -> None:
    """Between the two groups that are left it would be 11 and narrowing; in truth it is 59 and widening."""
    await stand(city, potholes(), push(*counts("2017-02", 41, 12, 52, 61), *counts("2017-03", 44, 7, 55, 66)))
    public, staff = await gaps_of(reads.public, "?history=2"), await gaps_of(reads.staff, "?history=2")
    difference = staff["gaps"]["difference"]
    assert (difference["value"], difference["previous"], difference["trend"]) == (59, 49, "widening")
    assert (public["status"], public["groups"]["shown"], public["groups"]["of"]) == ("suppressed", 2, 4)
    for name, gap in public["gaps"].items():
        assert (gap["value"], gap["status"], gap["reason"]) == (None, "suppressed", "suppressed"), name
        ends = ("best", "worst", "reference", "relative", "change", "change_from_last_year", "trend")
        assert {gap[end] for end in ends} == {None}, name
        now, before = gap["history"]
        assert (now["value"], now["status"]) == (None, "suppressed")
        assert before == staff["gaps"][name]["history"][1]
    for path in ("city", "departments/fire"):
        assert (await read(reads.public, f"/v1/status/{path}/gaps"))["counts"] == {"suppressed": 1}
        assert (await read(reads.staff, f"/v1/status/{path}/gaps"))["counts"] == {"off_track": 1}


async def test_a_gap_is_not_compared_with_a_period_that_hides_a_group(city: City, reads: Reads) -> None:
    await stand(city, potholes(), push(*counts("2017-02", 44, 7, 55, 66), *counts("2017-03", 41, 12, 52, 61)))
    public, staff = await gaps_of(reads.public), await gaps_of(reads.staff)
    now = public["gaps"]["difference"]
    assert (now["value"], now["status"], now["previous"], now["change"], now["trend"]) == (49, "achieved", *[None] * 3)
    assert (staff["gaps"]["difference"]["change"], staff["gaps"]["difference"]["trend"]) == (-10, "narrowing")


@pytest.mark.parametrize(("population", "published"), [(7, True), (70, False)], ids=["small", "unpublished"])
async def test_a_slope_is_not_told_with_other_weights_than_its_own(
    city: City, reads: Reads, population: int, published: bool
) -> None:
    people = measure("people", direction="none", frequency="year", breakdowns=["district"], published=published)
    await stand(
        city,
        people,
        potholes(weighted_by="people"),
        push(*counts("2016", population, 300, 90, 80, code="people"), *counts("2017-03", 44, 17, 55, 66)),
    )
    public, staff = await gaps_of(reads.public), await gaps_of(reads.staff)
    assert staff["gaps"]["slope_index"]["weighted"] is True
    slope = public["gaps"]["slope_index"]
    assert (slope["value"], slope["weighted"], slope["status"]) == (None, None, "suppressed")
    assert public["gaps"]["difference"] == staff["gaps"]["difference"]


@pytest.mark.parametrize(
    ("aim", "more"),
    [("2017", {}), ("2017-03", {"method": MethodChoice(id="threshold", params={"trailing": 3})})],
    ids=["the year to date", "a trailing window"],
)
async def test_a_group_is_not_judged_without_its_hidden_periods(
    city: City, reads: Reads, aim: str, more: dict[str, Any]
) -> None:
    held = Target(period=aim, breakdown={"district": "1"}, value=Decimal(50), version=1)
    await stand(
        city,
        potholes(time_aggregation="sum", **more),
        TargetsSet(measure="cases", targets=[held], set_at=NOON),
        push(*counts("2017-02", 9, 40, 50, 60), *counts("2017-03", 44, 40, 50, 60)),
    )
    (public, *_), (staff, *_) = [(await gaps_of(each))["groups"]["items"] for each in (reads.public, reads.staff)]
    assert (staff["value"], staff["target"]) == (44, 50) and staff["status"] not in ("no_target", "insufficient")
    assert (public["value"], public["status"], public["target"]) == (44, "suppressed", None)


async def test_a_group_is_not_judged_by_what_is_hidden_inside_it(city: City, reads: Reads) -> None:
    by_sex = MethodChoice(id="cagr-ratio", params={"series": "sex"})
    rows = [
        value("cases", year, number, breakdown={"district": place, "sex": sex})
        for year, numbers in (("2015", (90, 80, 70, 60)), ("2016", (50, 4, 60, 50)))
        for (place, sex), number in zip((("1", "f"), ("1", "m"), ("2", "f"), ("2", "m")), numbers, strict=True)
    ]
    wholes = [*counts("2015", 170, 130), *counts("2016", 54, 110)]
    await stand(
        city,
        measure("cases", frequency="year", direction="down", breakdowns=["district", "sex"], method=by_sex),
        push(*rows, *wholes),
    )
    path = "?dimension=district"
    public, staff = (await gaps_of(reads.public, path))["groups"], (await gaps_of(reads.staff, path))["groups"]
    assert [line["value"] for line in public["items"]] == [54, 110]
    first, second = (line["status"] for line in staff["items"])
    assert "suppressed" not in (first, second)
    assert [line["status"] for line in public["items"]] == ["suppressed", second]


async def test_an_explanation_shows_no_hidden_headline_of_what_weighs(city: City, reads: Reads) -> None:
    people = measure("people", direction="none", frequency="year", time_aggregation="last", suppress_under=10)
    weighed: dict[str, Any] = {"time_aggregation": "weighted_average", "breakdown_aggregation": "weighted_average"}
    await stand(
        city,
        people,
        measure("cases", weighted_by="people", **weighed),
        push(value("people", "2015", 70), value("people", "2016", 7), value("cases", "2017-03", 44)),
    )
    path = "/v1/status/measures/cases/explain"
    staff, public = await read(reads.staff, path), await read(reads.public, path)
    assert 7 in [each["value"] for each in staff["inputs"] + staff["weights"]]
    assert 7 not in [each["value"] for each in public["inputs"] + public["weights"]]
