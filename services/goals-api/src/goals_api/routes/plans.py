"""A whole plan as one document: put as often as one likes, it changes what differs and nothing else."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Header, Query, Response

from goals_api import actions
from goals_api.core.changes import Action, Edit, Written
from goals_api.core.entities import PLURALS, StoredPlan, plain
from goals_api.core.faults import Fault
from goals_api.core.proposals import Proposal
from goals_api.repository import entities, plans, targets
from goals_api.routes.answers import answer, page, position, problems
from goals_api.routes.entities import UNCHANGED, show_changes, without_hidden
from goals_api.routes.visit import ExactRoute, Planning, Reading, Visit, WithToken
from goals_api.schemas import answers
from goals_api.schemas.documents import PlanAnswer, PlanDocument
from goals_api.schemas.examples import PLAN
from tideline.errors import NotFound
from tideline.vocabulary import CODE, Kind
from tideline.web import Cursor, Limit, require_match

router = APIRouter(prefix="/v1/plans", tags=["plans"], route_class=ExactRoute)
Given = Annotated[PlanDocument, Body(examples=[PLAN])]
DryRun = Annotated[bool, Query(description="Answer what would change and store nothing.")]
IfMatch = Annotated[str | None, Header(description="Optional here; 412 when it is stale.")]
_NEW: Final[dict[int | str, dict[str, Any]]] = {201: {"model": PlanAnswer, "description": "The plan is new."}}
_YAML: Final = {
    "requestBody": {"content": {"application/yaml": {"schema": {"$ref": "#/components/schemas/PlanDocument"}}}}
}


@router.get("", response_model=answers.PlanPage, summary="List plans", responses=problems(400, 401, 422))
async def list_plans(visit: Reading, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """What each plan says of itself."""
    (after,) = position(cursor, str) if cursor else ("",)
    found = await plans.list_page(visit.session, after, limit + 1)
    return page(visit, found, limit, _headed, lambda plan: (plan.head.code,))


@router.get(
    "/{code}",
    response_model=answers.Plan,
    summary="Read a plan as a document",
    responses=problems(401, 404, 422) | UNCHANGED,
)
async def read_plan(visit: Reading, code: str) -> Response:
    """All that belongs to it and is in force, targets included: the body of a PUT that would change nothing."""
    plan = await _find(visit, code)
    if plan is None:
        raise NotFound(f"there is no plan {code}")
    return answer(visit, await _document(visit, plan), version=plan.version if visit.principal else None)


@router.put(
    "/{code}",
    response_model=PlanAnswer,
    summary="Put a plan",
    responses=_NEW | problems(400, 401, 403, 412, 413, 415, 422),
    openapi_extra=_YAML,
)
async def put_plan(
    visit: Planning, code: str, body: Given, dry_run: DryRun = False, if_match: IfMatch = None
) -> Response:
    """Idempotent. What the document no longer names retires; targets it does not name stay as they are.

    What was made outside of any plan stays untouched unless the document names it; then it belongs to this plan.
    Every fault is listed with its path and nothing is stored.
    """
    await entities.lock_plans(visit.session)
    before = await _find(visit, code)
    if if_match is not None:
        require_match(visit.request, before.version if before else 0)
    proposal, faults = _proposal(code, body)
    edit = await actions.judge(visit.session, proposal, faults, visit.author)
    assert proposal.plan is not None
    plan = actions.next_plan(proposal.plan, before, edit, visit.author)
    if plan != before and not dry_run:
        await actions.store(visit.session, edit, visit.author, plan)
    told = _told(edit, plan) | {"dry_run": dry_run}
    return answer(visit, told, status=200 if before or dry_run else 201, version=plan.version)


@router.get(
    "/{code}/changes",
    response_model=answers.ChangePage,
    summary="The history of a plan",
    responses=problems(400, 401, 404, 422),
)
async def list_plan_changes(visit: WithToken, code: str, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Which documents changed it, the newest first; each entity has a history of its own."""
    return await show_changes(visit, "plan", code, cursor, limit)


async def _find(visit: Visit, code: str) -> StoredPlan | None:
    return await plans.find(visit.session, code) if CODE.fullmatch(code) else None


def _proposal(code: str, body: PlanDocument) -> tuple[Proposal, list[Fault]]:
    mismatch = [Fault("code", "code_mismatch", f"the path names {code}")] if body.code not in ("", code) else []
    body.code = code
    proposal, faults = body.to_proposal()
    return proposal, mismatch + faults


async def _document(visit: Visit, plan: StoredPlan) -> dict[str, Any]:
    found = await entities.list_of_plan(visit.session, plan.head.code, visit.published)
    found[Kind.GOAL] = await without_hidden(visit, found[Kind.GOAL])
    standing = await targets.list_standing(visit.session, {measure.code for measure in found[Kind.MEASURE]})
    bodies = {PLURALS[kind]: [plain(content) for content in contents] for kind, contents in found.items()}
    return _headed(plan) | bodies | {"targets": [plain(one.target) for one in standing.values()]}


def _headed(plan: StoredPlan) -> dict[str, Any]:
    return plain(plan.head) | {"version": plan.version, "changed_at": plan.changed_at}


def _told(edit: Edit, plan: StoredPlan) -> dict[str, Any]:
    return {
        "plan": plan.head.code,
        "version": plan.version,
        "created": _named(edit, Action.CREATED, Action.RESTORED),
        "changed": _named(edit, Action.CHANGED),
        "unchanged": [{"kind": kind, "code": code, "fields": []} for kind, code in edit.unchanged],
        "retired": _named(edit, Action.RETIRED),
        "targets": {
            "created": sum(one.before is None for one in edit.targets),
            "changed": sum(one.before is not None for one in edit.targets),
            "unchanged": edit.targets_unchanged,
        },
        "recomputed": edit.recomputed,
        "faults": [],
    }


def _named(edit: Edit, *actions_: Action) -> list[dict[str, Any]]:
    def name(one: Written) -> dict[str, Any]:
        return {"kind": one.kind, "code": one.after.content.code, "fields": list(one.fields)}

    return [name(one) for one in edit.written if one.action in actions_]
