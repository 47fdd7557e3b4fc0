"""Child processes that never outlive their parent, and waits that always end and say what they waited for."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

UNPRIVILEGED = 65534
_PR_SET_PDEATHSIG, _PR_SET_SECUREBITS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
_NO_SETUID_FIXUP = 1 << 2
_CAP_DAC_OVERRIDE = 1


class PartFailed(Exception):
    """A part did not start, or did not become ready; the message names it and shows the end of its log."""


@dataclass(frozen=True)
class Command:
    """What to start. `stop_signal` asks it to end in order; `drop_root`: run as nobody when we are root."""

    name: str
    argv: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    drop_root: bool = False


def program(name: str) -> Path:
    """An executable that a wheel put beside this interpreter. Raises PartFailed when it is missing."""
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise PartFailed(f"{path} is missing: install requirements.lock into this environment first")
    return path


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start in a session of its own (Ctrl-C reaches the supervisor only) and die with the parent on Linux."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    drop = command.drop_root and os.geteuid() == 0
    paths = [word for word in command.argv if isinstance(word, Path)]

    def before_exec() -> None:
        if drop:
            become_unprivileged(keep_files=not all(map(open_to_all, paths)))
        die_with(parent, command.stop_signal)

    with command.log.open("ab") as log:
        return subprocess.Popen(
            [str(word) for word in command.argv],
            env={**os.environ, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/" if drop else None,
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509 - no other thread of ours holds a lock it needs
        )


def die_with(parent: int, stop_signal: signal.Signals) -> None:
    """Ask Linux for `stop_signal` when the parent dies, however it dies. Elsewhere var/run finds orphans."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def become_unprivileged(*, keep_files: bool) -> None:
    """PostgreSQL refuses root. As nobody it must still reach a checkout under a private home: with `keep_files` it
    keeps the one capability for that, where the kernel grants it."""
    libc = ctypes.CDLL(None)
    if keep_files:
        libc.prctl(_PR_SET_SECUREBITS, _NO_SETUID_FIXUP, 0, 0, 0)  # or access(2) would still say no
    os.setgroups([])
    os.setgid(UNPRIVILEGED)
    os.setuid(UNPRIVILEGED)
    if keep_files:
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        only = 1 << _CAP_DAC_OVERRIDE
        libc.capset(header, (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0))
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def open_to_all(path: Path) -> bool:
    """Can everybody walk to it?"""
    return all(parent.stat().st_mode & 0o001 for parent in path.absolute().parents)


def start(command: Command, ready: Callable[[], bool], seconds: float = 60) -> subprocess.Popen[bytes]:
    """Spawn and wait until `ready()`. Raises PartFailed when it ends first or the time is over."""
    process = spawn(command)
    deadline = time.monotonic() + seconds
    try:
        while not ready():
            if process.poll() is not None:
                raise PartFailed(f"{command.name} ended with code {process.returncode}\n{tail(command.log)}")
            if time.monotonic() > deadline:
                raise PartFailed(f"{command.name} was not ready after {seconds:.0f} s\n{tail(command.log)}")
            time.sleep(0.02)
    except BaseException:
        process.kill()
        process.wait(5)
        raise
    return process


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, seconds: float = 15) -> None:
    """Ask, wait, then kill. A process that has ended already is fine."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented, under its name."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"the end of {log}:", *(f"    {line}" for line in text)])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    return why_not_listen(port, host) is None


def why_not_listen(port: int, host: str = "127.0.0.1") -> str | None:
    """None when we can. Ports of connections that have just ended count as free, as they do for servers."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as reason:
            return getattr(reason, "strerror", None) or str(reason)
        return None


def accepts(port: int, host: str = "127.0.0.1") -> bool:
    """Does something listen there?"""
    try:
        socket.create_connection((host, port), 0.5).close()
    except OSError:
        return False
    return True
