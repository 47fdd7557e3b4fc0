"""`make run` as a whole: ready, complete, hard to kill, and gone without a trace when it is told to go."""

import json
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


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    with temporary_folder() as folder:
        yield folder / "var"


@pytest.fixture
def running(var: Path) -> Iterator[Stack]:
    found = start_stack(var, free_port())
    yield found
    if found.process.poll() is None:
        found.stop()


def pids(stack: Stack) -> list[int]:
    found = [stack.pid(part) for part in PARTS]
    assert None not in found
    return [pid for pid in found if pid is not None]


def started_again(stack: Stack, part: str, dead: int) -> bool:
    return stack.pid(part) not in (None, dead)


def gone(each: list[int]) -> bool:
    return not any(instance.started(pid) for pid in each)


def test_a_run_is_complete_and_leaves_nothing_behind(running: Stack) -> None:
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
    everything = pids(running)
    assert running.stop() == 0
    assert gone(everything)
    assert list((running.var / "run").glob("*.json")) == []


def test_a_second_start_keeps_keys_and_data(running: Stack) -> None:
    kept = running.credentials["feed_key"]
    pushed = httpx.post(
        f"{running.base_url}/v1/observations", json=OBSERVATION, headers=running.feed | {"Idempotency-Key": "kept"}
    )
    running.stop()
    again = start_stack(running.var, running.port)
    try:
        assert again.credentials["feed_key"] == kept
        replayed = httpx.post(
            f"{again.base_url}/v1/observations", json=OBSERVATION, headers=again.feed | {"Idempotency-Key": "kept"}
        )
        assert replayed.json() == pushed.json()
    finally:
        again.stop()


def test_whatever_is_killed_comes_back(running: Stack) -> None:
    for part in PARTS:
        dead = running.kill(part)
        soon(partial(started_again, running, part, dead), f"{part} to be started again")
    soon(running.is_ready, "everything to be well again", 60)
    for part in PARTS:
        assert f"{part} was ended by signal 9" in running.said


def test_a_second_run_on_the_same_folder_says_so(running: Stack) -> None:
    second = start_stack(running.var, free_port(), wait=False)
    assert second.process.wait(30) == 1
    assert f"Tideline already runs from this folder, as process {running.process.pid}" in second.said
    assert running.is_ready()


def test_a_killed_supervisor_leaves_no_children_and_its_folder_starts_again(running: Stack) -> None:
    everything = pids(running)
    running.process.kill()
    running.process.wait()
    again = start_stack(running.var, running.port)
    try:
        assert gone(everything)
    finally:
        again.stop()


def test_it_stops_while_it_is_still_starting(var: Path) -> None:
    found = start_stack(var, free_port(), wait=False)
    soon(lambda: found.pid("postgres") is not None, "PostgreSQL to be started")
    assert found.stop() == 0


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


def test_stop_and_reset_act_on_their_folder_only(running: Stack) -> None:
    def call(word: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "deploy.local", "--var", str(running.var), word]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    refused = call("reset")
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    assert call("stop").returncode == 0
    assert running.process.wait(5) == 0
    assert call("reset").returncode == 0
    assert list(running.var.iterdir()) == []


def test_ctrl_c_is_as_good_as_sigterm(var: Path) -> None:
    found = start_stack(var, free_port())
    everything = pids(found)
    found.process.send_signal(signal.SIGINT)
    assert found.process.wait(60) == 0
    assert gone(everything)
    assert json.loads((var / "ports.json").read_text())
