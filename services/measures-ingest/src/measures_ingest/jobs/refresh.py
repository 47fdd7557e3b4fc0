"""Keeps the definitions in memory up with the table: when one has arrived, and every few seconds in any case."""

import asyncio
import logging
from typing import Final

from measures_ingest.actions.definitions import Definitions
from tideline.database import AWAY

log = logging.getLogger(__name__)

SLOW_POLL_SECONDS: Final = 2.0


class Refresh:
    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; an absent database is waited for. The poll sees what another process has heard."""
        while True:
            try:
                await self._definitions.refresh()
            except AWAY as reason:
                log.info("definitions are not refreshed: %r", reason)
            try:
                async with asyncio.timeout(SLOW_POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue
            self._woken.clear()
