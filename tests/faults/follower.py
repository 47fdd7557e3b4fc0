"""A reader of the public event stream that comes back from its last place whenever the line breaks."""

import asyncio
from dataclasses import dataclass, field

import httpx

from tests.support.running import Sent, Tideline
from tideline.events import EVENTS


@dataclass
class Follower:
    """`seen` are the events in the order in which they came, from the place `began` on."""

    tideline: Tideline
    place: str = ""
    began: str = ""
    seen: list[Sent] = field(default_factory=list)
    breaks: int = 0
    listening: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled. Raises httpx.HTTPStatusError when it is told that its place is gone."""
        while True:
            try:
                await self._follow()
            except httpx.TransportError:
                pass
            except httpx.HTTPStatusError as refused:
                if not refused.response.is_server_error:
                    raise
            self.breaks += 1
            await asyncio.sleep(0.2)

    async def _follow(self) -> None:
        async with self.tideline.events(since=self.place) as events:
            async for sent in events:
                self.place = sent.id
                self.began = self.began or self.place
                self.listening.set()
                if sent.event:
                    self.seen.append(sent)

    def began_after(self, stream: str) -> int:
        """The sequence of a stream that was the last when the reader came first."""
        places = dict(part.split(":") for part in self.began.split(","))
        return int(places[stream.lower()])

    def ids(self, stream: str) -> list[str]:
        """What came of one stream: `goals`, `status` …"""
        nouns = {event.noun for event in EVENTS if event.stream == stream}
        return [sent.data["id"] for sent in self.seen if sent.event.partition(".")[0] in nouns]
