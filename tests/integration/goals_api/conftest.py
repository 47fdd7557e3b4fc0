"""The plan's service over a real database, asked through its HTTP face. Its clock stands on 2 March 2026."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm

from goals_api.main import build
from goals_api.settings import Settings
from tests.support.parts import FreshDatabase
from tideline import events
from tideline.auth import AUDIENCE, ISSUER, Keys
from tideline.clock import Clock
from tideline.database import Database
from tideline.vocabulary import Role

Json = dict[str, Any]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True)
class Sent:
    """One event of the outbox."""

    subject: str
    body: events.Event


@dataclass(frozen=True)
class Plan:
    """The running application: `http` asks as nobody, `by(role)` gives the headers of somebody."""

    app: FastAPI
    http: httpx.AsyncClient
    database: Database

    def by(self, *roles: Role, departments: tuple[str, ...] = ()) -> dict[str, str]:
        return {"Authorization": f"Bearer {_token(roles, departments)}"}

    @property
    def analyst(self) -> dict[str, str]:
        return self.by(Role.ANALYST)

    async def create(self, kinds: str, body: Json) -> Json:
        return told(await self.http.post(f"/v1/{kinds}", json=body, headers=self.analyst), 201)

    async def replace(self, path: str, body: Json, version: int) -> Json:
        """Sends back what was read, with every digit."""
        headers = self.analyst | {"If-Match": f'"{version}"', "Content-Type": "application/json"}
        return told(await self.http.put(f"/v1/{path}", content=events.encode(body), headers=headers), 200)

    async def put(self, document: Json, code: str = "city-plan", **asked: Any) -> Json:
        answer = await self.http.put(f"/v1/plans/{code}", json=document, headers=self.analyst, params=asked)
        return told(answer, 200, 201)

    async def refused(self, document: Json, code: str = "city-plan") -> list[tuple[str, str]]:
        """Path and code of every fault of a document, which must have some."""
        answer = await self.http.put(f"/v1/plans/{code}", json=document, headers=self.analyst)
        return [(fault["path"], fault["code"]) for fault in told(answer, 422)["errors"]]

    async def sent(self) -> list[Sent]:
        """What the outbox holds, in order."""
        rows = await self.database.pool.fetch("select subject, type, body from event order by id")
        return [Sent(row["subject"], events.decode(row["type"], row["body"])) for row in rows]

    async def count(self, table: str) -> int:
        found: int = await self.database.pool.fetchval(f"select count(*) from {table}")
        return found


def told(answer: httpx.Response, *expected: int) -> Json:
    """The body of an answer that has one of these codes; numbers keep their digits."""
    assert answer.status_code in expected, f"{answer.status_code}: {answer.text[:2000]}"
    found: Json = json.loads(answer.content, parse_float=Decimal)
    return found


def _token(roles: tuple[Role, ...], departments: tuple[str, ...]) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "-".join(roles) or "nobody", "exp": int(time.time()) + 600}
    claims |= {"roles": list(roles), "departments": list(departments)}
    return jwt.encode(claims, KEY, "ES256", {"kid": "test"})


def write_keys(folder: Path) -> Path:
    """The public half of the key that signs the tests' tokens."""
    public = {**ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "test"}
    (folder / "jwks.json").write_text(json.dumps({"keys": [public]}))
    return folder / "jwks.json"


@asynccontextmanager
async def opened(url: str, folder: Path, now: datetime = NOW) -> AsyncIterator[Plan]:
    settings = Settings(database_url=url, nats_url="nats://none", token_keys=write_keys(folder))
    app = build(settings)
    app.state.keys = Keys.load(settings.token_keys)
    app.state.clock = Clock(now)
    app.state.database = database = await Database.open(url, size=4)
    transport = httpx.ASGITransport(app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://plan") as http:
            yield Plan(app, http, database)
    finally:
        await database.close()


@pytest.fixture
async def plan(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Plan]:
    async with opened(await fresh_database("goals-api"), tmp_path) as found:
        yield found
