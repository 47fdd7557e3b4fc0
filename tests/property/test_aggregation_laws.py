"""Laws of partials: any way of putting them together gives the same whole."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollup_worker.core.aggregate import EMPTY, Partial, Reading, collect, finish, merge, partial
from tideline.vocabulary import Aggregation

wide = st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda value: len(value.as_tuple().digits) <= 38 and abs(int(value.as_tuple().exponent)) <= 30
)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    day = date(2017, 1, 1) + timedelta(days=draw(st.integers(0, 400)))
    pair = draw(st.none() | st.tuples(wide, wide))
    numerator, denominator = pair or (None, None)
    return Reading(draw(wide), day, draw(st.sampled_from("abc")), numerator, denominator)


many = st.lists(readings(), max_size=12)
aggregations = st.sampled_from(Aggregation)


def tree(parts: list[Partial]) -> Partial:
    """Merged in pairs, then pairs of pairs, as batches are."""
    while len(parts) > 1:
        parts = [reduce(merge, parts[at : at + 2]) for at in range(0, len(parts), 2)]
    return parts[0] if parts else EMPTY


@settings(max_examples=100, deadline=None)
@given(many.flatmap(lambda held: st.tuples(st.just(held), st.permutations(held))), aggregations)
def test_partials_merge_in_any_order_to_what_one_pass_gives(
    orders: tuple[list[Reading], list[Reading]], aggregation: Aggregation
) -> None:
    forth, shuffled = orders
    whole, found = collect(forth, aggregation), tree([partial(reading, aggregation) for reading in shuffled])
    assert found == whole
    assert finish(found, aggregation) == finish(whole, aggregation)


@settings(max_examples=100, deadline=None)
@given(many, st.integers(0, 12), aggregations)
def test_two_batches_merge_like_one(held: list[Reading], at: int, aggregation: Aggregation) -> None:
    assert merge(collect(held[:at], aggregation), collect(held[at:], aggregation)) == collect(held, aggregation)


@settings(max_examples=100, deadline=None)
@given(many, readings(), aggregations)
def test_a_value_added_to_a_partial_equals_a_rebuild(
    held: list[Reading], fresh: Reading, aggregation: Aggregation
) -> None:
    rebuilt = collect([*held, fresh], aggregation)
    assert merge(collect(held, aggregation), partial(fresh, aggregation)) == rebuilt


@settings(max_examples=100, deadline=None)
@given(st.lists(readings(), min_size=1, max_size=12), aggregations)
def test_an_aggregate_lies_between_the_extremes_where_it_should(held: list[Reading], aggregation: Aggregation) -> None:
    bounded = {Aggregation.AVERAGE, Aggregation.MEDIAN, Aggregation.LAST, Aggregation.MIN, Aggregation.MAX}
    if aggregation in bounded:
        value = finish(collect(held, aggregation), aggregation)
        values = [reading.value for reading in held if reading.value is not None]
        assert value is not None
        exact, lowest, highest = Fraction(value), Fraction(min(values)), Fraction(max(values))
        slack = max(abs(lowest), abs(highest)) / 10**33
        assert lowest - slack <= exact <= highest + slack


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_the_empty_partial_changes_nothing(aggregation: Aggregation) -> None:
    one = partial(Reading(Decimal(3), date(2017, 1, 1)), aggregation)
    assert merge(one, EMPTY) == merge(EMPTY, one) == one
