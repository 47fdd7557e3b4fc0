"""Laws that every status method keeps, each stated as far as its formula goes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Cell, NodeStatus, Target
from rollup_worker.core.judge import judge_measure, latest, window
from rollup_worker.core.methods import VERSIONS
from tests.unit.rollup_worker.build import measure
from tideline import periods
from tideline.events import Baseline, MeasureDefined, MethodChoice, Peer
from tideline.vocabulary import JUDGEMENTS, Frequency, Status

TODAY: Final = date(2018, 6, 30)
MONTHS: Final = [month for year in ("2016", "2017") for month in periods.parts(periods.parse(year), Frequency.MONTH)]
DECEMBER: Final = MONTHS[-1]
WHOLES: Final = [periods.parse(text) for text in ("2017", "2018", "2017-2018", "2017-12", "2017-H2", "2019-Q1")]
COMMON: Final[list[dict[str, Any]]] = [{}, {"trailing": 3}, {"level": "quarter"}, {"confirm": 2}, {"confirm": 3}]
RULES: Final = [
    {"status": "on_track", "of": "pace", "at_least": 100},
    {"status": "at_risk", "of": "progress", "at_least": 50},
]
GROWTH: Final = [{"status": "on_track", "of": "growth", "at_least": 2}]
OWN: Final[dict[str, list[dict[str, Any]]]] = {
    "pace": [{}],
    "cagr-ratio": [{}, {"limit": "500"}, {"base_period": "2016-06"}, {"series": "group"}],
    "extrapolate": [{}, {"keep_every_year": True}, {"points": 9}],
    "threshold": [{}, {"near_absolute": "20"}, {"near_percent": 5}, {"rules": RULES}, {"rules": GROWTH}],
    "control-chart": [{}, {"baseline_points": 12}, {"points": 12, "step": "2016-09"}],
    "comparator": [{}, {"against": "previous_year"}, {"against": "baseline"}, {"against": {"peer": "salford"}}],
}
MONOTONE: Final = OWN | {"control-chart": [{"baseline_points": 12}], "comparator": [{}]}
ABSOLUTE: Final = ("limit", "near_absolute")
FACTORS: Final = [Decimal(text) for text in ("0.001", "0.3", "7", "12.5", "1000000")]

numbers = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=2)
counts = st.integers(0, 1000).map(Decimal)
directed = st.sampled_from(["up", "down"])

Name = tuple[str, int]


def each_of(*ids: str) -> pytest.MarkDecorator:
    chosen = [name for name in VERSIONS if name[0] in ids]
    return pytest.mark.parametrize("name", chosen, ids=lambda name: f"{name[0]}-{name[1]}")


every = each_of(*OWN)


@st.composite
def definitions(
    draw: st.DrawFn, name: Name, directions: Sequence[str], options: Sequence[dict[str, Any]]
) -> MeasureDefined:
    """A monthly measure judged by a method, in any of its settings."""
    params = draw(st.sampled_from(options)) | draw(st.sampled_from(COMMON))
    aggregation = "sum" if name[0] == "comparator" else draw(st.sampled_from(["sum", "last", "average"]))
    base = st.builds(Baseline, period=st.sampled_from(["2015", "2015-12", "2016-03"]), value=values_of(name))
    return measure(
        direction=draw(st.sampled_from(directions)),
        time_aggregation=aggregation,
        breakdown_aggregation=aggregation if aggregation != "last" else "sum",
        method=MethodChoice(id=name[0], version=name[1], params=params),
        baseline=draw(st.none() | base),
        breakdowns=["group"],
        peers=[Peer(code="salford")],
    )


def values_of(name: Name) -> st.SearchStrategy[Decimal]:
    """Events are counted in whole numbers, everything else is measured."""
    return counts if name[0] == "comparator" else numbers


@st.composite
def aims(draw: st.DrawFn, name: Name) -> Target:
    return Target(draw(st.sampled_from(WHOLES)), draw(values_of(name)))


def histories(name: Name, least: int = 0) -> st.SearchStrategy[list[Cell]]:
    """Values of months, some missing, some of a group or of another city."""
    breakdowns = st.sampled_from([(), (), (), (("group", "a"),), (("group", "b"),), (("peer", "salford"),)])
    cells = st.builds(Cell, st.sampled_from(MONTHS), breakdowns, values_of(name))
    return st.lists(cells, min_size=least, max_size=40, unique_by=lambda cell: (cell.period, cell.breakdown))


def judged(definition: MeasureDefined, targets: Sequence[Target], cells: Sequence[Cell]) -> NodeStatus:
    return judge_measure(definition, targets, cells, TODAY)


def run(values: Sequence[Decimal]) -> list[Cell]:
    """One value a month, the last in December 2017."""
    return [Cell(month, value=value) for month, value in zip(MONTHS[-len(values) :], values, strict=True)]


def test_no_method_is_without_laws() -> None:
    assert {name for name, _ in VERSIONS} == set(OWN)


@every
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_judging_from_the_window_is_judging_from_everything(name: Name, data: st.DataObject) -> None:
    definition = data.draw(definitions(name, ["up", "down", "range", "none"], OWN[name[0]]))
    targets, cells = data.draw(st.lists(aims(name), max_size=3)), data.draw(histories(name, least=8))
    last = latest(cells)
    assume(last is not None)
    assert last is not None
    start, end = window(definition, targets, last)
    near = [cell for cell in cells if start <= cell.period.start < end]
    assert judged(definition, targets, near) == judged(definition, targets, cells)


@every
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_neither_order_nor_repetition_of_inputs_changes_anything(name: Name, data: st.DataObject) -> None:
    definition = data.draw(definitions(name, ["up", "down", "range", "none"], OWN[name[0]]))
    targets = data.draw(st.lists(aims(name), max_size=3, unique_by=lambda aim: aim.period))
    cells = data.draw(histories(name, least=8))
    mixed = data.draw(st.permutations([*cells, *cells[::2]]))
    assert judged(definition, [*targets[::-1], *targets], mixed) == judged(definition, targets, cells)


@every
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_better_value_never_shows_a_worse_judgement(name: Name, data: st.DataObject) -> None:
    """Of a control chart as far as its limits stand still: twelve windows of three, and the judged value.

    Of any method where both values can be judged.
    """
    definition = data.draw(definitions(name, ["up", "down"], MONOTONE[name[0]]))
    values = data.draw(st.lists(values_of(name), min_size=16, max_size=24))
    two = sorted(data.draw(st.tuples(values_of(name), values_of(name))), reverse=definition.direction == "down")
    targets = data.draw(st.lists(aims(name), max_size=2))
    worse, better = (judged(definition, targets, run([*values[:-1], value])) for value in two)
    if worse.score is not None and better.score is not None:
        assert worse.score <= better.score


@each_of("pace", "cagr-ratio", "extrapolate", "threshold", "control-chart")
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_unit_of_a_measure_changes_no_judgement(name: Name, data: st.DataObject) -> None:
    """Values, targets, baseline and absolute parameters times one factor; a measure of events has one unit only.

    Scores that are told against the target have no measure where the target is zero, and are left out there.
    """
    definition = data.draw(definitions(name, ["up", "down", "range"], OWN[name[0]]))
    values = data.draw(st.lists(numbers, min_size=4, max_size=24))
    targets, factor = data.draw(st.lists(aims(name), max_size=2)), data.draw(st.sampled_from(FACTORS))
    one = judged(definition, targets, run(values))
    other = judged(times(definition, factor), [scaled(aim, factor) for aim in targets], run(folded(values, factor)))
    assert other.status is one.status
    if all(aim.value for aim in targets):
        assert other.score == one.score


@exact
def folded(values: Sequence[Decimal], factor: Decimal) -> list[Decimal]:
    return [value * factor for value in values]


def scaled(aim: Target, factor: Decimal) -> Target:
    return replace(aim, value=None if aim.value is None else folded([aim.value], factor)[0])


def times(definition: MeasureDefined, factor: Decimal) -> MeasureDefined:
    method, base = definition.method, definition.baseline
    assert method is not None
    params = {
        name: str(folded([Decimal(told)], factor)[0]) if name in ABSOLUTE else told
        for name, told in method.params.items()
    }
    fields: dict[str, Any] = {name: getattr(definition, name) for name in definition.__struct_fields__}
    fields["method"] = MethodChoice(id=method.id, version=method.version, params=params)
    fields["baseline"] = Baseline(period=base.period, value=folded([base.value], factor)[0]) if base else None
    return MeasureDefined(**fields)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 200),
    st.integers(1, 200),
    numbers,
    st.sampled_from(FACTORS),
    directed,
    st.sampled_from(["rate", "proportion"]),
)
def test_the_unit_of_a_share_changes_no_comparison(
    part: int, more: int, aim: Decimal, factor: Decimal, direction: str, kind: str
) -> None:
    """A share per hundred or per million: the multiplier is its unit."""

    def told(per: Decimal) -> NodeStatus:
        choice = MethodChoice(id="comparator", params={"kind": kind})
        definition = measure(direction=direction, time_aggregation="ratio", multiplier=per, method=choice)
        cell = Cell(DECEMBER, numerator=Decimal(part), denominator=Decimal(part + more))
        return judged(definition, [Target(DECEMBER, folded([aim], per)[0])], [cell])

    one, other = told(Decimal(1)), told(factor)
    assert (one.status, one.score) == (other.status, other.score)


@every
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_without_a_direction_nothing_is_judged(name: Name, data: st.DataObject) -> None:
    definition = data.draw(definitions(name, ["none"], OWN[name[0]]))
    targets, cells = data.draw(st.lists(aims(name), max_size=2)), data.draw(histories(name, least=4))
    found = judged(definition, targets, cells)
    assert found.status not in JUDGEMENTS
    assert found.score is None


@every
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_zero_is_a_value(name: Name, data: st.DataObject) -> None:
    """Zero stands where it is given, and is judged as a number next to it is; only growth from zero is no number."""
    definition = data.draw(definitions(name, ["up", "down"], OWN[name[0]]))
    zeros = judged(definition, [Target(periods.parse("2017"), Decimal(5))], run([Decimal(0)] * 24))
    assert (zeros.value, zeros.as_of is not None) == (Decimal(0), True)
    assert zeros.status is not Status.NO_DATA
    assert zeros.coverage.reporting == zeros.coverage.of
    params = definition.method.params if definition.method else {}
    if name[0] in ("threshold", "comparator") and not params.keys() & {"rules", "against"}:
        assert zeros.status in JUDGEMENTS


@each_of("pace", "threshold", "cagr-ratio", "extrapolate")
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_value_on_its_target_is_on_the_good_side(name: Name, data: st.DataObject) -> None:
    """No worse than a value that is a hair better, whatever digits the target has."""
    direction, aim = data.draw(directed), data.draw(numbers | st.just(Decimal("0.3")))
    definition = measure(
        direction=direction,
        method=MethodChoice(id=name[0], version=name[1]),
        baseline=Baseline(period="2015-12", value=data.draw(numbers)),
    )
    before = data.draw(st.lists(numbers, min_size=5, max_size=5))
    assume(before[0] != aim)
    hair = Decimal("1E-30") if direction == "up" else Decimal("-1E-30")
    exactly, beyond = (
        judged(definition, [Target(DECEMBER, aim)], run([*before, value])) for value in added(aim, (Decimal(0), hair))
    )
    assert (exactly.status, exactly.score) == (beyond.status, beyond.score)
    if name[0] != "extrapolate":
        assert (exactly.status, exactly.score) == (Status.ACHIEVED, Decimal(100))


@exact
def added(value: Decimal, steps: Sequence[Decimal]) -> list[Decimal]:
    return [value + step for step in steps]


SHARES = [("0.95", Status.ON_TRACK, Status.AT_RISK), ("0.60", Status.AT_RISK, Status.OFF_TRACK)]


@pytest.mark.parametrize(("share", "good", "bad"), [*SHARES, ("0", Status.OFF_TRACK, Status.DETERIORATING)])
@pytest.mark.parametrize("version", [1, 2])
@settings(max_examples=40, deadline=None)
@given(base=numbers, whole=st.decimals("0.01", 1000, places=2), direction=directed)
def test_no_digit_moves_a_boundary_of_pace(
    base: Decimal, whole: Decimal, direction: str, version: int, share: str, good: Status, bad: Status
) -> None:
    """Half of the way is due in the middle of two years of 365 days."""
    sign = Decimal(1 if direction == "up" else -1)
    definition = measure(
        direction=direction,
        frequency="year",
        method=MethodChoice(id="pace", version=version),
        baseline=Baseline(period="2016", value=base),
    )
    on, under = on_and_under(base, sign * whole * Decimal(share) / 2, sign)
    aim = Target(periods.parse("2018"), added(base, [sign * whole])[0])
    found = [judged(definition, [aim], [Cell(periods.parse("2017"), value=value)]).status for value in (on, under)]
    assert found == [good, bad]


@exact
def on_and_under(base: Decimal, way: Decimal, sign: Decimal) -> tuple[Decimal, Decimal]:
    return base + way, base + way - sign * Decimal("1E-30")


@pytest.mark.parametrize(("share", "good", "bad"), [*SHARES, ("0", Status.OFF_TRACK, Status.DETERIORATING)])
@settings(max_examples=40, deadline=None)
@given(base=st.decimals("0.01", 1000, places=2), percent=st.decimals(1, 90, places=1), direction=directed)
def test_no_root_moves_a_boundary_of_growth(
    base: Decimal, percent: Decimal, direction: str, share: str, good: Status, bad: Status
) -> None:
    """The target asks for so many percent a year over three years; two of them are over."""
    sign = Decimal(1 if direction == "up" else -1)
    growth = sign * percent / 100
    definition = measure(direction=direction, frequency="year", method=MethodChoice(id="cagr-ratio"))
    on, under = on_and_under(grown(base, growth * Decimal(share), 2), Decimal(0), sign)
    aim = Target(periods.parse("2019"), grown(base, growth, 3))
    cells = [
        [Cell(periods.parse("2016"), value=base), Cell(periods.parse("2018"), value=value)] for value in (on, under)
    ]
    assert [judge_measure(definition, [aim], each, date(2019, 1, 1)).status for each in cells] == [good, bad]


@exact
def grown(base: Decimal, rate: Decimal, years: int) -> Decimal:
    return base * (1 + rate) ** years


@settings(max_examples=60, deadline=None)
@given(last=numbers, left=st.decimals("0.01", 1000, places=2), direction=directed)
def test_no_digit_moves_a_boundary_of_a_continued_line(last: Decimal, left: Decimal, direction: str) -> None:
    """Twenty percent may be missed and be at risk; five percent, as published, are at risk and no longer on track."""
    sign = Decimal(1 if direction == "up" else -1)
    definition = measure(direction=direction, frequency="year", method=MethodChoice(id="extrapolate"))
    aim = Target(periods.parse("2018"), added(last, [sign * left])[0])

    def found(miss: Decimal, hair: Decimal) -> Status:
        """Six values a year apart, one more year to go: the first one makes the slope."""
        first = added(last, [-sign * (left * (1 - miss) * 5 + hair)])[0]
        cells = [Cell(periods.parse(str(2012 + at)), value=first if at == 0 else last) for at in range(6)]
        return judged(definition, [aim], cells).status

    hair = Decimal("1E-24")
    assert [found(Decimal("0.20"), step) for step in (Decimal(0), -hair)] == [Status.AT_RISK, Status.OFF_TRACK]
    assert [found(Decimal("0.05"), step) for step in (hair, Decimal(0))] == [Status.ON_TRACK, Status.AT_RISK]


@every
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_schema_and_the_method_agree_on_parameters(name: Name, data: st.DataObject) -> None:
    method = VERSIONS[name]
    given_params = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "level": st.sampled_from([None, "year", "decade"]),
                "trailing": st.sampled_from([None, 0, 3, 3.0, 121, "3"]),
                "confirm": st.sampled_from([0, 1, 2, 24, 25]),
                "points": st.sampled_from([2, 12, 10_000]),
                "keep_every_year": st.sampled_from([True, "yes"]),
                "limit": st.sampled_from([None, 1.5, "1.5", "abc", "NaN", -3]),
                "near_percent": st.sampled_from([None, 5, "5"]),
                "near_absolute": st.sampled_from([None, "0.5", True]),
            },
        )
    )
    assert Draft202012Validator(method.schema).is_valid(given_params) == (method.validate(given_params) == ())
