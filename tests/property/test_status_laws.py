"""Laws that hold for every measure: order, repetition, history, direction, boundaries."""

from datetime import date
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rollup_worker.core import scores
from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Breakdown, Cell, Target
from rollup_worker.core.judge import judge_measure, latest, window
from tests.unit.rollup_worker.build import measure
from tideline import periods
from tideline.events import Baseline, MeasureDefined, MethodChoice
from tideline.vocabulary import JUDGEMENTS, Aggregation, Flag, Frequency, Status

TODAY = date(2018, 6, 30)
MONTHS = periods.parts(periods.parse("2016"), Frequency.MONTH) + periods.parts(periods.parse("2017"), Frequency.MONTH)
WHOLES = [periods.parse(text) for text in ("2017", "2018", "2017-2018", "2017-Q3", "2017-11", "2017-H2")]
BREAKDOWNS: list[Breakdown] = [(), (("district", "1"),), (("district", "2"),), (("group", "a"),)]

numbers = st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)
directed = st.sampled_from(["up", "down"])
methods = st.sampled_from(["threshold", "pace"])
adding = st.sampled_from(["sum", "last", "average"])


@st.composite
def definitions(draw: st.DrawFn) -> MeasureDefined:
    method = draw(st.sampled_from([None, MethodChoice(id="threshold"), MethodChoice(id="pace")]))
    level = draw(st.sampled_from([None, "quarter", "year"]))
    if method and level:
        method = MethodChoice(id=method.id, params={"level": level})
    fields = {
        "direction": draw(st.sampled_from(["up", "down", "range", "none"])),
        "time_aggregation": draw(st.sampled_from(Aggregation)).value,
        "breakdown_aggregation": draw(st.sampled_from(Aggregation)).value,
        "method": method,
        "baseline": draw(st.sampled_from([None, Baseline(period="2015", value=Decimal(10))])),
    }
    return measure(**fields)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    value, flag = draw(numbers), draw(st.sampled_from([None, Flag.SAMPLE, Flag.PROVISIONAL, Flag.WITHDRAWN]))
    pair = draw(st.none() | st.tuples(numbers, numbers))
    numerator, denominator = pair or (None, None)
    period, breakdown = draw(st.sampled_from(MONTHS)), draw(st.sampled_from(BREAKDOWNS))
    return Cell(period, breakdown, None if flag is Flag.WITHDRAWN else value, numerator, denominator, flag)


def keyed(of: st.SearchStrategy[Cell]) -> st.SearchStrategy[list[Cell]]:
    return st.lists(of, max_size=15, unique_by=lambda cell: (cell.period, cell.breakdown))


@st.composite
def aims(draw: st.DrawFn) -> Target:
    period = draw(st.sampled_from(WHOLES))
    if draw(st.booleans()):
        return Target(period, draw(numbers))
    lower, upper = sorted((draw(numbers), draw(numbers)))
    return Target(period, None, lower, upper)


targets = st.lists(aims(), max_size=4, unique_by=lambda target: target.period)


