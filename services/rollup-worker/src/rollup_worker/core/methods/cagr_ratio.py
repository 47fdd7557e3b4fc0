"""`cagr-ratio`: does the measure grow (or fall) each year as fast as it must to reach its target?

`CAGR(a, b, n) = (a / b)^(1 / n) − 1`. `d` is +1 where more is better and −1 where less is; `s` is −1 for a base below
zero, else +1.

**Base.** The definition's baseline; with `base_period` the first value in that period (insufficient where it has
none), and without either the first value known. **Last value:** the judged period's; **n**: the years between the
ends of the periods, in twelfths of a year for months, quarters and halves, days / 365.25 where days or weeks come in.

**With a target** (the nearest that ends with or after the judged period; after the last one, the last):
achieved where the value reaches it. Else `R = s · d · CAGR(value, base) / |CAGR(target, base)|`: ≥ 0.95 on track,
≥ 0.60 at risk, ≥ 0 off track, below deteriorating. Native score: R ≥ 0.60: min(7.1429 R − 4.2857, 5), else
max(4.1667 R − 2.5, −5); achieved 5.

**Without a target** the direction alone is judged, and `why` says so: `P = s · d · CAGR(value, base)`; ≥ 1.5 % · C on
track, ≥ 0.5 % · C at risk, ≥ 0 off track, below deteriorating. Native score: P < 0: max(125 P − 2.5, −5); then
500 P / C − 2.5, 250 P / C − 1.25 and min(500 P / C − 5, 5) in the three bands; 5 where C is zero.
C is 1 without a natural `limit` L. With one, b = |base| and l = |L|: b ≥ 2 l: 1; b ≤ l: 1 − (b / l)^4.44; else
1 − ((2 l − b) / l)^4.44.

**Several series** (`series`, a dimension): each group by itself, at its own latest period, from its own base, against
the same target; the mean of their native scores decides: ≥ 2.5 on track, ≥ 0 at risk, ≥ −2.5 off track, below
deteriorating; achieved only if all are. Groups that cannot be judged are left out and counted.

**For a range** the bound that is missed is the target, and the way to it the desired direction. Where values add up,
base, value and target must cover periods of one length, and a part-covered period is held against them at its rate.
From zero, across zero, or where the target equals the base, there is no rate: insufficient.

**Score.** The native score of −5 to 5 in four straight pieces: −5 → 0, −2.5 → 15, 0 → 40, 2.5 → 75, 5 → 100 (not
included), kept inside the band of the judgement.

Source: Statistics Canada and Open SDG, progress measurement, after Eurostat's indicator trends (2021).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from rollup_worker.core import scores
from rollup_worker.core.decimals import ONE
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.growth import Course, quotient, shown
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods import rates
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case, Method, Params, period_of
from rollup_worker.core.methods.rates import Rated
from rollup_worker.core.methods.references import BREAKDOWN, PERIOD, Named
from tideline import periods
from tideline.periods import Period
from tideline.vocabulary import Direction, Status

WEEK: Final = timedelta(days=7)


class CagrRatioParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The period to start from, the natural limit in the measure's unit, the dimension whose groups are judged."""

    base_period: Annotated[str, PERIOD] | None = None
    limit: Decimal | None = None
    series: Annotated[str, BREAKDOWN] | None = None

    def named(self) -> list[Named]:
        return [*Params.named(self), (PERIOD, self.base_period), (BREAKDOWN, self.series)]


@dataclass(frozen=True, slots=True)
class Aim:
    target: Target
    good: Bounds


@dataclass(frozen=True, slots=True)
class Judged:
    """One series: its class, or None with the reason in `why`."""

    rated: Rated | None
    why: dict[str, Any]


