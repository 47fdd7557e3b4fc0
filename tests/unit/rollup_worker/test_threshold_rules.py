"""Ordered rules of the method `threshold`."""

from decimal import Decimal
from typing import Any

import pytest

from rollup_worker.core.facts import NodeStatus
from tests.unit.rollup_worker.build import baseline, by_threshold, cell, judge, judged, quarter, target
from tideline.vocabulary import Status


def rules(*pairs: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"rules": [{"status": status, **limits} for status, limits in pairs]}


def test_of_ordered_rules_the_first_match_decides_and_the_rest_is_off_track() -> None:
    params = rules(("achieved", {"at_least": 100}), ("on_track", {"above": 95}), ("at_risk", {"at_least": 80}))
    found = {v: judged("up", v, "200", **params).status for v in ("200", "199", "190", "160", "159")}
    assert found == {
        "200": Status.ACHIEVED,
        "199": Status.ON_TRACK,
        "190": Status.AT_RISK,
        "160": Status.AT_RISK,
        "159": Status.OFF_TRACK,
    }


def test_rules_may_speak_of_the_value_or_its_difference_to_a_zero_target() -> None:
    params = rules(("on_track", {"of": "difference", "at_most": 2}), ("at_risk", {"of": "value", "below": 5}))
    assert [judged("down", v, "0", **params).status for v in ("2", "4.9", "5")] == [
        Status.ON_TRACK,
        Status.AT_RISK,
        Status.OFF_TRACK,
    ]


def test_rules_speak_of_the_due_share() -> None:
    by_percent = rules(("on_track", {"at_least": 100}), ("at_risk", {"at_least": 80}))
    by_difference = rules(
        ("on_track", {"of": "difference", "at_least": 0}), ("at_risk", {"of": "value", "at_least": 240})
    )
    for params in (by_percent, by_difference):
        assert [quarter(each, **params).status for each in ("100", "99", "80", "79.9")] == [
            Status.ON_TRACK,
            Status.AT_RISK,
            Status.AT_RISK,
            Status.OFF_TRACK,
        ]


def test_percent_of_a_negative_target_counts_from_zero_as_the_target_does() -> None:
    params = rules(("on_track", {"at_most": 100}), ("at_risk", {"at_most": 150}))
    found = [judged("up", value, "-10", **params).status for value in ("-5", "-10", "-15", "-16")]
    assert found == [Status.ON_TRACK, Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK]


def test_of_a_zero_target_zero_is_all_and_everything_else_beyond_any_percentage() -> None:
    fewer = rules(("on_track", {"at_most": 100}), ("at_risk", {"at_most": 1_000_000}))
    assert [judged("down", value, "0", **fewer).status for value in ("0", "-1", "0.001")] == [
        Status.ON_TRACK,
        Status.ON_TRACK,
        Status.OFF_TRACK,
    ]
    more = rules(("achieved", {"above": 100}), ("on_track", {"at_least": 100}))
    assert [judged("up", value, "0", **more).status for value in ("0.001", "0", "-1")] == [
        Status.ACHIEVED,
        Status.ON_TRACK,
        Status.OFF_TRACK,
    ]


def onward(value: str, of: str, limit: str = "200", start: str | None = "100", **more: Any) -> NodeStatus:
    """From 100 in 2016 to 200 in 2020, judged in 2017: a quarter of the way is due."""
    params = rules(("on_track", {"of": of, "at_least": 25}), ("at_risk", {"of": of, "at_least": 10}))
    definition = by_threshold(
        params=params, frequency="year", baseline=baseline("2016", start) if start else None, **more
    )
    return judge(definition, [target("2018", "9"), target("2020", limit)][1:], [cell("2017", value)])


@pytest.mark.parametrize("of", ["progress", "pace", "behind", "projected", "growth"])
def test_rules_of_the_way_need_a_baseline_before_the_value_and_the_target(of: str) -> None:
    assert onward("125", of, start=None).why["reason"] == "no_baseline"
    definition = by_threshold(
        params=rules(("on_track", {"of": of, "at_least": 25})), frequency="year", baseline=baseline("2017", "1")
    )
    assert judge(definition, [target("2020", "2")], [cell("2017", "1")]).why["reason"] == "before_baseline"
    assert judge(definition, [], [cell("2018", "1")]).status is (
        Status.OFF_TRACK if of == "growth" else Status.NO_TARGET
    )


def test_rules_of_the_way_look_at_the_next_target_ahead() -> None:
    assert [onward(value, "progress").status for value in ("125", "110", "109.9")] == [
        Status.ON_TRACK,
        Status.AT_RISK,
        Status.OFF_TRACK,
    ]
    assert onward("110", "progress").why["progress"] == 10
    assert round(onward("110", "pace").why["pace"], 9) == round(10 * Decimal(1461) / 365, 9)
    assert round(onward("100", "behind").why["behind"] * 1461, 9) == 36_500


def test_where_the_baseline_met_the_target_there_is_no_way_and_it_is_to_be_kept() -> None:
    for of, met in (("progress", 100), ("pace", 100), ("projected", 100), ("behind", 0)):
        kept, missed = onward("90", of, limit="80"), onward("70", of, limit="80")
        assert (kept.why[of], missed.why[of]) == (met, None)
        assert (missed.status is Status.OFF_TRACK) is (of != "behind")


@pytest.mark.parametrize("of", ["growth", "projected"])
def test_growth_from_zero_or_across_it_is_no_number(of: str) -> None:
    assert onward("5", of, start="0").why["reason"] == f"no_{of}"
    assert onward("-5", of, start="5").status is Status.INSUFFICIENT


def test_growth_on_a_boundary_is_on_it_however_many_years_it_took() -> None:
    params = rules(("on_track", {"of": "growth", "at_least": 10}), ("at_risk", {"of": "growth", "at_least": 0}))
    for years in range(1, 8):
        definition = by_threshold(params=params, frequency="year", baseline=baseline(str(2017 - years), "100"))
        grown = Decimal(100) * Decimal("1.1") ** years
        assert judge(definition, [], [cell("2017", str(grown))]).status is Status.ON_TRACK
        assert judge(definition, [], [cell("2017", str(grown - Decimal("1e-15")))]).status is Status.AT_RISK


def test_the_way_of_a_sum_is_told_by_its_rate_to_date() -> None:
    params = rules(("on_track", {"of": "progress", "at_least": 50}))
    definition = by_threshold(params=params, time_aggregation="sum", baseline=baseline("2016", "1200"))
    months = [cell(f"2017-0{month}", "150") for month in (1, 2, 3)]
    assert judge(definition, [target("2017", "2400")], months).why["progress"] == 50
    assert judge(definition, [target("2017-Q1", "2400")], months).why["reason"] == "unequal_periods"
