"""Judgements, gaps and headlines that are made of single groups: none of them gives a hidden group away."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, goal, measure, push, target, value
from tideline.events import Event, MethodChoice, Observation

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
