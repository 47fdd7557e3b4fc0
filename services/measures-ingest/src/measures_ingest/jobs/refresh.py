"""Keeps the definitions in memory up with the table: when one has arrived, and every few seconds in any case."""

import asyncio
import logging
from typing import Final

from measures_ingest.actions.definitions import Definitions
from measures_ingest.actions.moving import follow_late
from tideline.database import AWAY, Database

log = logging.getLogger(__name__)

SLOW_POLL_SECONDS: Final = 2.0
# A push that was judged by the calendar of before may commit after the definition: large ones take minutes.
LOOKS: Final = 300


class Refresh:
    def __init__(self, database: Database, known: Definitions) -> None:
        self._database = database
        self._definitions = known
        self._looks: dict[str, int] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; an absent database is waited for. The poll sees what another process has heard."""
        while True:
            try:
                await self._definitions.refresh()
                await self.look_after()
            except AWAY as reason:
                log.info("definitions are not refreshed: %r", reason)
            try:
                async with asyncio.timeout(SLOW_POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue
            self._woken.clear()

    async def look_after(self) -> None:
        """Moves what came in the old calendar after its measure had got the new one."""
        while self._definitions.moved:
            self._looks[self._definitions.moved.pop()] = LOOKS
        if not self._looks:
            return
        async with self._database.transaction() as connection:
            await follow_late(connection, {code: self._definitions.known[code].scheme for code in self._looks})
        self._looks = {code: looks - 1 for code, looks in self._looks.items() if looks > 1}
