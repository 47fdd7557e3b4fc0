"""The worked examples that vendors and offices publish of their own status rules, said in ours.

What is no status of a measure or node, or contradicts our rules on purpose, stands in ELSEWHERE by name.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from rollup_worker.core.aggregate import Reading, collect, finish
from rollup_worker.core.facts import CITY, NodeStatus, Parent
from rollup_worker.core.rollup import roll_up
from tests.unit.rollup_worker.build import baseline, cell, child, judge, measure, published_json, target
from tideline import periods
from tideline.events import MethodChoice
from tideline.vocabulary import Aggregation, Policy, Status

ELSEWHERE = {
    ("ServiceNow SPM auto status", "override"): "a person's status stands beside the computed one until it expires",
    ("ServiceNow SPM auto status", "Q3"): "misprint: 76.7 is printed where the formula gives 85.19; the status agrees",
    ("ServiceNow SPM auto status", "Q4"): "misprint: 86 is printed where the formula gives 88.97; the status agrees",
    ("Perdoo", "kpi_target"): "without a target: always healthy there, no target here; never green by absence",
    ("Sloth / Google SRE multiwindow burn rates", "hours"): "windows of hours; no measure has a period under a day",
    ("WA DOH small numbers", "count"): "what is shown to whom is no status; the tests of suppression have it",
}
TESTED = {
    "ServiceNow SPM auto status",
    "Socrata Dynamic Status",
    "ClearPoint series evaluation",
    "Perdoo",
    "Engagedly",
    "UpRaise (Jira OKR)",
    "ASTAT/ISTAT CAGR classes",
    "UN progress chart method as used by Eustat",
    "Sloth / Google SRE multiwindow burn rates",
    "Open SDG cucumber feature",
    "WA DOH small numbers",
}
COLOURS = {"Green": Status.ON_TRACK, "Yellow": Status.AT_RISK, "Red": Status.OFF_TRACK}
SCORES = {Status.ON_TRACK: "80", Status.AT_RISK: "50", Status.OFF_TRACK: "20"}


def published(name: str) -> dict[str, Any]:
    (found,) = [
        each for each in published_json("oracles", "vendor_status_worked_examples.json") if each["anchor"] == name
    ]
    return dict(found)


def rules(of: str, *pairs: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"rules": [{"status": status, "of": of, **limits} for status, limits in pairs]}


def by_rules(
    params: dict[str, Any],
    value: object,
    limit: object = None,
    start: object = None,
    direction: str = "up",
    **more: Any,
) -> NodeStatus:
    """A value of 2017, against a target of 2018 where there is a way to it from 2016, else of 2017."""
    definition = measure(
        direction=direction,
        frequency="year",
        method=MethodChoice(id="threshold", params=params),
        baseline=baseline("2016", str(start)) if start is not None else None,
        **more,
    )
    due = "2018" if start is not None else "2017"
    return judge(definition, [target(due, str(limit))] if limit is not None else [], [cell("2017", str(value))])


def lies_in(text: str, value: Decimal) -> bool:
    """`>x`, `<=x`, `(a,b]` as written; `a..b` takes what the rules around it leave."""
    if found := re.fullmatch(r"([<>]=?)(-?[\d.]+)(\*ideal)?", text):
        sign, limit = found[1], Decimal(found[2])
        return {">": value > limit, ">=": value >= limit, "<": value < limit, "<=": value <= limit}[sign]
    low, high = map(Decimal, re.findall(r"-?\d+(?:\.\d+)?", text))
    return low < value <= high if text.startswith("(") else low <= value <= high


def expected(cases: Iterable[dict[str, Any]], key: str, answer: str, value: Decimal) -> Any:
    """Of the published cases the answer of the first one that the value lies in."""
    return next(case[answer] for case in cases if key in case and lies_in(case[key], value))


def worst_of(statuses: Sequence[Status]) -> Status:
    children = [child(str(at), status, SCORES[status]) for at, status in enumerate(statuses)]
    return roll_up(Parent(CITY, Policy.WORST_OF), children).status


def test_every_published_example_is_here_or_named() -> None:
    anchors = {each["anchor"] for each in published_json("oracles", "vendor_status_worked_examples.json")}
    assert anchors == TESTED
    assert {name for name, _ in ELSEWHERE} <= TESTED


def test_servicenow_achieved_percent_of_the_way_from_start_to_target() -> None:
    ninety = rules("progress", ("on_track", {"at_least": 90}), ("at_risk", {"at_least": 75}))
    misprints = []
    for case in published("ServiceNow SPM auto status")["cases"]:
        direction = "down" if case.get("direction") == "minimize" else "up"
        found = by_rules(ninety, case["actual"], case["target"], case["start"], direction)
        assert found.status is COLOURS[case["status"]]
        shown = Decimal(found.why["progress"])
        if "recomputed" in case:
            assert shown.quantize(Decimal("0.01"), ROUND_HALF_UP) == Decimal(str(case["recomputed"]))
        printed = Decimal(str(case.get("printed", case.get("ach"))))
        misprints += [case["q"]] if shown.quantize(Decimal("0.1"), ROUND_HALF_UP) != printed else []
    assert misprints == ["Q3", "Q4"]


def test_servicenow_the_latest_check_in_wins_and_upwards_the_worst() -> None:
    rollups = {each["layer"]: each for each in published("ServiceNow SPM auto status")["rollups"]}
    percent = rules("value", ("on_track", {"at_least": 90}), ("at_risk", {"at_least": 75}))
    values = {"Green": "95", "Yellow": "80", "Red": "10"}
    checks = rollups.pop("check-in->target cumulative")
    cells = [cell(f"2017-0{at}", values[colour]) for at, colour in enumerate(checks["inp"], 1)]
    definition = measure(method=MethodChoice(id="threshold", params=percent))
    assert judge(definition, [target("2017", "100")], cells).status is COLOURS[checks["out"]]
    for each in rollups.values():
        assert worst_of([COLOURS[colour] for colour in each["inp"]]) is COLOURS[each["out"]]


def test_socrata_near_a_target_and_above_or_below_it() -> None:
    near, cost, rides, budget = published("Socrata Dynamic Status")["cases"]
    within = rules("difference", ("on_track", {"at_least": -near["tolerance"], "at_most": near["tolerance"]}))
    found = {
        value: by_rules(within, value, near["target"], direction="range").status for value in (2999, 3000, 7000, 7001)
    }
    assert found == {2999: Status.OFF_TRACK, 3000: Status.ON_TRACK, 7000: Status.ON_TRACK, 7001: Status.OFF_TRACK}
    warned = rules("value", ("on_track", {"below": cost["warn_from"]}), ("at_risk", {"at_most": cost["target"]}))
    spent = [by_rules(warned, value, cost["target"], direction="down").status for value in (179_999, 180_000, 200_001)]
    assert spent == [Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK]
    bands = rules("value", ("on_track", {"above": 1000}), ("at_risk", {"at_least": 800}))
    ridden = [by_rules(bands, value, 1000).status for value in (1001, 999, 800, 799)]
    assert (rides["good"], rides["near"], rides["poor"]) == (">1000", "800-999", "<800")
    assert ridden == [Status.ON_TRACK, Status.AT_RISK, Status.AT_RISK, Status.OFF_TRACK]
    kept = rules("difference", ("on_track", {"below": 0}))
    assert by_rules(kept, 11_999, budget["target"], direction="down").status is Status.ON_TRACK
    assert by_rules(kept, 12_000, budget["target"], direction="down").status is Status.OFF_TRACK


def test_clearpoint_a_ten_percent_caution() -> None:
    words = {"Above Target": Status.ACHIEVED, "Caution": Status.AT_RISK, "Below Plan": Status.OFF_TRACK}
    for case in published("ClearPoint series evaluation")["cases"]:
        assert by_rules({}, case["actual"], case["target"]).status is words[case["status"]]


def test_perdoo_the_mean_of_progress_and_the_weakest_status() -> None:
    mean, weakest, healthy = published("Perdoo")["cases"]
    day = periods.parse("2017").start
    progress = collect([Reading(Decimal(each), day) for each in mean["progress"]], Aggregation.AVERAGE)
    found = finish(progress, Aggregation.AVERAGE)
    assert found is not None and int(found) == mean["objective_progress"]
    words = {"off track": Status.OFF_TRACK, "on track": Status.ON_TRACK}
    assert worst_of([words[each] for each in weakest["kr_status"]]) is Status.OFF_TRACK
    assert healthy["status"] == "Healthy"
    assert by_rules({}, 5, healthy["kpi_target"]).status is Status.NO_TARGET


def test_engagedly_the_gap_between_expected_and_actual() -> None:
    words = {
        "On track": Status.ON_TRACK,
        "Behind": Status.AT_RISK,
        "At risk": Status.OFF_TRACK,
        "Achieved": Status.ACHIEVED,
    }
    cases = published("Engagedly")["cases"]
    (dated,) = [case for case in cases if "expected" in case]
    gaps = rules("behind", ("on_track", {"below": "16.5"}), ("at_risk", {"at_most": 33}))
    achieved = rules("progress", ("achieved", {"at_least": 100}))
    params = {"rules": achieved["rules"] + gaps["rules"]}

    def at(percent: Decimal) -> NodeStatus:
        definition = measure(
            frequency="day",
            baseline=baseline("2023-03-31", "0"),
            method=MethodChoice(id="threshold", params=params),
        )
        assert (dated["start"], dated["end"]) == ("2023-04-01", "2023-04-30")
        return judge(definition, [target(dated["end"], "100")], [cell(dated["at"], str(percent))])

    for actual in map(Decimal, ("0", "16.9", "17", "33.4", "33.5", "33.6", "50", "99")):
        found = at(actual)
        assert found.why["behind"] == dated["expected"] - actual
        assert found.status is words[expected(cases, "gap", "status", dated["expected"] - actual)]
    assert at(Decimal(100)).status is words[expected(cases, "actual", "status", Decimal(100))]


def test_upraise_shares_of_the_ideal_pace() -> None:
    words = {"on track": Status.ON_TRACK, "falling behind": Status.AT_RISK, "at risk": Status.OFF_TRACK}
    cases = published("UpRaise (Jira OKR)")["cases"]
    shares = rules("pace", ("on_track", {"at_least": 95}), ("at_risk", {"at_least": 75}))
    for value in map(Decimal, ("20", "37.4", "37.5", "47.4", "47.5", "60")):
        found = by_rules(shares, value, 100, 0)
        ratio = value / 50
        assert (found.why["pace"], found.status) == (ratio * 100, words[expected(cases, "ratio", "status", ratio)])


@pytest.mark.parametrize(("direction", "sign"), [("up", 1), ("down", -1)])
def test_astat_classes_of_growth_without_a_target(direction: str, sign: int) -> None:
    words = dict(
        zip(
            ("clear improvement", "slight improvement", "stable", "slight worsening", "clear worsening"),
            (Status.ACHIEVED, Status.ON_TRACK, Status.AT_RISK, Status.OFF_TRACK, Status.DETERIORATING),
            strict=True,
        )
    )
    cases = published("ASTAT/ISTAT CAGR classes")["cases"]
    above = [("achieved", 5), ("on_track", 1), ("at_risk", -1), ("off_track", -5)]
    classes = rules("growth", *((word, {"above": limit}) for word, limit in above), ("deteriorating", {}))
    for text in ("0.06", "0.0501", "0.05", "0.0101", "0.01", "0", "-0.0099", "-0.01", "-0.0499", "-0.05", "-0.2"):
        rate = Decimal(text)
        found = by_rules(classes, 100 * (1 + sign * rate), None, 100, direction)
        assert found.status is words[expected(cases, "cagr", "status", rate)], rate
        assert found.why["judged_by"] == "direction alone"


def test_the_un_chart_projects_growth_to_the_target_year() -> None:
    words = {3: Status.ON_TRACK, 2: Status.AT_RISK, 1: Status.OFF_TRACK}
    cases = published("UN progress chart method as used by Eustat")["cases"]
    ratios = rules("projected", ("on_track", {"at_least": 95}), ("at_risk", {"at_least": 10}))
    for value, limit in ((119, "143.8"), (119, "143.9"), (110, "310"), (110, "310.1"), (130, "120"), (90, "150")):
        ratio = (Decimal(value) ** 2 / 100 - 100) / (Decimal(limit) - 100)
        assert by_rules(ratios, value, limit, 100).status is words[expected(cases, "ratio", "score", ratio)]
    rates = rules("growth", ("on_track", {"at_least": 2}), ("at_risk", {"at_least": "0.5"}))
    for rate in map(Decimal, ("0.03", "0.02", "0.0199", "0.005", "0.0049", "-0.1")):
        found = by_rules(rates, 100 * (1 + rate), None, 100)
        assert found.status is words[expected(cases, "no_target_cagr", "score", rate)]


def test_a_burn_rate_is_what_a_budget_used_of_what_is_due() -> None:
    """Of the windows of whole days; percent of the due share of a budget of 100 for thirty days, as a factor."""
    cases = published("Sloth / Google SRE multiwindow burn rates")["cases"]
    of_days = [case for case in cases if case["long"].endswith("d")]
    assert [(case["budget_pct"], case["long"], case["period"]) for case in of_days] == [
        (10, "1d", "30d"),
        (10, "3d", "30d"),
    ]
    for case in of_days:
        burning = rules("percent", ("at_risk", {"at_least": 100 * case["factor"]}), ("on_track", {}))
        definition = measure(
            direction="down",
            frequency="day",
            time_aggregation="sum",
            method=MethodChoice(id="threshold", params=burning),
        )
        days = int(case["long"][0])
        used = [cell(f"2017-04-0{day}", str(case["budget_pct"] if day == 1 else 0)) for day in range(1, days + 1)]
        found = judge(definition, [target("2017-04", "100")], used)
        assert (found.status, found.why["percent"]) == (Status.AT_RISK, 100 * case["factor"])


def test_open_sdg_deterioration_and_on_track() -> None:
    words = {"Deterioration": Status.DETERIORATING, "On track": Status.ON_TRACK}
    for case in published("Open SDG cucumber feature")["cases"]:
        (first, start), (last, value) = case["values"].items()
        definition = measure(
            direction="up" if case["direction"] == "positive" else "down",
            frequency="year",
            baseline=baseline(first, str(start)),
            method=MethodChoice(id="cagr-ratio"),
        )
        found = judge(definition, [target(str(case["target_year"]), str(case["target"]))], [cell(last, str(value))])
        assert found.status is words[case["expected"]]
