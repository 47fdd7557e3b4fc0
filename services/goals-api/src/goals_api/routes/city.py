"""The city: its name, its calendar, how small numbers are held back, and how it is judged from its departments."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from goals_api import actions
from goals_api.core.changes import Edit
from goals_api.core.entities import City, Content, Stored, plain
from goals_api.core.proposals import Entry, Proposal
from goals_api.repository import entities, plans
from goals_api.routes.answers import answer, problems
from goals_api.routes.entities import UNCHANGED, IfMatch, show_changes
from goals_api.routes.visit import ExactRoute, KnownAt, Planning, Reading, Visit, WithToken
from goals_api.schemas import answers
from goals_api.schemas.city import CityBody
from goals_api.schemas.examples import CITY
from tideline.vocabulary import CITY_CODE, Kind
from tideline.web import Cursor, Limit, require_match

router = APIRouter(prefix="/v1/city", tags=["city"], route_class=ExactRoute)
Given = Annotated[CityBody, Body(examples=[CITY])]


@router.get("", response_model=answers.City, summary="Read the city", responses=problems(401, 404, 422) | UNCHANGED)
async def read_city(visit: Reading, known_at: KnownAt = None) -> Response:
    """Before anybody has said anything: the defaults, as version 0."""
    if known_at is not None:
        then = await plans.find_then(visit.session, Kind.CITY, CITY_CODE, known_at)
        return answer(visit, _shown(then))
    stored = await entities.find(visit.session, Kind.CITY, CITY_CODE)
    return answer(visit, _shown(stored), version=_version(stored))


@router.put(
    "",
    response_model=answers.MovedCity,
    summary="Replace what holds for the city",
    responses=problems(400, 401, 403, 412, 413, 415, 422, 428),
)
async def replace_city(visit: Planning, body: Given, if_match: IfMatch = None) -> Response:  # noqa: ARG001
    """Needs If-Match with the ETag that was read, `"0"` the first time.

    With another calendar, every measure that follows it is defined anew in the same transaction and computed anew:
    `recomputed` names them. A calendar in which a stored target or baseline would name no period is refused.
    """
    await entities.lock_plans(visit.session)
    before = await entities.find(visit.session, Kind.CITY, CITY_CODE)
    require_match(visit.request, _version(before))
    edit = await _judge(visit, body)
    await actions.store(visit.session, edit, visit.author)
    after = next((one.after for one in edit.written if one.kind is Kind.CITY), before)
    return answer(visit, _shown(after) | {"recomputed": edit.recomputed}, version=_version(after))


@router.get(
    "/changes",
    response_model=answers.ChangePage,
    summary="The history of the city",
    responses=problems(400, 401, 404, 422),
)
async def list_city_changes(visit: WithToken, cursor: Cursor = None, limit: Limit = 100) -> Response:
    """Who changed what and when, the newest first."""
    return await show_changes(visit, Kind.CITY, CITY_CODE, cursor, limit)


async def _judge(visit: Visit, body: CityBody) -> Edit:
    entries: list[Entry[Content]] = [Entry("", body.to_content())] if body.is_read else []
    return await actions.judge(visit.session, Proposal(entries={Kind.CITY: entries}), body.faults, visit.author)


def _version(stored: Stored[Content] | None) -> int:
    return stored.version if stored is not None else 0


def _shown(stored: Stored[Content] | None) -> dict[str, Any]:
    content = plain(stored.content if stored is not None else City())
    shown = {name: value for name, value in content.items() if name in CityBody.model_fields}
    return shown | {"version": _version(stored), "changed_at": stored.changed_at if stored is not None else None}
