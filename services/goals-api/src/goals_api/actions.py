"""What a plan document and a single write share: check everything, then store facts, history and events together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from goals_api.core import changes, facts
from goals_api.core.calendars import followers
from goals_api.core.changes import Action, Edit, Written
from goals_api.core.entities import CONTENTS, Content, PlanHead, Stored, StoredPlan, plain
from goals_api.core.faults import Fault
from goals_api.core.graph import measures_of
from goals_api.core.proposals import Proposal, World
from goals_api.core.targets import TargetSet, by_measure, targets_set
from goals_api.repository import entities, methods, plans, targets
from tideline import outbox
from tideline.database import driver
from tideline.errors import Invalid
from tideline.outbox import Outgoing
from tideline.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, and when."""

    subject: str
    at: datetime


async def judge(session: AsyncSession, proposal: Proposal, faults: Sequence[Fault], author: Author) -> Edit:
    """What a proposal would change. Raises Invalid with every fault, those found in reading it included.

    The caller holds the lock of the plans.
    """
    world = await _load(session, proposal)
    found = [*faults, *changes.check(proposal, world, author.at.date())]
    if found:
        listed = [plain(fault) for fault in found]
        raise Invalid(f"{len(found)} faults; nothing is stored", errors=listed)
    return changes.edit(proposal, world, author.at)


async def store(session: AsyncSession, edit: Edit, author: Author, plan: StoredPlan | None = None) -> None:
    """Facts, history and events of one edit; `plan` is its plan as it stands from now on."""
    if plan is not None:
        await plans.replace(session, plan)
    for kind in CONTENTS:
        await entities.replace(session, kind, [one.after for one in edit.written if one.kind is kind])
    if edit.targets:
        await targets.add(session, edit.targets, author.subject, author.at)
    measures = await _measures(session, edit)
    touched = {stored.plan for stored in (*(one.after for one in edit.written), *(stored for stored, _ in measures))}
    others = {code for code in touched if code is not None and (plan is None or code != plan.head.code)}
    await plans.touch(session, others, author.at)
    await plans.add_changes(session, list(_history(edit, measures, author, plan)))
    hidden = await entities.list_unpublished(session, Kind.MEASURE, sorted(_named(edit)))
    await outbox.record(await driver(session), author.at, list(_events(edit, measures, author, hidden)))


def next_plan(head: PlanHead, before: StoredPlan | None, edit: Edit, author: Author) -> StoredPlan:
    """The plan after an edit; as it was when nothing of it changes."""
    if before is not None and before.head == head and edit.is_empty:
        return before
    return StoredPlan(head=head, version=before.version + 1 if before else 1, changed_at=author.at)


async def _load(session: AsyncSession, proposal: Proposal) -> World:
    world = World(entities=await entities.list_all(session), offered=await methods.list_offered(session))
    measures = {entry.target.measure for entry in proposal.targets}
    measures |= {entry.content.code for entry in proposal.entries.get(Kind.MEASURE, ())}
    measures |= {measure.code for _, measure in followers(proposal, world)}
    return replace(world, targets=await targets.list_standing(session, measures))


async def _measures(session: AsyncSession, edit: Edit) -> list[tuple[Stored[Content], list[TargetSet]]]:
    """The measures whose targets were set, as they stand after the edit."""
    found = []
    written = {one.after.content.code: one.after for one in edit.written if one.kind is Kind.MEASURE}
    for code, sets in by_measure(edit.targets).items():
        stored = written.get(code) or await entities.find(session, Kind.MEASURE, code)
        assert stored is not None
        found.append((stored, sets))
    return found


def _history(
    edit: Edit,
    measures: Sequence[tuple[Stored[Content], list[TargetSet]]],
    author: Author,
    plan: StoredPlan | None,
) -> Iterator[dict[str, Any]]:
    if plan is not None:
        action = Action.CREATED if plan.version == 1 else Action.CHANGED
        yield _line("plan", plan.head.code, plan.version, action, author, plain(plan.head)) | {"plan": plan.head.code}
    for one in edit.written:
        yield _written_line(one, author)
    for stored, sets in measures:
        content = {"targets": [plain(one.target) | {"version": one.version} for one in sets]}
        line = _line(Kind.MEASURE, stored.content.code, stored.version, Action.TARGETS_SET, author, content)
        yield line | {"plan": stored.plan, "fields": ["targets"]}


def _written_line(one: Written, author: Author) -> dict[str, Any]:
    after = one.after
    line = _line(one.kind, after.content.code, after.version, one.action, author, plain(after.content))
    return line | {"plan": after.plan, "fields": list(one.fields), "note": after.retirement_note}


def _line(
    kind: str, code: str, version: int, action: Action, author: Author, content: dict[str, Any]
) -> dict[str, Any]:
    return {
        "kind": str(kind),
        "code": code,
        "version": version,
        "action": str(action),
        "fields": [],
        "note": "",
        "plan": None,
        "actor": author.subject,
        "at": author.at,
        "content": content,
    }


def _named(edit: Edit) -> set[str]:
    return {reference.code for one in edit.written for reference in measures_of(one.after.content)}


def _events(
    edit: Edit, measures: Sequence[tuple[Stored[Content], list[TargetSet]]], author: Author, hidden: set[str]
) -> Iterator[Outgoing]:
    """What names an unpublished measure is told inside only: its body would tell of the measure."""
    for one in sorted(edit.written, key=lambda one: list(CONTENTS).index(one.kind)):
        content = one.after.content
        event = facts.defined(one.after)
        public = content.published and hidden.isdisjoint(reference.code for reference in measures_of(content))
        yield Outgoing(event, one.kind, content.code, one.after.version, public=public)
    for stored, sets in measures:
        content = stored.content
        for targets_event in targets_set(content, sets, author.at):
            yield Outgoing(targets_event, Kind.MEASURE, content.code, public=content.published)
