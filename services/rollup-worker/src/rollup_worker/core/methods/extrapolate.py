"""`extrapolate`: would the measure reach its target if it went on as over its last values?

**Slope.** The mean yearly change over the last `points` values (six unless given; at least four must be there, and
fewer are insufficient): (last − first) / years between them. A period without a value is not counted. Years are
told in twelfths for months, quarters and halves, in days / 365.25 where days or weeks come in.

**With a target** (the nearest that ends with or after the judged period; after the last one, the last): the line is
continued to the target's end, and `miss = (target − value there) · d / |target − last value|`, where `d` is +1 for
more, −1 for less. Below 5 % on track; up to 20 % at risk; more, but not moving away, off track; moving away
deteriorating. A target that is reached already: achieved, or at risk while moving away from it.

**Kept every year** (`keep_every_year`): reached and not worsening on track, reached but worsening at risk, missed but
not worsening off track, missed and worsening deteriorating; worsening is by the slope.

**Without a target** the direction alone is judged, and `why` says so: slope and last change good on track; only the
slope at risk; only the last change off track; neither deteriorating. Standing still is not worsening.

**For a range** each bound is judged by itself and the weakest decides.

**Where values add up**, whole periods of the target's length are compared, the judged one at its rate.

**Score.** Straight between miss 50 % ahead → 100 (not included), 5 % → 75, 20 % → 40 and 100 % → 15. Moving away it
is 15 · a / (a + b), where the first value lay a from the target and the last has gone b in the wrong direction.
Judgements that have no miss stand in the middle of their band. Native figure: the miss, or without one the slope.

Source: German Federal Statistical Office, Indicator Report on the Sustainable Development Strategy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Annotated, Any, Final

import msgspec

from rollup_worker.core import scores
from rollup_worker.core.decimals import ONE, ZERO, divide
from rollup_worker.core.facts import Assessment, Target
from rollup_worker.core.growth import years
from rollup_worker.core.headline import Headline
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case, Method, Params, unjudged
from tideline import periods
from tideline.vocabulary import Direction, Status

POINTS: Final = 6
POINTS_MIN: Final = 4
POINTS_MAX: Final = 120
NEAR: Final = Decimal("0.05")
FAR: Final = Decimal("0.20")
AHEAD: Final = Decimal("-0.50")
_EDGES: Final[Mapping[Status, tuple[Decimal, Decimal]]] = {
    Status.ON_TRACK: (NEAR, AHEAD),
    Status.AT_RISK: (FAR, NEAR),
    Status.OFF_TRACK: (ONE, FAR),
}
_BY_DIRECTION: Final = {
    (True, True): Status.ON_TRACK,
    (True, False): Status.AT_RISK,
    (False, True): Status.OFF_TRACK,
    (False, False): Status.DETERIORATING,
}


class ExtrapolateParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`points`: over how many of the last values the slope is told. `keep_every_year`: the target binds each year."""

    points: Annotated[int, msgspec.Meta(ge=POINTS_MIN, le=POINTS_MAX)] = POINTS
    keep_every_year: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The last values in short. `rise` over `span` years is the slope; values are `unit`-folds.

    `sure` is what the last value has come to already; None where its period is covered in full.
    """

    count: int
    value: Decimal
    sure: Decimal | None
    rise: Decimal
    last_change: Decimal
    span: Fraction
    unit: Decimal

    @property
    def slope(self) -> Decimal:
        return divide(self.rise * self.span.denominator, self.unit * self.span.numerator)

    def has_reached(self, bound: Decimal, desired: int) -> bool:
        """Whether parts still to come cannot undo it."""
        return self.sure is None or (desired > 0 and self.sure >= bound)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`miss` of the way that was left, None where none was left or none is asked for; `place` in the band, 0 to 1."""

    status: Status
    miss: Decimal | None = None
    place: Decimal = scores.MIDDLE

    @property
    def score(self) -> Decimal:
        return scores.score(self.status, self.place)


def assess(case: Case, params: ExtrapolateParams) -> Assessment:
    target, good = _aim(case)
    frequency = case.beside(target).period.frequency if target else case.level
    if case.at(frequency).value is None:
        return unjudged(Status.INSUFFICIENT, "no_value", "The values given make no number.", target)
    held = list(islice(case.back(frequency), params.points))
    if len(held) < POINTS_MIN:
        detail = f"{len(held)} values; continuing a line needs {POINTS_MIN}."
        return unjudged(Status.INSUFFICIENT, "too_few_points", detail, target)
    line = _line(case, held)
    why = _why(case, held, line)
    if target and good:
        return _against(case, target, good, line, params, why)
    if case.direction not in (Direction.UP, Direction.DOWN):
        described = {"reason": "no_direction", "detail": "No direction is desired; the slope is told."}
        return Assessment(Status.NO_TARGET, native=line.slope, why={**why, **described})
    desired = 1 if case.direction is Direction.UP else -1
    verdict = Verdict(_BY_DIRECTION[line.rise * desired >= 0, line.last_change * desired >= 0])
    return Assessment(verdict.status, verdict.score, line.slope, None, {"judged_by": "direction alone", **why})


