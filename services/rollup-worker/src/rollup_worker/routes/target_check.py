"""`…/target-check`: is a measure's target a good one?"""

from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import moment
from rollup_worker.actions.target_checking import check_target
from rollup_worker.repository import assessments, plan
from rollup_worker.routes.asked import NODE, WHEN, admit, answer_computed, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.beside import TargetCheck
from tideline.events import encode


async def target_check(request: Request) -> Response:
    asked, period = ask(request), request.query_params.get("period")
    async with database_of(request).transaction(read_only=True) as connection:
        await admit(connection, asked, await assessments.find_current(connection, asked.node))
        when = await moment(connection, asked.as_of, asked.known_at, asked.node)
        known = await plan.find_plan(connection, asked.known_at)
        body = encode(await check_target(connection, known, asked.node.code, when, period, staff=asked.staff))
    return answer_computed(request, asked, body)


_QUERY: Final[list[dict[str, Any]]] = [
    NODE[1],
    {
        "name": "period",
        "in": "query",
        "schema": {"type": "string"},
        "description": "The period of the target; unsaid, the nearest that is not over.",
    },
    *WHEN,
]
OPERATIONS: Final = [
    Operation(
        "/v1/status/measures/{code}/target-check",
        target_check,
        "Whether a target is a good one",
        TargetCheck,
        _QUERY,
        tagged=True,
    )
]
