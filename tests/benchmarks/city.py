"""The city the benchmarks run on: a department, a goal, a thousand daily measures, no key twice."""

import asyncio
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import asyncpg
import httpx

from deploy.local import credentials, postgres
from deploy.local.layout import Layout
from tests.support.stack import Stack
from tests.support.stubs import soon

MEASURES = 1_000
FIRST_DAY = date(1950, 1, 1)
Cell = tuple[int, date, Decimal]


@dataclass(frozen=True)
class City:
    stack: Stack
    ports: dict[str, int]
    bare_url: str


def cells(start: int = 0) -> Iterator[Cell]:
    """Every measure on one day, then every measure on the next."""
    for number in itertools.count(start):
        day, measure = divmod(number, MEASURES)
        yield measure, FIRST_DAY + timedelta(days=day), Decimal(number * 7919 % 100_000) / 100


def batches(source: Iterator[Cell], size: int) -> Iterator[list[Cell]]:
    while True:
        yield list(itertools.islice(source, size))


def body(batch: list[Cell]) -> bytes:
    rows = ",".join(f'{{"measure":"bench-{m}","period":"{day}","value":{value}}}' for m, day, value in batch)
    return f'{{"observations":[{rows}]}}'.encode()


def prepare(stack: Stack) -> City:
    """Loads the plan and makes the bare database beside the services' own, in the same server."""
    answer = httpx.put(
        f"{stack.base_url}/v1/plans/bench", json=_plan(), headers=stack.staff, timeout=60, trust_env=False
    )
    answer.raise_for_status()
    soon(lambda: _is_known(stack), "the plan to reach the engine", 120)
    layout = Layout(stack.var)
    ports: dict[str, int] = json.loads((stack.var / "ports.json").read_text())
    admin = postgres.Cluster(
        stack.var / "postgres",
        ports["postgres"],
        credentials.passwords(layout, ["postgres"])["postgres"],
        layout.log("postgres"),
    ).url
    return City(stack, ports, asyncio.run(_bare(admin)))


def _is_known(stack: Stack) -> bool:
    found = [
        httpx.get(f"{stack.base_url}/v1/status/{path}", trust_env=False).status_code
        for path in ("goals/bench", f"measures/bench-{MEASURES - 1}")
    ]
    return found == [200, 200]


async def _bare(admin: str) -> str:
    connection = await asyncpg.connect(admin)
    await connection.execute("create database bare")
    await connection.close()
    return admin.rpartition("/")[0] + "/bare"


def _plan() -> dict[str, object]:
    measures = [
        {
            "code": f"bench-{number}",
            "title": f"Measure {number} (sample)",
            "department": "bench",
            "type": "output",
            "unit": "calls",
            "direction": "up",
            "frequency": "day",
            "aggregation": {"time": "sum", "breakdown": "sum"},
            "method": {"id": "threshold", "params": {}},
            "sample": True,
        }
        for number in range(MEASURES)
    ]
    # The watched measure has a target on each of its days, so that its status can be made to change at will.
    watched = [
        {"measure": "bench-0", "period": str(year), "value": 1_000_000_000, "sample": True}
        for year in range(1950, 2027)
    ]
    goal = {"code": "bench", "title": "Goal (sample)", "department": "bench", "kpi": "bench-0", "sample": True}
    department = {"code": "bench", "title": "Bench (sample)", "minimum_coverage": 0}
    return {
        "code": "bench",
        "title": "Benchmark (sample)",
        "departments": [department],
        "goals": [goal],
        "measures": measures,
        "targets": watched,
    }
