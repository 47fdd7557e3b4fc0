"""Where everything of a local run lies: one folder, by default var/, that can be moved or emptied as a whole."""

import json
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local.process import PartFailed, port_is_free

ROOT: Final = Path(__file__).parents[2]
PRIVATE_PORTS: Final = range(20_000, 30_000)  # below the ports that systems give to outgoing connections
FREE_BYTES_MIN: Final = 300 * 1024 * 1024
LOG_BYTES_MAX: Final = 20 * 1024 * 1024


@dataclass(frozen=True)
class Layout:
    var: Path

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def credentials(self) -> Path:
        return self.var / "credentials.json"

    @property
    def worker_env(self) -> Path:
        """How the roll-up worker of this folder reaches its database and NATS, for commands beside it."""
        return self.secrets / "rollup-worker.json"

    @property
    def seeded(self) -> Path:
        """Present when the first city has been loaded; what people changed since is theirs."""
        return self.var / "seeded"

    def log(self, part: str) -> Path:
        return self.var / "log" / f"{part}.log"

    def open(self) -> None:
        """The folders exist, old logs are short. Raises PartFailed when the disk is (nearly) full."""
        self.var.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.var).free
        if free < FREE_BYTES_MIN:
            raise PartFailed(f"the disk of {self.var} is full: {free >> 20} MiB free, {FREE_BYTES_MIN >> 20} needed")
        for folder in (self.secrets, self.run, self.var / "log"):
            folder.mkdir(exist_ok=True, mode=0o755 if folder.name == "log" else 0o700)
        for log in (self.var / "log").glob("*.log"):
            if log.stat().st_size > LOG_BYTES_MAX:
                log.replace(log.with_suffix(".log.1"))

    def ports(self, names: list[str]) -> dict[str, int]:
        """The same ports as last time; another where one is taken by somebody else now."""
        path = self.var / "ports.json"
        known: dict[str, int] = read_json(path)
        chosen: dict[str, int] = {}
        for name in names:
            port = known.get(name)
            chosen[name] = port if port and port_is_free(port) else _new_port({*known.values(), *chosen.values()})
        write_private(path, json.dumps(chosen, indent=1))
        return chosen


def read_json(path: Path) -> dict[str, Any]:
    """What was written before; nothing when it is absent or was cut off by a kill."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, whatever happens meanwhile, and never readable by anybody else."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _new_port(taken: set[int]) -> int:
    for port in random.sample(PRIVATE_PORTS, 200):
        if port not in taken and port_is_free(port):
            return port
    raise PartFailed("found no free port between 20000 and 29999 on 127.0.0.1")
