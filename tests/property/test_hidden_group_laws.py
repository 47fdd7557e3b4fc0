"""Two cities that differ in nothing but hidden cells are the same city to the public."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_worker.actions.gaps import View, gaps_of
from rollup_worker.actions.judging import judge_loaded
from rollup_worker.actions.moments import Loaded, Moment
from rollup_worker.core.facts import NodeStatus
from rollup_worker.core.suppression import shown
from rollup_worker.core.veil import covered
from tests.unit.rollup_worker.build import cell, measure, target
from tideline.events import EquityRule, MethodChoice
from tideline.vocabulary import Direction

UNDER = 10
BOTH = 40
"""What the small group and its partner have together."""
WHEN = Moment(date(2017, 1, 15), suppress_under=UNDER)
RULE = EquityRule(dimension="district", order=["1", "2", "3", "4"], difference=Decimal(50), slope_index=Decimal(9))
METHODS = [
    None,
    MethodChoice(id="cagr-ratio"),
    MethodChoice(id="cagr-ratio", params={"series": "district"}),
    MethodChoice(id="cagr-ratio", params={"series": "district", "confirm": 2}),
    MethodChoice(id="extrapolate"),
    MethodChoice(id="control-chart"),
    MethodChoice(id="comparator", params={"against": "previous_year"}),
    MethodChoice(id="threshold", params={"trailing": 2}),
]
small = st.integers(1, UNDER - 1)
large = st.lists(st.integers(BOTH + 1, 200), min_size=2, max_size=4)


def city(years: Sequence[tuple[int, ...]], aims: Sequence[tuple[str, str]], **words: Any) -> Loaded:
    """From 2014 on, by district."""
    adding = {"time_aggregation": "sum", "breakdown_aggregation": "sum", "equity": [RULE]}
    definition = measure(frequency="year", breakdowns=["district"], **(adding | words))
    cells = [
        cell(str(year), str(count), district=str(place))
        for year, counts in enumerate(years, 2014)
        for place, count in enumerate(counts, 1)
    ]
    return Loaded(definition, cells=cells, targets=[target(year, aim) for year, aim in aims])


def told(found: Loaded) -> tuple[NodeStatus, object]:
    """What the public reads: the status without the steps to it where it is covered, and the gaps."""
    judged = judge_loaded(found, WHEN)
    seen = covered(judged.status, judged.veil)
    return seen, gaps_of(found, WHEN, View(staff=False, city_under=UNDER, history=3))


def words(status: NodeStatus) -> tuple[object, ...]:
    return status.status, status.score, status.value, status.target


@pytest.mark.parametrize("method", METHODS, ids=str)
@settings(max_examples=40, deadline=None)
@given(
    one=small,
    other=small,
    rest=large,
    at=st.integers(0, 2),
    way=st.sampled_from([("up", "30"), ("up", "90"), ("down", "1"), ("down", "30")]),
)
def test_who_sees_no_hidden_cell_sees_nothing_that_depends_on_it(
    method: MethodChoice | None, one: int, other: int, rest: list[int], at: int, way: tuple[str, str]
) -> None:
    def there(count: int) -> Loaded:
        usual = (60, 70, *rest)
        years = [(count, BOTH - count, *rest) if year == at else usual for year in range(3)]
        return city(years, [("2018", way[1])], method=method, direction=Direction(way[0]))

    first, second = there(one), there(other)
    assert _shown(first) == _shown(second)
    (status, gaps), (same, same_gaps) = told(first), told(second)
    assert words(status) == words(same)
    assert gaps == same_gaps


def _shown(found: Loaded) -> object:
    return shown(found.definition, found.cells, UNDER)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3).map(tuple), min_size=1, max_size=3))
def test_a_gap_that_the_public_reads_is_the_one_that_staff_read(years: list[tuple[int, ...]]) -> None:
    found = city(years, [])
    for public, staff in zip(_gaps(found, staff=False), _gaps(found, staff=True), strict=True):
        assert public.groups.of == staff.groups.of
        for name, line in public.gaps.items():
            for ours, theirs in zip(line.history, staff.gaps[name].history, strict=True):
                assert ours == theirs or (ours.value, ours.status) == (None, "suppressed")
            whole = public.groups.shown == public.groups.of
            assert (line.status == "suppressed") is not whole
            assert line.trend in (None, staff.gaps[name].trend)


def _gaps(found: Loaded, *, staff: bool) -> list[Any]:
    return list(gaps_of(found, WHEN, View(staff=staff, city_under=UNDER, history=3)))
