"""`comparator`: is the value better than a comparator, worse, or not to be told apart from it?

**Which comparator.** `against`: `target` (the usual; the target of the shortest period that holds the judged one),
`{"peer": code}` (that peer's value of the judged period), `previous_year`, `previous_period` or `baseline`. It is
taken as exact, as Fingertips takes its benchmarks. Without it: no target.

**The interval of the value.** `kind` says what is counted; unsaid, a value without numerator and denominator is a
`count`, one per 1 or per 100 a `proportion`, any other a `rate`.
· `proportion` (the numerator is part of the denominator): Wilson score.
· `rate` (events over a population): limits of the numerator over the denominator. · `count` (events): their limits.
  Byar's approximation from 10 events upwards, the exact Poisson limits below.
Shares and rates are told per multiplier, as the value is. Where values add up, a comparator of a coarser period is
held against the sum to date and is due pro rata, as in `threshold`.

**Judgement.** The whole interval on the good side of the comparator: better, achieved. The whole interval on the bad
side: worse, off track. The comparator within the interval, ends included: similar; on track when the value itself
is on the good side, at risk when it is not. For a range as target, better is wholly inside and worse wholly outside.
A measure without a desired direction, or a range measure against another value than a target, is only described:
higher, lower, similar.

**Score.** On track and at risk: the place of the comparator between the interval's ends. Off track: w / (w + d) with
the interval's width w and its distance d from the comparator. Native figure: value − comparator.

Source: UKHSA, Fingertips: comparisons by confidence interval; Technical Guide: Confidence Intervals.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec

from rollup_worker.core import scores
from rollup_worker.core.decimals import HUNDRED, ONE, divide
from rollup_worker.core.facts import Assessment
from rollup_worker.core.headline import Headline
from rollup_worker.core.intervals import EXACT_BELOW, Interval, Z, count, wilson
from rollup_worker.core.methods import against
from rollup_worker.core.methods.against import Against, Other, Peer, name_of
from rollup_worker.core.methods.bounds import Bounds
from rollup_worker.core.methods.method import Case, Method, Params, unjudged
from rollup_worker.core.methods.references import PEER, Named
from tideline.vocabulary import Status

BETTER: Final = "better"
SIMILAR: Final = "similar"
WORSE: Final = "worse"


# A number, or a text that says one of them to the digit.
LEVELS: Final = {"anyOf": [{"enum": [95, 99.8]}, {"type": "string", "pattern": r"^\+?0*(95(\.0*)?|99\.80*)$"}]}


class ComparatorParams(Params, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`confidence` in percent, 95 or 99.8."""

    against: Other = "target"
    confidence: Annotated[Decimal, msgspec.Meta(extra_json_schema=LEVELS)] = Decimal(95)
    kind: Literal["proportion", "rate", "count"] | None = None

    def __post_init__(self) -> None:
        if self.confidence not in Z:
            raise ValueError(f"confidence is one of {', '.join(map(str, Z))}")

    def named(self) -> list[Named]:
        peer = self.against.peer if isinstance(self.against, Peer) else None
        return [*Params.named(self), (PEER, peer)]


@dataclass(frozen=True, slots=True)
class Seen:
    """A value with its interval beside the comparator's limits, all in one measure so that no share is rounded.

    What is shown is this over `unit`.
    """

    value: Decimal
    interval: Interval
    limits: Bounds
    unit: Decimal

    @property
    def better(self) -> bool:
        low, high = self.limits.lower, self.limits.upper
        return (low is None or self.interval.lower > low) and (high is None or self.interval.upper < high)

    @property
    def worse(self) -> bool:
        return self.distance > 0

    @property
    def distance(self) -> Decimal:
        """From the interval's nearer end to the good side; not above zero where they meet."""
        low, high = self.limits.lower, self.limits.upper
        below = [] if low is None else [low - self.interval.upper]
        return max(below if high is None else [*below, self.interval.lower - high])

    @property
    def place(self) -> Decimal:
        """Where between the interval's ends the good side begins: 1 where all of the interval is on it."""
        low, high = self.limits.lower, self.limits.upper
        inside = [] if low is None else [self.interval.upper - low]
        inside += [] if high is None else [high - self.interval.lower]
        return divide(min(inside), self.width)

    @property
    def width(self) -> Decimal:
        return self.interval.upper - self.interval.lower


