"""Laws of what has a law of its own: control charts, comparators, weights and series."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_worker.core.facts import Cell, NodeStatus, Target
from rollup_worker.core.headline import headlines
from rollup_worker.core.judge import judge_measure, latest, window
from rollup_worker.core.series import A_YEAR, Series
from rollup_worker.core.weights import weighing
from tests.unit.rollup_worker.build import cell, measure
from tideline import periods
from tideline.events import MeasureDefined, MethodChoice
from tideline.vocabulary import Frequency, Status

TODAY = date(2019, 1, 1)
MONTHS = periods.parts(periods.parse("2015-2016"), Frequency.MONTH) + periods.parts(
    periods.parse("2017-2018"), Frequency.MONTH
)
YEAR = periods.parse("2017")

values = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=2)
lines = st.lists(values, min_size=10, max_size=40)
factors = st.sampled_from([Decimal("0.001"), Decimal("0.3"), Decimal(7), Decimal(100_000)])
directed = st.sampled_from(["up", "down"])
levels = st.sampled_from([Frequency.MONTH, Frequency.QUARTER, Frequency.HALF, Frequency.YEAR])


def charted(direction: str, line: Sequence[Decimal], limit: Decimal | None, **params: object) -> NodeStatus:
    held = [Cell(month, (), value) for month, value in zip(MONTHS, line, strict=False)]
    definition = measure(direction=direction, method=MethodChoice(id="control-chart", params=params))
    targets = [Target(held[-1].period, limit)] if limit is not None else []
    return judge_measure(definition, targets, held, TODAY)


def compared(direction: str, part: int, whole: int, limit: Decimal, unit: Decimal = Decimal(1)) -> NodeStatus:
    method = MethodChoice(id="comparator", params={"kind": "proportion"})
    definition = measure(
        direction=direction, frequency="year", time_aggregation="ratio", multiplier=unit, method=method
    )
    share = Cell(YEAR, (), None, Decimal(part), Decimal(whole))
    return judge_measure(definition, [Target(YEAR, limit * unit)], [share], TODAY)


@settings(max_examples=60, deadline=None)
@given(directed, lines, values, factors)
def test_a_chart_is_the_same_in_every_unit(
    direction: str, line: list[Decimal], limit: Decimal, factor: Decimal
) -> None:
    plain = charted(direction, line, limit)
    other = charted(direction, [value * factor for value in line], limit * factor)
    assert (plain.status, plain.score, plain.native) == (other.status, other.score, other.native)


@settings(max_examples=60, deadline=None)
@given(lines, values)
def test_a_chart_seen_in_a_mirror_is_judged_the_same(line: list[Decimal], limit: Decimal) -> None:
    up = charted("up", line, limit)
    down = charted("down", [-value for value in line], -limit)
    assert (up.status, up.score) == (down.status, down.score)


@settings(max_examples=60, deadline=None)
@given(directed, lines, st.none() | values, values, values)
def test_a_better_value_is_never_judged_worse_where_centre_and_limits_are_fixed(
    direction: str, line: list[Decimal], limit: Decimal | None, one: Decimal, other: Decimal
) -> None:
    worse, better = sorted((one, other), reverse=direction == "down")
    fixed = len(line)
    scores = [
        charted(direction, [*line, value], limit, baseline_points=fixed, points=fixed + 1).score
        for value in (worse, better)
    ]
    assert scores[0] is not None and scores[1] is not None and scores[0] <= scores[1]


@settings(max_examples=60, deadline=None)
@given(directed, lines, st.integers(10, 30))
def test_a_chart_reads_its_window_and_nothing_before_it(direction: str, line: list[Decimal], points: int) -> None:
    held = [Cell(month, (), value) for month, value in zip(MONTHS, line, strict=False)]
    definition = measure(
        direction=direction, method=MethodChoice(id="control-chart", params={"points": points, "minimum_points": 5})
    )
    last = latest(held)
    assert last is not None
    first, _ = window(definition, [], last)
    recent = [each for each in held if each.period.start >= first]
    assert judge_measure(definition, [], held, TODAY) == judge_measure(definition, [], recent, TODAY)


@settings(max_examples=60, deadline=None)
@given(directed, st.integers(1, 500), st.data())
def test_a_better_share_is_never_judged_worse_against_its_comparator(
    direction: str, whole: int, data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.integers(0, whole), min_size=2, max_size=6))
    limit = data.draw(st.decimals(0, 1, places=3))
    ordered = sorted(parts, reverse=direction == "down")
    scores = [compared(direction, part, whole, limit).score for part in ordered]
    assert all(score is not None for score in scores)
    assert scores == sorted(scores, key=lambda score: score or Decimal(0))


@settings(max_examples=60, deadline=None)
@given(directed, st.integers(0, 200), st.integers(200, 400), st.decimals(0, 1, places=3), factors)
def test_a_comparison_is_the_same_per_one_and_per_any_number(
    direction: str, part: int, whole: int, limit: Decimal, factor: Decimal
) -> None:
    plain, other = compared(direction, part, whole, limit), compared(direction, part, whole, limit, factor)
    assert plain.status is other.status
    assert abs((plain.score or Decimal(0)) - (other.score or Decimal(0))) <= Decimal("0.000001")


@settings(max_examples=60, deadline=None)
@given(directed, st.integers(0, 200), st.integers(200, 400), st.decimals(0, 1, places=3))
def test_a_share_and_the_rest_of_the_whole_are_judged_alike(
    direction: str, part: int, whole: int, limit: Decimal
) -> None:
    other = "down" if direction == "up" else "up"
    one, rest = compared(direction, part, whole, limit), compared(other, whole - part, whole, 1 - limit)
    assert one.status is rest.status


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MONTHS), values), max_size=30, unique_by=lambda pair: pair[0]), levels)
def test_a_series_adds_up_to_what_was_told(told: list[tuple[periods.Period, Decimal]], level: Frequency) -> None:
    definition = measure(time_aggregation="sum")
    known = headlines(definition, [Cell(month, (), value) for month, value in told])
    found = Series(definition, (), known, level, A_YEAR[level])
    points = [found.at(period) for period in found.newest_first(None)]
    assert sum(point.held.value or 0 for point in points) == sum(value for _, value in told)
    assert sum(point.held.reporting for point in points) == len(told)
    for point in points:
        year = sum(
            value
            for month, value in told
            if month.start.year == point.period.start.year and month.end <= point.period.end
        )
        assert point.to_date is not None and (point.to_date.value or 0) == year


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(values, st.integers(1, 1000)), min_size=1, max_size=6))
def test_weights_of_another_measure_weigh_like_denominators_of_ones_own(pairs: list[tuple[Decimal, int]]) -> None:
    definition: MeasureDefined = measure(
        frequency="year",
        time_aggregation="weighted_average",
        breakdown_aggregation="weighted_average",
        weighted_by="people",
    )
    answers = [cell("2017", str(value), group=str(at)) for at, (value, _) in enumerate(pairs)]
    people = [cell("2017", str(weight), group=str(at)) for at, (_, weight) in enumerate(pairs)]
    own = [replace(answer, denominator=weight.value) for answer, weight in zip(answers, people, strict=True)]
    (weighed,) = headlines(definition, answers, weighing(people)).values()
    (paired,) = headlines(definition, own).values()
    assert weighed == paired


@settings(max_examples=60, deadline=None)
@given(lines)
def test_a_chart_without_a_direction_only_describes(line: list[Decimal]) -> None:
    found = charted("none", line, Decimal(5))
    assert (found.status, found.score) == (Status.NO_TARGET, None)
