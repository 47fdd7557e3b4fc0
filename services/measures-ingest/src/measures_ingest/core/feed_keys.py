"""The keys of feeds: `tlk_<id>_<secret>`. The id is public; of the secret only a digest is ever kept.

The secret has 256 random bits, so one SHA-256 is enough: there is nothing to guess.
"""

import hashlib
import hmac
from typing import NamedTuple

from tideline.vocabulary import FEED_KEY_PREFIX


class FeedKey(NamedTuple):
    id: str
    secret: str

    @property
    def text(self) -> str:
        return f"{FEED_KEY_PREFIX}{self.id}_{self.secret}"


def read(token: str) -> FeedKey | None:
    """The parts of a token that has the shape of a feed key."""
    key_id, _, secret = token.removeprefix(FEED_KEY_PREFIX).partition("_")
    return FeedKey(key_id, secret) if token.startswith(FEED_KEY_PREFIX) and key_id and secret else None


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def fits(key: FeedKey, known: bytes) -> bool:
    """Whether the secret has this digest, in the same time whatever it is."""
    return hmac.compare_digest(digest(key.secret), known)
