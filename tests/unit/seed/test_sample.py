"""The sample series are the same everywhere, keep their word about noise and bounds, and never move."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import yaml

from deploy.seed.loading import COLUMNS, PLAN, batches
from deploy.seed.sample import Sample, read_shapes, series
from tideline import periods

MEASURES: dict[str, dict[str, Any]] = {
    measure["code"]: measure for measure in yaml.safe_load(PLAN.read_text(encoding="utf-8"))["measures"]
}
SHAPES = read_shapes()
TODAY = date(2026, 3, 17)


def _series(code: str, today: date = TODAY) -> list[Sample]:
    return list(series(MEASURES[code], SHAPES[code], today))


def _value(sample: Sample) -> Decimal:
    if sample.numerator is None or sample.denominator is None:
        assert sample.value is not None
        return sample.value
    return sample.numerator * Decimal(MEASURES[sample.measure].get("multiplier", 1)) / sample.denominator


def test_every_shape_belongs_to_a_measure_and_keeps_to_its_breakdowns() -> None:
    for code, shape in SHAPES.items():
        has_districts = len(shape.cells) > 1
        assert has_districts == (MEASURES[code].get("breakdowns", []) == ["council_district"]), code


def test_a_series_is_the_same_every_time_and_on_every_machine() -> None:
    assert _series("fire-response-p90") == _series("fire-response-p90")
    pinned = {(s.period, s.district): s.value for s in _series("fire-response-p90")}
    assert (pinned["2015-01", ""], pinned["2020-06", "3"]) == (Decimal("9.1"), Decimal("8.6"))


def test_a_series_ends_with_the_last_complete_period() -> None:
    assert _series("missed-collections")[-1].period == "2026-02"
    assert _series("waste-diverted")[-1].period == "2025-Q4"
    assert _series("missed-collections", date(2026, 3, 1))[-1].period == "2026-02"


def test_a_stopped_series_stays_stopped() -> None:
    assert _series("stormwater-drains-inspected")[-1].period == "2021-Q2"


def test_what_was_said_yesterday_is_not_changed_today() -> None:
    for code in SHAPES:
        early, late = _series(code, date(2021, 5, 5)), _series(code)
        assert late[: len(early)] == early


def test_values_keep_to_the_bounds_of_their_measure() -> None:
    for code, measure in MEASURES.items():
        if code in SHAPES:
            values = [_value(sample) for sample in _series(code)]
            assert min(values) >= Decimal(measure.get("minimum", "-Infinity")), code
            assert max(values) <= Decimal(measure.get("maximum", "Infinity")), code


def test_a_ratio_comes_as_numerator_and_denominator() -> None:
    for code in SHAPES:
        is_ratio = MEASURES[code]["aggregation"]["time"] == "ratio"
        assert all((sample.value is None) is is_ratio for sample in _series(code)), code


def test_districts_differ_and_each_reports_every_period() -> None:
    latest = [sample for sample in _series("potholes-filled-in-time") if sample.period == "2026-02"]
    assert [sample.district for sample in latest] == ["1", "2", "3", "4", "5"]
    assert len({_value(sample) for sample in latest}) > 1


def test_pushes_of_the_past_never_change_as_days_go_by() -> None:
    days = [date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1), date(2026, 11, 22)]
    for early, late in pairwise([list(batches(MEASURES.values(), day)) for day in days]):
        assert late[: len(early)] == early


def test_every_sample_row_is_flagged_and_noted_as_sample() -> None:
    _, *bodies = batches(MEASURES.values(), TODAY)
    for body in bodies:
        header, *rows = body.splitlines()
        assert header == ",".join(COLUMNS)
        assert all(",sample,sample," in row for row in rows)


def test_every_push_is_of_a_modest_size() -> None:
    assert max(body.count("\n") for body in batches(MEASURES.values(), TODAY)) <= 1001


def test_periods_are_read_back_by_the_calendar() -> None:
    for code in SHAPES:
        assert {periods.parse(s.period).frequency for s in _series(code)} == {MEASURES[code]["frequency"]}
