"""Methods that read beyond the latest periods are given what they ask for."""

from decimal import Decimal
from typing import Any

from tests.integration.rollup_worker.conftest import Reads
from tests.integration.rollup_worker.stage import City, department, measure, push, target, value
from tideline.events import MethodChoice, Peer


def months(code: str, amounts: list[int]) -> Any:
    return push(*(value(code, f"{2014 + at // 12}-{at % 12 + 1:02}", amount) for at, amount in enumerate(amounts)))


async def why(reads: Reads, code: str) -> dict[str, Any]:
    return dict((await reads.public.get(f"/v1/status/measures/{code}/explain")).json()["numbers"])


async def test_a_control_chart_reads_its_points_and_no_more(city: City, reads: Reads) -> None:
    chart = MethodChoice(id="control-chart")
    await city.tell(
        department("fire"),
        measure("calls", time_aggregation="average", method=chart),
        target("calls", "2016", 40),
        months("calls", [*[1000] * 10, *[50, 52] * 12]),
    )
    await city.judge()
    found = await city.document("measure", "calls")
    assert (found.status, found.as_of) == ("achieved", "2016-10")
    numbers = await why(reads, "calls")
    assert (numbers["points"], numbers["mean"], numbers["first_period"]) == (24, 51, "2014-11")


async def test_a_value_of_long_ago_that_is_put_right_changes_the_chart_that_reads_it(city: City, reads: Reads) -> None:
    chart = MethodChoice(id="control-chart")
    await city.tell(department("fire"), measure("calls", time_aggregation="average", method=chart))
    await city.tell(target("calls", "2015", 48), months("calls", [50, 52] * 12))
    await city.judge()
    await city.tell(push(value("calls", "2014-01", 74, revision=2)))
    (changed, *_) = await city.judge()
    assert (changed.code, (await why(reads, "calls"))["mean"]) == ("calls", 52)


async def test_a_comparator_reads_the_year_before_and_its_peers(city: City, reads: Reads) -> None:
    shares: dict[str, Any] = {"time_aggregation": "ratio", "breakdown_aggregation": "ratio", "multiplier": Decimal(100)}
    against: list[tuple[str, Any]] = [("past", "previous_year"), ("beside", {"peer": "salford"})]
    for code, comparator in against:
        method = MethodChoice(id="comparator", params={"against": comparator})
        await city.tell(measure(code, method=method, peers=[Peer(code="salford")], **shares))
        await city.tell(
            push(
                value(code, "2016-03", None, numerator=Decimal(1), denominator=Decimal(4)),
                value(code, "2017-03", None, numerator=Decimal(81), denominator=Decimal(263)),
                value(
                    code,
                    "2017-03",
                    None,
                    numerator=Decimal(9),
                    denominator=Decimal(10),
                    breakdown={"peer": "salford"},
                ),
            )
        )
    await city.judge()
    numbers = {code: await why(reads, code) for code, _ in against}
    assert {code: (each["comparison"], each["comparator"]) for code, each in numbers.items()} == {
        "past": ("better", 25),
        "beside": ("worse", 90),
    }


async def test_the_people_of_each_district_weigh_its_answers(city: City, reads: Reads) -> None:
    weighted: dict[str, Any] = {"time_aggregation": "weighted_average", "breakdown_aggregation": "weighted_average"}
    await city.tell(
        measure("people", direction="none", frequency="year", breakdowns=["district"]),
        measure("answers", weighted_by="people", breakdowns=["district"], **weighted),
        push(
            value("people", "2016", 1000, breakdown={"district": "1"}),
            value("people", "2016", 3000, breakdown={"district": "2"}),
            value("answers", "2017-03", 10, breakdown={"district": "1"}),
            value("answers", "2017-03", 20, breakdown={"district": "2"}),
        ),
    )
    await city.judge()
    assert (await city.document("measure", "answers")).value == Decimal("17.5")
    series = (await reads.public.get("/v1/status/measures/answers/series?level=year")).json()
    assert [(item["period"], item["value"]) for item in series["items"]] == [("2017", 17.5)]
