"""The one function that judges a node from its children: goals, departments, areas and the city alike.

**Who counts.** Children with a weight above zero; a child with weight zero is shown and informs. Where the policy
is `kpi`, the KPI decides alone unless other children carry weights: then their weighted mean does.

**Who reports.** A child that is judged and not stale. Children with `no_target` are counted in `counts` and stand
outside the coverage. All others that do not report lower the coverage, and a coverage under the node's minimum
makes the node `insufficient`. The judgement is made over the children that report, with their own weights.

**No judgement to make.** No child that counts, or none with any data: `no_data`. Data everywhere it counts, and
never a target: `no_target`. Nobody reports for another reason: `insufficient`.

**Policies.** `weighted` (and `kpi` with weights): the weighted mean of the scores, read back through the bands, so
that a node is achieved only when every reporting child is, and deteriorating when the mean falls to 15. `worst_of`:
the status and score of the lowest child. `share_on_track`: the weight of the children on track or achieved, in
percent of the weight that reports; achieved only when all are, and never below off track, since the share knows
nothing of how bad the rest is.

**Shown with it.** `provisional` and `sample` pass upwards from any child that counts and has data. A node is stale
when no child reports and one of them is. A goal that its KPI decides shows the KPI's value and target.

**Its period** is that of the most recent child, told in the city's calendar: a fiscal year of a measure is no year of a
city whose years begin in January. Where the child's days are no period of the city's, the month in which they end.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from rollup_worker.core import scores
from rollup_worker.core.decimals import HUNDRED, ZERO, as_score, divide, exact
from rollup_worker.core.facts import Child, Contribution, Coverage, Node, NodeStatus, Parent, Qualifiers
from rollup_worker.core.policies import VERSION
from tideline import periods
from tideline.events import Calendar
from tideline.periods import Period
from tideline.vocabulary import JUDGEMENTS, Frequency, Policy, Status

ON_TRACK: Final = frozenset({Status.ON_TRACK, Status.ACHIEVED})


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement and what each reporting child gave to its score, in points; the parts add up to the score."""

    status: Status
    score: Decimal | None = None
    parts: Mapping[Node, Decimal] = field(default_factory=dict)
    reason: str | None = None


@exact
def roll_up(parent: Parent, children: Sequence[Child]) -> NodeStatus:
    """The status of a node from its children and its own rule alone; their order changes nothing."""
    ordered = sorted(children, key=lambda child: child.node)
    counting = _counting(parent, ordered)
    reporting = [child for child in counting if reports(child)]
    coverage = _coverage(counting, reporting)
    verdict = _unjudged(parent, counting, coverage) or _POLICIES[parent.policy](reporting)
    latest = max((c for c in counting if c.as_of_end), key=_recency, default=None)
    period = _told(latest, parent.calendar) if latest else None
    decider = counting[0] if parent.policy is Policy.KPI and len(counting) == 1 and counting[0].kpi else None
    return NodeStatus(
        node=parent.node,
        status=verdict.status,
        score=verdict.score,
        value=decider.value if decider else None,
        target=decider.target if decider else None,
        lower=decider.lower if decider else None,
        upper=decider.upper if decider else None,
        as_of=periods.identify(period, parent.calendar) if period else latest.as_of if latest else None,
        as_of_start=period.start if period else None,
        as_of_end=period.end if period else latest.as_of_end if latest else None,
        qualifiers=_qualifiers(parent, counting, coverage),
        coverage=coverage,
        counts=dict(sorted(Counter(child.status for child in ordered).items())),
        method=parent.policy.value,
        method_version=VERSION,
        why=_why(parent, verdict),
        children=tuple(_contribution(child, verdict) for child in ordered),
    )


def reports(child: Child) -> bool:
    return child.status in JUDGEMENTS and not child.qualifiers.stale


def _counting(parent: Parent, children: Sequence[Child]) -> list[Child]:
    weighted = [child for child in children if child.weight > 0]
    kpi = [child for child in weighted if child.kpi]
    return kpi if parent.policy is Policy.KPI and kpi == weighted else weighted


