"""Targets: what may be set, what is frozen, and which versions and events a change makes.

A target is frozen from the first day of its period on: from then only a change that gives its reason is taken.
Setting a target that was never set is no change and needs no reason, so that a plan's past can be written down.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from goals_api.core.calendars import city_entry, followers
from goals_api.core.entities import Content, Measure, Target, TargetKey, target_key
from goals_api.core.faults import Fault, under
from goals_api.core.fields import check_number, read_period
from goals_api.core.proposals import Proposal, TargetEntry, World
from tideline import events
from tideline.periods import BadPeriod, is_coarser, parse
from tideline.vocabulary import Kind

TARGETS_MAX: Final = 1_000
BYTES_MAX: Final = events.BYTES_MAX - 4_096  # leaves room for what the event says beside its targets


class TargetSet(Struct, frozen=True, kw_only=True):
    """A new version of one target; `before` is what it replaces."""

    target: Target
    version: int
    before: Target | None


def check_targets(proposal: Proposal, world: World, after: Mapping[str, Content], today: date) -> Iterator[Fault]:
    """Every fault in the proposed targets; `after` are the measures that would stand."""
    seen: set[TargetKey] = set()
    unread = proposal.unread.get(Kind.MEASURE, frozenset())
    for entry in proposal.targets:
        measure, key = after.get(entry.target.measure), target_key(entry.target)
        if key in seen:
            yield Fault(entry.path, "duplicate_target", "this measure, period and breakdown has a target above")
        seen.add(key)
        if entry.target.measure in unread:
            continue
        if isinstance(measure, Measure):
            if key not in world.targets or not _is_taken_back(entry.target):
                yield from under(entry.path, _check_target(entry.target, measure))
            yield from under(entry.path, _check_frozen(entry.target, measure, world, today))
        else:
            yield from under(entry.path, _unknown(entry.target.measure, world))
    yield from _check_left_behind(proposal, world, seen)


def set_targets(targets: Sequence[TargetEntry], world: World) -> Iterator[TargetSet]:
    """The versions to write: only what differs from the target that stands."""
    for entry in targets:
        standing = world.targets.get(target_key(entry.target))
        before = standing.target if standing else None
        if not _same(entry.target, before):
            version = standing.version + 1 if standing else 1
            yield TargetSet(target=entry.target, version=version, before=before)


def targets_set(measure: Content, sets: Sequence[TargetSet], at: datetime) -> Iterator[events.TargetsSet]:
    """The events of one measure, each within the limits of a message."""
    part: list[events.Target] = []
    size = 0
    for target in map(_as_event, sets):
        length = len(events.encode(target)) + 1
        if part and (len(part) == TARGETS_MAX or size + length > BYTES_MAX):
            yield _event(measure, part, at)
            part, size = [], 0
        part.append(target)
        size += length
    if part:
        yield _event(measure, part, at)


def by_measure(sets: Sequence[TargetSet]) -> dict[str, list[TargetSet]]:
    found: dict[str, list[TargetSet]] = defaultdict(list)
    for one in sets:
        found[one.target.measure].append(one)
    return found


def _check_target(target: Target, measure: Measure) -> Iterator[Fault]:
    period = read_period("period", target.period, measure.calendar)
    if isinstance(period, Fault):
        yield period
    elif is_coarser(measure.frequency, period.frequency):
        detail = f"a {measure.frequency} measure has no target for a {period.frequency}"
        yield Fault("period", "period_frequency_mismatch", detail)
    for dimension in sorted(target.breakdown.keys() - set(measure.breakdowns)):
        detail = f"{measure.code} is not broken down by {dimension[:60]}"
        yield Fault(f"breakdown.{dimension[:60]}", "unknown_dimension", detail)
    for field in ("value", "lower", "upper"):
        yield from check_number(field, getattr(target, field))
    if target.value is not None and (target.lower is not None or target.upper is not None):
        yield Fault("value", "bad_target", "a target is a value or a range, not both")
    if target.lower is not None and target.upper is not None and target.lower > target.upper:
        yield Fault("upper", "bad_range", f"the upper bound {target.upper} is below the lower bound {target.lower}")


def _check_frozen(target: Target, measure: Measure, world: World, today: date) -> Iterator[Fault]:
    standing = world.targets.get(target_key(target))
    if standing is None or _same(target, standing.target) or target.reason.strip():
        return
    try:
        period = parse(target.period, measure.calendar)
    except BadPeriod:
        return
    if period.start <= today:
        detail = f"{target.period} began on {period.start}: a change of its target needs a reason"
        yield Fault("reason", "target_frozen", detail)


def _check_left_behind(proposal: Proposal, world: World, replaced: Set[TargetKey]) -> Iterator[Fault]:
    """Standing targets whose period a measure's new frequency or calendar would not have."""
    kept: dict[str, list[Target]] = defaultdict(list)
    for key, standing in world.targets.items():
        if key not in replaced and not _is_taken_back(standing.target):
            kept[standing.target.measure].append(standing.target)
    for entry in proposal.entries.get(Kind.MEASURE, ()):
        measure, stored = entry.content, world.entities[Kind.MEASURE].get(entry.content.code)
        field = _moved(stored.content, measure) if stored else None
        if field:
            yield from under(entry.path, _left_behind(field, measure, kept[measure.code]))
    city = city_entry(proposal)
    for _, measure in followers(proposal, world):
        yield from under(city.path if city else "", _left_behind("calendar", measure, kept[measure.code]))


def _left_behind(field: str, measure: Content, kept: Sequence[Target]) -> Iterator[Fault]:
    """The faults of a new frequency or calendar in which a kept target, or the baseline, names no period."""
    assert isinstance(measure, Measure)
    for target in kept:
        if any(fault.path == "period" for fault in _check_target(target, measure)):
            detail = f"{measure.code}: take back or replace the target of {target.period} first"
            yield Fault(field, "target_left_behind", detail)
    baseline = read_period(field, measure.baseline.period, measure.calendar) if measure.baseline else None
    if isinstance(baseline, Fault):
        yield Fault(field, "baseline_left_behind", f"{measure.code}: {baseline.detail}")


def _moved(before: Content, after: Content) -> str | None:
    """The field by which the periods of a measure change."""
    assert isinstance(before, Measure)
    assert isinstance(after, Measure)
    if before.frequency is not after.frequency:
        return "frequency"
    return None if before.calendar == after.calendar else "calendar"


def _unknown(measure: str, world: World) -> Iterator[Fault]:
    if measure in world.entities[Kind.MEASURE]:
        yield Fault("measure", "retired_reference", f"measure {measure} is retired, or would retire with this document")
    else:
        yield Fault("measure", "unknown_measure", f"there is no measure {measure}")


def _same(target: Target, before: Target | None) -> bool:
    if before is None:
        return _is_taken_back(target)
    return _said(target) == _said(before)


def _is_taken_back(target: Target) -> bool:
    return target.value is None and target.lower is None and target.upper is None


def _said(target: Target) -> tuple[object, ...]:
    return (target.value, target.lower, target.upper, target.sample)


def _as_event(one: TargetSet) -> events.Target:
    target = one.target
    return events.Target(
        period=target.period,
        breakdown=target.breakdown,
        value=target.value,
        lower=target.lower,
        upper=target.upper,
        version=one.version,
        sample=target.sample,
        reason=target.reason,
    )


def _event(measure: Content, targets: list[events.Target], at: datetime) -> events.TargetsSet:
    return events.TargetsSet(measure=measure.code, published=measure.published, targets=targets, set_at=at)
