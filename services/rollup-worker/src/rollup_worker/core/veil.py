"""What of a judged node the public does not see because numbers beneath it are small.

A measure whose judged headline is hidden is `suppressed`: no status, score, value or target. The same where a method
reads more than the judged period (a trailing window, a history, a year to date) and any headline that it read is
hidden, since the score could be turned back into it; and where it reads the groups of a dimension one by one and any
of these is hidden. Where only the period before is hidden, the trend is not told.

A goal that shows the value of a suppressed KPI is suppressed with it. Any other parent to whose score a covered child
contributed keeps its word and hides its score and the contributions: what the other children bring would leave the
covered one as the difference.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from rollup_worker.core.disclosure import HEADLINE
from rollup_worker.core.facts import Breakdown, Node, NodeStatus, Target
from rollup_worker.core.methods import VERSIONS, InForce, groups_read
from tideline.events import MeasureDefined
from tideline.periods import Period, is_coarser
from tideline.vocabulary import Frequency, Policy, Status


class Veil(StrEnum):
    """From nothing to all hidden."""

    OPEN = "open"
    TREND = "trend"
    SCORE = "score"
    ALL = "all"


COVERED: Final = frozenset({Veil.SCORE, Veil.ALL})


def read_hidden(
    definition: MeasureDefined, hidden: Mapping[Period, frozenset[Breakdown]], in_force: InForce
) -> frozenset[Period]:
    """The periods of which a judgement reads what the public does not see: the headline or, if it does, groups."""
    if not hidden:
        return frozenset()
    dimension = groups_read(definition, in_force)
    return frozenset(
        period
        for period, keys in hidden.items()
        if HEADLINE in keys or any(name == dimension for key in keys for name, _ in key)
    )


def of_measure(
    definition: MeasureDefined, targets: Sequence[Target], status: NodeStatus, hidden: Iterable[Period]
) -> Veil:
    """`hidden` are the periods, of those that were read, of which the public does not see all that was read."""
    found = [period for period in hidden if status.as_of_end is None or period.end <= status.as_of_end]
    if not found or status.as_of_start is None:
        return Veil.OPEN
    if any(period.start >= status.as_of_start for period in found) or _reads_back(definition, targets, status):
        return Veil.ALL
    return Veil.TREND


def of_parent(status: NodeStatus, veils: Mapping[Node, Veil]) -> Veil:
    hidden = [child for child in status.children if veils.get(child.node) in COVERED]
    shows_kpi = status.method == Policy.KPI and status.value is not None
    if shows_kpi and any(child.kpi and veils[child.node] is Veil.ALL for child in hidden):
        return Veil.ALL
    return Veil.SCORE if any(child.contribution is not None for child in hidden) else Veil.OPEN


def covered(status: NodeStatus, veil: Veil) -> NodeStatus:
    """As the public sees it."""
    if veil is Veil.ALL:
        return replace(status, status=Status.SUPPRESSED, score=None, value=None, target=None, lower=None, upper=None)
    return replace(status, score=None) if veil is Veil.SCORE else status


def _reads_back(definition: MeasureDefined, targets: Sequence[Target], status: NodeStatus) -> bool:
    """Whether the score depends on periods before the judged one."""
    method = VERSIONS.get((status.method or "", status.method_version or 0))
    if method is None:
        return False
    params = definition.method.params if definition.method else {}
    if method.since or params.get("trailing") or params.get("confirm", 1) != 1:
        return True
    own = Frequency(definition.frequency)
    return any(is_coarser(target.period.frequency, own) for target in targets)
