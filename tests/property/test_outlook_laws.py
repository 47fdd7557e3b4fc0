"""Laws of what lies ahead and of what is held beside: exact lines, units, order, and nothing out of nothing."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_worker.core import comparison, judge, projection
from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Cell, Plan, Target
from rollup_worker.core.future import Future, future
from rollup_worker.core.methods import VERSIONS
from rollup_worker.core.overlay import NOTHING, over_plan
from rollup_worker.core.supposing import Rows, suppose
from rollup_worker.core.target_check import check
from rollup_worker.core.trend import moved
from tests.unit.rollup_worker.build import measure, plan
from tideline import periods
from tideline.events import Baseline, MeasureDefined, MethodChoice
from tideline.periods import Period
from tideline.vocabulary import Aggregation, Direction, Frequency

numbers = st.decimals(min_value=-1000, max_value=1000, places=3, allow_nan=False, allow_infinity=False)
counts = st.integers(min_value=0, max_value=500).map(Decimal)
directions = st.sampled_from(["up", "down"])
factors = st.sampled_from([Decimal("0.001"), Decimal("0.5"), Decimal(3), Decimal(1000)])
START = {
    Frequency.DAY: "2016-02-20",
    Frequency.WEEK: "2015-W50",
    Frequency.MONTH: "2016-11",
    Frequency.QUARTER: "2016-Q3",
    Frequency.YEAR: "2010",
}


def run(frequency: Frequency, values: Sequence[Decimal]) -> list[Cell]:
    first = periods.parse(START[frequency])
    return [Cell(moved(first, step, periods.STANDARD), (), value) for step, value in enumerate(values)]


@exact
def ahead(definition: MeasureDefined, targets: Sequence[Target], cells: Sequence[Cell]) -> Future:
    case = judge.read(definition, targets, cells, max(cell.period for cell in cells))
    return future(case, Decimal("0.95"), MappingProxyType({}))


def after(cells: Sequence[Cell], steps: int) -> Period:
    return moved(max(cell.period for cell in cells), steps, periods.STANDARD)


@given(
    frequency=st.sampled_from(list(START)),
    start=numbers,
    slope=numbers,
    size=st.integers(4, 40),
    steps=st.integers(1, 24),
)
def test_an_exact_line_is_continued_exactly_and_without_doubt(
    frequency: Frequency, start: Decimal, slope: Decimal, size: int, steps: int
) -> None:
    cells = run(frequency, [start + slope * step for step in range(size)])
    period = after(cells, steps)
    definition = measure(frequency=frequency.value)
    (one,) = projection.aheads(ahead(definition, [Target(period, Decimal(0))], cells))
    expected = start + slope * (size - 1 + steps)
    assert one.at is not None
    assert (one.at.value, one.at.lower, one.at.upper) == (expected, expected, expected)


@given(values=st.lists(numbers, min_size=4, max_size=30), steps=st.integers(1, 30), farther=st.integers(1, 30))
def test_the_farther_away_the_less_sure(values: list[Decimal], steps: int, farther: int) -> None:
    cells = run(Frequency.MONTH, values)
    targets = [Target(after(cells, each), Decimal(0)) for each in (steps, steps + farther)]
    near, far = projection.aheads(ahead(measure(), targets, cells))
    assert near.at is not None
    assert far.at is not None
    assert near.at.lower <= near.at.value <= near.at.upper
    assert near.at.upper - near.at.lower <= far.at.upper - far.at.lower


@given(values=st.lists(numbers, min_size=4, max_size=14), limit=numbers, direction=directions, data=st.data())
def test_order_and_repetition_of_values_change_no_projection(
    values: list[Decimal], limit: Decimal, direction: str, data: st.DataObject
) -> None:
    cells = run(Frequency.MONTH, values)
    shuffled = data.draw(st.permutations(cells + cells[:2]))
    targets = [Target(after(cells, 5), limit)]
    definition = measure(direction=direction)
    assert projection.aheads(ahead(definition, targets, cells)) == projection.aheads(
        ahead(definition, targets, shuffled)
    )


@given(values=st.lists(numbers, min_size=4, max_size=14), limit=numbers, direction=directions, factor=factors)
def test_the_unit_changes_no_crossing(values: list[Decimal], limit: Decimal, direction: str, factor: Decimal) -> None:
    cells = run(Frequency.MONTH, values)
    scaled = run(Frequency.MONTH, [value * factor for value in values])
    period, definition = after(cells, 5), measure(direction=direction)
    (one,) = projection.aheads(ahead(definition, [Target(period, limit)], cells))
    (other,) = projection.aheads(ahead(definition, [Target(period, limit * factor)], scaled))
    assert one.crossing == other.crossing
    assert one.at is not None
    assert other.at is not None
    assert one.at.status.status == other.at.status.status


@given(values=st.lists(numbers, min_size=4, max_size=14), limit=numbers)
def test_down_is_up_upside_down(values: list[Decimal], limit: Decimal) -> None:
    cells = run(Frequency.MONTH, values)
    turned = run(Frequency.MONTH, [-value for value in values])
    period = after(cells, 5)
    (up,) = projection.aheads(ahead(measure(direction="up"), [Target(period, limit)], cells))
    (down,) = projection.aheads(ahead(measure(direction="down"), [Target(period, -limit)], turned))
    assert up.crossing == down.crossing
    assert up.pace is not None
    assert down.pace is not None
    assert up.pace.needed == -(down.pace.needed or Decimal(0))


@given(values=st.lists(counts, min_size=1, max_size=11), limit=counts, more=counts)
def test_who_is_overconfident_for_less_is_so_for_more(values: list[Decimal], limit: Decimal, more: Decimal) -> None:
    definition = measure(time_aggregation="sum")
    cells = [Cell(periods.parse(f"2017-{month:02}"), (), value) for month, value in enumerate(values, 1)]
    whole = periods.parse("2017")

    def kinds(asked: Decimal) -> dict[str, bool]:
        target = Target(whole, asked)
        case = judge.read(definition, [target], cells, max(cell.period for cell in cells))
        return {finding.kind: finding.detected for finding in check(case, definition, target)}

    low, high = kinds(limit), kinds(limit + more)
    assert high["overconfidence"] or not low["overconfidence"]
    assert low["mediocrity"] or not high["mediocrity"]
    assert low["overconfidence"] == (sum(values) + (12 - len(values)) * max(values) < limit)


@given(own=numbers, others=st.lists(numbers, min_size=1, max_size=20), direction=directions)
def test_a_rank_counts_who_does_better_and_the_quartiles_lie_in_order(
    own: Decimal, others: list[Decimal], direction: str
) -> None:
    period = periods.parse("2017")
    cells = [Cell(period, (), own), *(Cell(period, (("peer", f"p{n}"),), each) for n, each in enumerate(others))]
    case = judge.read(measure(direction=direction, frequency="year"), [], cells, period)
    peers = {code: comparison.series(case, held) for code, held in case.peers.items()}
    found = comparison.position(case, comparison.series(case), peers)
    assert found is not None
    assert found.quartiles is not None
    better = sum(1 for other in others if (other > own if direction == "up" else other < own))
    assert (found.rank, found.of, found.tied) == (better + 1, len(others) + 1, others.count(own))
    low, middle, high = found.quartiles
    assert min(others) <= low <= middle <= high <= max(others)


def test_nothing_supposed_is_no_overlay() -> None:
    known: Plan = plan(measure("m"))
    overlay, faults = suppose(known, Rows(), MappingProxyType({}))
    assert (overlay, faults) == (NOTHING, [])
    assert over_plan(known, overlay) == known


@st.composite
def cases(draw: st.DrawFn) -> tuple[MeasureDefined, list[Target], list[Cell]]:
    """Measures of every frequency, aggregation, direction and method, with gaps, pairs and targets of any length."""
    frequency = draw(st.sampled_from(list(Frequency)))
    level = draw(st.sampled_from([None, *(each for each in Frequency if periods.is_coarser(each, frequency))]))
    methods = ["threshold", "pace", "cagr-ratio", "extrapolate", "control-chart", "comparator"]
    method = draw(st.sampled_from([None, *(name for name in methods if (name, 1) in VERSIONS)]))
    params: dict[str, Any] = {"level": level.value} if level else {}
    if not level and draw(st.booleans()):
        params["trailing"] = draw(st.integers(2, 5))
    aggregation = draw(st.sampled_from(list(Aggregation)))
    definition = measure(
        frequency=frequency.value,
        time_aggregation=aggregation.value,
        direction=draw(st.sampled_from(list(Direction))).value,
        method=MethodChoice(id=method, params=params) if method else None,
        baseline=draw(st.sampled_from([None, Baseline(period="2012", value=Decimal(5))])),
        minimum=draw(st.sampled_from([None, Decimal(0)])),
    )
    first = periods.containing(date(2014, 3, 10), frequency)
    steps = draw(st.lists(st.integers(0, 60), min_size=1, max_size=20, unique=True))
    paired = aggregation is Aggregation.RATIO
    cells = [
        Cell(
            moved(first, step, periods.STANDARD),
            (),
            None if paired else draw(numbers),
            draw(counts) if paired else None,
            draw(counts) if paired else None,
        )
        for step in steps
    ]
    days = st.dates(date(2012, 1, 1), date(2030, 1, 1))
    spans = st.builds(periods.containing, days, st.sampled_from(list(Frequency)))
    targets = draw(st.lists(st.builds(Target, spans, numbers), max_size=4))
    return definition, sorted(targets, key=lambda target: target.period.end), cells


@settings(max_examples=200, deadline=None)
@given(case=cases())
def test_whatever_the_measure_the_outlook_is_told(case: tuple[MeasureDefined, list[Target], list[Cell]]) -> None:
    definition, targets, cells = case
    last = judge.latest(cells)
    if last is None:
        return
    read = judge.read(definition, targets, cells, last)
    told = future(read, Decimal("0.9"), MappingProxyType({}))
    for one in projection.aheads(told):
        assert (one.at is None) == (told.line is None)
        assert one.at is None or one.at.lower <= one.at.value <= one.at.upper
        assert (one.crossing.on is None) == (one.crossing.reason is not None)
    projection.horizons(told, [], periods.STANDARD)
    for target in targets:
        found = check(read, definition, target)
        assert len(found) == 5
        assert all(finding.words for finding in found)
    own = comparison.series(read)
    comparison.past(read, own)
    comparison.position(read, own, {})
