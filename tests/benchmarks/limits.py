"""What the machine gives without a product around it: bare statements, a bare HTTP answer, one durable commit."""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from multiprocessing.process import BaseProcess
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn

from tests.benchmarks.load import Seen

Row = tuple[int, date, Decimal, int, UUID, datetime]
COLUMNS = ("series_id", "period_start", "value", "revision", "batch", "recorded_at")
TABLE = """
create table if not exists bare (
    series_id int, period_start date, value numeric, numerator numeric, denominator numeric, flag text, note text,
    revision int not null, batch uuid not null, recorded_at timestamptz not null, primary key (series_id, period_start))
"""
UPSERT = """
insert into bare (series_id, period_start, value, revision, batch, recorded_at)
select * from unnest($1::int[], $2::date[], $3::numeric[], $4::int[], $5::uuid[], $6::timestamptz[])
on conflict (series_id, period_start) do update set value = excluded.value, revision = bare.revision + 1
"""
BATCH, AT = UUID(int=7), datetime(2017, 3, 14, tzinfo=UTC)


def rows(cells: Sequence[tuple[int, date, Decimal]]) -> list[Row]:
    return [(series, day, value, 1, BATCH, AT) for series, day, value in cells]


async def write(url: str, batches: Iterator[list[Row]], connections: int, seconds: float, *, copy: bool) -> Seen:
    """Each batch one transaction of its own, by COPY or by one upsert statement."""
    pool = await asyncpg.create_pool(url, min_size=connections, max_size=connections, reset=_keep)
    await pool.execute(TABLE)
    await pool.execute("truncate bare")
    seen, started = Seen(), time.perf_counter()

    async def one() -> None:
        async with pool.acquire() as connection:
            for batch in batches:
                asked = time.perf_counter()
                if asked - started > seconds:
                    break
                if copy:
                    await connection.copy_records_to_table("bare", records=batch, columns=COLUMNS)
                else:
                    await connection.execute(UPSERT, *(list(column) for column in zip(*batch, strict=True)))
                seen.latencies.append(time.perf_counter() - asked)
                seen.statuses[200] = seen.statuses.get(200, 0) + 1

    await asyncio.gather(*(one() for _ in range(connections)))
    seen.seconds = time.perf_counter() - started
    await pool.close()
    return seen


async def commits(url: str, count: int) -> Seen:
    """One row, one durable commit, one after the other."""
    cells = ((1, date.fromordinal(700_000 + number), Decimal(number)) for number in range(count))
    return await write(url, (rows([cell]) for cell in cells), 1, 60, copy=False)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The smallest ASGI answer."""
    if scope["type"] != "http":
        return
    body = json.dumps({"status": "on_track"}).encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve_bare(port: int) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    return process


def _serve(port: int) -> None:
    uvicorn.run(bare, host="127.0.0.1", port=port, loop="uvloop", http="httptools", lifespan="off", log_level="error")


async def _keep(_: Any) -> None:
    return None
