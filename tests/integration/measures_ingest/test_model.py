"""Whatever way rows take into the tables, they end as a plain dictionary of revisions says."""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from measures_ingest.actions import streaming, writing
from measures_ingest.routes import push as push_route
from tests.integration.measures_ingest.conftest import Ingest, running
from tests.support.parts import FreshDatabase
from tideline.events import encode

Content = tuple[Decimal | None, str | None]


@dataclass
class Model:
    """Every revision of every key, in order."""

    known: dict[tuple[str, str], list[Content]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, int] = field(default_factory=dict)

    def push(self, rows: list[dict[str, Any]]) -> dict[str, int]:
        counts = {"accepted": 0, "revised": 0, "unchanged": 0, "rejected": 0}
        seen: set[tuple[str, str]] = set()
        for row in rows:
            key = (row["period"], row["breakdown"]["district"])
            counts["rejected" if key in seen else self._take(key, (row["value"], row["flag"]))] += 1
            seen.add(key)
        return counts

    def _take(self, key: tuple[str, str], content: Content) -> str:
        revisions = self.known[key]
        if revisions and revisions[-1] == content:
            return "unchanged"
        revisions.append(content)
        return "accepted" if len(revisions) == 1 else "revised"


def rows(chance: random.Random, size: int) -> list[dict[str, Any]]:
    return [
        {
            "measure": "potholes",
            "period": f"2016-{chance.randint(1, 12):02}",
            "breakdown": {"district": str(chance.randint(1, 4))},
            **chance.choice(
                [
                    {"value": None, "flag": "withdrawn"},
                    {"value": Decimal(chance.randint(1, 3)), "flag": chance.choice([None, "provisional"])},
                ]
            ),
        }
        for _ in range(size)
    ]


def body(kind: str, found: list[dict[str, Any]]) -> bytes:
    if kind == "application/json":
        return encode({"observations": found})
    if kind == "application/x-ndjson":
        return b"\n".join(encode(row) for row in found)
    lines = [
        f"potholes,{row['period']},{'' if row['value'] is None else row['value']},{row['flag'] or ''},"
        f"{row['breakdown']['district']}\n"
        for row in found
    ]
    return ("measure,period,value,flag,breakdown.district\n" + "".join(lines)).encode()


async def stored(ingest: Ingest) -> dict[tuple[str, str], list[Content]]:
    found: dict[tuple[str, str], list[Content]] = defaultdict(list)
    query: dict[str, str] = {"measure": "potholes", "revisions": "true", "limit": "500"}
    while True:
        page = json.loads((await ingest.client.get("/v1/observations", params=query)).text, parse_int=Decimal)
        for one in page["items"]:
            key = (one["period"], one["breakdown"]["district"])
            found[key].append((one["value"], one["flag"]))
            assert one["revision"] == len(found[key])
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def replayed(ingest: Ingest) -> dict[tuple[str, str], list[Content]]:
    """What somebody knows who has only heard the events; each revision names the value it replaces."""
    heard: dict[tuple[str, str], list[Content]] = defaultdict(list)
    for event in await ingest.recorded():
        for one in event.observations:
            revisions = heard[one.period, one.breakdown["district"]]
            previous = (one.previous.value, one.previous.flag) if one.previous else None
            assert previous == (revisions[-1] if revisions else None)
            revisions.append((one.value, one.flag))
            assert one.revision == len(revisions)
    return heard


@pytest.mark.parametrize("seed", range(4))
async def test_rows_end_the_same_by_every_way_in(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(push_route, "SHARED_ROWS", 3)
    monkeypatch.setattr(writing, "COPY_FROM", 6)
    monkeypatch.setattr(push_route, "MEMORY_ROWS", 12)
    monkeypatch.setattr(streaming, "PIECE_ROWS", 5)
    monkeypatch.setattr(streaming, "BLOCK_ROWS", 7)
    chance, model = random.Random(seed), Model()
    async with running(await fresh_database("measures-ingest"), tmp_path) as ingest:
        await ingest.define("potholes", breakdowns=["district"])
        for _ in range(40):
            found = rows(chance, chance.choice([1, 2, 3, 4, 8, 11, 14, 30]))
            kind = chance.choice(["application/json", "application/x-ndjson", "text/csv"])
            rehearsed = await ingest.client.post(
                "/v1/observations?dry_run=true", content=body(kind, found), headers={"Content-Type": kind}
            )
            answer = (await ingest.send(body(kind, found), kind)).json()
            expected = model.push(found)
            assert {name: answer[name] for name in expected} == expected
            assert {name: rehearsed.json()[name] for name in expected} == expected
            assert rehearsed.json()["errors"] == answer["errors"]
        assert await stored(ingest) == await replayed(ingest) == model.known
