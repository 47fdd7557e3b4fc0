"""Who pushes: a feed by its key, or staff by their token."""

import asyncio
import secrets
import time
from typing import Final

from measures_ingest.core import feed_keys
from measures_ingest.core.batch import Sender
from measures_ingest.core.definitions import EVERYTHING, Scope
from measures_ingest.core.feed_keys import FeedKey
from measures_ingest.repository import sources
from measures_ingest.repository.sources import KnownKey
from tideline.auth import Principal
from tideline.database import Database
from tideline.errors import Forbidden, Unauthorized
from tideline.vocabulary import Role

STAFF: Final = "staff"
TRUST_SECONDS: Final = 5.0
KNOWN_MAX: Final = 10_000


class Feeds:
    """Feed keys, looked up at most every five seconds: that long another process honours a key revoked here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, KnownKey | None]] = {}
        self._looking_up = asyncio.Lock()

    async def sender(self, key: FeedKey) -> Sender:
        """Raises Unauthorized for a key that is not known, or no longer."""
        known = await self._find(key.id)
        if known is None or not feed_keys.fits(key, known.digest):
            raise Unauthorized("this feed key is not known, or was revoked", headers={"WWW-Authenticate": "Bearer"})
        return Sender(known.source, f"feed:{known.source}", known.scope)

    def forget(self) -> None:
        """After a change of a source or a key."""
        self._known.clear()

    async def _find(self, key_id: str) -> KnownKey | None:
        until, known = self._known.get(key_id, (0.0, None))
        if time.monotonic() < until:
            return known
        async with self._looking_up:
            until, known = self._known.get(key_id, (0.0, None))
            return known if time.monotonic() < until else await self._look_up(key_id)

    async def _look_up(self, key_id: str) -> KnownKey | None:
        async with self._database.transaction(read_only=True) as connection:
            known = await sources.find_key(connection, key_id)
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[key_id] = (time.monotonic() + TRUST_SECONDS, known)
        return known


def staff(principal: Principal) -> Sender:
    """Raises Forbidden without a role that may push. A steward of departments writes those departments' measures."""
    if not principal.has(Role.STEWARD, Role.ANALYST):
        raise Forbidden("pushing needs one of the roles steward, analyst, administrator", code="role_missing")
    bound = principal.departments and not principal.has(Role.ANALYST)
    scope = Scope(departments=principal.departments) if bound else EVERYTHING
    return Sender(STAFF, f"{STAFF}:{principal.subject}", scope)


def new_key() -> FeedKey:
    return FeedKey(secrets.token_hex(6), secrets.token_urlsafe(32))