@settings(max_examples=100, deadline=None)
@given(definitions(), targets, keyed(cells()), st.data())
def test_neither_order_nor_repetition_of_facts_changes_a_status(
    definition: MeasureDefined, aimed: list[Target], held: list[Cell], data: st.DataObject
) -> None:
    again = data.draw(st.permutations([*held, *held[: len(held) // 2]]))
    mixed = data.draw(st.permutations([*aimed, *aimed]))
    expected = judge_measure(definition, aimed, held, TODAY)
    assert judge_measure(definition, mixed, again, TODAY) == expected


@settings(max_examples=150, deadline=None)
@given(definitions(), targets, keyed(cells()))
def test_what_lies_before_the_window_changes_nothing(
    definition: MeasureDefined, aimed: list[Target], held: list[Cell]
) -> None:
    last = latest(held)
    assume(last is not None)
    assert last is not None
    start, end = window(definition, aimed, last)
    near = [cell for cell in held if start <= cell.period.start < end]
    assert judge_measure(definition, aimed, near, TODAY) == judge_measure(definition, aimed, held, TODAY)


@settings(max_examples=100, deadline=None)
@given(definitions(), targets, keyed(cells()), st.sampled_from(MONTHS))
def test_the_past_is_judged_as_if_nothing_came_after_it(
    definition: MeasureDefined, aimed: list[Target], held: list[Cell], as_of: periods.Period
) -> None:
    then = [cell for cell in held if cell.period.end <= as_of.end]
    assert judge_measure(definition, aimed, held, TODAY, as_of) == judge_measure(definition, aimed, then, as_of.end)


@settings(max_examples=150, deadline=None)
@given(definitions(), targets, keyed(cells()))
def test_every_status_is_whole(definition: MeasureDefined, aimed: list[Target], held: list[Cell]) -> None:
    found = judge_measure(definition, aimed, held, TODAY)
    assert (found.score is not None) == (found.status in JUDGEMENTS)
    assert (found.status is Status.NO_DATA) == (not any(cell.present for cell in held))
    if found.score is not None:
        assert scores.band(found.score) is found.status
        assert found.score == found.score.quantize(Decimal("0.000001"))
        assert definition.direction != "none"
    if found.status is Status.NO_TARGET:
        assert found.score is None


@settings(max_examples=200, deadline=None)
@given(directed, methods, adding, st.lists(numbers, min_size=2, max_size=2), numbers, numbers, st.sampled_from(WHOLES))
def test_a_better_value_never_scores_lower(
    direction: str,
    method: str,
    aggregation: str,
    values: list[Decimal],
    aim: Decimal,
    base: Decimal,
    whole: periods.Period,
) -> None:
    definition = measure(
        direction=direction,
        time_aggregation=aggregation,
        method=MethodChoice(id=method),
        baseline=Baseline(period="2015", value=base),
    )
    worse, better = sorted(values, reverse=direction == "down")
    held = [
        judge_measure(definition, [Target(whole, aim)], [Cell(periods.parse("2017-11"), value=value)], TODAY)
        for value in (worse, better)
    ]
    if held[0].score is None or held[1].score is None:
        assert held[0].status is held[1].status
    else:
        assert held[0].score <= held[1].score


@settings(max_examples=150, deadline=None)
@given(directed, methods, numbers, numbers)
def test_a_value_on_its_target_is_good(direction: str, method: str, aim: Decimal, base: Decimal) -> None:
    november = periods.parse("2017-11")
    definition = measure(
        direction=direction, method=MethodChoice(id=method), baseline=Baseline(period="2016-11", value=base)
    )
    found = judge_measure(definition, [Target(november, aim)], [Cell(november, value=aim)], TODAY)
    assert (found.status, found.score) == (Status.ACHIEVED, Decimal(100))


@settings(max_examples=150, deadline=None)
@given(directed, numbers, st.decimals(0, 100, places=2))
def test_a_value_on_the_edge_of_the_near_band_is_near(direction: str, aim: Decimal, percent: Decimal) -> None:
    november = periods.parse("2017-11")
    choice = MethodChoice(id="threshold", params={"near_percent": str(percent)})
    definition = measure(direction=direction, method=choice)
    near, sign = abs(aim) * percent / 100, -1 if direction == "up" else 1
    assume(near > 0)
    statuses = [
        judge_measure(
            definition, [Target(november, aim)], [Cell(november, value=beside(aim, sign * near, sign, step))], TODAY
        ).status
        for step in (Decimal(0), Decimal("1E-30"))
    ]
    assert statuses == [Status.AT_RISK, Status.OFF_TRACK]


@exact
def beside(aim: Decimal, near: Decimal, sign: int, step: Decimal) -> Decimal:
    return aim + near + sign * step
