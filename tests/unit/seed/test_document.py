"""The plan document of the first city holds together and tells facts from samples."""

import csv
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
import yaml

from deploy.seed.loading import HISTORY, PLAN
from deploy.seed.sample import read_shapes
from tideline import periods
from tideline.vocabulary import CODE, Aggregation, AreaKind, Direction, Frequency, MeasureType, Policy

DOCUMENT: dict[str, Any] = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
MEASURES: dict[str, dict[str, Any]] = {measure["code"]: measure for measure in DOCUMENT["measures"]}
CODES: dict[str, set[str]] = {
    kind: {row["code"] for row in DOCUMENT[kind]} for kind in ("areas", "departments", "goals", "measures")
}
FACTS = {
    "budget-reserves",
    "fdcares-response-change",
    "potholes-repaired",
    "pothole-area-repaired",
    "blocks-overlaid",
    "blocks-surface-treated",
    "blocks-preventive",
    "arterial-lane-miles",
    "street-signs",
    "ada-ramps",
    "streets-initiative-spent",
    "tpu-power-availability",
    "tpu-power-customers",
    "tpu-water-peak-use-reduction",
    "tpu-rail-carloads-capital",
    "housing-transport-burden",
    "complete-neighborhoods",
    "perception-of-safety",
    "livable-wage-jobs",
    "vacant-business-properties",
    "adults-with-degrees",
    "residents-who-volunteer",
    "residents-who-vote",
    "boards-reflect-diversity",
    "homeless-deaths",
    "public-records-requests",
    "open-data-datasets",
    "open-data-page-views",
    "community-survey-responses",
    "budget-total",
    "general-fund-budget",
}


def _history() -> list[dict[str, str]]:
    with HISTORY.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _says_sample(row: dict[str, Any]) -> bool:
    return "(sample)" in row["title"] or "(sample)" in row.get("description", "")


def _deciding(goal: dict[str, Any]) -> list[str]:
    weighted = [metric["measure"] for metric in goal.get("metrics", ()) if isinstance(metric, dict)]
    return [*weighted, *([goal["kpi"]] if "kpi" in goal else [])]


def _metrics(goal: dict[str, Any]) -> list[str]:
    return [metric["measure"] if isinstance(metric, dict) else metric for metric in goal.get("metrics", ())]


def test_every_code_is_well_formed_and_unique_per_kind() -> None:
    for kind in CODES:
        codes = [row["code"] for row in DOCUMENT[kind]]
        assert all(CODE.fullmatch(code) for code in codes)
        assert [code for code, count in Counter(codes).items() if count > 1] == []


def test_the_structure_is_the_published_one() -> None:
    kinds = Counter(area["kind"] for area in DOCUMENT["areas"])
    assert (kinds[AreaKind.FOCUS_AREA], kinds[AreaKind.GOAL_AREA]) == (7, 5)
    assert len(DOCUMENT["departments"]) == 18
    assert [version["id"] for version in DOCUMENT["versions"]] == ["2015", "2017"]
    assert (DOCUMENT["resolution"], DOCUMENT["adopted_on"]) == ("Resolution 39016", "2015-01-27")


def test_no_service_area_is_invented() -> None:
    assert not [area for area in DOCUMENT["areas"] if area["kind"] == AreaKind.SERVICE_AREA]


def test_nothing_refers_to_what_is_not_there() -> None:
    for area in DOCUMENT["areas"]:
        assert {*area.get("parents", ()), *area.get("related", ())} <= CODES["areas"]
        assert area["plan_version"] in {version["id"] for version in DOCUMENT["versions"]}
    for row in (*DOCUMENT["goals"], *DOCUMENT["measures"]):
        assert row.get("department") in {None, *CODES["departments"]}, row["code"]
        assert set(row["areas"]) <= CODES["areas"], row["code"]
    for goal in DOCUMENT["goals"]:
        assert {*_deciding(goal), *_metrics(goal)} <= CODES["measures"], goal["code"]
        assert set(goal.get("owners", ())) <= {row["title"] for row in DOCUMENT["departments"]}
    assert {target["measure"] for target in DOCUMENT["targets"]} <= CODES["measures"]


def test_every_department_has_a_short_and_a_long_goal() -> None:
    horizons: dict[str, set[int]] = {code: set() for code in CODES["departments"]}
    for goal in DOCUMENT["goals"]:
        if "department" in goal:
            horizons[goal["department"]].add(goal["horizon_years"])
    assert set(map(frozenset, horizons.values())) == {frozenset({2, 10})}


