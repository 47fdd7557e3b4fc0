"""`python -m deploy.local up|stop|reset|feed|worker`: see `--help`. The Makefile's targets call it."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.local import instance
from deploy.local.feed import feed
from deploy.local.layout import ROOT, Layout, read_json
from deploy.local.parts import MODULES
from deploy.local.process import PartFailed
from deploy.local.up import Choices, up


def main() -> int:
    arguments = _arguments()
    try:
        return int(arguments.call(arguments))
    except PartFailed as reason:
        print(reason, file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("--var", type=Path, default=ROOT / "var", help="the folder of all data, keys and logs")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("up", help="start everything and stay; Ctrl-C stops it")
    run.add_argument("--port", type=int, default=os.environ.get("PORT") or "8080")
    run.add_argument("--empty", action="store_true", help="without the first city")
    run.set_defaults(call=_up)
    commands.add_parser("stop", help="stop the run of this folder").set_defaults(call=_end)
    commands.add_parser("reset", help="delete all data, keys and logs").set_defaults(call=_reset)
    play = commands.add_parser("feed", help="one plausible utility reading a second, labelled sample")
    play.add_argument("--count", type=int, help="stop after so many readings")
    play.set_defaults(call=lambda arguments: feed(arguments.var, arguments.count))
    worker = commands.add_parser("worker", help="a command of the roll-up worker of this run: rebuild, replay, method")
    worker.add_argument("words", nargs=argparse.REMAINDER)
    worker.set_defaults(call=_worker)
    return parser.parse_args()


def _up(arguments: argparse.Namespace) -> int:
    given = os.environ.get
    creds = given("NATS_CREDS_DIR")
    return up(
        Choices(
            var=arguments.var,
            port=arguments.port,
            database_url=given("DATABASE_URL") or None,
            nats_url=given("NATS_URL") or None,
            nats_creds=Path(creds) if creds else None,
            empty=arguments.empty,
        )
    )


def _end(arguments: argparse.Namespace) -> int:
    """Asks the supervisor and waits, at most a minute."""
    run = arguments.var.resolve() / "run"
    pid = instance.holder(run)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while instance.holder(run) == pid:
            if time.monotonic() > deadline:
                raise PartFailed(f"process {pid} has not stopped after 60 s")
            time.sleep(0.1)
    return 0


def _worker(arguments: argparse.Namespace) -> int:
    """The command as a process of its own, told what the running worker was told."""
    var = arguments.var.resolve()
    env = read_json(Layout(var).worker_env)
    if not env or not arguments.words or instance.holder(var / "run") is None:
        raise PartFailed("name a command (rebuild, replay, method), and start Tideline from this folder first")
    argv = [sys.executable, "-m", MODULES["rollup-worker"], *arguments.words]
    return subprocess.run(argv, env={**os.environ, **env}, check=False).returncode


def _reset(arguments: argparse.Namespace) -> int:
    var = arguments.var.resolve()
    if not var.exists():
        return 0
    if not (var / "run").exists():
        raise PartFailed(f"{var} does not look like a folder of ours; nothing was deleted")
    with instance.sole(var / "run"):
        instance.end_orphans(var / "run", print)
        for path in var.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
