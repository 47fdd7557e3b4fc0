"""`python -m tests.benchmarks.stream`: one large CSV pushed, with the memory of the process that takes it."""

import argparse
import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.benchmarks.city import City, cells, prepare
from tests.support.stack import running_stack

HEADER = b"measure,period,value,numerator,denominator,flag,note\n"
ROWS_A_PIECE = 5_000


def resident(pid: int) -> float:
    """MiB of memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


async def pieces(megabytes: int) -> AsyncIterator[bytes]:
    yield HEADER
    sent, rows = len(HEADER), cells()
    while sent < megabytes * 1024 * 1024:
        some = itertools.islice(rows, ROWS_A_PIECE)
        piece = b"".join(f"bench-{m},{day},{value},,,,\n".encode() for m, day, value in some)
        sent += len(piece)
        yield piece


async def watch(pid: int, seen: list[float]) -> None:
    while True:
        seen.append(resident(pid))
        await asyncio.sleep(0.1)


async def push(city: City, megabytes: int) -> None:
    pid = city.stack.pid("measures-ingest")
    assert pid is not None
    before, seen = resident(pid), list[float]()
    watching = asyncio.create_task(watch(pid, seen))
    started = time.perf_counter()
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:
        url = f"http://127.0.0.1:{city.ports['measures-ingest']}/v1/observations"
        headers = {**city.stack.feed, "Content-Type": "text/csv"}
        answer = await client.post(url, content=pieces(megabytes), headers=headers)
    seconds = time.perf_counter() - started
    watching.cancel()
    assert answer.status_code == 201, answer.text
    rows = answer.json()["accepted"]
    print(f"{megabytes} MiB, {rows:,} rows in {seconds:.0f} s; memory {before:.0f} MiB before, {max(seen):.0f} at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    megabytes = parser.parse_args().megabytes
    with running_stack() as stack:
        asyncio.run(push(prepare(stack), megabytes))


if __name__ == "__main__":
    main()
