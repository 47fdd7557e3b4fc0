"""`POST /v1/what-if`: the status as it would be, beside the status as it is; nothing is stored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import definition_of, moment
from rollup_worker.actions.supposing import Asking, answer_what_if
from rollup_worker.core.facts import CITY, Node
from rollup_worker.core.supposing import Rows, Weight
from rollup_worker.repository import plan
from rollup_worker.routes.asked import database_of, instant, is_staff
from rollup_worker.routes.bodies import read_body
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.what_if import Question, Supposed
from tideline.errors import NotFound, TooLarge, TooMany
from tideline.events import encode

ROWS_MAX: Final = 1_000
BYTES_MAX: Final = 1024 * 1024
TOGETHER_MAX: Final = 4


async def what_if(request: Request) -> Response:
    staff, asked = is_staff(request), await read_body(request, Question, BYTES_MAX)
    if asked.rows > ROWS_MAX:
        raise TooLarge(f"a what-if has at most {ROWS_MAX} rows; these are {asked.rows}", code="too_many_rows")
    with _turn(request):
        return await _answer(request, asked, staff=staff)


@contextmanager
def _turn(request: Request) -> Iterator[None]:
    """A city judged twice is work; whoever comes while enough are at it comes again. Raises TooMany."""
    state = request.app.state
    running: int = getattr(state, "what_ifs", 0)
    if running >= TOGETHER_MAX:
        raise TooMany("too many what-ifs at once; try again", headers={"Retry-After": "1"})
    state.what_ifs = running + 1
    try:
        yield
    finally:
        state.what_ifs -= 1


async def _answer(request: Request, asked: Question, *, staff: bool) -> Response:
    node, known_at = Node(asked.node.kind, asked.node.code), instant(asked.known_at)
    async with database_of(request).transaction(read_only=True) as connection:
        known = await plan.find_plan(connection, known_at)
        definition = definition_of(known, node)
        if node != CITY and (definition is None or not (definition.published or staff)):
            raise NotFound(f"there is no {node.kind} {node.code[:100]}")
        when = await moment(connection, asked.as_of, known_at, node)
        asking = Asking(node, _rows(asked), staff)
        found = await answer_what_if(connection, known, asking, when, request.app.state.clock.now())
    return Response(encode(found), media_type="application/json", headers={"Cache-Control": "no-store"})


def _rows(asked: Question) -> Rows:
    return Rows(
        [row.told() for row in asked.observations],
        [(row.measure, row.told()) for row in asked.targets],
        [Weight(row.weight, row.kind, row.code, row.goal, row.measure) for row in asked.weights],
        [(row.measure, row.told()) for row in asked.methods],
    )


OPERATIONS: Final = [
    Operation(
        "/v1/what-if",
        what_if,
        "What would be if",
        Supposed,
        method="POST",
        body=Question,
    )
]
