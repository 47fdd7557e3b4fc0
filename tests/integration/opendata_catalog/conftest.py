"""The catalog on a real database and a real NATS server, with tokens signed by a key of the test's own."""

import asyncio
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

from opendata_catalog.main import build
from opendata_catalog.settings import Settings
from tests.support.parts import FreshDatabase, Nats
from tideline.auth import AUDIENCE, ISSUER
from tideline.database import Database
from tideline.vocabulary import Role

Headers = dict[str, str]


@dataclass(frozen=True)
class Signer:
    key: ec.EllipticCurvePrivateKey

    def write_public(self, path: Path) -> Path:
        public = {**ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True), "kid": "test"}
        path.write_text(json.dumps({"keys": [public]}))
        return path

    def headers(self, *roles: Role, departments: tuple[str, ...] = ()) -> Headers:
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "-".join(roles), "exp": int(time.time()) + 600}
        claims |= {"roles": list(roles), "departments": list(departments)}
        return {"Authorization": f"Bearer {jwt.encode(claims, self.key, 'ES256', {'kid': 'test'})}"}


@dataclass(frozen=True)
class Catalog:
    """The running application: as the public meets it, as its staff does, and its database."""

    app: FastAPI
    public: httpx.AsyncClient
    signer: Signer

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def become_ready(self) -> None:
        """Waits; the test's own time limit ends a wait in vain."""
        while True:
            if (await self.public.get("/readyz")).status_code == 200:
                return
            await asyncio.sleep(0.02)

    @property
    def steward(self) -> Headers:
        return self.signer.headers(Role.STEWARD)


Entries = Callable[..., dict[str, object]]


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
async def catalog(
    fresh_database: FreshDatabase, nats_server: Nats, signer: Signer, tmp_path: Path
) -> AsyncIterator[Catalog]:
    settings = Settings(
        database_url=await fresh_database("opendata-catalog"),
        nats_url=nats_server.url,
        nats_creds=nats_server.creds("opendata-catalog"),
        token_keys=signer.write_public(tmp_path / "jwks.json"),
    )
    app = build(settings)
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://catalog") as client,
    ):
        yield Catalog(app, client, signer)


@pytest.fixture
def entry() -> Entries:
    def make(code: str = "street-potholes", **changed: object) -> dict[str, object]:
        return {
            "code": code,
            "title": "Potholes repaired",
            "classification": "public",
            "description": "Every pothole repaired, by block and day.",
            "department": "public-works",
            "update_frequency": "month",
            "licence": "Public domain",
            "owner": "Street Operations",
            "privacy": "No personal data",
            "source_system": "Work order system",
            "publication_status": "described",
            "measures": ["potholes-repaired"],
            **changed,
        }

    return make
