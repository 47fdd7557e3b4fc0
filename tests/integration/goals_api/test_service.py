"""The whole service with its relay: what is written arrives in the stream, and an absent database is said to be so."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import nats
from fastapi import FastAPI

from deploy.local import nats_users
from goals_api.main import build
from goals_api.schemas import examples
from goals_api.settings import Settings
from tests.integration.goals_api.conftest import Plan, told, write_keys
from tests.support.parts import SERVICES, FreshDatabase, Nats, Postgres
from tideline import migrations
from tideline.bus import Bus
from tideline.events import STREAM_SUBJECTS, MethodsOffered, OfferedMethod, encode
from tideline.events import subject as subject_of


@asynccontextmanager
async def running(url: str, broker: Nats, folder: Path) -> AsyncIterator[Plan]:
    settings = Settings(
        database_url=url,
        nats_url=broker.url,
        nats_creds=broker.creds("goals-api"),
        token_keys=write_keys(folder),
    )
    app: FastAPI = build(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://plan") as http,
    ):
        yield Plan(app, http, app.state.database)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits; the test's own time limit ends a wait in vain."""
    while True:
        if await condition():
            return
        await asyncio.sleep(0.02)


async def ready(plan: Plan) -> None:
    async def is_ready() -> bool:
        return (await plan.http.get("/readyz")).status_code == 200

    await eventually(is_ready)


async def test_what_is_written_arrives_in_the_stream(
    fresh_database: FreshDatabase, nats_server: Nats, tmp_path: Path
) -> None:
    async with running(await fresh_database("goals-api"), nats_server, tmp_path) as plan:
        await ready(plan)
        await plan.put(examples.PLAN)
        reader = await nats.connect(nats_server.url, user_credentials=nats_server.creds(nats_users.STEWARD))
        stream = reader.jetstream()

        async def is_empty() -> bool:
            return await plan.count("pending") == 0

        try:
            await eventually(is_empty)
            assert (await stream.stream_info("GOALS")).state.last_seq == 5
            last = await stream.get_msg("GOALS", 5)
        finally:
            await reader.close()
        assert last.subject == "targets.set.v1.measure.fire-response-p90"


async def test_while_the_database_is_away_the_answer_says_so(
    own_postgres: Postgres, nats_server: Nats, tmp_path: Path
) -> None:
    await asyncio.to_thread(migrations.upgrade, SERVICES / "goals-api", own_postgres.url)
    async with running(own_postgres.url, nats_server, tmp_path) as plan:
        await ready(plan)
        await plan.create("departments", examples.DEPARTMENT)
        own_postgres.process.kill()
        own_postgres.process.wait()
        for answer in (
            await plan.http.get("/v1/departments/fire"),
            await plan.http.post("/v1/departments", json={"code": "x", "title": "X"}, headers=plan.analyst),
        ):
            assert (told(answer, 503)["code"], answer.headers["retry-after"]) == ("database_away", "1")
        assert (await plan.http.get("/readyz")).status_code == 503
        await asyncio.to_thread(own_postgres.restart)
        await ready(plan)
        assert told(await plan.http.get("/v1/departments/fire"), 200)["version"] == 1
        told(await plan.http.get("/v1/departments/x"), 404)


async def test_a_connection_that_breaks_inside_a_write_is_an_absent_database_too(
    fresh_database: FreshDatabase, nats_server: Nats, tmp_path: Path
) -> None:
    async with running(await fresh_database("goals-api"), nats_server, tmp_path) as plan:
        await ready(plan)
        async with plan.database.transaction() as other:
            await other.execute("lock table department")
            writing = asyncio.create_task(
                plan.http.post("/v1/departments", json=examples.DEPARTMENT, headers=plan.analyst)
            )

            async def is_broken() -> bool:
                waiting = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'"
                return bool(await plan.database.pool.fetchval(waiting))

            await eventually(is_broken)
            assert told(await writing, 503)["code"] == "database_away"
        await plan.create("departments", examples.DEPARTMENT)


async def test_what_the_engine_offers_is_heard_from_its_stream(
    fresh_database: FreshDatabase, nats_server: Nats, tmp_path: Path
) -> None:
    """Plans are taken before anybody has offered a method; from then on methods are checked."""
    method = OfferedMethod(id="threshold", version=1, title="Threshold", in_force=True, params={"type": "object"})
    offer = MethodsOffered(methods=[method], offered_at=datetime(2026, 3, 2, tzinfo=UTC))
    headers = {"ce-id": str(uuid.uuid4()), "ce-type": offer.type_name(), "ce-time": "2026-03-02T12:00:00+00:00"}
    unknown = examples.MEASURE | {"department": None, "areas": [], "method": {"id": "divining"}}
    async with running(await fresh_database("goals-api"), nats_server, tmp_path) as plan:
        await ready(plan)
        await plan.create("measures", unknown)
        engine = await Bus.connect(nats_server.url, nats_server.creds("rollup-worker"), "rollup-worker")
        try:
            await engine.js.add_stream(name="STATUS", subjects=list(STREAM_SUBJECTS["STATUS"]))
            subject = subject_of(MethodsOffered, "city", "city", public=True)
            await engine.js.publish(subject, encode(offer), headers=headers)

            async def is_known() -> bool:
                return await plan.count("offered_method") == 1

            await eventually(is_known)
        finally:
            await engine.close()
        assert await plan.refused({"title": "Plan", "measures": [unknown | {"code": "late"}]}) == [
            ("measures[0].method.id", "unknown_method")
        ]
