"""The city the benchmarks run on: 20 departments, 100 goals, 1,000 daily measures, no key twice."""

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
MEASURES_A_GOAL = 10
GOALS_A_DEPARTMENT = 5
FIRST_DAY = date(1900, 1, 1)
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
        for path in ("goals/bench-0", f"measures/bench-{MEASURES - 1}")
    ]
    return found == [200, 200]


async def _bare(admin: str) -> str:
    connection = await asyncpg.connect(admin)
    await connection.execute("create database bare")
    await connection.close()
    return admin.rpartition("/")[0] + "/bare"


def _plan() -> dict[str, object]:
    goals = range(MEASURES // MEASURES_A_GOAL)
    return {
        "code": "bench",
        "title": "Benchmark (sample)",
        "departments": [
            {"code": f"bench-{number}", "title": f"Department {number} (sample)", "minimum_coverage": 0}
            for number in range(len(goals) // GOALS_A_DEPARTMENT)
        ],
        "goals": [_goal(number) for number in goals],
        "measures": [_measure(number) for number in range(MEASURES)],
        # Targets of the watched measure: far away, so that each new value of a day moves its score.
        "targets": [
            {"measure": "bench-0", "period": str(year), "value": 1_000_000_000, "sample": True}
            for year in range(1950, 2040)
        ],
    }


def _goal(number: int) -> dict[str, object]:
    first = number * MEASURES_A_GOAL
    return {
        "code": f"bench-{number}",
        "title": f"Goal {number} (sample)",
        "department": f"bench-{number // GOALS_A_DEPARTMENT}",
        "kpi": f"bench-{first}",
        "metrics": [f"bench-{other}" for other in range(first + 1, first + MEASURES_A_GOAL)],
        "sample": True,
    }


def _measure(number: int) -> dict[str, object]:
    return {
        "code": f"bench-{number}",
        "title": f"Measure {number} (sample)",
        "department": f"bench-{number // MEASURES_A_GOAL // GOALS_A_DEPARTMENT}",
        "type": "output",
        "unit": "calls",
        "direction": "up",
        "frequency": "day",
        "aggregation": {"time": "sum", "breakdown": "sum"},
        "method": {"id": "threshold", "params": {}},
        "sample": True,
    }
