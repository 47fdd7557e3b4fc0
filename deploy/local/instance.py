"""One supervisor per folder, and the end of what a killed one left running."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.local.layout import read_json
from deploy.local.process import PartFailed


@contextmanager
def sole(run: Path) -> Iterator[None]:
    """Holds the folder. The kernel lets go when we die, so no lock is ever stale. Raises PartFailed."""
    with (run / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PartFailed(f"Tideline already runs from this folder, as process {holder(run)}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def holder(run: Path) -> int | None:
    """The process that holds the folder; None when nobody does."""
    try:
        with (run / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return int((run / "lock").read_text() or 0)


def remember(run: Path, part: str, pid: int) -> None:
    """So that a later supervisor can tell this process from another one with the same number.

    Not being able to write it, on a full disk, is no reason to stop what runs."""
    with suppress(OSError):
        (run / f"{part}.json").write_text(json.dumps({"pid": pid, "started": started(pid)}))


def forget(run: Path, part: str) -> None:
    (run / f"{part}.json").unlink(missing_ok=True)


def end_orphans(run: Path, say: Callable[[str], None]) -> None:
    """Ends what an earlier supervisor started and could not stop: all are asked, then killed after 10 s."""
    left = [(path, int(record["pid"])) for path in run.glob("*.json") if is_alive(record := read_json(path))]
    for path, pid in left:
        say(f"ending {path.stem} ({pid}), left over from an earlier run")
        os.kill(pid, signal.SIGINT if path.stem == "postgres" else signal.SIGTERM)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(is_alive(read_json(path)) for path, _ in left):
        time.sleep(0.05)
    for path, pid in left:
        if is_alive(read_json(path)):
            os.kill(pid, signal.SIGKILL)
    for path in run.glob("*.json"):
        path.unlink()


def end_postmaster(data: Path, say: Callable[[str], None]) -> None:
    """A postmaster.pid whose number belongs to anybody but a server on this folder would stop the next start."""
    path = data / "postmaster.pid"
    if not path.exists():
        return
    pid = int(path.read_text().partition("\n")[0] or 0)
    if pid > 0 and str(data) in _command_line(pid):
        say(f"ending postgres ({pid}), left over from an earlier run")
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 15
        while path.exists() and _command_line(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    path.unlink(missing_ok=True)


def is_alive(record: dict[str, object]) -> bool:
    pid = record.get("pid")
    return isinstance(pid, int) and bool(record.get("started")) and started(pid) == record["started"]


def started(pid: int) -> str:
    """When a process started, in the words of this system; empty when there is none, or only its remains."""
    stat = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _ps(pid, "lstart=")
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return "" if fields[0] == "Z" else f"{boot}/{fields[19]}"


def _command_line(pid: int) -> str:
    if not Path("/proc/self/cmdline").exists():
        return _ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _ps(pid: int, column: str) -> str:
    found = subprocess.run(["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip()
