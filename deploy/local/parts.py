"""What a local run consists of: PostgreSQL and NATS (unless real servers are given), five processes, the gateway."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from deploy.local import instance, nats, postgres
from deploy.local.layout import ROOT, Layout
from deploy.local.nats import Server
from deploy.local.postgres import Cluster
from deploy.local.process import Command, accepts, program
from deploy.local.supervisor import Part

MODULES: Final[Mapping[str, str]] = {
    "goals-api": "goals_api.main",
    "measures-ingest": "measures_ingest.main",
    "rollup-worker": "rollup_worker.worker",
    "rollup-api": "rollup_worker.api",
    "opendata-catalog": "opendata_catalog.main",
}
DATABASES: Final[Mapping[str, str]] = {
    "goals-api": "goals",
    "measures-ingest": "measures",
    "rollup-worker": "rollup",
    "rollup-api": "rollup",
    "opendata-catalog": "catalog",
}
PORTS: Final = ["postgres", "nats", "nats-monitor", "gateway-private", *MODULES]


@dataclass(frozen=True)
class Wires:
    """How the processes reach what they need. `creds`: a folder of .creds files; None: NATS asks for none."""

    databases: Mapping[str, str]
    nats_url: str
    creds: Path | None
    ports: Mapping[str, int]

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"


def postgres_part(cluster: Cluster, say: Callable[[str], None]) -> Part:
    def prepare() -> None:
        instance.end_postmaster(cluster.data, say)
        postgres.prepare(cluster)

    return Part("postgres", postgres.command(cluster), partial(postgres.ready, cluster), prepare)


def nats_part(server: Server) -> Part:
    """Watched, because JetStream that met a full disk stays silent until the server starts again."""
    prepare = partial(nats.prepare, server)
    return Part("nats", nats.command(server), partial(nats.ready, server), prepare, watched=True)


def service_part(layout: Layout, name: str, wires: Wires) -> Part:
    env = service_env(layout, name, wires)
    command = Command(name, [sys.executable, "-m", MODULES[name]], layout.log(name), env)
    url = f"{wires.url(name)}/readyz"
    return Part(name, command, partial(answers, url))


def service_env(layout: Layout, name: str, wires: Wires) -> dict[str, str]:
    """What a service is told at its start."""
    env = {
        "DATABASE_URL": wires.databases[DATABASES[name]],
        "NATS_URL": wires.nats_url,
        "TOKEN_KEYS": str(layout.secrets / "jwks.json"),
        "HOST": "127.0.0.1",
        "PORT": str(wires.ports[name]),
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost"])),
        "PYTHONUNBUFFERED": "1",
    }
    if wires.creds is not None:
        env["NATS_CREDS"] = str(wires.creds / f"{name}.creds")
    if name == "rollup-api":
        peers = {each: wires.url(each) for each in MODULES if each != name}
        env["PEERS"] = json.dumps(peers)
    return env


def gateway_part(layout: Layout, address: str, wires: Wires, name: str = "gateway") -> Part:
    """Caddy on `address` (host:port)."""
    home = layout.var / "caddy"
    host, _, port = address.rpartition(":")
    env = {"GATEWAY_HOST": host, "GATEWAY_PORT": port, "HOME": str(home), "XDG_DATA_HOME": str(home)}
    for service in MODULES:
        env[service.upper().replace("-", "_")] = f"127.0.0.1:{wires.ports[service]}"
    config = ROOT / "deploy/caddy/Caddyfile"
    argv: list[str | Path] = [program("caddy"), "run", "--adapter", "caddyfile", "--config", config]
    return Part(name, Command(name, argv, layout.log(name), env), partial(accepts, int(port), host))


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
