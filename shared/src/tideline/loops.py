"""Loops that live as long as their process, and take it with them when they fail."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

log = logging.getLogger(__name__)


def start(stack: AsyncExitStack, loop: Coroutine[Any, Any, None]) -> None:
    """Runs a loop until the stack closes."""
    task = asyncio.create_task(loop)
    task.add_done_callback(_end_with)

    async def cancel() -> None:
        """Asks again: `asyncio.wait_for` of Python 3.11 can lose a cancellation that meets its own answer."""
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.5)

    stack.push_async_callback(cancel)


def _end_with(task: asyncio.Task[None]) -> None:
    """Whoever started the process starts it again."""
    if not task.cancelled() and (reason := task.exception()):
        log.critical("a loop failed", exc_info=reason)
        signal.raise_signal(signal.SIGTERM)
