"""From a proposal to what is written: every fault first; without any, the difference to what stands."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from goals_api.core.calendars import check_calendars, followers, settled
from goals_api.core.derived import check_derived
from goals_api.core.entities import PLURALS, Content, DatedName, Department, Stored, differing
from goals_api.core.faults import Fault, under
from goals_api.core.fields import check_content, check_head
from goals_api.core.graph import check_graph, leaving, standing
from goals_api.core.methods import check_methods
from goals_api.core.proposals import Entry, Proposal, World
from goals_api.core.targets import TargetSet, check_targets, set_targets
from tideline.vocabulary import Kind


class Action(StrEnum):
    """What happened to an entity, as its history tells it."""

    CREATED = "created"
    CHANGED = "changed"
    RESTORED = "restored"
    RETIRED = "retired"
    TARGETS_SET = "targets_set"


class Written(Struct, frozen=True, kw_only=True):
    """One entity to write, what was done to it, and the fields that differ from before."""

    kind: Kind
    action: Action
    before: Stored[Content] | None
    after: Stored[Content]
    fields: tuple[str, ...] = ()


class Edit(Struct, frozen=True, kw_only=True):
    """All that one accepted proposal changes; what is unchanged is named and not written."""

    written: tuple[Written, ...] = ()
    unchanged: tuple[tuple[Kind, str], ...] = ()
    targets: tuple[TargetSet, ...] = ()
    targets_unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.written and not self.targets

    @property
    def recomputed(self) -> list[str]:
        """The measures whose periods are others than before: all that was told of them is computed anew."""
        moving = {"calendar", "frequency"}
        return sorted(
            one.after.content.code
            for one in self.written
            if one.kind is Kind.MEASURE and one.before is not None and moving & set(one.fields)
        )


def check(proposal: Proposal, world: World, today: date) -> list[Fault]:
    """Every fault of a proposal, in the order of its kinds and entries."""
    faults = list(check_head(proposal.plan)) if proposal.plan else []
    faults += check_calendars(proposal, world)
    proposal = settled(proposal, world)
    for kind, entries in proposal.entries.items():
        for entry in entries:
            faults += under(entry.path, check_content(entry.content))
        faults += _check_codes(kind, entries, proposal, world)
    after = standing(proposal, world)[Kind.MEASURE]
    faults += check_graph(proposal, world)
    faults += check_derived(proposal, world, after)
    faults += check_methods(proposal, world)
    faults += check_targets(proposal, world, after, today)
    return faults


def edit(proposal: Proposal, world: World, now: datetime) -> Edit:
    """What a proposal without faults changes."""
    proposal = settled(proposal, world)
    written: list[Written] = []
    unchanged: list[tuple[Kind, str]] = []
    for kind, entries in proposal.entries.items():
        for entry in entries:
            before = world.entities[kind].get(entry.content.code)
            found = _write(kind, entry.content, before, proposal.plan_code, now)
            if found:
                written.append(found)
            else:
                unchanged.append((kind, entry.content.code))
    written += _retirements(proposal, world, now)
    written += _following(proposal, world, now)
    targets = tuple(set_targets(proposal.targets, world))
    return Edit(
        written=tuple(written),
        unchanged=tuple(unchanged),
        targets=targets,
        targets_unchanged=len(proposal.targets) - len(targets),
    )


def retire(kind: Kind, stored: Stored[Content], note: str, now: datetime) -> Written:
    """Closes an entity; its history stays."""
    after = replace(stored, version=stored.version + 1, retired=True, retirement_note=note, changed_at=now)
    return Written(kind=kind, action=Action.RETIRED, before=stored, after=after)


def _check_codes(kind: Kind, entries: Sequence[Entry[Content]], proposal: Proposal, world: World) -> Iterator[Fault]:
    seen: set[str] = set()
    for entry in entries:
        code = entry.content.code
        if code in seen:
            detail = f"{code} stands in {PLURALS[kind]} twice"
            yield from under(entry.path, [Fault("code", "duplicate_code", detail)])
        seen.add(code)
        stored = world.entities[kind].get(code)
        if proposal.plan and stored and stored.plan not in (None, proposal.plan.code):
            detail = f"{kind} {code} belongs to plan {stored.plan}"
            yield from under(entry.path, [Fault("code", "in_another_plan", detail)])


def _write(
    kind: Kind, content: Content, before: Stored[Content] | None, plan: str | None, now: datetime
) -> Written | None:
    content = _named(content, before.content if before else None, now.date())
    plan = None if kind is Kind.CITY else plan
    if before is None:
        after = Stored[Content](content=content, version=1, plan=plan, changed_at=now)
        return Written(kind=kind, action=Action.CREATED, before=None, after=after)
    fields = differing(before.content, content)
    if plan is not None and plan != before.plan:
        fields += ("plan",)
    if not fields and not before.retired:
        return None
    changed: dict[str, Any] = {"content": content, "version": before.version + 1, "plan": plan or before.plan}
    after = replace(before, **changed, retired=False, retirement_note="", changed_at=now)
    action = Action.RESTORED if before.retired else Action.CHANGED
    return Written(kind=kind, action=action, before=before, after=after, fields=fields)


def _named(content: Content, before: Content | None, today: date) -> Content:
    """A department that says nothing of its names keeps them; a new title ends the one before it today."""
    if not isinstance(content, Department) or content.names is not None:
        return content
    if not isinstance(before, Department):
        return replace(content, names=(DatedName(title=content.title),))
    names = before.names or (DatedName(title=before.title),)
    if before.title != content.title:
        ended = replace(names[-1], until=names[-1].until or today)
        names = (*names[:-1], ended, DatedName(title=content.title, from_=today))
    return replace(content, names=names)


def _following(proposal: Proposal, world: World, now: datetime) -> Iterator[Written]:
    for stored, measure in followers(proposal, world):
        after = replace(stored, content=measure, version=stored.version + 1, changed_at=now)
        yield Written(kind=Kind.MEASURE, action=Action.CHANGED, before=stored, after=after, fields=("calendar",))


def _retirements(proposal: Proposal, world: World, now: datetime) -> Iterator[Written]:
    note = f"No longer in the plan's document of {now.date()}."
    for kind, gone in leaving(proposal, world).items():
        for stored in gone.values():
            yield retire(kind, stored, note, now)
