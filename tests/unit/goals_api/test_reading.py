"""Bodies: every digit, a clear answer to every bad one, and all faults at once."""

from decimal import Decimal
from typing import Any

import pytest

from goals_api.core.entities import Measure, Metric
from goals_api.schemas.documents import PlanDocument
from goals_api.schemas.entities import GoalBody, MeasureBody, TargetBody
from goals_api.schemas.reading import read
from tideline.errors import AppError, Unreadable, Unsupported
from tideline.vocabulary import Kind

JSON, YAML = "application/json", "application/yaml"
MEASURE = {"code": "m", "title": "M", "direction": "up", "frequency": "month"}


@pytest.mark.parametrize("number", ["1.10", "12345678901234567890.12345678901234567", "1e-9", "-0.0"])
def test_numbers_keep_every_digit_in_json_and_in_yaml(number: str) -> None:
    assert str(read(f'{{"value": {number}}}'.encode(), JSON)["value"]) == str(Decimal(number))
    assert str(read(f"value: {number}".encode(), YAML)["value"]) == str(Decimal(number))


def test_json_and_yaml_say_the_same() -> None:
    text = b"""
# a comment
areas: [{code: a, published: true, parents: [], note: null}]
title: 'It''s'
prose: >-
  two
  lines
"""
    json = b'{"areas":[{"code":"a","published":true,"parents":[],"note":null}],"title":"It\'s","prose":"two lines"}'
    assert read(text, "text/yaml; charset=utf-8") == read(json, "application/merge+json")


def test_yaml_words_and_dates_stay_text() -> None:
    body = b"{a: no, b: on, c: 2017-01-27, d: 2017-03, e: 12:30, f: 0x1F, g: '2017', h: ~}"
    assert read(body, YAML) == {
        "a": "no", "b": "on", "c": "2017-01-27", "d": "2017-03", "e": "12:30", "f": "0x1F", "g": "2017", "h": None,
    }  # fmt: skip


def test_a_byte_order_mark_is_not_part_of_the_body() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}', JSON) == read(b"\xef\xbb\xbfa: 1", YAML) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b'{"a": ', JSON),
        (b"", JSON),
        (b"\xff\xfe{", JSON),
        ('{"a": "ü"}'.encode("latin-1"), JSON),
        (b'{"a": NaN}', JSON),
        (b'{"a": "\\u0000"}', JSON),
        (b'{"a": "\\ud800"}', JSON),
        (b'{"a": 1e99999999999999999999}', JSON),
        (b"9" * 6_000, JSON),
        (b"[" * 100_000, JSON),
        (b"[" * 40 + b"]" * 40, JSON),
        (b"a: [1", YAML),
        (b"", YAML),
        (b"a: 1\n---\nb: 2", YAML),
        (b"a: 1\na: 2", YAML),
        (b"? [1]\n: 2", YAML),
        (b"a: &x [1]\nb: *x", YAML),
        (b"a: !!python/object/apply:os.getcwd []", YAML),
        (b"a: !!str 1", YAML),
        (b'a: "\\0"', YAML),
        (b"a: \x00", YAML),
        (b"[" * 100_000, YAML),
        (b"- " * 100_000 + b"a", YAML),
    ],
)
def test_what_cannot_be_read_is_said_to_be_unreadable(body: bytes, media: str) -> None:
    with pytest.raises(Unreadable):
        read(body, media)


@pytest.mark.parametrize("media", ["text/csv", "application/x-www-form-urlencoded", "multipart/form-data", "x"])
def test_other_types_are_not_read(media: str) -> None:
    with pytest.raises(Unsupported) as refused:
        read(b"{}", media)
    assert isinstance(refused.value, AppError)


def faults(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in MeasureBody.model_validate(body).faults]


