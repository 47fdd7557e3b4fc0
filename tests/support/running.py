"""A running Tideline as its users meet it: by address, tokens and keys alone.

tideline        one for the whole pytest process: the system that TIDELINE_CREDENTIALS names (the path of a
                credentials.json, as for containers), else one started here. Codes of your own: others use it too
partner_creds   the .creds file of its partner on NATS
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, cast

import httpx
import pytest

Json = dict[str, Any]
SECONDS = 60


@dataclass(frozen=True)
class Sent:
    """One server-sent event. A mark moves the place on and brings nothing: its `event` is empty."""

    id: str
    event: str = ""
    data: Json = field(default_factory=dict)

    @property
    def body(self) -> Json:
        found: Json = self.data["data"]
        return found

    @property
    def node(self) -> tuple[str, str]:
        return self.body["kind"], self.body["code"]


@dataclass(frozen=True)
class Tideline:
    """Requests are made as the feed (pushes), as staff (plans) or as anybody (reads)."""

    credentials: Json
    http: httpx.AsyncClient

    @classmethod
    @asynccontextmanager
    async def reached(cls, credentials: Json) -> AsyncIterator[Self]:
        address = credentials["base_url"]
        async with httpx.AsyncClient(base_url=address, timeout=SECONDS, trust_env=False) as http:
            yield cls(credentials, http)

    @property
    def staff(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['staff_token']}"}

    @property
    def feed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['feed_key']}"}

    async def put_plan(self, document: Mapping[str, Any], **asked: Any) -> Json:
        path = f"/v1/plans/{document['code']}"
        return told(await self.http.put(path, json=document, headers=self.staff, params=asked))

    async def push(self, observations: Iterable[Mapping[str, Any]], **headers: str) -> Json:
        """The answer to a push that must be taken whole."""
        return told(await self.send({"observations": list(observations)}, **headers), 201)

    async def send(self, body: Mapping[str, Any], **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post("/v1/observations", json=body, headers={**self.feed, **named})

    async def push_csv(self, text: str) -> Json:
        headers = {**self.feed, "Content-Type": "text/csv; charset=utf-8"}
        return told(await self.http.post("/v1/observations", content=text.encode(), headers=headers), 201)

    async def defined(self, measures: Iterable[str]) -> None:
        """Waits until pushes find these measures; what came too early would be held back and applied later."""
        probe = {"observations": [{"measure": code, "period": "1900", "value": 0} for code in measures]}

        async def found() -> bool:
            answer = await self.http.post("/v1/observations?dry_run=true", json=probe, headers=self.feed)
            return bool(told(answer, 200, 207, 422)["quarantined"] == 0)

        await until(found, "the definitions to reach the ingest")

    async def observations(self, measure: str, **asked: Any) -> list[Json]:
        """The current values of a measure, however many pages they fill."""
        found, params = list[Json](), {**asked, "measure": measure, "limit": 500}
        while True:
            page = told(await self.http.get("/v1/observations", params=params, headers=self.feed))
            found += page["items"]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    async def status(self, kind: str, code: str = "", rest: str = "", **asked: Any) -> Json:
        """A public status document; `rest`: explain, history …"""
        return told(await self.http.get(status_path(kind, code, rest), params=asked))

    async def find_status(self, kind: str, code: str = "", **asked: Any) -> Json | None:
        """None while the definition has not come through."""
        answer = await self.http.get(status_path(kind, code), params=asked)
        return None if answer.status_code == 404 else told(answer)

    @asynccontextmanager
    async def events(self, since: str = "", **asked: str) -> AsyncIterator[AsyncGenerator[Sent]]:
        """The public event stream from now on, or from after a place. The first thing it says is a mark.

        Raises httpx.HTTPStatusError when it is refused.
        """
        headers = {"Last-Event-ID": since} if since else {}
        async with self.http.stream("GET", "/v1/events", params=asked, headers=headers) as answer:
            answer.raise_for_status()
            async with aclosing(_sent(answer)) as messages:
                yield messages


async def until(ask: Callable[[], Awaitable[bool]], what: str, seconds: float = SECONDS) -> None:
    """Asks again and again; fails when the answer stays no. The time is a bound, not an expectation."""
    try:
        async with asyncio.timeout(seconds):
            while not await ask():  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:.0f} s for {what}") from None


def status_path(kind: str, code: str = "", rest: str = "") -> str:
    node = "city" if kind == "city" else f"{kind}s/{code}"
    return f"/v1/status/{node}" + (f"/{rest}" if rest else "")


def told(answer: httpx.Response, *expected: int) -> Json:
    """The body of a good answer (or of one with an expected code); decimals keep their digits."""
    right = answer.status_code in expected if expected else answer.is_success
    assert right, f"{answer.request.method} {answer.request.url} answered {answer.status_code}: {answer.text[:2000]}"
    return read_json(answer.content)


def read_json(text: str | bytes) -> Json:
    found: Json = json.loads(text, parse_float=Decimal)
    return found


async def _sent(answer: httpx.Response) -> AsyncGenerator[Sent]:
    held = dict[str, str]()
    async with aclosing(cast(AsyncGenerator[str], answer.aiter_lines())) as lines:
        async for line in lines:
            name, _, value = line.partition(": ")
            if line:
                held[name] = value
            elif "id" in held:
                yield Sent(held["id"], held.get("event", ""), read_json(held.get("data", "{}")))
                held.clear()


@pytest.fixture(scope="session")
def credentials(request: pytest.FixtureRequest) -> Json:
    given = os.environ.get("TIDELINE_CREDENTIALS")
    found: Json = read_json(Path(given).read_text()) if given else request.getfixturevalue("stack").credentials
    return found


@pytest.fixture(scope="session")
async def tideline(credentials: Json) -> AsyncIterator[Tideline]:
    async with Tideline.reached(credentials) as found:
        yield found


@pytest.fixture(scope="session")
def partner_creds(credentials: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .creds file, as NATS clients want it."""
    path = tmp_path_factory.mktemp("partner") / "partner.creds"
    path.write_text(credentials["partner_nats_creds"])
    return path
