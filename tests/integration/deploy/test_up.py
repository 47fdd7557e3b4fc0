"""`make run` as a whole: ready, complete, hard to kill, and gone without a trace when it is told to go."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from deploy.local import instance
from deploy.local.layout import ROOT
from deploy.local.parts import MODULES
from deploy.local.process import free_port
from tests.support.parts import Nats, Postgres, temporary_folder
from tests.support.stack import Stack, start_stack
from tests.support.stubs import soon
from tideline.vocabulary import Role

PARTS = ["postgres", "nats", *MODULES, "gateway"]
OBSERVATION = {"observations": [{"measure": "kept", "period": "2025-01", "value": 1}]}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Folder:
    """One folder for all tests here; a run that is still up is used by the next test."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.stack: Stack | None = None

    def running(self) -> Stack:
        if self.stack is None or self.stack.process.poll() is not None:
            self.stack = start_stack(self.var, free_port())
        return self.stack


@pytest.fixture(scope="module")
def folder() -> Iterator[Folder]:
    with temporary_folder() as place:
        found = Folder(place / "var")
        yield found
        if found.stack is not None and found.stack.process.poll() is None:
            found.stack.stop()


@pytest.fixture
def running(folder: Folder) -> Stack:
    return folder.running()


def pids(stack: Stack) -> list[int]:
    found = [stack.pid(part) for part in PARTS]
    assert None not in found
    return [pid for pid in found if pid is not None]


def started_again(stack: Stack, part: str, dead: int) -> bool:
    return stack.pid(part) not in (None, dead)


def push(stack: Stack) -> str:
    """The answer to one push that is always the same push."""
    headers = stack.feed | {"Idempotency-Key": "kept"}
    answer = httpx.post(f"{stack.base_url}/v1/observations", json=OBSERVATION, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.text


def call(var: Path, word: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "deploy.local", "--var", str(var), word]
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def gone(each: list[int]) -> bool:
    return not any(instance.started(pid) for pid in each)


def test_a_stop_while_it_is_still_starting_spoils_nothing(folder: Folder) -> None:
    found = start_stack(folder.var, free_port(), wait=False)
    soon(lambda: found.pid("postgres") is not None, "PostgreSQL to be started", 60)
    assert found.stop() == 0


def test_a_run_is_complete(running: Stack) -> None:
    path = running.var / "credentials.json"
    assert path.stat().st_mode & 0o777 == 0o600
    found = running.credentials
    assert found["base_url"] == running.base_url
    assert set(found["tokens_by_role"]) == {role.value for role in Role}
    assert found["staff_token"] == found["tokens_by_role"]["administrator"]
    assert found["feed_key"].startswith("tlk_")
    assert found["tpu_feed_key"].startswith("tlk_")
    assert "BEGIN NATS USER JWT" in found["partner_nats_creds"]
    assert httpx.get(f"{running.base_url}/v1/status/city").json()["status"] == "no_data"


def test_a_second_run_on_the_same_folder_says_so(running: Stack) -> None:
    second = start_stack(running.var, free_port(), wait=False)
    assert second.process.wait(60) == 1
    assert f"Tideline already runs from this folder, as process {running.process.pid}" in second.said
    assert running.is_ready()


def test_whatever_is_killed_comes_back(running: Stack) -> None:
    for part in PARTS:
        dead = running.kill(part)
        soon(partial(started_again, running, part, dead), f"{part} to be started again", 60)
    soon(running.is_ready, "everything to be well again", 120)
    for part in PARTS:
        assert f"{part} was ended by signal 9" in running.said


def test_a_killed_supervisor_leaves_no_children_and_loses_no_data(folder: Folder) -> None:
    first = folder.running()
    everything, key, pushed = pids(first), first.credentials["feed_key"], push(first)
    first.process.kill()
    first.process.wait()
    again = folder.running()
    assert gone(everything)
    assert again.credentials["feed_key"] == key
    assert push(again) == pushed


def test_ctrl_c_stops_everything_it_started(running: Stack) -> None:
    everything = pids(running)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0
    assert gone(everything)
    assert list((running.var / "run").glob("*.json")) == []


def test_stop_and_reset_act_on_their_folder_only(running: Stack) -> None:
    refused = call(running.var, "reset")
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert call(running.var, "stop").returncode == 0
    assert running.process.wait(5) == 0
    assert call(running.var, "reset").returncode == 0
    assert list(running.var.iterdir()) == []


def test_given_servers_are_used_instead_of_our_own(
    own_postgres: Postgres, own_nats: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", own_postgres.url)
    monkeypatch.setenv("NATS_URL", own_nats.url)
    monkeypatch.setenv("NATS_CREDS_DIR", str(own_nats.server.secrets))
    with temporary_folder() as folder:
        found = start_stack(folder / "var", free_port())
        assert found.pid("postgres") is None
        assert found.pid("nats") is None
        assert found.credentials["nats_url"] == own_nats.url
        assert found.stop() == 0
    assert own_postgres.process.poll() is None
    assert own_nats.process.poll() is None


def test_commands_of_the_worker_find_the_run_of_their_folder(running: Stack) -> None:
    argv = [sys.executable, "-m", "deploy.local", "--var", str(running.var), "worker"]
    replayed = subprocess.run([*argv, "replay"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (replayed.returncode, "identical: " in replayed.stdout) == (0, True), replayed.stdout + replayed.stderr
    unknown = subprocess.run([*argv, "method", "none", "7"], cwd=ROOT, capture_output=True, check=False, timeout=60)
    assert unknown.returncode != 0
