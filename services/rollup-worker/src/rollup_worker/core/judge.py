"""One measure judged from its definition, targets and observations; nothing else is looked at."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import Assessment, Cell, Coverage, Node, NodeStatus, Qualifiers, Target
from rollup_worker.core.headline import Headline, headlines
from rollup_worker.core.methods import METHODS, default_for
from rollup_worker.core.methods.method import NO_TARGET, Case, Method, unjudged
from rollup_worker.core.staleness import is_stale
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency, Kind, Status


def latest(cells: Iterable[Cell], as_of: Period | None = None) -> Period | None:
    """The latest period that has a value and, with `as_of`, is over by that period's end."""
    ended = (cell.period for cell in cells if cell.present and (as_of is None or cell.period.end <= as_of.end))
    return max(ended, default=None)


def window(definition: MeasureDefined, targets: Sequence[Target], last: Period) -> tuple[date, date]:
    """The days (half-open) in which periods must start that judging at `last` reads; older ones change nothing.

    It spans the judged period and the one before it, and where values add up also the target's coarser period,
    so at most two years before the current ones: judging does not grow with history.
    """
    case = Case(definition, targets, {}, last, _level(definition))
    frequencies = {case.level} | {target.period.frequency for target in targets if case.adds_up}
    wholes = [
        periods.parent(last, frequency, definition.calendar)
        for frequency in frequencies
        if frequency is last.frequency or periods.is_coarser(frequency, last.frequency)
    ]
    before = _previous(case)
    starts = [
        periods.parts(whole, last.frequency, definition.calendar)[0].start
        for whole in ([*wholes, before] if before else wholes)
    ]
    return min(starts), last.end


@exact
def judge_measure(
    definition: MeasureDefined,
    targets: Sequence[Target],
    cells: Iterable[Cell],
    today: date,
    as_of: Period | None = None,
) -> NodeStatus:
    """The status of a measure on `today`, the day of the last tick, or as it stood at the end of a period.

    The judged period is the latest with a value, at the level that the method's parameters name. A value that
    makes no number (denominators that sum to zero), an unknown method or unusable parameters: `insufficient`,
    with the reason in `why`. Order and repetition of cells and targets change nothing.
    """
    held = list(cells)
    last = latest(held, as_of)
    if last is None:
        return NodeStatus(Node(Kind.MEASURE, definition.code), coverage=Coverage(0, 1), why={"reason": "no_data"})
    known = headlines(definition, (cell for cell in held if cell.period.end <= last.end))
    ordered = sorted(targets, key=lambda target: (target.period.end, target.period.start, target.version))
    case = Case(definition, ordered, known, last, _level(definition))
    method, assessment = _assess(case)
    stale = is_stale(last, definition.grace_days, as_of.end if as_of else today, definition.calendar)
    return _status(case, method, assessment, stale=stale)


def _level(definition: MeasureDefined) -> Frequency:
    """The level that the parameters name where it is coarser than the measure's own frequency."""
    own = Frequency(definition.frequency)
    named = definition.method.params.get("level") if definition.method else None
    if named not in set(Frequency):
        return own
    return Frequency(named) if periods.is_coarser(Frequency(named), own) else own


def _assess(case: Case) -> tuple[Method[Any] | None, Assessment]:
    choice = case.definition.method
    method = METHODS.get(choice.id) if choice else default_for(case)
    if choice and method is None:
        return None, unjudged(Status.INSUFFICIENT, "unknown_method", f"There is no method {choice.id}.")
    if method is None:
        return None, NO_TARGET
    params = choice.params if choice else {}
    if faults := method.validate(params):
        return method, unjudged(Status.INSUFFICIENT, "bad_params", "; ".join(faults))
    return method, method.judge(case, method.read(params))


def _status(case: Case, method: Method[Any] | None, found: Assessment, *, stale: bool) -> NodeStatus:
    definition, shown, target = case.definition, case.at(case.level), found.target
    return NodeStatus(
        node=Node(Kind.MEASURE, definition.code),
        status=found.status,
        score=found.score,
        value=shown.value,
        target=target.value if target else None,
        lower=target.lower if target else None,
        upper=target.upper if target else None,
        as_of=periods.identify(case.judged, definition.calendar),
        as_of_end=case.judged.end,
        qualifiers=Qualifiers(
            stale, shown.provisional, shown.sample or definition.sample or bool(target and target.sample)
        ),
        coverage=Coverage(shown.reporting, shown.of),
        method=method.id if method else None,
        method_version=method.version if method else None,
        native=found.native,
        why={**found.why, **_trend(case, shown)},
    )


def _trend(case: Case, shown: Headline) -> Mapping[str, Any]:
    """The value of the period before, told with and without a target; no change from or to a part of a period."""
    before = _previous(case)
    if before is None:
        return {}
    earlier = case.at_period(before)
    whole = earlier.reporting == earlier.of and shown.reporting == shown.of
    change = shown.value - earlier.value if whole and shown.value is not None and earlier.value is not None else None
    return {
        "previous_period": periods.identify(before, case.definition.calendar),
        "previous_value": earlier.value,
        "change": change,
    }


def _previous(case: Case) -> Period | None:
    try:
        return periods.previous(case.judged, case.definition.calendar)
    except BadPeriod:
        return None
