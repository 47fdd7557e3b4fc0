"""The smallest city that can tell the story: a department with one goal, judged by its KPI, and one measure beside it.

It lives beside whatever else a city has, and can be told again and again: each time everything is good at first, and
then one value is not.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import nats
from nats.aio.msg import Msg

from tests.support.running import Json, Sent, Tideline, until

Node = tuple[str, str]
MEASURE: Final[Node] = ("measure", "story-response")
GOAL: Final[Node] = ("goal", "story-goal")
DEPARTMENT: Final[Node] = ("department", "story-department")
CITY: Final[Node] = ("city", "city")
WAY_UP: Final = (MEASURE, GOAL, DEPARTMENT, CITY)
BESIDE: Final = "story-backlog"
TARGET: Final = Decimal(8)
GOOD: Final = Decimal("6.5")
BAD: Final = Decimal("10.4")
SECONDS: Final = 60


@dataclass(frozen=True)
class Told:
    """What one push did: its answer, and what came by SSE and by NATS up to and with the city's change."""

    period: str
    answer: Json
    streamed: list[Sent]
    delivered: list[Msg]


def document(period: str) -> dict[str, Any]:
    """Response time should be at most 8 minutes, and so should the backlog, in cases, in this period."""
    measure = {
        "department": DEPARTMENT[1],
        "direction": "down",
        "frequency": "month",
        "aggregation": {"time": "average", "breakdown": "average"},
        "method": {"id": "threshold", "params": {"near_percent": "10"}},
        "sample": True,
    }
    return {
        "code": "story",
        "title": "A story told in tests (sample)",
        "departments": [{"code": DEPARTMENT[1], "title": "Story department (sample)"}],
        "goals": [
            {"code": GOAL[1], "title": "Be there in time (sample)", "department": DEPARTMENT[1], "kpi": MEASURE[1]}
        ],
        "measures": [
            {**measure, "code": MEASURE[1], "title": "Response time, 90th percentile (sample)", "unit": "minutes"},
            {**measure, "code": BESIDE, "title": "Cases waiting (sample)", "unit": "cases"},
        ],
        "targets": [
            {"measure": code, "period": period, "value": str(TARGET), "sample": True} for code in (MEASURE[1], BESIDE)
        ],
    }


async def tell(tideline: Tideline, period: str, creds: Path) -> Told:
    """Plan, first values, two subscriptions, and then the one push that is told about."""
    await tideline.put_plan(document(period))
    await tideline.defined([MEASURE[1], BESIDE])
    await tideline.push([observation(BESIDE, period, GOOD), observation(MEASURE[1], period, GOOD)])
    await _all_good(tideline)
    async with _partner(tideline, creds) as messages, _changes(tideline) as events:
        assert (await anext(events)).event == ""
        answer = await tideline.push([observation(MEASURE[1], period, BAD)])
        async with asyncio.timeout(SECONDS):
            streamed = [sent async for sent in up_to_city(events, answer["batch"])]
            delivered = [await messages.get() for _ in streamed]
    return Told(period, answer, streamed, delivered)


def observation(measure: str, period: str, value: Decimal) -> dict[str, str]:
    return {"measure": measure, "period": period, "value": str(value), "flag": "sample"}


async def up_to_city(events: AsyncGenerator[Sent], batch: str) -> AsyncGenerator[Sent]:
    """The changes that a batch brought about, the city's last."""
    async for sent in events:
        if sent.event and names(sent.body, batch):
            yield sent
            if sent.node == CITY:
                return


def names(body: Json, batch: str) -> bool:
    """Whether a change says that this batch is among its causes."""
    return any(cause.get("batch") == batch for cause in body["why"]["causes"])


async def _all_good(tideline: Tideline) -> None:
    """The first values have come up to the city, so that nothing else moves."""

    async def all_good() -> bool:
        children = (await tideline.status(*CITY))["children"]
        return any((each["kind"], each["code"], each["score"]) == (*DEPARTMENT, 100) for each in children)

    await until(all_good, "the department to be all good in the city's eyes")


@asynccontextmanager
async def _partner(tideline: Tideline, creds: Path) -> AsyncIterator["asyncio.Queue[Msg]"]:
    """The story's status events as a partner gets them from NATS, from now on."""
    client = await nats.connect(tideline.credentials["nats_url"], user_credentials=str(creds))
    wanted = {f"status.changed.v1.{kind}.{code}" for kind, code in WAY_UP}
    messages = asyncio.Queue[Msg]()

    async def keep(message: Msg) -> None:
        if message.subject in wanted:
            await messages.put(message)

    try:
        await client.subscribe("status.changed.v1.>", cb=keep)
        await client.flush()
        yield messages
    finally:
        await client.close()


def _changes(tideline: Tideline) -> AbstractAsyncContextManager[AsyncGenerator[Sent]]:
    return tideline.events(types="status.changed.v1", kinds=_words(0), codes=_words(1))


def _words(place: int) -> str:
    return ",".join(node[place] for node in WAY_UP)
