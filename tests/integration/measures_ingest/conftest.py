"""The service over a real database, spoken to through its routes; the bus is another file's matter."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm

from measures_ingest.handlers import handlers
from measures_ingest.jobs.group_commit import GroupCommit
from measures_ingest.main import assemble, build
from measures_ingest.routes.desk import Desk
from measures_ingest.settings import Settings
from tests.support.parts import FreshDatabase
from tideline import events
from tideline.auth import AUDIENCE, ISSUER
from tideline.consumer import Meta
from tideline.database import Database
from tideline.events import MeasureDefined, ObservationsRecorded

START = datetime(2017, 6, 15, 12, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def token(*roles: str, subject: str = "ada", departments: tuple[str, ...] = ()) -> str:
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "roles": roles,
        "departments": departments,
    }
    claims["exp"] = datetime.now(UTC) + timedelta(hours=1)
    return jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "test"})


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Waits a while for something to become true."""
    for _ in range(2_000):
        if await holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def write_keys(folder: Path) -> Path:
    """The public half, as the service reads it."""
    public = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "test"}
    keys = folder / "jwks.json"
    keys.write_text(json.dumps({"keys": [public]}))
    return keys


@dataclass
class Ingest:
    """The service as a test sees it. `client` speaks as an administrator unless told otherwise."""

    database: Database
    desk: Desk
    group: GroupCommit
    app: FastAPI
    client: httpx.AsyncClient
    loop: "asyncio.Task[None]"

    async def define(self, code: str, version: int = 1, **more: Any) -> None:
        """As if the event had arrived."""
        told = MeasureDefined(code=code, version=version, title=code, defined_at=START, **more)
        meta = Meta(uuid.uuid4(), "GOALS", 1, MeasureDefined.type_name(), "", START)
        async with self.database.transaction() as connection:
            await handlers(self.desk.clock)[MeasureDefined](connection, told, meta)
        await self.desk.definitions.refresh()

    async def push(self, *rows: dict[str, Any], key: str | None = None, **query: str) -> httpx.Response:
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        body = events.encode({"observations": rows})
        return await self.client.post("/v1/observations", content=body, headers=headers, params=query)

    async def send(self, body: bytes, kind: str = "text/csv", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/v1/observations", content=body, headers={"Content-Type": kind, **named})

    async def values(self, measure: str, **query: str) -> dict[str, Any]:
        """Period (and breakdown) → value, as `GET /v1/observations` gives them."""
        answer = await self.client.get("/v1/observations", params={"measure": measure, **query})
        assert answer.status_code == 200, answer.text
        items = json.loads(answer.text, parse_float=Decimal)["items"]
        return {one["period"] + "".join(sorted(one["breakdown"].values())): one["value"] for one in items}

    async def recorded(self) -> list[ObservationsRecorded]:
        """The events in the outbox, in order."""
        rows = await self.database.pool.fetch("select type, body, subject from event order by id")
        assert all(row["subject"].startswith("internal.observations.recorded.v1.source.") for row in rows)
        found = [events.decode(row["type"], row["body"]) for row in rows]
        return [one for one in found if isinstance(one, ObservationsRecorded)]

    async def count(self, table: str) -> int:
        found: int = await self.database.pool.fetchval(f"select count(*) from {table}")
        return found


@asynccontextmanager
async def running(url: str, folder: Path, **settings: Any) -> AsyncIterator[Ingest]:
    chosen = Settings(database_url=url, nats_url="", token_keys=write_keys(folder), clock_start=START, **settings)
    app = build(chosen)
    database = await Database.open(url, name="test")
    desk, group = assemble(chosen, database)
    app.state.desk, app.state.keys = desk, desk.keys
    loop = asyncio.create_task(group.run())
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://ingest",
        headers={"Authorization": f"Bearer {token('administrator')}"},
    )
    try:
        yield Ingest(database, desk, group, app, client, loop)
    finally:
        await client.aclose()
        loop.cancel()
        await asyncio.wait([loop])
        await database.close()


@pytest.fixture
async def ingest(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Ingest]:
    async with running(await fresh_database("measures-ingest"), tmp_path) as found:
        await found.define("potholes", department="streets", breakdowns=["district"])
        yield found
