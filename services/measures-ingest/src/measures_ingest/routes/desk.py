"""What the routes work with, and who stands before them."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.requests import Request

from measures_ingest.actions.committing import Committer
from measures_ingest.actions.definitions import Definitions
from measures_ingest.actions.pushes import Push
from measures_ingest.actions.senders import Feeds, staff
from measures_ingest.actions.storing import Outcome
from measures_ingest.core import feed_keys
from measures_ingest.core.batch import Sender
from measures_ingest.settings import Settings
from tideline.auth import Keys, Principal, bearer
from tideline.clock import Clock
from tideline.database import Database
from tideline.errors import TooMany, Unauthorized


@dataclass
class Desk:
    """`share` stores a small push in one transaction with others."""

    settings: Settings
    database: Database
    clock: Clock
    keys: Keys
    definitions: Definitions
    feeds: Feeds
    committer: Committer
    share: Callable[[Push], Awaitable[Outcome]]
    under_way: Counter[str] = field(default_factory=Counter)
    streams: int = 0

    @contextmanager
    def admitted(self, sender: Sender) -> Iterator[None]:
        """Raises TooMany while a sender has too many pushes under way."""
        if self.under_way[sender.name] >= self.settings.pushes_per_sender_max:
            raise TooMany("too many of your pushes are under way", headers={"Retry-After": "1"})
        self.under_way[sender.name] += 1
        try:
            yield
        finally:
            self.under_way[sender.name] -= 1
            if not self.under_way[sender.name]:
                del self.under_way[sender.name]

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Raises TooMany while too many large pushes are under way."""
        if self.streams >= self.settings.streams_max:
            raise TooMany("too many large pushes are under way", headers={"Retry-After": "5"})
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1


def desk(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


async def sender(request: Request) -> Sender:
    """Who pushes. Raises Unauthorized, or Forbidden for a token without the role."""
    found = await caller(request)
    return staff(found) if isinstance(found, Principal) else found


async def caller(request: Request) -> Sender | Principal:
    """The feed or the person behind the bearer token. Raises Unauthorized."""
    token = bearer(request)
    if token is None:
        raise Unauthorized("send a feed key or a token", headers={"WWW-Authenticate": "Bearer"})
    key = feed_keys.read(token)
    return desk(request).keys.principal(token) if key is None else await desk(request).feeds.sender(key)
