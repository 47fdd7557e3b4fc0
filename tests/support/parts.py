"""Real PostgreSQL and NATS for tests: started once per pytest process on free ports, cleaned between tests.

postgres          the administrator's URL of this process's server
fresh_database    `url = await fresh_database("goals-api")`: a migrated database of this test's own;
                  `await fresh_database()`: an empty one
nats_server       `.url` and `.creds("rollup-worker")`: operator mode with the users of deploy/local/nats_users.py;
                  streams are deleted after each test that asked for it
own_postgres      a server for one test that stops, kills or fills it: `.url`, `.process`, `.restart()`
own_nats          the same for NATS
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import nats
import pytest

from deploy.local import nats as nats_part
from deploy.local import nats_users
from deploy.local import postgres as postgres_part
from deploy.local.process import Command, free_port, stop
from tideline import migrations

SERVICES = Path(__file__).parents[2] / "services"
DATABASES = {
    "goals-api": "goals",
    "measures-ingest": "measures",
    "rollup-worker": "rollup",
    "opendata-catalog": "catalog",
}
PASSWORD = "only-in-tests"
FreshDatabase = Callable[..., Awaitable[str]]


@dataclass
class Postgres:
    """A running cluster. `durable`: with fsync, for tests that kill the machine's power in effect."""

    cluster: postgres_part.Cluster
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.cluster.url

    def restart(self) -> None:
        """After the test ended or killed `process`: the same data on the same port."""
        stop(self.process, self.command.stop_signal)
        self.process = postgres_part.start(self.cluster)

    @property
    def command(self) -> Command:
        return postgres_part.command(self.cluster)


@dataclass
class Nats:
    """A running server with a .creds file per user."""

    server: nats_part.Server
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return self.server.url

    def creds(self, user: str) -> str:
        return str(self.server.credentials(user))

    def restart(self) -> None:
        stop(self.process, self.command.stop_signal)
        self.process = nats_part.start(self.server)

    @property
    def command(self) -> Command:
        return nats_part.command(self.server)

    async def delete_streams(self) -> None:
        client = await nats.connect(self.url, user_credentials=self.creds(nats_users.STEWARD))
        try:
            for stream in await client.jetstream().streams_info():
                assert stream.config.name is not None
                await client.jetstream().delete_stream(stream.config.name)
        finally:
            await client.close()


@dataclass
class Templates:
    """One migrated database per service, from which each test's database is copied."""

    admin_url: str
    made: dict[str, str] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    count: int = 0

    async def copy(self, service: str | None) -> str:
        async with self.lock:
            name = await self._template(service)
            self.count += 1
        copy = f"test_{self.count}_{name}"
        await self._run(f'create database "{copy}" template "{name}" owner "{name}" strategy file_copy')
        return postgres_part.database_url(self.admin_url, copy, name, PASSWORD)

    async def drop(self, url: str) -> None:
        await self._run(f'drop database if exists "{url.rpartition("/")[2]}" with (force)')

    async def _template(self, service: str | None) -> str:
        name = DATABASES[service] if service else "plain"
        if name not in self.made:
            url = await postgres_part.provide(self.admin_url, name, PASSWORD)
            if service:
                await asyncio.to_thread(migrations.upgrade, SERVICES / service, url)
            self.made[name] = url
        return name

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tideline-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[Postgres]:
    with temporary_folder() as folder:
        cluster = postgres_part.Cluster(folder / "postgres", free_port(), PASSWORD, folder / "log", durable=durable)
        part = Postgres(cluster, postgres_part.start(cluster))
        try:
            yield part
        finally:
            stop(part.process, part.command.stop_signal)


@contextmanager
def running_nats() -> Iterator[Nats]:
    with temporary_folder() as folder:
        server = nats_part.Server(folder / "nats", folder / "secrets", free_port(), free_port(), folder / "log")
        part = Nats(server, nats_part.start(server))
        try:
            yield part
        finally:
            stop(part.process, part.command.stop_signal)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with running_postgres() as part:
        yield part.url


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    with running_postgres(durable=True) as part:
        yield part


@pytest.fixture(scope="session")
def templates(postgres: str) -> Templates:
    return Templates(postgres)


@pytest.fixture
async def fresh_database(templates: Templates) -> AsyncIterator[FreshDatabase]:
    made: list[str] = []

    async def fresh(service: str | None = None) -> str:
        made.append(await templates.copy(service))
        return made[-1]

    yield fresh
    for url in made:
        await templates.drop(url)


@pytest.fixture(scope="session")
def shared_nats() -> Iterator[Nats]:
    with running_nats() as part:
        yield part


@pytest.fixture
async def nats_server(shared_nats: Nats) -> AsyncIterator[Nats]:
    yield shared_nats
    await shared_nats.delete_streams()


@pytest.fixture
def own_nats() -> Iterator[Nats]:
    with running_nats() as part:
        yield part
