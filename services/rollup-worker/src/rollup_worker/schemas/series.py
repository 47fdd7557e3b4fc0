"""The answer of `…/series`."""

from decimal import Decimal

import msgspec

from rollup_worker.core.headline import Headline
from rollup_worker.core.series import Point
from rollup_worker.schemas.reads import TargetWords
from tideline import periods
from tideline.events import Calendar


class Parts(msgspec.Struct, frozen=True):
    """How many of the parts of a period have a value."""

    reporting: int
    of: int


class SpanValue(msgspec.Struct, frozen=True, kw_only=True):
    """What a span of periods adds up to, by the measure's time aggregation. `period` is null for a trailing window."""

    period: str | None
    value: Decimal | None
    coverage: Parts
    provisional: bool = False


class SeriesLine(msgspec.Struct, frozen=True, kw_only=True):
    """One period. Changes are told between whole periods only.

    `to_date` runs from the begin of the (fiscal) year, `trailing` over the last periods up to and with this one.
    `suppressed`: something of it is too small to be shown, and left out of what is put together.
    """

    period: str
    value: Decimal | None
    coverage: Parts
    provisional: bool
    sample: bool
    suppressed: bool
    change: Decimal | None
    to_date: SpanValue | None
    trailing: SpanValue
    same_period_last_year: SpanValue | None
    change_from_last_year: Decimal | None
    target: TargetWords | None


class SeriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `trailing` is the length of the trailing window, in periods of `level`."""

    level: str
    trailing: int
    items: list[SeriesLine]
    next: str | None


def series_line(point: Point, calendar: Calendar) -> SeriesLine:
    return SeriesLine(
        period=periods.identify(point.period, calendar),
        value=point.held.value,
        coverage=_parts(point.held),
        provisional=point.held.provisional,
        sample=point.held.sample,
        suppressed=point.concealed,
        change=point.change,
        to_date=_span(point.to_date, calendar),
        trailing=SpanValue(
            period=None,
            value=point.trailing.value,
            coverage=_parts(point.trailing),
            provisional=point.trailing.provisional,
        ),
        same_period_last_year=_span(point.last_year, calendar),
        change_from_last_year=point.change_from_last_year,
        target=_target(point, calendar),
    )


def _span(held: Headline | None, calendar: Calendar) -> SpanValue | None:
    if held is None:
        return None
    period = periods.identify(held.period, calendar)
    return SpanValue(period=period, value=held.value, coverage=_parts(held), provisional=held.provisional)


def _parts(held: Headline) -> Parts:
    return Parts(held.reporting, held.of)


def _target(point: Point, calendar: Calendar) -> TargetWords | None:
    target = point.target
    if target is None:
        return None
    return TargetWords(
        period=periods.identify(target.period, calendar),
        version=target.version,
        value=target.value,
        lower=target.lower,
        upper=target.upper,
        sample=target.sample,
    )
