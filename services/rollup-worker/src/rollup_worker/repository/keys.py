"""How a breakdown is written in a row: sorted JSON, and the empty text for the whole."""

import msgspec

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(dict[str, str])


def breakdown_key(breakdown: dict[str, str]) -> str:
    return _encoder.encode(breakdown).decode() if breakdown else ""


def breakdown_of(key: str) -> dict[str, str]:
    return _decoder.decode(key) if key else {}
