"""A city on a real database, and its reads as the public and as staff meet them."""

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from jwt.algorithms import ECAlgorithm

from rollup_worker import api
from rollup_worker.settings import Settings
from tests.integration.rollup_worker.stage import City
from tests.support.parts import FreshDatabase, Nats
from tideline.auth import AUDIENCE, ISSUER
from tideline.database import Database


@dataclass
class Reads:
    """`by` makes the headers of somebody with one role, of some departments."""

    app: FastAPI
    public: httpx.AsyncClient
    staff: httpx.AsyncClient
    by: Callable[..., dict[str, str]]


@pytest.fixture
async def database_url(fresh_database: FreshDatabase) -> str:
    return await fresh_database("rollup-worker")


@pytest.fixture
async def city(database_url: str) -> AsyncIterator[City]:
    database = await Database.open(database_url, size=4, name="rollup-worker")
    yield City(database, database_url)
    await database.close()


@pytest.fixture
async def reads(database_url: str, nats_server: Nats, tmp_path: Path) -> AsyncIterator[Reads]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "test"}
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public]}))

    def by(role: str, *departments: str) -> dict[str, str]:
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": role, "exp": int(time.time()) + 600, "roles": [role]}
        token = jwt.encode({**claims, "departments": list(departments)}, key, "ES256", {"kid": "test"})
        return {"Authorization": f"Bearer {token}"}

    settings = Settings(
        database_url=database_url,
        nats_url=nats_server.url,
        nats_creds=nats_server.creds("rollup-api"),
        token_keys=tmp_path / "jwks.json",
    )
    app = api.build(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://city") as stranger,
        httpx.AsyncClient(transport=transport, base_url="http://city", headers=by("viewer")) as staff,
    ):
        yield Reads(app, stranger, staff, by)
