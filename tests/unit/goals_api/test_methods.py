"""A method is chosen from what is offered, with parameters that fit it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from goals_api.core.changes import check
from goals_api.core.methods import is_schema
from goals_api.core.proposals import World
from rollup_worker.core.methods import VERSIONS
from tests.unit.goals_api.plans import TODAY, alone, measure, stored, world
from tideline.events import MeasureDefined, MethodChoice, OfferedMethod, Peer

SCHEMA: dict[str, Any] = {
    "$ref": "#/$defs/Params",
    "$defs": {
        "Params": {
            "type": "object",
            "properties": {
                "near": {"type": ["number", "string"], "format": "decimal", "exclusiveMinimum": 0},
                "trailing": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 120}, {"type": "null"}]},
                "bands": {"type": "array", "items": {"type": "object", "required": ["at"]}},
            },
            "additionalProperties": False,
        }
    },
}
OFFERED = (
    OfferedMethod(id="pace", version=1, title="Pace", in_force=False, params={"type": "object"}),
    OfferedMethod(id="pace", version=2, title="Pace", in_force=True, params=SCHEMA),
)
ENGINE = [
    OfferedMethod(id=method.id, version=method.version, title="", in_force=method.version == 1, params=method.schema)
    for method in VERSIONS.values()
]
NOON = datetime(2017, 1, 1, 12, tzinfo=UTC)


def offering(*known: Any) -> World:
    return replace(world(*known), offered=OFFERED)


def faults(before: World, version: int | None = None, name: str = "pace", **params: Any) -> list[tuple[str, str]]:
    chosen = measure("m", method=MethodChoice(id=name, params=params, version=version))
    return [(fault.path, fault.code) for fault in check(alone(chosen), before, TODAY)]


def test_while_nothing_is_offered_only_the_shape_is_checked() -> None:
    assert faults(world(), name="dowsing", rod="hazel") == []
    assert faults(world(), name="Not a code") == [("method.id", "bad_method")]
    assert faults(world(), version=0) == [("method.version", "bad_method")]


def test_an_unknown_method_or_version_is_refused() -> None:
    assert faults(offering(), name="dowsing") == [("method.id", "unknown_method")]
    assert faults(offering(), version=3) == [("method.version", "unknown_method")]


def test_without_a_version_the_one_in_force_reads_the_parameters() -> None:
    assert faults(offering(), other=1) == [("method.params", "bad_method")]
    assert faults(offering(), version=1, other=1) == []


@pytest.mark.parametrize("near", [10, Decimal("0.5"), "0.5", "10"])
def test_a_decimal_is_a_number_or_a_decimal_text(near: object) -> None:
    assert faults(offering(), near=near) == []


@pytest.mark.parametrize("near", ["ten", "1_0", "NaN", "\u0663", True, None, Decimal(0), -1])
def test_what_is_no_decimal_or_out_of_its_bounds_is_not(near: object) -> None:
    assert faults(offering(), near=near) == [("method.params.near", "bad_method")]


def test_the_path_leads_to_the_place() -> None:
    assert faults(offering(), trailing=121) == [("method.params.trailing", "bad_method")]
    assert faults(offering(), bands=[{"at": 1}, {}]) == [("method.params.bands[1]", "bad_method")]
    (fault,) = check(
        alone(measure("m", method=MethodChoice(id="pace", params={"near": Decimal("-7.5")}))), offering(), TODAY
    )
    assert fault.detail.startswith("-7.5 is less than")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    assert faults(offering(), trailing=Decimal("12.0")) == []
    assert faults(offering(), trailing=Decimal("12.5")) == [("method.params.trailing", "bad_method")]


@pytest.mark.parametrize("trailing", ["1e9999999", "-1e9999999", "1.0000000000000000000000000000000000001", "Infinity"])
def test_a_number_beyond_all_measure_is_refused_without_being_written_out(trailing: str) -> None:
    assert ("method.params.trailing", "bad_method") in faults(offering(), trailing=Decimal(trailing))


FITTING: dict[str, Any] = {"frequency": "month", "breakdowns": ("district",), "peers": (Peer(code="salford"),)}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("control-chart", {"step": "2016-03"}),
        ("control-chart", {"step": "2016", "level": "quarter"}),
        ("control-chart", {"step": None, "level": None, "points": 5}),
        ("cagr-ratio", {"base_period": "2015-03", "series": "district"}),
        ("cagr-ratio", {"level": "month"}),
        ("comparator", {"against": {"peer": "salford"}}),
        ("comparator", {"against": "baseline"}),
        *(
            ("comparator", {"confidence": given})
            for given in (95, 99.8, Decimal("99.80"), Decimal("95.0"), "95", "99.80")
        ),
    ],
)
def test_a_parameter_may_name_what_the_measure_has(name: str, params: dict[str, Any]) -> None:
    assert found_of(name, params) == []


@pytest.mark.parametrize(
    ("name", "params", "path"),
    [
        ("control-chart", {"step": "banana"}, "step"),
        ("control-chart", {"level": "week"}, "level"),
        ("cagr-ratio", {"base_period": "2015-03-45"}, "base_period"),
        ("cagr-ratio", {"series": "sex"}, "series"),
        ("comparator", {"against": {"peer": "york"}}, "against.peer"),
        *(
            ("comparator", {"confidence": given}, "confidence")
            for given in (90, 95.5, "90", "x", Decimal("99.7"), True)
        ),
    ],
)
def test_a_parameter_that_can_never_work_is_refused(name: str, params: dict[str, Any], path: str) -> None:
    assert set(found_of(name, params)) == {(f"method.params.{path}", "bad_method")}
    chosen = VERSIONS[name, 1]
    definition = MeasureDefined(
        code="m", version=1, title="M", breakdowns=["district"], peers=[Peer(code="salford")], defined_at=NOON
    )
    assert chosen.validate(params) or chosen.read(params).misfit(definition)


def found_of(name: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    chosen = replace(measure("m"), method=MethodChoice(id=name, params=params), **FITTING)
    offered = replace(world(), offered=ENGINE)
    return [(fault.path, fault.code) for fault in check(alone(chosen), offered, TODAY)]


def test_what_stands_is_not_judged_again_until_it_comes_back_from_retirement() -> None:
    before = measure("m", method=MethodChoice(id="old-method"))
    assert check(alone(replace(before, title="New")), offering(before), TODAY) == []
    retired = offering(stored(before, retired=True))
    assert [fault.code for fault in check(alone(before), retired, TODAY)] == ["unknown_method"]


def test_the_schemas_that_the_engine_writes_can_be_held_against_parameters() -> None:
    assert all(is_schema(method.params) for method in ENGINE)
    before = replace(world(), offered=ENGINE)
    assert faults(before, name="threshold", near_percent=Decimal("7.5"), trailing=12) == []
    assert faults(before, name="threshold", near_percent="x") == [("method.params.near_percent", "bad_method")]
