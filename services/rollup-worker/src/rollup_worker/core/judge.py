"""One measure judged from its definition, targets and observations; nothing else is looked at."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rollup_worker.core.decimals import exact
from rollup_worker.core.facts import PEER, Assessment, Cell, Coverage, Node, NodeStatus, Qualifiers, Target
from rollup_worker.core.headline import Headline, headlines
from rollup_worker.core.hysteresis import Past, confirmed
from rollup_worker.core.methods import InForce, chosen, default_for
from rollup_worker.core.methods.method import NO_TARGET, TRAILING_MAX, Case, Method, Params, unjudged
from rollup_worker.core.staleness import is_stale
from rollup_worker.core.weights import weighing
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency, Kind, Status

NOTHING_ADOPTED: Final[InForce] = MappingProxyType({})


def latest(cells: Iterable[Cell], as_of: Period | None = None) -> Period | None:
    """The latest period that has a value of its own and, with `as_of`, is over by that period's end."""
    last: Period | None = None
    for cell in cells:
        period = cell.period
        if last is not None and period.start <= last.start:
            continue
        if (as_of is None or period.end <= as_of.end) and cell.present and peer_of(cell) is None:
            last = period
    return last


def peer_of(cell: Cell) -> str | None:
    """Whose value a cell is, if it is not the measure's own."""
    return next((name for dimension, name in cell.breakdown if dimension == PEER), None)


def window(
    definition: MeasureDefined, targets: Sequence[Target], last: Period, in_force: InForce = NOTHING_ADOPTED
) -> tuple[date, date]:
    """The days (half-open) in which periods must start that judging at `last` reads; older ones change nothing.

    It spans the judged period and the one before it, where values add up also the target's coarser period, what trails
    them, and whatever the method asks for beyond: judging does not grow with history. Confirming a judgement reads
    all, since the last one that held may lie anywhere before.
    """
    case = Case(definition, targets, {}, last, _level(definition), trailing=_trailing(definition))
    method, params = method_of(case, in_force)
    if isinstance(params, Params) and params.confirm > 1:
        return periods.FIRST_DAY, last.end
    since = method.since(case, params) if method and method.since and isinstance(params, Params) else last.start
    return _earlier(min(_recent(case), since), case), last.end


def method_of(case: Case, in_force: InForce) -> tuple[Method[Any] | None, Params | str | None]:
    """The method that judges a case, with its parameters, or what is wrong with them, or why there is none."""
    choice = case.definition.method
    method = chosen(choice, in_force) if choice else default_for(case, in_force)
    if method is None:
        return None, f"There is no method {choice.id}." if choice else None
    faults = method.validate(choice.params if choice else {})
    return method, "; ".join(faults) or method.read(choice.params if choice else {})


def read(
    definition: MeasureDefined,
    targets: Iterable[Target],
    cells: Iterable[Cell],
    last: Period,
    weights: Iterable[Cell] = (),
) -> Case:
    """What is judged at `last`: headlines up to then, targets in their order, others' values beside the own ones.

    `weights` are the cells of the measure that weighs this one; those of others weigh the others' values.
    """
    ordered = sorted(targets, key=lambda target: (target.period.end, target.period.start, target.version))
    own, others = by_owner(cell for cell in cells if cell.period.end <= last.end)
    own_weights, others_weights = by_owner(weights)
    peers = {peer: headlines(definition, held, weighing(others_weights.get(peer, ()))) for peer, held in others.items()}
    weighed = weighing(own_weights)
    known = headlines(definition, own, weighed)
    return Case(definition, ordered, known, last, _level(definition), peers, _trailing(definition), own, weighed)


def by_owner(cells: Iterable[Cell]) -> tuple[list[Cell], Mapping[str, list[Cell]]]:
    """The measure's own cells, and those of others by their code, without the dimension that tells them apart."""
    own, others = list[Cell](), defaultdict[str, list[Cell]](list)
    for cell in cells:
        peer = peer_of(cell)
        if peer is None:
            own.append(cell)
        else:
            others[peer].append(replace(cell, breakdown=tuple(p for p in cell.breakdown if p[0] != PEER)))
    return own, others


def _earlier(start: date, case: Case) -> date:
    """The first day of the values that trail those from `start` on."""
    if not case.trailing or start <= periods.FIRST_DAY:
        return start
    first: Period | None = periods.containing(start, case.latest.frequency, case.definition.calendar)
    for _ in range(case.trailing):
        first = _before(first, case) if first else None
    return first.start if first else periods.FIRST_DAY


def _before(period: Period, case: Case) -> Period | None:
    try:
        return periods.previous(period, case.definition.calendar)
    except BadPeriod:
        return None


def _recent(case: Case) -> date:
    definition, last = case.definition, case.latest
    frequencies = {case.level} | {target.period.frequency for target in case.targets if case.adds_up}
    wholes = [
        periods.parent(last, frequency, definition.calendar)
        for frequency in frequencies
        if frequency is last.frequency or periods.is_coarser(frequency, last.frequency)
    ]
    before = _before(case.judged, case)
    return min(
        periods.parts(whole, last.frequency, definition.calendar)[0].start
        for whole in ([*wholes, before] if before else wholes)
    )


@exact
def judge_measure(
    definition: MeasureDefined,
    targets: Sequence[Target],
    cells: Iterable[Cell],
    today: date,
    as_of: Period | None = None,
    *,
    weights: Iterable[Cell] = (),
    in_force: InForce = NOTHING_ADOPTED,
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
    case = read(definition, targets, held, last, weights)
    method, assessment = _assess(case, in_force)
    stale = is_stale(last, definition.grace_days, as_of.end if as_of else today, definition.calendar)
    return _status(case, method, assessment, stale=stale)


def _level(definition: MeasureDefined) -> Frequency:
    """The level that the parameters name where it is coarser than the measure's own frequency."""
    own = Frequency(definition.frequency)
    named = definition.method.params.get("level") if definition.method else None
    if named not in set(Frequency):
        return own
    return Frequency(named) if periods.is_coarser(Frequency(named), own) else own


def _trailing(definition: MeasureDefined) -> int | None:
    """Over how many own periods the parameters put each value together; nonsense is refused with the parameters."""
    told = definition.method.params.get("trailing") if definition.method else None
    return int(told) if isinstance(told, int | float) and 1 <= told <= TRAILING_MAX else None


def _assess(case: Case, in_force: InForce) -> tuple[Method[Any] | None, Assessment]:
    method, params = method_of(case, in_force)
    if isinstance(params, str):
        return method, unjudged(Status.INSUFFICIENT, "bad_params" if method else "unknown_method", params)
    if method is None or params is None:
        return None, NO_TARGET
    if misfit := params.misfit(case.definition):
        return method, unjudged(Status.INSUFFICIENT, "bad_params", misfit)
    found = method.judge(case, params)
    if params.confirm > 1:
        found = confirmed(found, _history(case, method, params), params.confirm)
    return method, found


def _history(case: Case, method: Method[Any], params: Params) -> Iterator[Past]:
    """What each period was judged when it was the latest, the latest first; reckoned only as far as it is asked."""
    last = {periods.parent(period, case.level, case.definition.calendar): period for period in sorted(case.known)}
    for whole, period in sorted(last.items(), reverse=True):
        name = periods.identify(whole, case.definition.calendar)
        yield Past(name, method.judge(case.before(period), params).status)


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
        as_of_start=case.judged.start,
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
    before = _before(case.judged, case)
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
