"""`make run`: from nothing to a running city, in order, and back to nothing on Ctrl-C."""

import asyncio
import errno
import json
import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn
from urllib.parse import urlsplit

import nats.errors
from nats.js.errors import Error as JetStreamError

from deploy.local import credentials, instance, nats_users, parts, postgres
from deploy.local.layout import Layout, write_private
from deploy.local.nats import Server
from deploy.local.partners import make_consumers
from deploy.local.postgres import Cluster
from deploy.local.process import Command, PartFailed, accepts, why_not_listen
from deploy.local.supervisor import Supervisor

PARTNER_LOOK_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Choices:
    """What the caller may decide. `database_url` (an administrator's) and `nats_url` name servers to use instead."""

    var: Path
    port: int
    host: str = "127.0.0.1"
    database_url: str | None = None
    nats_url: str | None = None
    nats_creds: Path | None = None
    empty: bool = False

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


class Stopped(BaseException):
    """Somebody asked us to end; may come at any point."""


def up(choices: Choices) -> int:
    """Runs until asked to stop. 0 after Ctrl-C or SIGTERM, 1 with a message when something is in the way."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with ExitStack() as stack:
            Run(choices, stack).forever()
    except Stopped:
        say("stopped")
    except PartFailed as reason:
        say(str(reason))
        return 1
    except OSError as reason:
        if reason.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        say(f"the disk of {choices.var} is full: free some space and start again")
        return 1
    return 0


class Run:
    """One run; whatever it started is stopped when the stack unwinds."""

    def __init__(self, choices: Choices, stack: ExitStack) -> None:
        self.choices = choices
        self.layout = Layout(choices.var.resolve())
        self.layout.open()
        stack.enter_context(instance.sole(self.layout.run))
        instance.end_orphans(self.layout.run, say)
        if why := why_not_listen(choices.port, choices.host):
            raise PartFailed(f"cannot listen on {choices.address} ({why}): free it, or choose another with PORT=")
        self.ports = self.layout.ports(parts.PORTS)
        self.tokens = credentials.sign_tokens(self.layout)
        self.supervisor = Supervisor(self.layout.run, say, heed)
        stack.callback(self._stop)

    def forever(self) -> NoReturn:
        wires = self._wires()
        services = [parts.service_part(self.layout, name, wires) for name in parts.MODULES]
        worker = parts.service_env(self.layout, "rollup-worker", wires)
        write_private(self.layout.worker_env, json.dumps(worker, indent=1))
        say("starting the services")
        self.supervisor.start(*services, seconds=90)
        self._write_credentials(wires)
        self._partners(wires)
        if not self.choices.empty and not self.layout.seeded.exists():
            self._load_the_city(wires)
        self.supervisor.start(parts.gateway_part(self.layout, self.choices.address, wires))
        self._tell(wires)
        self._watch(wires)

    def _wires(self) -> parts.Wires:
        """The servers run, every database is there and migrated."""
        admin_url, nats_url, creds = self._servers()
        names = list(dict.fromkeys(parts.DATABASES.values()))
        passwords = credentials.passwords(self.layout, ["postgres", *names])
        try:
            made = {name: asyncio.run(postgres.provide(admin_url, name, passwords[name])) for name in names}
        except (OSError, *postgres.REFUSED) as reason:
            raise PartFailed(f"PostgreSQL did not give the databases: {reason}") from reason
        env = {"MIGRATE": json.dumps({service: made[name] for service, name in parts.DATABASES.items()})}
        say("bringing the databases to the newest version")
        migrate = Command("migrate", [sys.executable, "-m", "deploy.local.migrate"], self.layout.log("migrate"), env)
        self.supervisor.once(migrate, 300)
        return parts.Wires(made, nats_url, creds, self.ports)

    def _servers(self) -> tuple[str, str, Path | None]:
        """PostgreSQL's administrator URL, NATS' URL and credentials: the given ones, or our own servers'."""
        own, admin_url = [], self.choices.database_url
        nats_url, creds = self.choices.nats_url, self.choices.nats_creds
        if admin_url is None:
            password = credentials.passwords(self.layout, ["postgres"])["postgres"]
            cluster = Cluster(
                self.layout.var / "postgres", self.ports["postgres"], password, self.layout.log("postgres")
            )
            own.append(parts.postgres_part(cluster, say))
            admin_url = cluster.url
        if nats_url is None:
            secret = self.layout.secrets / "nats"
            ports = (self.ports["nats"], self.ports["nats-monitor"])
            server = Server(self.layout.var / "nats", secret, *ports, self.layout.log("nats"))
            own.append(parts.nats_part(server))
            nats_url, creds = server.url, secret
        elif not accepts((place := urlsplit(nats_url)).port or 4222, place.hostname or ""):
            raise PartFailed(f"nothing answers at NATS_URL, {nats_url}")
        if own:
            say(f"starting {' and '.join(part.name for part in own)}")
            self.supervisor.start(*own)
        return admin_url, nats_url, creds

    def _write_credentials(self, wires: parts.Wires) -> None:
        staff = self.tokens["administrator"]
        feeds = credentials.make_feeds(self.layout, wires.url("measures-ingest"), staff)
        partner = wires.creds / f"{nats_users.PARTNERS[0]}.creds" if wires.creds else None
        found = {"staff_token": staff, "tokens_by_role": self.tokens, **feeds}
        found["partner_nats_creds"] = partner.read_text() if partner and partner.exists() else ""
        credentials.write_credentials(self.layout, f"http://{self.choices.address}", wires.nats_url, found)

    def _partners(self, wires: parts.Wires) -> bool:
        steward = wires.creds / f"{nats_users.STEWARD}.creds" if wires.creds else None
        if steward is not None and not steward.exists():
            return True
        try:
            return asyncio.run(asyncio.wait_for(make_consumers(wires.nats_url, steward), 10))
        except (OSError, TimeoutError, nats.errors.Error, JetStreamError):
            return False

    def _load_the_city(self, wires: parts.Wires) -> None:
        """Through the public API, behind a door that is not open yet."""
        say("loading the plan of Tacoma 2025 and its history")
        address = f"127.0.0.1:{self.ports['gateway-private']}"
        door = parts.gateway_part(self.layout, address, wires, "gateway-private")
        self.supervisor.start(door)
        argv = [sys.executable, "-m", "deploy.seed", "--credentials", str(self.layout.credentials)]
        seed = Command("seed", [*argv, "--base-url", f"http://{address}"], self.layout.log("seed"))
        self.supervisor.once(seed, 600)
        self.supervisor.drop(self.supervisor.layers[-1])
        self.layout.seeded.write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ\n", time.gmtime()))

    def _tell(self, wires: parts.Wires) -> None:
        base = f"http://{self.choices.address}"
        say(f"Tideline runs on {base} - Ctrl-C stops it")
        say(f"  pages {base}/   API {base}/docs   events {base}/v1/events   NATS {wires.nats_url}")
        say(f"  tokens and keys {self.layout.credentials}   logs {self.layout.var / 'log'}")
        say(f"  try: curl -s {base}/v1/status/city")

    def _watch(self, wires: parts.Wires) -> NoReturn:
        look_at = 0.0
        while True:
            self.supervisor.tend()
            if time.monotonic() >= look_at:
                self._partners(wires)
                look_at = time.monotonic() + PARTNER_LOOK_SECONDS
            time.sleep(0.1)

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if self.supervisor.layers:
            say("stopping")
        self.supervisor.stop()


def say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read us has gone; the city runs on


_asked_to_stop = threading.Event()


def heed() -> None:
    """A signal that comes while an event loop runs may raise inside a task that nobody awaits: so it is noted too."""
    if _asked_to_stop.is_set():
        raise Stopped


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    _asked_to_stop.set()
    raise Stopped
