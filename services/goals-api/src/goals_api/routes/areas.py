"""Areas of the plan: focus areas, goal areas, priorities, service areas."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from goals_api.routes import entities
from goals_api.routes.answers import problems
from goals_api.routes.entities import CODE_PATTERN, UNCHANGED, IfMatch, Listed, Noted
from goals_api.routes.visit import ExactRoute, KnownAt, Planning, Reading, WithToken
from goals_api.schemas import answers
from goals_api.schemas.entities import AreaBody
from goals_api.schemas.examples import AREA
from tideline.vocabulary import AreaKind, Kind
from tideline.web import Cursor, Limit

router = APIRouter(prefix="/v1/areas", tags=["areas"], route_class=ExactRoute)
Given = Annotated[AreaBody, Body(examples=[AREA])]


@router.get("", response_model=answers.AreaPage, summary="List areas", responses=problems(400, 401, 422))
async def list_areas(
    visit: Reading,
    listing: Listed,
    kind: AreaKind | None = None,
    parent: Annotated[str | None, Query(pattern=CODE_PATTERN, description="Only under this area.")] = None,
) -> Response:
    """In the order of their codes."""
    wanted = {"kind": kind, "parent": parent}
    return await entities.show_page(visit, Kind.AREA, wanted, listing)


@router.post(
    "",
    status_code=201,
    response_model=answers.Area,
    summary="Create an area",
    responses=problems(400, 401, 403, 409, 413, 415, 422),
)
async def create_area(visit: Planning, body: Given) -> Response:
    """Its parents and related areas must exist; an area cannot stand under itself."""
    return await entities.create(visit, Kind.AREA, body)


@router.get(
    "/{code}", response_model=answers.Area, summary="Read an area", responses=problems(401, 404, 422) | UNCHANGED
)
async def read_area(visit: Reading, code: str, known_at: KnownAt = None) -> Response:
    """Retired ones too; their `retirement_note` says why."""
    return await entities.show(visit, Kind.AREA, code, known_at)


@router.put(
    "/{code}",
    response_model=answers.Area,
    summary="Replace an area",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def replace_area(visit: Planning, code: str, body: Given, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Needs If-Match with the ETag that was read. Replacing a retired one brings it back."""
    return await entities.replace(visit, Kind.AREA, code, body)


@router.delete(
    "/{code}",
    response_model=answers.Area,
    summary="Retire an area",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def retire_area(visit: Planning, code: str, note: Noted, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Its history stays, and what names it keeps its name."""
    return await entities.retire(visit, Kind.AREA, code, note)


@router.get(
    "/{code}/changes",
    response_model=answers.ChangePage,
    summary="The history of an area",
    responses=problems(400, 401, 404, 422),
)
async def list_area_changes(visit: WithToken, code: str, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Who changed what and when, the newest first."""
    return await entities.show_changes(visit, Kind.AREA, code, cursor, limit)
