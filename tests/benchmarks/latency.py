"""From the start of a push to the city's new status at a reader of the event stream."""

import asyncio
import json
import time
from datetime import UTC, datetime

import httpx

from tests.benchmarks.city import City
from tests.benchmarks.load import Seen


async def reachable(port: int, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def push_to_city(city: City, count: int, turn: int) -> Seen:
    """Idle system, one push at a time; each moves the score of the KPI and so of goal, department and city."""
    seen, told = Seen(), asyncio.Event()
    base = f"http://127.0.0.1:{city.ports['rollup-api']}"
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:
        listening = asyncio.Event()
        listener = asyncio.create_task(_listen(client, f"{base}/v1/events?kinds=city", listening, told))
        await listening.wait()
        started = time.perf_counter()
        for number in range(count):
            told.clear()
            asked = time.perf_counter()
            answer = await client.post(
                f"http://127.0.0.1:{city.ports['measures-ingest']}/v1/observations",
                content=json.dumps({"observations": [_moving(turn * count + number)]}),
                headers={**city.stack.feed, "Content-Type": "application/json"},
            )
            assert answer.status_code == 201, answer.text
            async with asyncio.timeout(10):
                await told.wait()
            seen.latencies.append(time.perf_counter() - asked)
        seen.seconds = time.perf_counter() - started
        listener.cancel()
    return seen


def _moving(number: int) -> dict[str, object]:
    """Today's value: never stale, and another one each time."""
    today = datetime.now(UTC).date().isoformat()
    return {"measure": "bench-0", "period": today, "value": 1_000 + number * 1_000_000}


async def _listen(client: httpx.AsyncClient, url: str, listening: asyncio.Event, told: asyncio.Event) -> None:
    async with client.stream("GET", url) as answer:
        listening.set()
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                told.set()
