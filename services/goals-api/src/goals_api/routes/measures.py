"""Measures: what is counted, how it joins over time and breakdowns, and how it is judged."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from goals_api.routes import entities
from goals_api.routes.answers import problems
from goals_api.routes.entities import UNCHANGED, IfMatch, Listed, Noted, OfArea, OfDepartment, OfGoal
from goals_api.routes.visit import ExactRoute, KnownAt, Owning, Reading, WithToken
from goals_api.schemas import answers
from goals_api.schemas.entities import MeasureBody
from goals_api.schemas.examples import MEASURE
from tideline.vocabulary import Kind
from tideline.web import Cursor, Limit

router = APIRouter(prefix="/v1/measures", tags=["measures"], route_class=ExactRoute)
Given = Annotated[MeasureBody, Body(examples=[MEASURE])]


@router.get("", response_model=answers.MeasurePage, summary="List measures", responses=problems(400, 401, 422))
async def list_measures(
    visit: Reading,
    listing: Listed,
    department: OfDepartment = None,
    area: OfArea = None,
    goal: OfGoal = None,
) -> Response:
    """In the order of their codes. `goal` takes a goal's KPI and metrics."""
    codes = await entities.measures_of(visit, goal) if goal is not None else None
    wanted = {"department": department, "area": area, "codes": codes}
    return await entities.show_page(visit, Kind.MEASURE, wanted, listing)


@router.post(
    "",
    status_code=201,
    response_model=answers.Measure,
    summary="Create a measure",
    responses=problems(400, 401, 403, 409, 413, 415, 422),
)
async def create_measure(visit: Owning, body: Given) -> Response:
    """`method` must be one that is offered, with parameters that fit it. A `formula` derives it from other measures."""
    return await entities.create(visit, Kind.MEASURE, body)


@router.get(
    "/{code}", response_model=answers.Measure, summary="Read a measure", responses=problems(401, 404, 422) | UNCHANGED
)
async def read_measure(visit: Reading, code: str, known_at: KnownAt = None) -> Response:
    """Retired ones too; their `retirement_note` says why."""
    return await entities.show(visit, Kind.MEASURE, code, known_at)


@router.put(
    "/{code}",
    response_model=answers.MovedMeasure,
    summary="Replace a measure",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def replace_measure(visit: Owning, code: str, body: Given, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Needs If-Match with the ETag that was read. Replacing a retired one brings it back.

    With another calendar or frequency its periods are others than before: `recomputed` names it.
    """
    return await entities.replace(visit, Kind.MEASURE, code, body)


@router.delete(
    "/{code}",
    response_model=answers.Measure,
    summary="Retire a measure",
    responses=problems(400, 401, 403, 404, 412, 413, 415, 422, 428),
)
async def retire_measure(visit: Owning, code: str, note: Noted, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Its history and its values stay."""
    return await entities.retire(visit, Kind.MEASURE, code, note)


@router.get(
    "/{code}/changes",
    response_model=answers.ChangePage,
    summary="The history of a measure",
    responses=problems(400, 401, 404, 422),
)
async def list_measure_changes(visit: WithToken, code: str, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Who changed what and when, the newest first."""
    return await entities.show_changes(visit, Kind.MEASURE, code, cursor, limit)
