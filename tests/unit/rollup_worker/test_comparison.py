"""Rank, share, quartiles and the own past."""

from decimal import Decimal

import pytest

from rollup_worker.core import comparison, judge
from rollup_worker.core.comparison import Position
from rollup_worker.core.facts import Target
from rollup_worker.core.methods.method import Case
from tests.unit.rollup_worker.build import cell, measure, target
from tideline import periods


def beside(direction: str, own: str, *others: str, targets: tuple[Target, ...] = ()) -> Case:
    cells = [cell("2017", own), *(cell("2017", value, peer=f"p{place}") for place, value in enumerate(others))]
    definition = measure(direction=direction, frequency="year")
    return judge.read(definition, targets, cells, periods.parse("2017"))


def placed(case: Case) -> Position:
    peers = {code: comparison.series(case, held) for code, held in case.peers.items()}
    found = comparison.position(case, comparison.series(case), peers)
    assert found is not None
    return found


def test_the_best_is_first_in_the_desired_direction() -> None:
    assert (placed(beside("up", "9", "1", "5")).rank, placed(beside("down", "9", "1", "5")).rank) == (1, 3)


def test_equal_values_share_the_better_rank_and_are_no_worse() -> None:
    found = placed(beside("up", "5", "5", "7", "3", "5"))
    assert (found.rank, found.of, found.tied, found.share_worse) == (2, 5, 2, Decimal("0.25"))


def test_towards_a_range_the_nearer_is_the_better() -> None:
    goal = (target("2017", lower="4", upper="6"),)
    found = placed(beside("range", "7", "5", "1", "4.5", targets=goal))
    assert (found.rank, found.tied) == (3, 0)
    assert placed(beside("range", "5", "4.5", targets=goal)).tied == 1


@pytest.mark.parametrize("direction", ["none", "range"])
def test_without_anything_desired_there_is_no_rank_but_there_are_quartiles(direction: str) -> None:
    found = placed(beside(direction, "7", "1", "2", "3", "4"))
    assert (found.rank, found.share_worse) == (None, None)
    assert found.quartiles == (Decimal("1.75"), Decimal("2.5"), Decimal("3.25"))


@pytest.mark.parametrize(
    ("share", "expected"), [("0.25", "2.75"), ("0.5", "5.5"), ("0.75", "7.75"), ("0", "1"), ("1", "10")]
)
def test_quantiles_of_one_to_nine_and_ten_are_those_of_definition_seven(share: str, expected: str) -> None:
    """As R's `quantile(c(1:7, 8, 10), …)`-like examples interpolate at 1 + (n − 1) · p; here with nine values."""
    values = [Decimal(each) for each in ("1", "2", "2.75", "4", "5.5", "7", "7.75", "9", "10")]
    assert comparison.quantile(values, Decimal(share)) == Decimal(expected)


def test_a_peer_without_a_value_for_the_period_is_missing_and_not_the_last() -> None:
    cells = [cell("2017", "5"), cell("2016", "9", peer="late"), cell("2017", "4", peer="there")]
    case = judge.read(measure(frequency="year"), [], cells, periods.parse("2017"))
    found = placed(case)
    assert (found.rank, found.of, found.missing) == (1, 2, ("late",))


def test_without_a_value_of_its_own_a_measure_has_no_position() -> None:
    case = judge.read(measure(frequency="year"), [], [cell("2017", "4", peer="there")], periods.parse("2017"))
    assert comparison.position(case, [], {}) is None


def test_the_own_past_is_told_in_the_desired_direction() -> None:
    values = ("3", "1", "4", "1", "5", "9")
    cells = [
        cell(f"{2016 if step < 2 else 2017}-{11 + step if step < 2 else step - 1:02}", v)
        for step, v in enumerate(values)
    ]
    cells.append(cell("2016-04", "7"))
    case = judge.read(measure(direction="down"), [], cells, periods.parse("2017-04"))
    found = comparison.past(case, comparison.series(case))
    assert found.previous is not None and found.previous.value == 5
    assert found.year_before is not None and found.year_before.value == 7
    assert found.best is not None and (found.best.value, found.best.period) == (Decimal(1), periods.parse("2017-02"))
    assert found.worst is not None and found.worst.value == 9
    assert (found.mean, found.mean_of) == (Decimal(4), 5)


@pytest.mark.parametrize(
    ("period", "before"),
    [("2016-02-29", "2015-02-28"), ("2016-W10", "2015-W10"), ("2017-Q2", "2016-Q2"), ("2017", "2016")],
)
def test_the_same_period_of_the_year_before_is_found(period: str, before: str) -> None:
    parsed = periods.parse(period)
    definition = measure(frequency=parsed.frequency.value)
    case = judge.read(definition, [], [cell(period, "2"), cell(before, "1")], parsed)
    found = comparison.past(case, comparison.series(case)).year_before
    assert found is not None and found.period == periods.parse(before)