def assess(case: Case, params: CagrRatioParams) -> Assessment:
    aim = _aim(case)
    target = aim.target if aim else None
    found = _several(case, params, aim) if params.series else _one(case, params, aim)
    if aim is None and case.direction not in (Direction.UP, Direction.DOWN):
        why = {**found.why, "reason": "no_direction", "detail": "No direction is desired; the growth is told."}
        return Assessment(Status.NO_TARGET, why=why)
    why = {"judged_by": "direction and target" if aim else "direction alone", **found.why}
    if found.rated is None:
        return Assessment(Status.INSUFFICIENT, target=target, why=why)
    score = scores.score(found.rated.status, rates.place(found.rated))
    return Assessment(found.rated.status, score, shown(found.rated.native), target, why)


def since(case: Case, params: CagrRatioParams) -> date:
    """The first day of base and value; a week more, for weeks that a coarser period holds in part."""
    start = _start(case, params)
    if start is None or params.series:
        return periods.FIRST_DAY
    held = _held(case, params, None).period.start
    first = held if _has_baseline(case, params) else min(held, start.start)
    return max(first - WEEK, periods.FIRST_DAY)


def _aim(case: Case) -> Aim | None:
    """The next target, or the last one when all are over."""
    target = case.next_target or max(case.targets, key=lambda each: (each.period.end, each.period.start), default=None)
    good = bounds(target, case.direction) if target and case.direction is not Direction.NONE else None
    return Aim(target, good) if target and good else None


def _start(case: Case, params: CagrRatioParams) -> Period | None:
    """The period to start from; None for the first that has a value."""
    if params.base_period is not None:
        return period_of(params.base_period, case.definition.calendar)
    return case.baseline_period


def _has_baseline(case: Case, params: CagrRatioParams) -> bool:
    """Whether the definition itself says the base value."""
    return not params.series and case.baseline_period is not None and _start(case, params) == case.baseline_period


def _base(case: Case, params: CagrRatioParams, held: Headline) -> tuple[Period, Decimal] | None:
    baseline, start = case.definition.baseline, _start(case, params)
    if start and baseline and _has_baseline(case, params):
        return start, baseline.value
    earlier = [each for each in case.back(held.period.frequency) if start is None or each.period.start >= start.start]
    if not earlier or earlier[-1].value is None or earlier[-1].period.end >= held.period.end:
        return None
    if params.base_period is not None and start and earlier[-1].period.start >= start.end:
        return None
    return earlier[-1].period, earlier[-1].value


def _held(case: Case, params: CagrRatioParams, aim: Aim | None) -> Headline:
    """The value to judge: where values add up, of as long a period as the target, else as the base."""
    if aim:
        return case.beside(aim.target)
    start = _start(case, params)
    wider = case.adds_up and not case.trailing and start and periods.is_coarser(start.frequency, case.level)
    return case.at(start.frequency) if start and wider else case.at(case.level)


def _several(case: Case, params: CagrRatioParams, aim: Aim | None) -> Judged:
    groups = case.groups(params.series or "")
    found = [_one(group, params, aim) for group in groups.values()]
    rated = [each.rated for each in found if each.rated]
    counted = {"series": params.series, "series_judged": len(rated), "series_left_out": len(found) - len(rated)}
    if not rated:
        first = found[0].why if found else {"reason": "no_series", "detail": "No group of the dimension has a value."}
        return Judged(None, {**counted, **{name: first[name] for name in ("reason", "detail")}})
    achieved = sum(each.status is Status.ACHIEVED for each in rated)
    return Judged(rates.mean(rated), {**counted, "series_achieved": achieved})


def _one(case: Case, params: CagrRatioParams, aim: Aim | None) -> Judged:
    held = _held(case, params, aim)
    if held.value is None:
        return _not("no_value", "The values given make no number.")
    whole = not case.adds_up or held.reporting == held.of
    base = _base(case, params, held)
    reached = aim is not None and aim.good.miss(held.value) <= 0 and (whole or aim.good.upper is None)
    if reason := _hindrance(case, params, aim, held, base):
        return Judged(rates.ACHIEVED, {"value_held": held.value}) if reached else _not(*reason)
    assert base is not None
    unit = ONE if whole else Decimal(held.reporting)
    way = Course(base[0], base[1] * unit, held.period, held.value if whole else held.value * held.of, unit)
    found = _against(way, aim, reached=reached) if aim else _alone(case, way, params)
    return Judged(found.rated, {**_why(case, way, held), **found.why})


