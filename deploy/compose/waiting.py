"""Waits that end, and that can be ended: as the first process of a container we get no default for SIGTERM."""

import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from deploy.local.process import PartFailed

WAIT_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 0.5


def end_when_asked() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def until(what: str, condition: Callable[[], bool]) -> None:
    """Raises PartFailed when it takes too long."""
    deadline = time.monotonic() + WAIT_SECONDS
    waits = False
    while not condition():
        if not waits:
            print(f"waiting for {what}", flush=True)
        if time.monotonic() > deadline:
            raise PartFailed(f"waited {WAIT_SECONDS:.0f} s for {what}")
        waits = True
        time.sleep(PAUSE_SECONDS)
