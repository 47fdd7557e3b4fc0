"""What the supervisor promises about its children, tried with real processes."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import instance, layout, up
from deploy.local.layout import ROOT, Layout
from deploy.local.process import Command, PartFailed, accepts, free_port
from deploy.local.supervisor import Part, Supervisor
from tests.support.parts import Postgres
from tests.support.stubs import soon

LISTEN = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(600)"
SLEEP = "import time; time.sleep(600)"


def python(folder: Path, name: str, code: str, *words: str) -> Command:
    return Command(name, [sys.executable, "-c", code, *words], folder / f"{name}.log")


def is_gone(pid: int) -> bool:
    return instance.started(pid) == ""


class Kept:
    """A supervisor with what it said."""

    def __init__(self, run: Path) -> None:
        self.said: list[str] = []
        self.it = Supervisor(run, self.said.append)

    def listener(self, folder: Path, name: str) -> Part:
        port = free_port()
        return Part(name, python(folder, name, LISTEN, str(port)), lambda: accepts(port))

    def until(self, condition: Callable[[], bool]) -> None:
        self.it.until(condition, "the test's condition", 20)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    found = Kept(tmp_path)
    yield found
    found.it.stop()


def pid_of(part: Part) -> int:
    assert part.process is not None
    return part.process.pid


def test_a_killed_child_is_started_again_with_a_message(kept: Kept, tmp_path: Path) -> None:
    part = kept.listener(tmp_path, "listener")
    kept.it.start(part)
    first = pid_of(part)
    os.kill(first, signal.SIGKILL)
    kept.until(lambda: part.up and part.process is not None and part.process.pid != first)
    assert kept.said[0].startswith("listener was ended by signal 9")
    assert kept.said[1] == "listener is back"


def test_a_child_that_cannot_start_is_given_up_with_the_end_of_its_log(kept: Kept, tmp_path: Path) -> None:
    part = Part("broken", python(tmp_path, "broken", "print('no such thing'); raise SystemExit(3)"), lambda: False)
    with pytest.raises(PartFailed, match="waited for broken to be ready: it ended again and again") as caught:
        kept.it.start(part)
    assert "no such thing" in str(caught.value)
    assert "ended with code 3" in kept.said[0]


def test_a_wait_ends_and_says_what_it_waited_for(kept: Kept, tmp_path: Path) -> None:
    part = Part("slow", python(tmp_path, "slow", f"print('still busy', flush=True); {SLEEP}"), lambda: False)
    with pytest.raises(PartFailed, match="waited for slow to be ready: not after 2 s") as caught:
        kept.it.start(part, seconds=2)
    assert "still busy" in str(caught.value)


def test_stopping_ends_what_was_started_and_nothing_else(kept: Kept, tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP])
    below, above = kept.listener(tmp_path, "below"), kept.listener(tmp_path, "above")
    kept.it.start(below)
    kept.it.start(above)
    pids = [pid_of(below), pid_of(above)]
    kept.it.stop()
    assert all(is_gone(pid) for pid in pids)
    assert stranger.poll() is None
    assert list(tmp_path.glob("*.json")) == []
    stranger.kill()
    stranger.wait()


def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from deploy.local.process import Command, spawn\n"
        f"child = spawn(Command('child', [sys.executable, '-c', {SLEEP!r}], Path({str(tmp_path / 'log')!r})))\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    assert not is_gone(child)
    supervisor.kill()
    supervisor.communicate()
    soon(lambda: is_gone(child), "the child to die")


def test_orphans_of_an_earlier_run_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    orphan, stranger = (subprocess.Popen([sys.executable, "-c", SLEEP]) for _ in range(2))
    instance.remember(tmp_path, "orphan", orphan.pid)
    instance.remember(tmp_path, "reused", stranger.pid)
    record = tmp_path / "reused.json"
    record.write_text(record.read_text().replace('"started": "', '"started": "earlier-'))
    (tmp_path / "cut-off.json").write_text('{"pid": ')
    said: list[str] = []
    instance.end_orphans(tmp_path, said.append)
    assert said == [f"ending orphan ({orphan.pid}), left over from an earlier run"]
    assert orphan.wait(5) == -signal.SIGTERM
    assert stranger.poll() is None
    assert list(tmp_path.glob("*.json")) == []
    stranger.kill()
    stranger.wait()


def test_a_postmaster_file_that_names_a_stranger_does_not_stop_the_start(own_postgres: Postgres) -> None:
    data, said = own_postgres.cluster.data, list[str]()
    own_postgres.process.kill()
    own_postgres.process.wait()
    lines = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    instance.end_postmaster(data, said.append)
    own_postgres.restart()
    assert said == []


def test_a_server_nobody_remembers_is_ended_before_a_new_one_starts(own_postgres: Postgres) -> None:
    said: list[str] = []
    old = own_postgres.process
    instance.end_postmaster(own_postgres.cluster.data, said.append)
    assert old.wait(5) == 0
    assert said == [f"ending postgres ({old.pid}), left over from an earlier run"]
    own_postgres.restart()


def test_one_folder_has_one_supervisor(tmp_path: Path) -> None:
    with instance.sole(tmp_path):
        assert instance.holder(tmp_path) == os.getpid()
        taken = pytest.raises(PartFailed, match=f"already runs from this folder, as process {os.getpid()}")
        with taken, instance.sole(tmp_path):
            raise AssertionError("two at once")
    assert instance.holder(tmp_path) is None


def test_a_busy_port_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        argv = [sys.executable, "-m", "deploy.local", "--var", str(tmp_path / "var"), "up", "--port", port]
        found = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    why = "Address already in use"
    assert found.stdout == f"cannot listen on 127.0.0.1:{port} ({why}): free it, or choose another with PORT=\n"
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_full_disk_is_said_before_anything_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "FREE_BYTES_MIN", 1 << 60)
    with pytest.raises(PartFailed, match="is full"):
        Layout(tmp_path / "var").open()


def test_ports_are_kept_unless_somebody_took_one(tmp_path: Path) -> None:
    place = Layout(tmp_path)
    first = place.ports(["one", "two"])
    assert place.ports(["one", "two"]) == first
    with socket.create_server(("127.0.0.1", first["one"])):
        second = place.ports(["one", "two"])
    assert second["one"] != first["one"]
    assert second["two"] == first["two"]


def test_secrets_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "file"
    layout.write_private(path, "one")
    layout.write_private(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_a_signal_that_a_background_task_swallowed_still_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "_asked_to_stop", threading.Event())

    async def while_a_loop_runs() -> None:
        async def background() -> None:
            up._stop(signal.SIGINT, None)

        await asyncio.wait([asyncio.create_task(background())])

    supervisor = Supervisor(tmp_path, print, up.heed)
    supervisor.tend()
    with contextlib.suppress(up.Stopped):
        asyncio.run(while_a_loop_runs())
    with pytest.raises(up.Stopped):
        supervisor.tend()