def _hindrance(
    case: Case, params: CagrRatioParams, aim: Aim | None, held: Headline, base: tuple[Period, Decimal] | None
) -> tuple[str, str] | None:
    if base is None and params.base_period is not None:
        return "no_base", f"There is no value of {params.base_period} before the judged one to start from."
    if base is None:
        return "too_few_values", "There is no value before the judged one to start from."
    if base[0].end >= held.period.end:
        return "before_baseline", "The judged period does not lie after the base."
    lengths = {base[0].frequency, held.period.frequency} | ({aim.target.period.frequency} if aim else set())
    if case.adds_up and not case.trailing and len(lengths) > 1:
        return "unequal_periods", "Base, target and value cover periods of different length."
    return None


def _against(way: Course, aim: Aim, *, reached: bool) -> Judged:
    wanted = aim.good.times(way.unit)
    bound = wanted.nearest(way.value)
    desired = 1 if wanted.upper is None or (wanted.lower is not None and way.value < wanted.lower) else -1
    made, needed = way.made, way.needed(bound, aim.target.period)
    ratio = quotient(_signed(made, way, desired), abs(needed)) if made is not None and needed else None
    why = {
        "progress": None if ratio is None else shown(ratio),
        "growth_needed": None if needed is None else shown(needed),
    }
    if reached:
        return Judged(rates.ACHIEVED, why)
    if ratio is None:
        return _not("no_rate", _what_is_wrong(way, aim, made), **why)
    rated = rates.by_ratio(ratio)
    if wanted.miss(way.value) <= 0:
        rated = Rated(Status.ON_TRACK, max(rated.native, rates.STEP))
    return Judged(rated, why)


def _alone(case: Case, way: Course, params: CagrRatioParams) -> Judged:
    made = way.made
    if made is None:
        return _not("no_rate", "There is no yearly rate from zero or across it.")
    rate = _signed(made, way, 1 if case.direction is Direction.UP else -1)
    share = rates.limit_share(way.base, None if params.limit is None else params.limit * way.unit)
    return Judged(rates.by_growth(rate, share), {"progress": shown(rate), "limit_share": shown(share)})


def _signed(rate: Decimal, way: Course, desired: int) -> Decimal:
    """Towards the good side: below zero a number grows by coming nearer to zero."""
    return rate * desired if way.base > 0 else -rate * desired


def _what_is_wrong(way: Course, aim: Aim, made: Decimal | None) -> str:
    if made is None:
        return "There is no yearly rate from zero or across it."
    if way.start.end >= aim.target.period.end:
        return "The base does not lie before the target."
    return "There is no yearly rate from the base to the target: it is the base itself, or across zero."


def _not(reason: str, detail: str, **more: Any) -> Judged:
    return Judged(None, {"reason": reason, "detail": detail, **more})


def _why(case: Case, way: Course, held: Headline) -> dict[str, Any]:
    made = way.made
    return {
        "value_held": held.value,
        "base_period": periods.identify(way.start, case.definition.calendar),
        "base_value": shown(quotient(way.base, way.unit)),
        "growth": None if made is None else shown(made),
        "parts_reporting": held.reporting,
        "parts": held.of,
    }


METHOD: Final = Method(
    id="cagr-ratio",
    version=1,
    title="Growth against growth needed",
    description="Compound yearly growth since the base, held against the growth that reaches the target in time.",
    source="Statistics Canada and Open SDG: progress measurement by compound annual growth rates; after Eurostat.",
    params=CagrRatioParams,
    assess=assess,
    since=since,
    reads_groups=lambda params: params.series,
    needs_direction=False,
)
