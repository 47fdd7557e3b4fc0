"""How fast every status is derived anew from all observations: `python -m tests.benchmarks.rebuild [rows]`.

The limit is a plain `group by` over the same rows in the same server. The rebuild is the worker's own code in a
process of its own: it marks every node, judges until the log is empty, and says how much memory it took at most.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from rollup_worker import worker
from rollup_worker.jobs.recompute import Recompute
from rollup_worker.repository.keys import breakdown_key
from rollup_worker.settings import Settings
from tests.support.parts import Templates, running_postgres
from tideline import periods
from tideline.clock import Clock
from tideline.database import Database
from tideline.events import (
    Baseline,
    DepartmentDefined,
    GoalDefined,
    GoalMetric,
    MeasureDefined,
    MethodChoice,
    encode,
)

PERIODS, CELLS = 100, 50
MEASURES_A_GOAL, GOALS_A_DEPARTMENT = 10, 10
FIRST_MONTH = 2009 * 12
AT = datetime(2017, 5, 1, tzinfo=UTC)
TODAY = date(2017, 5, 10)
BATCH = UUID(int=7)
COLUMNS = ("measure", "period", "breakdown", "revision", "period_start", "value", "batch", "source", "known_from")
GROUP_BY = """
select count(*), sum(n), sum(total), sum(least), sum(most) from (
    select measure, period_start, count(*) n, sum(value) total, min(value) least, max(value) most
    from observation where known_to is null and reported group by measure, period_start) g
"""
WRONG = """
select count(*) from assessment a join (
    select measure, sum(value) total from observation where period = $1 group by measure) o on o.measure = a.code
where a.kind = 'measure' and (a.document->>'value')::numeric is distinct from o.total
"""


def months() -> list[tuple[str, date]]:
    ids = [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(FIRST_MONTH, FIRST_MONTH + PERIODS)]
    return [(each, periods.parse(each).start) for each in ids]


def rows(first: int, upto: int) -> Iterator[tuple[Any, ...]]:
    """Every measure with 50 districts in each of 100 months."""
    known, keys = months(), [breakdown_key({"district": str(number)}) for number in range(CELLS)]
    for number in range(first, upto):
        for place, (period, start) in enumerate(known):
            for cell, key in enumerate(keys):
                value = Decimal((number * 7919 + place * 104_729 + cell * 31) % 100_000) / 100
                yield f"m-{number}", period, key, 1, start, value, BATCH, "benchmark", AT


def definitions(measures: int) -> Iterator[DepartmentDefined | GoalDefined | MeasureDefined]:
    """Half of the measures add up to a yearly target; the others are judged by pace, from their latest value alone."""
    goals = range(-(-measures // MEASURES_A_GOAL))
    for number in range(-(-len(goals) // GOALS_A_DEPARTMENT)):
        yield DepartmentDefined(code=f"d-{number}", version=1, title=f"Department {number}", defined_at=AT)
    for number in goals:
        held = range(number * MEASURES_A_GOAL, min(measures, (number + 1) * MEASURES_A_GOAL))
        metrics = [GoalMetric(measure=f"m-{each}", weight=Decimal(1)) for each in held]
        department = f"d-{number // GOALS_A_DEPARTMENT}"
        yield GoalDefined(
            code=f"g-{number}", version=1, title=f"Goal {number}", department=department, metrics=metrics, defined_at=AT
        )
    for number in range(measures):
        yield measure(number)


def measure(number: int) -> MeasureDefined:
    words: dict[str, Any] = {"code": f"m-{number}", "version": 1, "title": f"Measure {number}", "defined_at": AT}
    if number % 2:
        return MeasureDefined(**words, method=MethodChoice(id="threshold"))
    return MeasureDefined(**words, time_aggregation="last", baseline=Baseline(period="2009", value=Decimal(1)))


async def load(url: str, measures: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        for first in range(0, measures, 20):
            records = rows(first, min(measures, first + 20))
            await connection.copy_records_to_table("observation", records=records, columns=COLUMNS)
        defined = [(e.noun, e.code, encode(e).decode()) for e in definitions(measures)]
        await connection.executemany(
            "insert into definition (kind, code, version, body, known_from) values ($1, $2, 1, $3::jsonb, now())",
            defined,
        )
        await connection.execute(
            "insert into target (measure, period, breakdown, version, value, sample, reason, known_from) "
            "select code, '2017', '', 1, 300000, false, '', $1 from definition where kind = 'measure'",
            AT,
        )
        await connection.execute("insert into tick (day, recorded_at) values ($1, $2)", TODAY, AT)
        await connection.execute("vacuum analyze", timeout=600)
    finally:
        await connection.close()


async def group_by(url: str) -> float:
    connection = await asyncpg.connect(url)
    try:
        started = time.perf_counter()
        await connection.fetchrow(GROUP_BY, timeout=600)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def forget(url: str) -> None:
    """Every status and every event is gone; what they are derived from stays."""
    connection = await asyncpg.connect(url)
    await connection.execute("truncate assessment, event, pending, edge, dependency")
    await connection.close()


async def check(url: str, measures: int) -> None:
    """Every measure has its status, and those judged by their latest month show what it adds up to."""
    connection = await asyncpg.connect(url)
    judged = await connection.fetchval("select count(*) from assessment where kind = 'measure'")
    wrong = await connection.fetchval(WRONG, months()[-1][0], timeout=600)
    await connection.close()
    assert (judged, wrong) == (measures, 0), f"{judged} of {measures} judged, {wrong} of them wrong"


async def derive(url: str) -> dict[str, float]:
    """In the process of its own: seconds until the log is empty, and the most memory held, in MiB."""
    settings = Settings(database_url=url, nats_url="")
    database = await Database.open(url, size=2)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    await worker.rebuild(settings)
    recompute = Recompute(database, Clock(AT + timedelta(days=9)), poll_seconds=1)
    while await recompute.drain():
        pass
    seconds = time.perf_counter() - started
    await database.close()
    return {
        "seconds": seconds,
        "before_mib": held / 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def derive_apart(url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.rebuild", "--derive", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


async def compare(admin_url: str, wanted: int, rounds: int) -> dict[str, float]:
    measures = max(1, wanted // (PERIODS * CELLS))
    count = measures * PERIODS * CELLS
    url = await Templates(admin_url).copy("rollup-worker")
    started = time.perf_counter()
    await load(url, measures)
    print(
        f"{count:,} observations of {measures:,} measures, loaded in {time.perf_counter() - started:.0f} s", flush=True
    )
    ratios, ours = [], []
    for _ in range(rounds):
        limit = await group_by(url)
        await forget(url)
        found = derive_apart(url)
        await check(url, measures)
        ours.append(found)
        ratios.append(limit / found["seconds"])
        print(
            f"group by {count / limit:>12,.0f} rows/s   rebuild {count / found['seconds']:>12,.0f} rows/s   "
            f"ratio {ratios[-1]:.2f}   memory {found['before_mib']:.0f} to {found['peak_mib']:.0f} MiB",
            flush=True,
        )
    return {"rows": count, "ratio": statistics.median(ratios), "peak_mib": max(each["peak_mib"] for each in ours)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--derive", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.derive:
        print(json.dumps(asyncio.run(derive(asked.derive))))
        return
    with running_postgres(durable=True) as part:
        print(json.dumps(asyncio.run(compare(part.url, asked.rows, asked.rounds))))


if __name__ == "__main__":
    main()
