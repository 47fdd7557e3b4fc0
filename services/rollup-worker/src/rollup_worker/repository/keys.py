"""How a breakdown is written in a row: sorted JSON, and the empty text for the whole."""

from functools import lru_cache

import msgspec

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(dict[str, str])


def breakdown_key(breakdown: dict[str, str]) -> str:
    return _encoder.encode(breakdown).decode() if breakdown else ""


@lru_cache(maxsize=65_536)
def breakdown_of(key: str) -> dict[str, str]:
    """The same object for the same key: read it, never change it."""
    return _decoder.decode(key) if key else {}