def assess(case: Case, params: ComparatorParams) -> Assessment:
    found = against.find(case, params.against)
    if found is None:
        return unjudged(
            Status.NO_TARGET, "no_comparator", f"There is nothing to compare with: {name_of(params.against)}."
        )
    shown = case.beside(found.target) if found.target else case.at(case.level)
    if shown.value is None:
        return unjudged(Status.INSUFFICIENT, "no_value", "The values given make no number.", found.target)
    interval = interval_of(case, params, shown)
    if isinstance(interval, str):
        return unjudged(Status.INSUFFICIENT, "no_counts", interval, found.target)
    seen = (
        _beside(found, shown, shown.value, interval) if case.adds_up else Seen(shown.value, interval, found.limits, ONE)
    )
    why = _why(found, seen, shown, params)
    if found.good is None:
        why |= {"comparison": _described(seen), "reason": "no_direction"}
        return Assessment(Status.NO_TARGET, native=why["difference"], target=found.target, why=why)
    status, fraction = _judge(seen)
    why["comparison"] = BETTER if seen.better else WORSE if seen.worse else SIMILAR
    return Assessment(status, scores.score(status, fraction), why["difference"], found.target, why)


def interval_of(case: Case, params: ComparatorParams, shown: Headline) -> Interval | str:
    """The interval of a value in its unit, or why there is none."""
    kind = params.kind or _kind(case, shown)
    part, whole, multiplier = shown.numerator, shown.denominator, case.definition.multiplier
    if kind == "count":
        return _of_count(shown.value, params.confidence)
    if kind is None or part is None or whole is None or whole <= 0 or multiplier <= 0:
        return "An interval needs numerator and denominator, or a count of events."
    if kind == "rate":
        found = _of_count(part, params.confidence)
        return found if isinstance(found, str) else found.times(multiplier).over(whole)
    if not 0 <= part <= whole:
        return "The numerator is no part of the denominator: name the kind rate."
    return wilson(part, whole, params.confidence).times(multiplier)


def _kind(case: Case, shown: Headline) -> str | None:
    """What is not said is read from the value; sums and counts count events, averages and extremes do not."""
    if shown.numerator is None or shown.denominator is None:
        return "count" if case.adds_up else None
    return "proportion" if case.definition.multiplier in (ONE, HUNDRED) else "rate"


def _of_count(observed: Decimal | None, confidence: Decimal) -> Interval | str:
    if observed is None or observed < 0:
        return "Events are not fewer than none."
    if observed < EXACT_BELOW and observed != observed.to_integral_value():
        return "Fewer than ten events are counted in whole numbers."
    return count(observed, confidence)


def _beside(found: Against, shown: Headline, value: Decimal, interval: Interval) -> Seen:
    """Sums of parts, each taken to its whole: value × of / reporting, without dividing."""
    factor = Decimal(shown.of * found.held.reporting)
    return Seen(
        value * factor,
        interval.times(factor),
        found.limits.times(Decimal(shown.reporting * found.held.of)),
        factor,
    )


def _judge(seen: Seen) -> tuple[Status, Decimal]:
    if seen.better:
        return Status.ACHIEVED, ONE
    if seen.worse:
        return Status.OFF_TRACK, divide(seen.width, seen.width + seen.distance)
    met = seen.limits.miss(seen.value) <= 0
    return (Status.ON_TRACK if met else Status.AT_RISK), seen.place


def _described(seen: Seen) -> str:
    limit = seen.limits.nearest(seen.value)
    if seen.interval.lower <= limit <= seen.interval.upper:
        return SIMILAR
    return "higher" if seen.interval.lower > limit else "lower"


def _why(found: Against, seen: Seen, shown: Headline, params: ComparatorParams) -> dict[str, Any]:
    limit = seen.limits.nearest(seen.value)
    return {
        "value_held": shown.value,
        "parts_reporting": shown.reporting,
        "parts": shown.of,
        "against": found.name,
        "comparator": divide(limit, seen.unit),
        "difference": divide(seen.value - limit, seen.unit),
        "interval_lower": divide(seen.interval.lower, seen.unit),
        "interval_upper": divide(seen.interval.upper, seen.unit),
        "confidence": params.confidence,
    }


METHOD: Final = Method(
    id="comparator",
    version=1,
    title="Value against a comparator",
    description="The interval of the value beside a target, a peer or the own past: better, similar or worse.",
    source="UKHSA, Fingertips: comparison by confidence interval (Wilson score, Byar's, exact Poisson).",
    params=ComparatorParams,
    assess=assess,
    since=lambda case, params: against.since(case, params.against),
    needs_direction=False,
)