def _coverage(counting: Sequence[Child], reporting: Sequence[Child]) -> Coverage:
    stale = sum(1 for child in counting if child.status in JUDGEMENTS and child.qualifiers.stale)
    asked = sum(1 for child in counting if child.status is not Status.NO_TARGET)
    return Coverage(len(reporting), asked, stale)


def _unjudged(parent: Parent, counting: Sequence[Child], coverage: Coverage) -> Verdict | None:
    """Why there is no judgement, or None when there is one to make."""
    if all(child.status is Status.NO_DATA for child in counting):
        return Verdict(Status.NO_DATA, reason="no_data" if counting else "no_children")
    if coverage.of == 0:
        return Verdict(Status.NO_TARGET, reason="no_target")
    if coverage.reporting == 0 or coverage.reporting < parent.minimum_coverage * coverage.of:
        return Verdict(Status.INSUFFICIENT, reason="coverage")
    return None


def _weighted(reporting: Sequence[Child]) -> Verdict:
    total = sum((child.weight for child in reporting), ZERO)
    products = {child.node: child.weight * _score(child) for child in reporting}
    mean = as_score(divide(sum(products.values(), ZERO), total))
    return Verdict(scores.band(mean), mean, {node: divide(product, total) for node, product in products.items()})


def _worst_of(reporting: Sequence[Child]) -> Verdict:
    worst = min(reporting, key=lambda child: (_score(child), child.node))
    return Verdict(worst.status, _score(worst), {c.node: _score(c) if c is worst else ZERO for c in reporting})


def _share_on_track(reporting: Sequence[Child]) -> Verdict:
    total = sum((child.weight for child in reporting), ZERO)
    good = {child.node: child.weight if child.status in ON_TRACK else ZERO for child in reporting}
    share = as_score(divide(sum(good.values(), ZERO) * HUNDRED, total))
    if not all(child.status is Status.ACHIEVED for child in reporting):
        lowest, highest = scores.BANDS[Status.OFF_TRACK][0], scores.BANDS[Status.ON_TRACK][1]
        share = min(max(share, lowest), highest)
    return Verdict(scores.band(share), share, {n: divide(w * HUNDRED, total) for n, w in good.items()})


_POLICIES: Final[Mapping[Policy, Callable[[Sequence[Child]], Verdict]]] = {
    Policy.KPI: _weighted,
    Policy.WEIGHTED: _weighted,
    Policy.WORST_OF: _worst_of,
    Policy.SHARE_ON_TRACK: _share_on_track,
}


def _score(child: Child) -> Decimal:
    return ZERO if child.score is None else child.score


def _recency(child: Child) -> tuple[date, date, str]:
    """Of those that end on the same day the shortest is the most recent."""
    return child.as_of_end or date.min, child.as_of_start or date.min, child.as_of or ""


def _told(child: Child, calendar: Calendar) -> Period | None:
    """The child's days as a period of this calendar, else the month in which they end."""
    if child.as_of_start is None or child.as_of_end is None:
        return None
    last = child.as_of_end - timedelta(days=1)
    for frequency in Frequency:
        found = periods.containing(last, frequency, calendar)
        if (found.start, found.end) == (child.as_of_start, child.as_of_end):
            return found
    return periods.containing(last, Frequency.MONTH, calendar)


def _qualifiers(parent: Parent, counting: Sequence[Child], coverage: Coverage) -> Qualifiers:
    told = [child.qualifiers for child in counting if child.status is not Status.NO_DATA]
    return Qualifiers(
        stale=coverage.reporting == 0 and coverage.stale > 0,
        provisional=any(qualifiers.provisional for qualifiers in told),
        sample=bool(told) and (parent.sample or any(qualifiers.sample for qualifiers in told)),
    )


def _contribution(child: Child, verdict: Verdict) -> Contribution:
    part = verdict.parts.get(child.node)
    return Contribution(
        node=child.node,
        weight=child.weight,
        status=child.status,
        score=child.score,
        contribution=None if part is None else as_score(part),
        stale=child.qualifiers.stale,
        kpi=child.kpi,
    )


def _why(parent: Parent, verdict: Verdict) -> dict[str, str | Decimal]:
    why: dict[str, str | Decimal] = {
        "policy": parent.policy.value,
        "minimum_coverage": parent.minimum_coverage,
    }
    return why if verdict.reason is None else {**why, "reason": verdict.reason}
