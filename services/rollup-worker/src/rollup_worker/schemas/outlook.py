"""Where a node is heading, in words for readers."""

from datetime import date, datetime
from decimal import Decimal

import msgspec

from rollup_worker.core.crossing import Pace
from rollup_worker.core.facts import Target
from rollup_worker.core.future import Future, Projected
from rollup_worker.core.projection import Ahead, Horizon
from rollup_worker.core.trend import number
from rollup_worker.schemas.document import NodeName
from rollup_worker.schemas.reads import TargetWords
from tideline import periods
from tideline.events import Calendar
from tideline.periods import Period
from tideline.vocabulary import Frequency, Status


class TrendWords(msgspec.Struct, frozen=True, kw_only=True):
    """The line through the last periods: `slope` is the change per period, `value` where it stands at the last one.

    `error` is the residual standard error, in the measure's unit.
    """

    points: int
    first: str
    last: str
    per: Frequency
    slope: Decimal
    value: Decimal
    error: Decimal


class PaceWords(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed in each of the periods left, beside what was made. `counts`: the change, or each period's value.

    A need against the desired direction is room to spare.
    """

    per: Frequency
    counts: str
    needed: Decimal | None
    made: Decimal | None
    periods_left: int


class ProjectedWords(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a period ahead with its prediction interval, and the status that the measure's method would give.

    `parts_projected` of the period's parts come from the line.
    """

    period: str
    ends_on: date
    value: Decimal
    lower: Decimal
    upper: Decimal
    parts_projected: int
    status: Status
    score: Decimal | None


class AheadWords(msgspec.Struct, frozen=True, kw_only=True):
    """One target ahead. `crossing_on` is the last day of the period of the crossing; null: `crossing_reason` says why.

    `broken_on`: the last day of the period in which a total breaks its upper bound.
    """

    target: TargetWords
    crossing_on: date | None
    crossing_period: str | None
    crossing_reason: str | None
    broken_on: date | None
    required_pace: PaceWords | None
    projected: ProjectedWords | None
    interval_holds_target: bool | None


class HorizonWords(msgspec.Struct, frozen=True, kw_only=True):
    """A point in time that goals look at."""

    years: int
    goals: list[str]
    period: str
    ends_on: date
    target: TargetWords | None
    projected: ProjectedWords | None
    interval_holds_target: bool | None


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Where a node is heading. `crossing_on`, `crossing_reason` and `required_pace` are those of its nearest target.

    A node with children tells its `measures` instead, `of` how many there are: a goal all of them, the KPI first;
    others the worst first, with the nearest target of each. Its own status is told elsewhere. `notes` say what could
    not be told and why.
    """

    node: NodeName
    as_of: str | None = None
    known_at: datetime | None = None
    status: Status | None = None
    score: Decimal | None = None
    value: Decimal | None = None
    unit: str = ""
    direction: str | None = None
    sample: bool = False
    provisional: bool = False
    confidence: Decimal | None = None
    trend: TrendWords | None = None
    crossing_on: date | None = None
    crossing_reason: str | None = None
    required_pace: PaceWords | None = None
    targets: list[AheadWords] = []
    horizons: list[HorizonWords] = []
    notes: list[str] = []
    kpi: bool = False
    measures: list["Outlook"] = []
    of: int = 0


def trend_words(future: Future) -> TrendWords | None:
    if future.line is None:
        return None
    first, last = future.points[0].period, future.points[-1].period
    return TrendWords(
        points=len(future.points),
        first=_name(first, future),
        last=_name(last, future),
        per=future.step,
        slope=future.line.slope,
        value=future.line.at(number(last)),
        error=future.line.error,
    )


def ahead_words(ahead: Ahead, future: Future) -> AheadWords:
    crossing = ahead.crossing
    return AheadWords(
        target=target_words(ahead.target, future.case.definition.calendar),
        crossing_on=crossing.on.last_day if crossing.on else None,
        crossing_period=_name(crossing.on, future) if crossing.on else None,
        crossing_reason=crossing.reason,
        broken_on=crossing.broken_on.last_day if crossing.broken_on else None,
        required_pace=_pace(ahead.pace, future) if ahead.pace else None,
        projected=_projected(ahead.at, future) if ahead.at else None,
        interval_holds_target=ahead.holds_target,
    )


def horizon_words(horizon: Horizon, future: Future) -> HorizonWords:
    return HorizonWords(
        years=horizon.years,
        goals=list(horizon.goals),
        period=_name(horizon.period, future),
        ends_on=horizon.period.last_day,
        target=target_words(horizon.target, future.case.definition.calendar) if horizon.target else None,
        projected=_projected(horizon.at, future) if horizon.at else None,
        interval_holds_target=horizon.holds_target,
    )


def target_words(target: Target, calendar: Calendar) -> TargetWords:
    return TargetWords(
        period=periods.identify(target.period, calendar),
        version=target.version,
        value=target.value,
        lower=target.lower,
        upper=target.upper,
        sample=target.sample,
    )


def _pace(pace: Pace, future: Future) -> PaceWords:
    return PaceWords(
        per=future.step, counts=pace.counts, needed=pace.needed, made=pace.made, periods_left=pace.periods_left
    )


def _projected(at: Projected, future: Future) -> ProjectedWords:
    return ProjectedWords(
        period=_name(at.period, future),
        ends_on=at.period.last_day,
        value=at.value,
        lower=at.lower,
        upper=at.upper,
        parts_projected=at.ahead,
        status=at.status.status,
        score=at.status.score,
    )


def _name(period: Period, future: Future) -> str:
    return periods.identify(period, future.case.definition.calendar)
