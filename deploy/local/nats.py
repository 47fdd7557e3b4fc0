"""An embedded NATS server: loopback only, operator mode, JetStream on disk with an fsync before each answer."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local import nats_jwt, nats_users, process
from deploy.local.layout import read_json, write_private
from deploy.local.nats_jwt import Key
from deploy.local.process import Command, program

OPERATOR, SYSTEM, CITY, PARTNERS = "tideline", "SYS", "CITY", "PARTNERS"


@dataclass(frozen=True)
class Server:
    """Where a server lives. `secrets` keeps the signing keys and one .creds file per user, readable by us only."""

    folder: Path
    secrets: Path
    port: int
    monitor_port: int
    log: Path

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def health(self) -> str:
        return f"http://127.0.0.1:{self.monitor_port}/healthz"

    def credentials(self, user: str) -> Path:
        return self.secrets / f"{user}.creds"


def start(server: Server, seconds: float = 60) -> subprocess.Popen[bytes]:
    """A running server with a healthy JetStream. Raises PartFailed."""
    prepare(server)
    return process.start(command(server), lambda: ready(server), seconds)


def prepare(server: Server) -> None:
    """Today's permissions are signed and the configuration is written."""
    server.folder.mkdir(parents=True, exist_ok=True)
    server.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(server.folder / "nats.conf", configuration(server, sign_all(server)))


def command(server: Server) -> Command:
    return Command("NATS", [program("nats-server"), "-c", server.folder / "nats.conf"], server.log)


def ready(server: Server) -> bool:
    """Also false when JetStream has switched itself off, for example on a full disk."""
    try:
        return httpx.get(server.health, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def sign_all(server: Server) -> dict[str, str]:
    """Accounts by public key, as the server wants them; writes the .creds file of every user.

    Keys are made once and kept, permissions are signed anew at each start, so a new version's allow-lists count
    and credentials already handed out stay valid."""
    keys = _keys(server.secrets / "keys.json")
    root, system, city, partners = (keys[name] for name in (OPERATOR, SYSTEM, CITY, PARTNERS))
    for name, permissions in nats_users.city().items():
        _write(server, name, nats_jwt.user(keys[name], city, name, permissions), keys[name])
    for name in nats_users.PARTNERS:
        _write(server, name, nats_jwt.user(keys[name], partners, name, nats_users.partner(name)), keys[name])
    shared = nats_users.imports(city.public)
    return {
        OPERATOR: nats_jwt.operator(root, OPERATOR, system),
        system.public: nats_jwt.account(system, root, SYSTEM),
        city.public: nats_jwt.account(city, root, CITY, jetstream=True, exports=nats_users.exports()),
        partners.public: nats_jwt.account(partners, root, PARTNERS, imports=shared),
    }


def configuration(server: Server, jwts: dict[str, str]) -> str:
    return f"""listen: 127.0.0.1:{server.port}
http: 127.0.0.1:{server.monitor_port}
max_control_line: 32KB
resolver: {{ type: full, dir: "{server.folder / "accounts"}", allow_delete: true, interval: "1m" }}
jetstream: {{ store_dir: "{server.folder / "jetstream"}", sync_interval: always }}
{trust(jwts)}"""


def trust(jwts: dict[str, str]) -> str:
    """The part of a configuration that says whose credentials count, wherever the server runs."""
    accounts = {key: jwt for key, jwt in jwts.items() if key != OPERATOR}
    preload = "\n".join(f"  {key}: {jwt}" for key, jwt in accounts.items())
    return f"""operator: {jwts[OPERATOR]}
system_account: {next(iter(accounts))}
resolver_preload: {{
{preload}
}}
"""


def _keys(path: Path) -> dict[str, Key]:
    """Seeds by name; what is missing is made and kept."""
    seeds: dict[str, str] = read_json(path)
    seeds.setdefault(OPERATOR, Key.new("operator").seed)
    for name in (SYSTEM, CITY, PARTNERS):
        seeds.setdefault(name, Key.new("account").seed)
    for name in (*nats_users.city(), *nats_users.PARTNERS):
        seeds.setdefault(name, Key.new("user").seed)
    write_private(path, json.dumps(seeds, indent=1))
    return {name: Key(seed) for name, seed in seeds.items()}


def _write(server: Server, name: str, jwt: str, key: Key) -> None:
    write_private(server.credentials(name), nats_jwt.credentials(jwt, key))
