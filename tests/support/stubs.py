"""Small stand-ins for whole processes: HTTP servers that say who they are, for tests of what stands in front."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(apps: Sequence[ASGIApp]) -> AsyncIterator[list[int]]:
    """Serves each on a free port of its own; the ports in the same order."""
    servers, ports, tasks = [], [], []
    for app in apps:
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        tasks.append(asyncio.create_task(server.serve(sockets=[listener])))
        servers.append(server)
        ports.append(listener.getsockname()[1])
    try:
        await eventually(lambda: all(server.started for server in servers), "the stubs to start")
        yield ports
    finally:
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)


async def eventually(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Fails when it does not become true; the time is a bound, not an expectation."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {seconds:.0f} s for {what}") from None


def soon(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """The same for tests without a loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
