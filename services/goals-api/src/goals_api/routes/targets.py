"""Targets of a measure: versioned per period and breakdown, frozen from the first day of their period on."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Response

from goals_api import actions
from goals_api.core.changes import Edit
from goals_api.core.entities import StandingTarget, plain, target_key
from goals_api.core.faults import Fault, under
from goals_api.core.proposals import Proposal, TargetEntry
from goals_api.repository import entities as rows
from goals_api.repository import targets
from goals_api.routes.answers import answer, page, position, problems
from goals_api.routes.entities import find
from goals_api.routes.visit import ExactRoute, KnownAt, Owning, Reading, Visit
from goals_api.schemas import answers
from goals_api.schemas.entities import TargetFields
from goals_api.schemas.examples import TARGET
from goals_api.schemas.words import Part
from tideline.errors import Invalid
from tideline.vocabulary import Kind
from tideline.web import Cursor, Limit

router = APIRouter(prefix="/v1/measures/{code}/targets", tags=["targets"], route_class=ExactRoute)


class Several(Part):
    """Targets that are set together or not at all."""

    targets: list[TargetFields]


Given = Annotated[
    Several | list[TargetFields] | TargetFields,
    Body(
        examples=[TARGET, {"targets": [{**TARGET, "breakdown": {"council_district": "3"}}]}], union_mode="left_to_right"
    ),
]


_UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": answers.Target | answers.TargetsAnswer, "description": "Nothing differs from what stands."}
}


@router.get("", response_model=answers.TargetPage, summary="List targets", responses=problems(400, 401, 404, 422))
async def list_targets(
    visit: Reading,
    code: str,
    known_at: KnownAt = None,
    history: Annotated[bool, Query(description="Every version, not only the one that stands.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Response:
    """By period and breakdown. A target whose values are all null was taken back."""
    await find(visit, Kind.MEASURE, code)
    after = position(cursor, str, str, int) if cursor else ()
    found = await targets.list_page(visit.session, code, known_at, history, after, limit + 1)
    return page(visit, found, limit, lambda standing: _shown(standing, visit), targets.position)


@router.post(
    "",
    status_code=201,
    response_model=answers.Target | answers.TargetsAnswer,
    summary="Set targets",
    responses=_UNCHANGED | problems(400, 401, 403, 404, 413, 415, 422),
)
async def set_targets(visit: Owning, code: str, body: Given) -> Response:
    """One target answers the version that stands; several (`{"targets": […]}` or a list) answer what was done.

    What equals the standing target changes nothing. A change after the period has begun needs a `reason`.
    """
    await rows.lock_plans(visit.session)
    stored = await find(visit, Kind.MEASURE, code)
    visit.check_owner(stored.content)
    if stored.retired:
        raise Invalid(f"measure {code} is retired", code="retired_measure")
    given = [body] if isinstance(body, TargetFields) else body.targets if isinstance(body, Several) else body
    proposal, faults = _proposal(code, given, alone=isinstance(body, TargetFields))
    edit = await actions.judge(visit.session, proposal, faults, visit.author)
    await actions.store(visit.session, edit, visit.author)
    return await _answer(visit, proposal, edit, alone=isinstance(body, TargetFields))


def _proposal(code: str, given: list[TargetFields], *, alone: bool) -> tuple[Proposal, list[Fault]]:
    paths = [""] if alone else [f"targets[{index}]" for index in range(len(given))]
    faults = [fault for path, body in zip(paths, given, strict=True) for fault in under(path, body.faults)]
    entries = [TargetEntry(path, body.to_target(code)) for path, body in zip(paths, given, strict=True) if body.is_read]
    return Proposal(targets=entries), faults


async def _answer(visit: Visit, proposal: Proposal, edit: Edit, *, alone: bool) -> Response:
    wanted = [target_key(entry.target) for entry in proposal.targets]
    standing = await targets.list_standing(visit.session, {measure for measure, _, _ in wanted})
    status = 201 if edit.targets else 200
    if alone and wanted[0] in standing:
        return answer(visit, _shown(standing[wanted[0]], visit), status=status)
    body = {
        "created": sum(one.before is None for one in edit.targets),
        "changed": sum(one.before is not None for one in edit.targets),
        "unchanged": edit.targets_unchanged,
        "items": [_shown(standing[target_key(one.target)], visit) for one in edit.targets],
    }
    return answer(visit, body, status=status)


def _shown(standing: StandingTarget, visit: Visit) -> Mapping[str, Any]:
    kept: dict[str, Any] = plain(standing)
    author = {"actor": kept["actor"]} if visit.principal else {}
    known = {name: kept[name] for name in ("version", "known_from", "known_to")}
    return {**kept["target"], **known, **author}
