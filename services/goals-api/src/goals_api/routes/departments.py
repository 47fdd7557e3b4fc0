"""Departments, their names over time, and into which they were merged."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from goals_api.routes import entities
from goals_api.routes.answers import problems
from goals_api.routes.entities import UNCHANGED, IfMatch, Listed, Noted
from goals_api.routes.visit import ExactRoute, KnownAt, Organising, Reading, WithToken
from goals_api.schemas import answers
from goals_api.schemas.entities import DepartmentBody
from goals_api.schemas.examples import DEPARTMENT
from tideline.vocabulary import Kind
from tideline.web import Cursor, Limit

router = APIRouter(prefix="/v1/departments", tags=["departments"], route_class=ExactRoute)
Given = Annotated[DepartmentBody, Body(examples=[DEPARTMENT])]


@router.get("", response_model=answers.DepartmentPage, summary="List departments", responses=problems(400, 401, 422))
async def list_departments(
    visit: Reading,
    listing: Listed,
) -> Response:
    """In the order of their codes."""
    return await entities.show_page(visit, Kind.DEPARTMENT, {}, listing)


@router.post(
    "",
    status_code=201,
    response_model=answers.Department,
    summary="Create a department",
    responses=problems(400, 401, 403, 409, 413, 415, 422),
)
async def create_department(visit: Organising, body: Given) -> Response:
    """Without `names` the service keeps them: the title is the first."""
    return await entities.create(visit, Kind.DEPARTMENT, body)


@router.get(
    "/{code}",
    response_model=answers.Department,
    summary="Read a department",
    responses=problems(401, 404, 422) | UNCHANGED,
)
async def read_department(visit: Reading, code: str, known_at: KnownAt = None) -> Response:
    """Retired ones too; their `retirement_note` says why."""
    return await entities.show(visit, Kind.DEPARTMENT, code, known_at)


@router.put(
    "/{code}",
    response_model=answers.Department,
    summary="Replace a department",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def replace_department(visit: Organising, code: str, body: Given, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Needs If-Match with the ETag that was read. Replacing a retired one brings it back."""
    return await entities.replace(visit, Kind.DEPARTMENT, code, body)


@router.delete(
    "/{code}",
    response_model=answers.Department,
    summary="Retire a department",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def retire_department(visit: Organising, code: str, note: Noted, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Its history stays. A department that another one continues is better merged: PUT it with `merged_into`."""
    return await entities.retire(visit, Kind.DEPARTMENT, code, note)


@router.get(
    "/{code}/changes",
    response_model=answers.ChangePage,
    summary="The history of a department",
    responses=problems(400, 401, 404, 422),
)
async def list_changes_of_department(
    visit: WithToken, code: str, cursor: Cursor = None, limit: Limit = 100
) -> Response:
    """Who changed what and when, the newest first."""
    return await entities.show_changes(visit, Kind.DEPARTMENT, code, cursor, limit)
