"""Keeps parts running: starts them in layers, starts again what dies, stops everything in reverse order."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local import instance
from deploy.local.process import Command, PartFailed, spawn, stop, tail

PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
CALM_SECONDS: Final = 30.0
FAILURES_AT_START_MAX: Final = 3
LOOK_SECONDS: Final = 5.0
SICK_MAX: Final = 3


@dataclass
class Part:
    """One process to keep. `watched`: also started again when it lives and is not ready 15 s long."""

    name: str
    command: Command
    ready: Callable[[], bool] = lambda: True
    prepare: Callable[[], None] = lambda: None
    watched: bool = False
    process: subprocess.Popen[bytes] | None = None
    up: bool = False
    failures: int = 0
    due_at: float = 0.0
    began_at: float = 0.0
    look_at: float = 0.0
    sick: int = 0


@dataclass
class Supervisor:
    run: Path
    say: Callable[[str], None]
    heed: Callable[[], None] = lambda: None
    layers: list[list[Part]] = field(default_factory=list)

    def start(self, *parts: Part, seconds: float = 60) -> None:
        """Until all are ready. Raises PartFailed when one fails repeatedly or the time is over."""
        self.layers.append(list(parts))
        names = ", ".join(part.name for part in parts)
        self.until(lambda: all(part.up for part in parts), f"{names} to be ready", seconds)

    def until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Tends all parts meanwhile. Raises PartFailed with the logs of what is not up."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.tend()
            down = [part for layer in self.layers for part in layer if not part.up]
            given_up = [part for part in down if part.failures >= FAILURES_AT_START_MAX]
            if given_up or time.monotonic() > deadline:
                why = "it ended again and again" if given_up else f"not after {seconds:.0f} s"
                logs = [tail(part.command.log) for part in given_up or down]
                raise PartFailed("\n".join([f"waited for {what}: {why}", *logs]))
            time.sleep(0.05)

    def once(self, command: Command, seconds: float) -> None:
        """A job that ends by itself. Raises PartFailed when it fails or takes too long."""
        job = spawn(command)
        instance.remember(self.run, command.name, job.pid)
        try:
            self.until(lambda: job.poll() is not None, f"{command.name} to end", seconds)
            if job.returncode != 0:
                raise PartFailed(f"{command.name} failed\n{tail(command.log)}")
        finally:
            stop(job, command.stop_signal, 5)
            instance.forget(self.run, command.name)

    def tend(self) -> None:
        """Looks after every part once. `heed` raises when somebody asked to stop."""
        self.heed()
        for layer in self.layers:
            for part in layer:
                self._tend(part)

    def stop(self) -> None:
        """The last layer first; within a layer all are asked at once."""
        while self.layers:
            self.drop(self.layers[-1])

    def drop(self, layer: list[Part]) -> None:
        running = [part for part in layer if part.process is not None]
        for part in running:
            assert part.process is not None
            if part.process.poll() is None:
                part.process.send_signal(part.command.stop_signal)
        for part in running:
            assert part.process is not None
            stop(part.process, part.command.stop_signal)
            instance.forget(self.run, part.name)
        self.layers.remove(layer)

    def _tend(self, part: Part) -> None:
        now = time.monotonic()
        if part.process is None:
            if now >= part.due_at:
                self._begin(part)
        elif part.process.poll() is not None:
            self._after_death(part, part.process.returncode)
        elif not part.up:
            self._look_whether_up(part)
        elif part.watched and now >= part.look_at:
            self._look_whether_sick(part)

    def _begin(self, part: Part) -> None:
        try:
            part.prepare()
            part.process = spawn(part.command)
        except (PartFailed, OSError) as reason:  # OSError: most often a full disk, which somebody will free
            self._plan_again(part, f"{part.name}: {str(reason).partition(chr(10))[0]}")
            return
        part.began_at = time.monotonic()
        instance.remember(self.run, part.name, part.process.pid)

    def _after_death(self, part: Part, code: int) -> None:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        if time.monotonic() - part.began_at > CALM_SECONDS:
            part.failures = 0
        part.process, part.up = None, False
        instance.forget(self.run, part.name)
        self._plan_again(part, f"{part.name} {how}; see {part.command.log}")

    def _plan_again(self, part: Part, why: str) -> None:
        pause = PAUSES[min(part.failures, len(PAUSES) - 1)]
        part.failures += 1
        part.due_at = time.monotonic() + pause
        self.say(f"{why} - starting it again in {pause:g} s")

    def _look_whether_up(self, part: Part) -> None:
        part.up = part.ready()
        if part.up:
            part.sick, part.look_at = 0, time.monotonic() + LOOK_SECONDS
            if part.failures:
                self.say(f"{part.name} is back")

    def _look_whether_sick(self, part: Part) -> None:
        part.sick = 0 if part.ready() else part.sick + 1
        part.look_at = time.monotonic() + LOOK_SECONDS
        if part.sick >= SICK_MAX and part.process is not None:
            self.say(f"{part.name} lives and does not work; ending it")
            part.process.kill()
