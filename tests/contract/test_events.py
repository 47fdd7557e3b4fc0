"""Every event of the contract has a sample that parses, prints back equal and fits its JSON Schema."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from tideline import events

SAMPLES = Path(__file__).parent / "samples"


def _sample(event: type[events.Event]) -> bytes:
    return (SAMPLES / f"{event.noun}.{event.verb}.v{event.generation}.json").read_bytes()


def test_every_sample_belongs_to_an_event() -> None:
    names = {path.stem for path in SAMPLES.glob("*.json")}
    assert names == {event.type_name().removeprefix(events.TYPE_PREFIX) for event in events.EVENTS}


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: event.type_name())
def test_a_sample_parses_and_prints_back_equal(event: type[events.Event]) -> None:
    body = events.decode(event.type_name(), _sample(event))
    printed = json.loads(events.encode(body), parse_float=Decimal, parse_int=Decimal)
    assert printed == json.loads(_sample(event), parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: event.type_name())
def test_a_sample_fits_its_schema_and_a_crippled_one_does_not(event: type[events.Event]) -> None:
    schema = events.schema(event)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    sample: dict[str, Any] = json.loads(_sample(event))
    assert list(validator.iter_errors(sample)) == []
    for name in schema["$defs"][event.__name__]["required"]:
        assert list(validator.iter_errors({k: v for k, v in sample.items() if k != name})) != []


@pytest.mark.parametrize("event", events.EVENTS, ids=lambda event: event.type_name())
def test_a_reader_ignores_fields_it_does_not_know(event: type[events.Event]) -> None:
    sample = {**json.loads(_sample(event)), "added_in_a_later_release": {"x": [1]}}
    assert events.decode(event.type_name(), json.dumps(sample).encode()) is not None


def test_a_value_loses_no_digit() -> None:
    value = Decimal("0.12345678901234567890123456789012345678")
    body = events.encode(events.Observation(measure="m", period="2017", value=value))
    assert msgspec.json.decode(body, type=events.Observation).value == value


def test_a_subject_says_what_a_subscriber_filters_on() -> None:
    public = events.subject(events.StatusChanged, "department", "police", public=True)
    assert public == "status.changed.v1.department.police"
    assert events.subject(events.StatusChanged, "measure", "m", public=False).startswith("internal.")


def test_each_subject_has_one_stream() -> None:
    seen: list[str] = [subject for subjects in events.STREAM_SUBJECTS.values() for subject in subjects]
    assert len(seen) == len(set(seen))
