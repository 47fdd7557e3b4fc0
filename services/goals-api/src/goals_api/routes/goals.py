"""Goals: what a department or the city wants, by when, judged by a KPI and metrics."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from goals_api.routes import entities
from goals_api.routes.answers import problems
from goals_api.routes.entities import UNCHANGED, IfMatch, Listed, Noted, OfArea, OfDepartment
from goals_api.routes.visit import ExactRoute, KnownAt, Owning, Reading, WithToken
from goals_api.schemas import answers
from goals_api.schemas.entities import GoalBody
from goals_api.schemas.examples import GOAL
from tideline.vocabulary import Kind
from tideline.web import Cursor, Limit

router = APIRouter(prefix="/v1/goals", tags=["goals"], route_class=ExactRoute)
Given = Annotated[GoalBody, Body(examples=[GOAL])]


@router.get("", response_model=answers.GoalPage, summary="List goals", responses=problems(400, 401, 422))
async def list_goals(
    visit: Reading,
    listing: Listed,
    department: OfDepartment = None,
    area: OfArea = None,
) -> Response:
    """In the order of their codes."""
    wanted = {"department": department, "area": area}
    return await entities.show_page(visit, Kind.GOAL, wanted, listing)


@router.post(
    "",
    status_code=201,
    response_model=answers.Goal,
    summary="Create a goal",
    responses=problems(400, 401, 403, 409, 413, 415, 422),
)
async def create_goal(visit: Owning, body: Given) -> Response:
    """A measure counts (as KPI or with a weight) in one goal only: `measure_in_two_goals`."""
    return await entities.create(visit, Kind.GOAL, body)


@router.get(
    "/{code}", response_model=answers.Goal, summary="Read a goal", responses=problems(401, 404, 422) | UNCHANGED
)
async def read_goal(visit: Reading, code: str, known_at: KnownAt = None) -> Response:
    """Retired ones too; their `retirement_note` says why."""
    return await entities.show(visit, Kind.GOAL, code, known_at)


@router.put(
    "/{code}",
    response_model=answers.Goal,
    summary="Replace a goal",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def replace_goal(visit: Owning, code: str, body: Given, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Needs If-Match with the ETag that was read. Replacing a retired one brings it back."""
    return await entities.replace(visit, Kind.GOAL, code, body)


@router.delete(
    "/{code}",
    response_model=answers.Goal,
    summary="Retire a goal",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def retire_goal(visit: Owning, code: str, note: Noted, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Its history stays, and its measures are free for another goal."""
    return await entities.retire(visit, Kind.GOAL, code, note)


@router.get(
    "/{code}/changes",
    response_model=answers.ChangePage,
    summary="The history of a goal",
    responses=problems(400, 401, 404, 422),
)
async def list_goal_changes(visit: WithToken, code: str, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Who changed what and when, the newest first."""
    return await entities.show_changes(visit, Kind.GOAL, code, cursor, limit)
