"""The steps that the four kinds of entity share: read, list, create, replace, retire, tell the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Response
from msgspec.structs import replace as changed

from goals_api import actions
from goals_api.core import changes, graph
from goals_api.core.changes import Edit
from goals_api.core.entities import PLURALS, Content, Goal, Measure, Stored
from goals_api.core.faults import Fault
from goals_api.core.formulas import inputs_of
from goals_api.core.proposals import Entry, Proposal
from goals_api.repository import entities, plans
from goals_api.routes.answers import answer, page, position, shown
from goals_api.routes.visit import Visit
from goals_api.schemas.entities import EntityBody, RetirementBody
from tideline.errors import Conflict, NotFound
from tideline.vocabulary import CODE, Kind
from tideline.web import Cursor, Limit, require_match

CODE_PATTERN: Final = f"^{CODE.pattern}$"
Retired = Annotated[
    str,
    Query(pattern="^(false|true|any)$", description="`false`: in force only; `true`: retired only; `any`: both."),
]
OfPlan = Annotated[str | None, Query(pattern=CODE_PATTERN, description="Only what belongs to this plan.")]
OfDepartment = Annotated[str | None, Query(pattern=CODE_PATTERN, description="Only of this department.")]
OfArea = Annotated[str | None, Query(pattern=CODE_PATTERN, description="Only what is aligned to this area.")]
OfGoal = Annotated[str | None, Query(pattern=CODE_PATTERN, description="Only the measures of this goal.")]
IfMatch = Annotated[str | None, Header(description="The ETag that was read; 428 without, 412 when it is stale.")]
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "If-None-Match names this version."}}
Why = Annotated[str, Query(max_length=20_000, description="Why; shown to the public. Or as `note` in a body.")]
_RETIRED: Final[Mapping[str, bool | None]] = {"false": False, "true": True, "any": None}


@dataclass(frozen=True, slots=True)
class Listing:
    """What every list of entities takes."""

    plan: OfPlan = None
    retired: Retired = "false"
    cursor: Cursor = None
    limit: Limit = 100


Listed = Annotated[Listing, Depends()]


def _note(note: Why = "", body: RetirementBody | None = None) -> str:
    return body.note if body is not None and body.note else note


Noted = Annotated[str, Depends(_note)]


async def show(visit: Visit, kind: Kind, code: str, known_at: datetime | None = None) -> Response:
    stored = await find(visit, kind, code)
    if known_at is not None:
        return await _show_then(visit, kind, code, known_at)
    (visible,) = await _visible(visit, [stored])
    # What hides a measure from the public is no version of its goal: then the ETag is of what is shown.
    return answer(visit, shown(visible), version=stored.version if visible == stored else None)


async def _show_then(visit: Visit, kind: Kind, code: str, known_at: datetime) -> Response:
    """As it was known then; of what the public sees now, what it saw then."""
    stored = await plans.find_then(visit.session, kind, code, known_at)
    if stored is None or not visit.may_see(stored.content):
        raise NotFound(f"{kind} {code} was not known at {known_at.isoformat()}", code="not_known_then")
    (visible,) = await _visible(visit, [stored])
    return answer(visit, shown(visible))


async def show_page(visit: Visit, kind: Kind, wanted: Mapping[str, Any], listing: Listing) -> Response:
    filters = {**wanted, "plan": listing.plan, "retired": _RETIRED[listing.retired], "published": visit.published}
    (after,) = position(listing.cursor, str) if listing.cursor else ("",)
    found = await entities.list_page(visit.session, kind, filters, after, listing.limit + 1)
    return page(visit, await _visible(visit, found), listing.limit, shown, lambda stored: (stored.content.code,))


async def create(visit: Visit, kind: Kind, body: EntityBody) -> Response:
    await entities.lock_plans(visit.session)
    if CODE.fullmatch(body.code) and await entities.find(visit.session, kind, body.code):
        raise Conflict(f"there is a {kind} {body.code} already", code="duplicate_code")
    edit = await _judge(visit, kind, body, None)
    await actions.store(visit.session, edit, visit.author)
    stored = edit.written[0].after
    location = f"/v1/{PLURALS[kind]}/{stored.content.code}"
    return answer(visit, shown(stored), status=201, version=stored.version, location=location)


async def replace(visit: Visit, kind: Kind, code: str, body: EntityBody) -> Response:
    await entities.lock_plans(visit.session)
    before = await find(visit, kind, code)
    visit.check_owner(before.content)
    require_match(visit.request, before.version)
    edit = await _judge(visit, kind, body, code)
    await actions.store(visit.session, edit, visit.author)
    stored = edit.written[0].after if edit.written else before
    moved = {"recomputed": edit.recomputed} if kind is Kind.MEASURE else {}
    return answer(visit, shown(stored) | moved, version=stored.version)


async def retire(visit: Visit, kind: Kind, code: str, note: str) -> Response:
    await entities.lock_plans(visit.session)
    stored = await find(visit, kind, code)
    visit.check_owner(stored.content)
    require_match(visit.request, stored.version)
    if not stored.retired:
        written = changes.retire(kind, stored, note, visit.author.at)
        await actions.store(visit.session, Edit(written=(written,)), visit.author)
        stored = written.after
    return answer(visit, shown(stored), version=stored.version)


async def show_changes(visit: Visit, kind: str, code: str, cursor: str | None, limit: int) -> Response:
    (before,) = position(cursor, int) if cursor else (None,)
    known = CODE.fullmatch(code)
    found = await plans.list_changes(visit.session, kind, code, before, limit + 1) if known else []
    if not found and before is None:
        raise NotFound(f"there is no {kind} {code}")
    return page(visit, found, limit, _told, lambda change: (change["id"],))


async def find(visit: Visit, kind: Kind, code: str) -> Stored[Content]:
    """Raises NotFound, for what the public does not see as well."""
    stored = await entities.find(visit.session, kind, code) if CODE.fullmatch(code) else None
    if stored is None or not visit.may_see(stored.content):
        raise NotFound(f"there is no {kind} {code}")
    return stored


async def measures_of(visit: Visit, code: str) -> list[str]:
    """The KPI and the metrics of a goal; none of a goal that is not there."""
    goal = await entities.find(visit.session, Kind.GOAL, code)
    if goal is None or not visit.may_see(goal.content):
        return []
    return [reference.code for reference in graph.measures_of(goal.content)]


async def without_hidden(visit: Visit, contents: Sequence[Content]) -> list[Content]:
    """The same; for the public, goals and derived measures without the measures that are not published."""
    named = {reference.code for content in contents for reference in graph.measures_of(content)}
    hidden = set() if visit.principal else await entities.list_unpublished(visit.session, Kind.MEASURE, named)
    return [_without(content, hidden) for content in contents] if hidden else list(contents)


def _without(content: Content, hidden: set[str]) -> Content:
    if isinstance(content, Goal):
        metrics = tuple(metric for metric in content.metrics if metric.measure not in hidden)
        return changed(content, kpi=_unless(content.kpi, hidden), metrics=metrics)
    if isinstance(content, Measure):
        formula = content.formula if hidden.isdisjoint(inputs_of(content.formula)) else None
        return changed(content, formula=formula, weighted_by=_unless(content.weighted_by, hidden))
    return content


def _unless(code: str | None, hidden: set[str]) -> str | None:
    return None if code in hidden else code


async def _visible(visit: Visit, found: Sequence[Stored[Content]]) -> list[Stored[Content]]:
    contents = await without_hidden(visit, [stored.content for stored in found])
    return [changed(stored, content=content) for stored, content in zip(found, contents, strict=True)]


async def _judge(visit: Visit, kind: Kind, body: EntityBody, code: str | None) -> Edit:
    """The edit of one body; `code` is what the path names."""
    faults = list(body.faults)
    if code is not None and body.code not in ("", code):
        faults.append(Fault("code", "code_mismatch", f"the path names {code}"))
    body.code = code or body.code
    entries: list[Entry[Content]] = [Entry("", body.to_content())] if body.is_read else []
    if entries:
        visit.check_owner(entries[0].content)
    return await actions.judge(visit.session, Proposal(entries={kind: entries}), faults, visit.author)


def _told(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "version": change["version"],
        "action": change["action"],
        "fields": change["fields"],
        "by": change["actor"],
        "at": change["at"],
        "note": change["note"],
        "plan": change["plan"],
        "content": change["content"],
    }
