"""Ordered rules of the method `threshold`."""

from typing import Any

from tests.unit.rollup_worker.build import judged, quarter
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


def test_percent_of_a_zero_target_matches_nothing() -> None:
    assert judged("down", "0", "0", **rules(("on_track", {"at_most": 100}))).status is Status.OFF_TRACK
