"""A listener and what it hears, for tests of the live feed."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx

from rollup_worker.routes.live import Hub
from tests.integration.rollup_worker.stage import City, push, value
from tideline.bus import Bus
from tideline.relay import Relay


@dataclass
class Heard:
    id: str
    event: str
    data: dict[str, Any]

    @property
    def place(self) -> int:
        """In the stream STATUS."""
        return int(self.id.rpartition("status:")[2].split(",")[0])

    @property
    def node(self) -> str:
        return str(self.data["subject"])


class Stage:
    """A served API with a relay that publishes what the city tells."""

    def __init__(self, city: City, relay: Relay, client: httpx.AsyncClient) -> None:
        self.city, self.relay, self.client = city, relay, client
        self.revision = 0

    async def publish(self) -> None:
        while await self.relay.step():
            pass

    async def change(self) -> int:
        """A value that changes measure, goal, area, department and city; how many public events that is."""
        self.revision += 1
        before = len(await self.places())
        amount = f"{7 + self.revision % 2}.{self.revision:03}"
        await self.city.tell(push(value("response", "2017-03", amount, self.revision)))
        await self.city.judge()
        await self.publish()
        return len(await self.places()) - before

    async def places(self) -> list[int]:
        """Of everything public in the stream, in order."""
        rows = await self.city.database.pool.fetch(
            "select seq from published join event using (id) where subject not like 'internal.%' order by seq"
        )
        return [row["seq"] for row in rows]

    async def listen(self, query: str = "", last: str | None = None) -> AsyncGenerator[Heard]:
        headers = {"Last-Event-ID": last} if last else {}
        async with self.client.stream("GET", f"/v1/events{query}", headers=headers) as answer:
            assert answer.status_code == 200, await answer.aread()
            fields: dict[str, str] = {}
            async for line in answer.aiter_lines():
                name, _, text = line.partition(": ")
                if line:
                    fields[name] = text
                    continue
                if "data" in fields:
                    yield Heard(fields["id"], fields["event"], json.loads(fields["data"]))
                fields = {}

    async def hear(self, count: int, query: str = "", last: str | None = None) -> list[Heard]:
        found: list[Heard] = []
        async with asyncio.timeout(20), aclosing(self.listen(query, last)) as events:
            async for event in events:
                found.append(event)
                if len(found) == count:
                    break
        return found


def caught_up(hub: Hub, bus: Bus) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        return bool(hub.positions["STATUS"] == (await bus.js.stream_info("STATUS")).state.last_seq)

    return reached
