"""The whole of Tideline as a user starts it, for story, fault and browser tests.

stack       one for the whole pytest process, without the first city: bring your own plan, codes of your own
city_stack  the same with the first city loaded
Faults that stop parts start their own: `with running_stack() as stack: stack.kill("rollup-worker")`.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.layout import ROOT
from deploy.local.process import free_port, tail
from tests.support.parts import temporary_folder
from tests.support.stubs import soon

START_SECONDS = 180


@dataclass
class Stack:
    var: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.var / "credentials.json").read_text())
        return found

    @property
    def staff(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['staff_token']}"}

    @property
    def feed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credentials['feed_key']}"}

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.said
        try:
            return httpx.get(f"{self.base_url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    @property
    def said(self) -> str:
        return tail(self.var / "said", 60)

    def pid(self, part: str) -> int | None:
        """The process of a part as it runs now: postgres, nats, gateway, goals-api, rollup-worker …"""
        try:
            pid: int = json.loads((self.var / "run" / f"{part}.json").read_text())["pid"]
        except (FileNotFoundError, ValueError):
            return None
        return pid

    def kill(self, part: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Ends a part; the supervisor starts it again. The number of the process that died."""
        pid = self.pid(part)
        assert pid is not None, f"{part} does not run"
        os.kill(pid, number)
        return pid

    def stop(self, seconds: float = 60) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def start_stack(var: Path, port: int, *, empty: bool = True, wait: bool = True, clock_start: str = "") -> Stack:
    """`make run` without make, on a folder of its own; ready when this returns. `clock_start`: the services' now."""
    var.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "deploy.local", "--var", str(var), "up", "--port", str(port)]
    with (var / "said").open("ab") as said:
        env = {**os.environ, **({"CLOCK_START": clock_start} if clock_start else {})}
        argv += ["--empty"] if empty else []
        process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=said, stderr=said)
    stack = Stack(var, port, process)
    if wait:
        try:
            soon(stack.is_ready, "the stack to be ready", START_SECONDS)
        except BaseException as reason:
            reason.add_note(stack.said)
            stack.process.kill()
            stack.process.wait()
            raise
    return stack


@contextmanager
def running_stack(*, empty: bool = True, clock_start: str = "") -> Iterator[Stack]:
    with temporary_folder() as folder:
        stack = start_stack(folder / "var", free_port(), empty=empty, clock_start=clock_start)
        try:
            yield stack
        finally:
            if stack.process.poll() is None:
                stack.stop()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running_stack() as found:
        yield found


@pytest.fixture(scope="session")
def city_stack() -> Iterator[Stack]:
    with running_stack(empty=False) as found:
        yield found
