"""The method `comparator`."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.facts import Cell, NodeStatus, Target
from rollup_worker.core.judge import judge_measure, window
from rollup_worker.core.methods import VERSIONS
from tests.unit.rollup_worker.build import baseline, cell, judge, measure, target
from tideline import periods
from tideline.events import MeasureDefined, MethodChoice, Peer
from tideline.vocabulary import Status


def by_comparator(direction: str = "up", params: dict[str, Any] | None = None, **fields: Any) -> MeasureDefined:
    usual: dict[str, Any] = {"time_aggregation": "ratio", "breakdown_aggregation": "ratio", "multiplier": Decimal(100)}
    method = MethodChoice(id="comparator", params=params or {})
    peers = [Peer(code="salford"), Peer(code="leeds")]
    return measure(direction=direction, frequency="year", method=method, peers=peers, **usual | fields)


def share(part: str, whole: str, limit: str, direction: str = "up", **params: Any) -> NodeStatus:
    return judge(by_comparator(direction, params), [target("2017", limit)], [cell("2017", pair=(part, whole))])


def events(number: str, limit: str, direction: str = "down", **params: Any) -> NodeStatus:
    definition = by_comparator(direction, params, time_aggregation="sum", multiplier=Decimal(1))
    return judge(definition, [target("2017", limit)], [cell("2017", number)])


def test_without_a_comparator_there_is_data_and_no_judgement() -> None:
    found = judge(by_comparator(), [], [cell("2017", pair=("1", "2"))])
    assert (found.status, found.why["reason"], found.value) == (Status.NO_TARGET, "no_comparator", Decimal(50))


@pytest.mark.parametrize("against", ["previous_year", "previous_period", "baseline", {"peer": "salford"}])
def test_a_comparator_that_has_no_value_is_none(against: Any) -> None:
    found = judge(by_comparator(params={"against": against}), [target("2017", "1")], [cell("2017", pair=("1", "2"))])
    assert (found.status, found.why["reason"]) == (Status.NO_TARGET, "no_comparator")


def test_a_peer_that_is_not_listed_judges_nothing() -> None:
    definition = by_comparator(params={"against": {"peer": "york"}})
    found = judge(definition, [], [cell("2017", pair=("1", "2")), cell("2017", pair=("1", "4"), peer="york")])
    assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, "bad_params")
    assert "york" in found.why["detail"]


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (cell("2017", "50"), {}),
        (cell("2017", pair=("5", "2")), {}),
        (cell("2017", pair=("-1", "2")), {}),
        (cell("2017", "0.5"), {"time_aggregation": "sum"}),
        (cell("2017", "-1"), {"time_aggregation": "sum"}),
        (cell("2017", "17"), {"time_aggregation": "average"}),
        (cell("2017", pair=("1.5", "2000")), {"multiplier": Decimal(1000)}),
    ],
)
def test_what_counts_nothing_has_no_interval_and_no_judgement(value: Cell, fields: dict[str, Any]) -> None:
    found = judge(by_comparator(**fields), [target("2017", "1")], [value])
    assert (found.status, found.score, found.why["reason"]) == (Status.INSUFFICIENT, None, "no_counts")


@pytest.mark.parametrize(
    "params", [{"confidence": 90}, {"against": {"city": "x"}}, {"against": "nobody"}, {"kind": "x"}]
)
def test_parameters_that_cannot_be_used_are_named(params: dict[str, Any]) -> None:
    assert VERSIONS["comparator", 1].validate(params)


def test_newcombes_interval_tells_a_share_from_its_target() -> None:
    """81 of 263: 25.53 % to 36.62 %."""
    found = {limit: share("81", "263", limit) for limit in ("25", "26", "31", "36", "37")}
    assert {limit: each.status for limit, each in found.items()} == {
        "25": Status.ACHIEVED,
        "26": Status.ON_TRACK,
        "31": Status.AT_RISK,
        "36": Status.AT_RISK,
        "37": Status.OFF_TRACK,
    }
    assert [each.why["comparison"] for each in found.values()] == ["better", "similar", "similar", "similar", "worse"]
    why = found["25"].why
    assert (round(why["interval_lower"], 2), round(why["interval_upper"], 2)) == (Decimal("25.53"), Decimal("36.62"))


def test_where_less_is_better_the_sides_change() -> None:
    found = [share("81", "263", limit, "down").why["comparison"] for limit in ("25", "31", "37")]
    assert found == ["worse", "similar", "better"]


def test_more_confidence_tells_less_apart() -> None:
    assert share("81", "263", "25").why["comparison"] == "better"
    assert share("81", "263", "25", confidence="99.8").why["comparison"] == "similar"


@pytest.mark.parametrize(
    ("number", "limit", "expected"),
    [
        ("0", "3.7", "better"),
        ("0", "3.6", "similar"),
        ("0", "0", "similar"),
        ("9", "17.1", "better"),
        ("9", "17.0", "similar"),
        ("9", "4.1", "worse"),
        ("10", "18.5", "better"),
        ("10", "4.7", "worse"),
    ],
)
def test_small_counts_have_their_exact_limits_and_others_byars(number: str, limit: str, expected: str) -> None:
    assert events(number, limit).why["comparison"] == expected


def test_a_rate_is_told_per_its_multiplier() -> None:
    definition = by_comparator("down", multiplier=Decimal(100_000))
    found = judge(definition, [target("2017", "95")], [cell("2017", pair=("65", "100000"))])
    assert (found.status, found.value) == (Status.ACHIEVED, Decimal(65))
    assert [round(found.why[f"interval_{end}"], 1) for end in ("lower", "upper")] == [Decimal("50.2"), Decimal("82.8")]


def test_a_percentage_may_be_named_a_rate() -> None:
    found = share("300", "200", "100", kind="rate")
    assert (found.status, found.value) == (Status.ACHIEVED, Decimal(150))


@pytest.mark.parametrize("multiplier", ["1", "100", "1000", "0.001"])
def test_the_unit_changes_no_judgement(multiplier: str) -> None:
    unit = Decimal(multiplier)
    definition = by_comparator("up", {"kind": "proportion"}, multiplier=unit)
    cells = [cell("2017", pair=("81", "263"))]
    found = [
        judge(definition, [Target(periods.parse("2017"), limit * unit)], cells)
        for limit in map(Decimal, ("0.25", "0.26", "0.31", "0.37"))
    ]
    assert [(each.status, round(each.score or 0, 3)) for each in found] == [
        (Status.ACHIEVED, Decimal(100)),
        (Status.ON_TRACK, Decimal("98.938")),
        (Status.AT_RISK, Decimal("57.736")),
        (Status.OFF_TRACK, Decimal("39.174")),
    ]


def test_a_score_never_falls_as_the_value_improves() -> None:
    scores = [share(str(part), "50", "40").score or Decimal(-1) for part in range(51)]
    assert scores == sorted(scores) and len(set(scores)) > 20
    falling = [events(str(number), "20").score or Decimal(-1) for number in range(10, 60)]
    assert falling == sorted(falling, reverse=True)


def test_a_peers_value_of_the_same_period_is_the_comparator() -> None:
    definition = by_comparator(params={"against": {"peer": "salford"}})
    peers = [cell("2017", pair=("1", "4"), peer="salford"), cell("2017", pair=("99", "100"), peer="leeds")]
    found = judge(definition, [], [cell("2017", pair=("81", "263")), *peers])
    assert (found.status, found.why["against"], found.why["comparator"]) == (
        Status.ACHIEVED,
        "peer salford",
        Decimal(25),
    )


def test_the_same_period_of_the_year_before_is_read_and_compared() -> None:
    definition = by_comparator("down", {"against": "previous_year"}, time_aggregation="sum", multiplier=Decimal(1))
    months = measure(**{name: getattr(definition, name) for name in ("method", "direction", "time_aggregation")})
    last = periods.parse("2017-03")
    assert window(months, [], last)[0] == periods.parse("2016-03").start
    cells = [cell("2016-03", "40"), cell("2017-02", "99"), cell("2017-03", "20")]
    found = judge(months, [], cells)
    assert (found.status, found.why["comparator"], found.native) == (Status.ACHIEVED, Decimal(40), Decimal(-20))


def test_the_baseline_may_be_the_comparator() -> None:
    definition = by_comparator(params={"against": "baseline"}, baseline=baseline("2010", "20"))
    assert judge(definition, [], [cell("2017", pair=("81", "263"))]).status is Status.ACHIEVED


def test_a_sum_to_date_is_held_against_the_share_that_is_due() -> None:
    definition = measure(direction="down", time_aggregation="sum", method=MethodChoice(id="comparator"))
    months = [cell(f"2017-0{month}", "30") for month in (1, 2, 3)]
    found = judge(definition, [target("2017", "480")], months)
    assert (found.status, found.why["value_held"], found.why["comparator"]) == (
        Status.ACHIEVED,
        Decimal(90),
        Decimal(120),
    )


def test_a_range_is_kept_wholly_inside_and_missed_wholly_outside() -> None:
    def of(lower: str, upper: str) -> str:
        limits = target("2017", lower=lower, upper=upper)
        return str(judge(by_comparator("range"), [limits], [cell("2017", pair=("81", "263"))]).why["comparison"])

    assert [of("20", "40"), of("30", "40"), of("50", "60")] == ["better", "similar", "worse"]


def test_without_a_desired_direction_the_value_is_only_described() -> None:
    found = {limit: share("81", "263", limit, "none") for limit in ("20", "30", "40")}
    assert {each.status for each in found.values()} == {Status.NO_TARGET}
    assert [each.why["comparison"] for each in found.values()] == ["higher", "similar", "lower"]


def test_peers_bring_nothing_to_the_value_itself() -> None:
    cells = [cell("2017", pair=("81", "263")), cell("2018", pair=("9", "10"), peer="salford")]
    found = judge_measure(by_comparator(), [target("2017", "25")], cells, periods.parse("2018").end)
    assert (found.as_of, found.status) == ("2017", Status.ACHIEVED)
