"""`make bench`: prints one table and writes it to var/bench.json. Rounds of limit and product alternate."""

import argparse
import asyncio
import itertools
import json
import platform
import statistics
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.local.layout import ROOT
from deploy.local.process import free_port
from tests.benchmarks import latency, limits
from tests.benchmarks.city import City, batches, body, cells, prepare
from tests.benchmarks.load import Seen, drive, request
from tests.support.stack import running_stack

CONNECTIONS = {1: 32, 100: 8, 1_000: 4}
Round = Callable[[], Coroutine[Any, Any, float]]


@dataclass(frozen=True)
class Line:
    """Medians over the rounds, and the smallest and largest ratio of one round."""

    work: str
    unit: str
    limit: float
    product: float
    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        figures = f"{self.limit:>12,.1f} {self.product:>12,.1f} {self.unit:<11}"
        return f"{self.work:<46} {figures} {self.ratio:>6.2f}  ({self.low:.2f} to {self.high:.2f})"


def compare(work: str, unit: str, limit: Round, product: Round, rounds: int) -> Line:
    return line(work, unit, [(asyncio.run(limit()), asyncio.run(product())) for _ in range(rounds)])


def line(work: str, unit: str, pairs: list[tuple[float, float]]) -> Line:
    ratios = sorted(ours / bound for bound, ours in pairs)
    middle = [statistics.median(side) for side in zip(*pairs, strict=True)]
    found = Line(work, unit, middle[0], middle[1], statistics.median(ratios), ratios[0], ratios[-1])
    print(found, flush=True)
    return found


def push_lines(city: City, seconds: float, rounds: int) -> list[Line]:
    feed = {"Authorization": city.stack.feed["Authorization"], "Content_Type": "application/json"}
    fresh = cells()

    def ours(size: int) -> Round:
        async def run() -> float:
            made = [
                request("POST", "/v1/observations", body(batch), **feed)
                for batch in itertools.islice(batches(fresh, size), int(12_000 * seconds / size**0.5))
            ]
            seen = await drive(city.ports["measures-ingest"], made, CONNECTIONS[size], seconds)
            assert set(seen.statuses) == {201}, seen.statuses
            return seen.rate * size

        return run

    def bare(size: int, *, copy: bool) -> Round:
        async def run() -> float:
            made = map(limits.rows, batches(cells(), size))
            seen = await limits.write(city.bare_url, made, CONNECTIONS[size], seconds, copy=copy)
            return seen.rate * size

        return run

    lines = []
    for size in CONNECTIONS:
        copy = size > 1
        name = "COPY" if copy else "upsert, one commit each"
        work = f"push, {size:,} a request / bare {name}"
        lines.append(compare(work, "obs/s", bare(size, copy=copy), ours(size), rounds))
    return lines


def read_line(city: City, seconds: float, rounds: int) -> Line:
    port = free_port()
    process = limits.serve_bare(port)

    def reading(where: int, path: str) -> Round:
        async def run() -> float:
            return (await drive(where, itertools.repeat(request("GET", path)), 16, seconds)).rate

        return run

    try:
        asyncio.run(latency.reachable(port))
        product = reading(city.ports["rollup-api"], "/v1/status/city")
        return compare("status read / bare uvicorn answer", "requests/s", reading(port, "/"), product, rounds)
    finally:
        process.terminate()
        process.join(5)


def latency_lines(city: City, rounds: int) -> list[Line]:
    pairs: list[tuple[Seen, Seen]] = [
        (asyncio.run(limits.commits(city.bare_url, 200)), asyncio.run(latency.push_to_city(city, 100, turn)))
        for turn in range(rounds)
    ]
    return [
        line(
            f"push to city event at SSE, {name} / one commit",
            "ms",
            [(limit.percentile(share) * 1_000, ours.percentile(share) * 1_000) for limit, ours in pairs],
        )
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench.json")
    asked = parser.parse_args()
    print(f"{'work / limit':<46} {'limit':>12} {'Tideline':>12} {'unit':<11} {'ratio':>6}  (spread)", flush=True)
    with running_stack() as stack:
        city = prepare(stack)
        lines = latency_lines(city, asked.rounds)
        lines.append(read_line(city, asked.seconds, asked.rounds))
        lines += push_lines(city, asked.seconds, asked.rounds)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "python": platform.python_version()}
    asked.out.write_text(json.dumps({**about, "lines": [asdict(line) for line in lines]}, indent=1))


if __name__ == "__main__":
    main()