def since(case: Case, params: ExtrapolateParams) -> date:  # noqa: ARG001
    """The last values may lie far apart, so that none can be left out beforehand."""
    return periods.FIRST_DAY


def _aim(case: Case) -> tuple[Target | None, Bounds | None]:
    """The next target, or the last one when all are over; none that sets no bound in the desired direction."""
    target = case.next_target or max(case.targets, key=lambda each: (each.period.end, each.period.start), default=None)
    good = bounds(target, case.direction) if target and case.direction is not Direction.NONE else None
    return (target, good) if good else (None, None)


def _line(case: Case, held: list[Headline]) -> Line:
    """From the last values, the latest first."""
    last = held[0]
    whole = not case.adds_up or last.reporting == last.of
    unit, times = (ONE, ONE) if whole else (Decimal(last.reporting), Decimal(last.of))
    last_value, before, first = ((each.value or ZERO) for each in (last, held[1], held[-1]))
    value = last_value * times
    span = years(held[-1].period, last.period)
    sure = None if whole else last_value * unit
    return Line(len(held), value, sure, value - first * unit, value - before * unit, span, unit)


def _against(
    case: Case, target: Target, good: Bounds, line: Line, params: ExtrapolateParams, why: Mapping[str, Any]
) -> Assessment:
    ahead = max(years(case.beside(target).period, target.period), Fraction(0))
    wanted = good.times(line.unit)
    sides = [(bound, desired) for bound, desired in ((wanted.lower, 1), (wanted.upper, -1)) if bound is not None]
    verdicts = [_verdict(line, bound, desired, ahead, keep=params.keep_every_year) for bound, desired in sides]
    weakest = min(verdicts, key=lambda verdict: verdict.score)
    told = {
        **why,
        "judged_by": "direction and target",
        "years_ahead": divide(Decimal(ahead.numerator), Decimal(ahead.denominator)),
        "value_at_target": divide(_at(line, ahead), line.unit * _folds(line, ahead)),
        "miss": weakest.miss,
    }
    native = line.slope if weakest.miss is None else weakest.miss
    return Assessment(weakest.status, weakest.score, native, target, told)


def _verdict(line: Line, bound: Decimal, desired: int, ahead: Fraction, *, keep: bool) -> Verdict:
    left = (bound - line.value) * desired
    worsening = line.rise * desired < 0
    if left <= 0 and worsening:
        return Verdict(Status.AT_RISK)
    if left <= 0:
        return Verdict(Status.ON_TRACK if keep or not line.has_reached(bound, desired) else Status.ACHIEVED)
    if keep:
        return Verdict(Status.DETERIORATING if worsening else Status.OFF_TRACK)
    folds = _folds(line, ahead)
    short, whole = (bound * folds - _at(line, ahead)) * desired, left * folds
    miss = divide(short, whole)
    if worsening:
        began = abs(bound - (line.value - line.rise))
        return Verdict(Status.DETERIORATING, miss, divide(began, began + abs(line.rise)))
    status = Status.ON_TRACK if short < NEAR * whole else Status.AT_RISK
    if short > FAR * whole:
        status = Status.OFF_TRACK
    low, high = _EDGES[status]
    return Verdict(status, miss, divide(low - miss, low - high))


def _folds(line: Line, ahead: Fraction) -> Decimal:
    """In so many folds the continued line is told without dividing."""
    return Decimal((line.span / ahead).numerator) if ahead else ONE


def _at(line: Line, ahead: Fraction) -> Decimal:
    """The value on the continued line, in folds."""
    if not ahead:
        return line.value
    times = line.span / ahead
    return line.value * times.numerator + line.rise * times.denominator


def _why(case: Case, held: list[Headline], line: Line) -> dict[str, Any]:
    return {
        "value_held": held[0].value,
        "points": line.count,
        "first_period": periods.identify(held[-1].period, case.definition.calendar),
        "first_value": held[-1].value,
        "slope": line.slope,
        "last_change": divide(line.last_change, line.unit),
        "parts_reporting": held[0].reporting,
        "parts": held[0].of,
    }


METHOD: Final = Method(
    id="extrapolate",
    version=1,
    title="The last values continued",
    description="The mean yearly change of the last values, continued to the target: reached, or nearly?",
    source="German Federal Statistical Office: Indicator Report on the National Sustainable Development Strategy.",
    params=ExtrapolateParams,
    assess=assess,
    since=since,
    needs_direction=False,
)
