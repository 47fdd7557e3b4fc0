"""Sums that merge: what is kept of a set of values so that any two sets can be put together later.

Every aggregation except the median is answered from a partial of fixed size, so that partials of hours, files
or districts merge in any order to what one pass over all values would give. A median has no such partial: its
values are kept, sorted, and merging concatenates them. Finished values may be added only for `sum` and `count`.

Time and breakdown aggregation use the same partials, one after the other, as a measure declares them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from heapq import merge as merge_sorted
from typing import Final

from rollup_worker.core.decimals import ONE, ZERO, divide, exact
from tideline.vocabulary import Aggregation

SUMMABLE: Final = frozenset({Aggregation.SUM, Aggregation.COUNT})
FIXED_SIZE: Final = frozenset(Aggregation) - {Aggregation.MEDIAN}

Dated = tuple[date, str, Decimal]


@dataclass(frozen=True, slots=True)
class Partial:
    """A set of values in short. `unpaired` had no numerator and denominator, `unweighed` no denominator.

    `latest` is the value of the last day, and of the last name on that day. `values` is filled for medians only.
    """

    count: int = 0
    total: Decimal = ZERO
    numerator: Decimal = ZERO
    denominator: Decimal = ZERO
    unpaired: int = 0
    weighted: Decimal = ZERO
    unweighed: int = 0
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    latest: Dated | None = None
    values: tuple[Decimal, ...] = ()


EMPTY: Final = Partial()


@dataclass(frozen=True, slots=True)
class Reading:
    """One value with what aggregates need to know about it. `day` and `name` order the values for `last`.

    `denominator` is also the weight of a weighted average.
    """

    value: Decimal | None
    day: date
    name: str = ""
    numerator: Decimal | None = None
    denominator: Decimal | None = None


def is_summable(aggregation: Aggregation) -> bool:
    """Whether finished values of parts add up to the value of the whole."""
    return aggregation in SUMMABLE


def quotient(numerator: Decimal | None, denominator: Decimal | None, multiplier: Decimal = ONE) -> Decimal | None:
    """multiplier × numerator / denominator, or None where there is no such number."""
    if numerator is None or not denominator:
        return None
    return divide(multiplier * numerator, denominator)


@exact
def partial(reading: Reading, aggregation: Aggregation, multiplier: Decimal = ONE) -> Partial:
    """The partial of one value. A pair without a value stands for multiplier × numerator / denominator."""
    return _partial(reading, aggregation, multiplier)


@exact
def merge(one: Partial, other: Partial) -> Partial:
    """Associative and commutative, with EMPTY as its zero."""
    return _merge(one, other)


@exact
def collect(readings: Iterable[Reading], aggregation: Aggregation, multiplier: Decimal = ONE) -> Partial:
    """The partial of many values: what merging theirs one after the other gives, in a few sums."""
    held = [(_value(reading, multiplier), reading) for reading in readings]
    valued = [(value, reading) for value, reading in held if value is not None]
    weighed = [(value, reading.denominator) for value, reading in valued if reading.denominator is not None]
    pairs = [(r.numerator, r.denominator) for _, r in held if r.numerator is not None and r.denominator is not None]
    lone = [r.denominator for _, r in valued if r.numerator is None and r.denominator is not None]
    values = [value for value, _ in valued]
    return Partial(
        count=len(values),
        total=sum(values, ZERO),
        numerator=sum((numerator for numerator, _ in pairs), ZERO),
        denominator=sum((denominator for _, denominator in pairs), ZERO) + sum(lone, ZERO),
        unpaired=sum(1 for _, reading in valued if reading.numerator is None or reading.denominator is None),
        weighted=sum((value * weight for value, weight in weighed), ZERO),
        unweighed=len(valued) - len(weighed),
        minimum=min(values, default=None),
        maximum=max(values, default=None),
        latest=max(((reading.day, reading.name, value) for value, reading in valued), default=None),
        values=() if aggregation in FIXED_SIZE else tuple(sorted(values)),
    )


@exact
def finish(whole: Partial, aggregation: Aggregation, multiplier: Decimal = ONE) -> Decimal | None:
    """The aggregate of a partial; None where there is none.

    None: no values, denominators or weights that sum to zero, or a ratio or weighted average of which only some
    values brought their numbers along. Ratios are never averaged, and one ratio by itself stands as it is.
    """
    return _FINISH[aggregation](whole, multiplier)


def _partial(reading: Reading, aggregation: Aggregation, multiplier: Decimal) -> Partial:
    value, pair = _value(reading, multiplier), _pair(reading)
    if value is None:
        return pair
    weight = reading.denominator
    return Partial(
        count=1,
        total=value,
        numerator=pair.numerator,
        denominator=ZERO if weight is None else weight,
        unpaired=0 if reading.numerator is not None and weight is not None else 1,
        weighted=ZERO if weight is None else value * weight,
        unweighed=1 if weight is None else 0,
        minimum=value,
        maximum=value,
        latest=(reading.day, reading.name, value),
        values=(value,) if aggregation not in FIXED_SIZE else (),
    )


def _value(reading: Reading, multiplier: Decimal) -> Decimal | None:
    if reading.value is not None:
        return reading.value
    return quotient(reading.numerator, reading.denominator, multiplier)


def _pair(reading: Reading) -> Partial:
    """Numerator and denominator alone: a ratio counts nothing out of nothing without dividing by it."""
    if reading.numerator is None or reading.denominator is None:
        return EMPTY
    return Partial(numerator=reading.numerator, denominator=reading.denominator)


def _merge(one: Partial, other: Partial) -> Partial:
    return Partial(
        count=one.count + other.count,
        total=one.total + other.total,
        numerator=one.numerator + other.numerator,
        denominator=one.denominator + other.denominator,
        unpaired=one.unpaired + other.unpaired,
        weighted=one.weighted + other.weighted,
        unweighed=one.unweighed + other.unweighed,
        minimum=min((v for v in (one.minimum, other.minimum) if v is not None), default=None),
        maximum=max((v for v in (one.maximum, other.maximum) if v is not None), default=None),
        latest=max((v for v in (one.latest, other.latest) if v is not None), default=None),
        values=tuple(merge_sorted(one.values, other.values)),
    )


def _average(whole: Partial, _: Decimal) -> Decimal | None:
    return divide(whole.total, Decimal(whole.count)) if whole.count else None


def _weighted_average(whole: Partial, multiplier: Decimal) -> Decimal | None:
    if whole.unweighed:
        return _average(whole, multiplier) if whole.unweighed == whole.count else None
    return divide(whole.weighted, whole.denominator) if whole.count and whole.denominator else None


def _ratio(whole: Partial, multiplier: Decimal) -> Decimal | None:
    if whole.unpaired:
        return whole.total if whole.count == 1 else None
    return quotient(whole.numerator, whole.denominator, multiplier)


def _median(whole: Partial, _: Decimal) -> Decimal | None:
    if not whole.values:
        return None
    middle = len(whole.values) // 2
    if len(whole.values) % 2:
        return whole.values[middle]
    return divide(whole.values[middle - 1] + whole.values[middle], Decimal(2))


_FINISH: Final[Mapping[Aggregation, Callable[[Partial, Decimal], Decimal | None]]] = {
    Aggregation.SUM: lambda whole, _: whole.total if whole.count else None,
    Aggregation.AVERAGE: _average,
    Aggregation.WEIGHTED_AVERAGE: _weighted_average,
    Aggregation.RATIO: _ratio,
    Aggregation.LAST: lambda whole, _: whole.latest[2] if whole.latest else None,
    Aggregation.MIN: lambda whole, _: whole.minimum,
    Aggregation.MAX: lambda whole, _: whole.maximum,
    Aggregation.COUNT: lambda whole, _: Decimal(whole.count) if whole.count else None,
    Aggregation.MEDIAN: _median,
}