def test_every_goal_stands_under_an_area_of_both_plan_versions() -> None:
    versions = {area["code"]: area["plan_version"] for area in DOCUMENT["areas"]}
    for row in (*DOCUMENT["goals"], *DOCUMENT["measures"]):
        assert {versions[area] for area in row["areas"]} == {"2015", "2017"}, row["code"]


def test_no_measure_decides_two_goals() -> None:
    deciding = Counter(code for goal in DOCUMENT["goals"] for code in _deciding(goal))
    assert [code for code, count in deciding.items() if count > 1] == []


def test_every_word_is_one_of_the_vocabulary() -> None:
    for measure in DOCUMENT["measures"]:
        Direction(measure["direction"])
        Frequency(measure["frequency"])
        MeasureType(measure["type"])
        Aggregation(measure["aggregation"]["time"])
        Aggregation(measure["aggregation"]["breakdown"])
    for goal in DOCUMENT["goals"]:
        Policy(goal.get("policy", "kpi"))


def test_every_baseline_is_of_a_period_of_its_measure() -> None:
    for code, measure in MEASURES.items():
        if "baseline" in measure:
            assert periods.parse(measure["baseline"]["period"]).frequency == measure["frequency"], code


def test_every_target_is_of_a_period_of_its_measure_or_of_a_biennium_and_stands_once() -> None:
    dated = [(target["measure"], target["period"]) for target in DOCUMENT["targets"]]
    for code, period in dated:
        assert periods.parse(period).frequency in (MEASURES[code]["frequency"], Frequency.BIENNIUM), (code, period)
    assert [key for key, count in Counter(dated).items() if count > 1] == []


def test_what_is_no_published_fact_is_marked_sample_in_data_and_in_words() -> None:
    for row in (*DOCUMENT["goals"], *DOCUMENT["measures"]):
        is_fact = row["code"] in FACTS or row["code"] == "water-peak-use"
        assert row["sample"] is not is_fact, row["code"]
        assert _says_sample(row) is not is_fact, row["code"]
    for area in DOCUMENT["areas"]:
        assert area["kind"] == AreaKind.GOAL_AREA or _says_sample(area), area["code"]


def test_every_fact_names_a_published_source() -> None:
    for code in FACTS:
        assert MEASURES[code]["source"] and "ample" not in MEASURES[code]["source"], code


def test_only_the_peak_use_goal_and_zero_homeless_deaths_are_published_targets() -> None:
    published = {(target["measure"], target["value"]) for target in DOCUMENT["targets"] if not target["sample"]}
    assert published == {("tpu-water-peak-use-reduction", "6.65"), ("homeless-deaths", "0")}


def test_the_success_statements_are_citywide_and_without_target_or_method() -> None:
    stated = [measure for measure in DOCUMENT["measures"] if "success statement" in measure["description"]]
    targeted = {target["measure"] for target in DOCUMENT["targets"]}
    assert len(stated) == 9
    for measure in stated:
        assert "department" not in measure and "method" not in measure
        assert measure["code"] not in targeted


def test_the_measures_of_the_utility_can_be_told_by_their_code() -> None:
    for code, measure in MEASURES.items():
        assert code.startswith("tpu-") == (measure.get("department") == "tacoma-public-utilities"), code


def test_the_history_is_made_of_values_of_published_measures_with_their_source() -> None:
    for row in _history():
        measure = MEASURES[row["measure"]]
        assert row["measure"] in FACTS
        assert periods.parse(row["period"]).frequency == measure["frequency"], row
        assert row["note"] and row["flag"] in ("final", "estimated")
        assert bool(row["value"]) is not (measure["aggregation"]["time"] == Aggregation.RATIO), row


@pytest.mark.parametrize(
    ("measure", "period", "value"),
    [
        ("potholes-repaired", "2017", "3501"),
        ("tpu-power-availability", "2022", "99.986"),
        ("tpu-power-customers", "2023", "178326"),
        ("tpu-rail-carloads-capital", "2018", "753"),
        ("fdcares-response-change", "2014", "-62.9"),
        ("budget-reserves", "2015-2016", "15"),
    ],
)
def test_the_history_holds_the_published_figure(measure: str, period: str, value: str) -> None:
    found = [row["value"] for row in _history() if (row["measure"], row["period"]) == (measure, period)]
    assert [Decimal(each) for each in found] == [Decimal(value)]


def test_no_published_figure_stands_beside_a_sample_series() -> None:
    assert not {row["measure"] for row in _history()} & set(read_shapes())