@pytest.mark.parametrize(
    ("more", "path", "code"),
    [
        ({"titel": "x"}, "titel", "unknown_field"),
        ({"direction": "sideways"}, "direction", "unknown_word"),
        ({"frequency": None}, "frequency", "unknown_word"),
        ({"aggregation": {"time": "mode"}}, "aggregation.time", "unknown_word"),
        ({"weight": "heavy"}, "weight", "bad_value"),
        ({"weight": True}, "weight", "bad_value"),
        ({"weight": "NaN"}, "weight", "bad_value"),
        ({"weight": "1_000"}, "weight", "bad_value"),
        ({"weight": "\N{ARABIC-INDIC DIGIT THREE}"}, "weight", "bad_value"),
        ({"minimum": "Infinity"}, "minimum", "bad_value"),
        ({"grace_days": Decimal("1.5")}, "grace_days", "bad_value"),
        ({"published": "perhaps"}, "published", "bad_value"),
        ({"areas": "a"}, "areas", "bad_type"),
        ({"areas": ["a", {}]}, "areas[1]", "bad_type"),
        ({"method": "pace"}, "method", "bad_method"),
        ({"method": {"id": "pace", "params": [1]}}, "method.params", "bad_method"),
        ({"method": {"params": {}}}, "method.id", "bad_method"),
        ({"baseline": {"value": 1}}, "baseline.period", "missing"),
        ({"title": "x" * 501}, "title", "too_long"),
    ],
)
def test_a_body_tells_where_it_does_not_fit(more: dict[str, Any], path: str, code: str) -> None:
    assert faults({**MEASURE, **more}) == [(path, code)]


def test_a_body_that_is_no_structure_is_a_fault_and_no_error() -> None:
    body = MeasureBody.model_validate([1])
    assert body.faults
    assert not body.is_read


def test_what_answers_add_may_be_sent_back() -> None:
    added = {"version": 3, "plan": "p", "retired": False, "retirement_note": "", "changed_at": "2026-01-01T00:00:00Z"}
    assert faults({**MEASURE, **added}) == []


def test_negative_zero_is_zero() -> None:
    assert str(MeasureBody.model_validate({**MEASURE, "minimum": "-0.0"}).minimum) == "0"


def test_a_metric_is_a_code_or_a_weighted_one() -> None:
    body = GoalBody.model_validate({"code": "g", "title": "G", "metrics": ["m", {"measure": "n", "weight": "0.5"}]})
    goal = body.to_content()
    assert getattr(goal, "metrics", ()) == (Metric(measure="m"), Metric(measure="n", weight=Decimal("0.5")))


def test_numbers_stand_for_texts_where_yaml_writes_them_so() -> None:
    body = TargetBody.model_validate({"measure": "m", "period": 2017, "breakdown": {"district": 3}})
    target = body.to_target("m")
    assert (target.period, target.breakdown) == ("2017", {"district": "3"})


def test_a_body_becomes_the_value_of_the_core() -> None:
    content = MeasureBody.model_validate({**MEASURE, "method": {"id": "pace", "params": {"a": Decimal("1.10")}}})
    measure = content.to_content()
    assert isinstance(measure, Measure)
    assert measure.method is not None
    assert str(measure.method.params["a"]) == "1.10"


def test_a_day_that_is_none_is_a_fault() -> None:
    found = PlanDocument.model_validate({"title": "P", "adopted_on": "2017-02-30"}).faults
    assert [(fault.path, fault.code) for fault in found] == [("adopted_on", "bad_date")]


def test_a_document_collects_the_faults_of_all_its_entries_and_reads_the_rest() -> None:
    document = PlanDocument.model_validate(
        {
            "code": "p",
            "title": "P",
            "measures": [{**MEASURE, "code": "one", "x": 1}, {"code": "two"}, {**MEASURE, "code": "three"}, 7],
            "goals": [{"code": "g", "title": "G", "metrics": [{"weight": 1}], "kpi": 3}],
            "targets": [{"measure": "one"}],
        }
    )
    proposal, found = document.to_proposal()
    assert [(fault.path, fault.code) for fault in found] == [
        ("measures[0].x", "unknown_field"),
        ("measures[1].title", "missing"),
        ("measures[1].direction", "missing"),
        ("measures[1].frequency", "missing"),
        ("measures[3]", "bad_type"),
        ("goals[0].metrics[0].measure", "missing"),
        ("targets[0].period", "missing"),
    ]
    assert [entry.content.code for entry in proposal.entries[Kind.MEASURE]] == ["one", "three"]
    assert proposal.unread[Kind.MEASURE] >= {"one", "two"}
