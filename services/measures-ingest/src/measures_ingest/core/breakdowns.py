"""A breakdown as one canonical text: dimensions in order, NFC, no spaces around; the same cell is the same text."""

import json
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final

from measures_ingest.core.rejects import Code, Fault

NONE: Final = "{}"
LABEL_MAX: Final = 200


def canonical(breakdown: Mapping[str, str | int], allowed: Collection[str]) -> str | Fault:
    """The canonical text, or what is wrong with a dimension or its value."""
    if not breakdown:
        return NONE
    for dimension in breakdown:
        if dimension not in allowed:
            return _unknown(dimension, allowed)
    return _canonical(tuple(breakdown.items()))


@lru_cache(maxsize=65_536)
def _canonical(given: tuple[tuple[str, str | int], ...]) -> str | Fault:
    labels: dict[str, str] = {}
    for dimension, value in given:
        label = unicodedata.normalize("NFC", str(value)).strip()
        if not label or len(label) > LABEL_MAX or not label.isprintable():
            return Fault(Code.BAD_BREAKDOWN, _field(dimension), f"expected 1 to {LABEL_MAX} printable characters")
        labels[dimension] = label
    return json.dumps(dict(sorted(labels.items())), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=65_536)
def cells(canonical_text: str) -> dict[str, str]:
    """The dimensions and labels of a canonical text. One dictionary for all who ask: nobody changes it."""
    found: dict[str, str] = json.loads(canonical_text)
    return found


def _unknown(dimension: str, allowed: Collection[str]) -> Fault:
    known = ", ".join(sorted(allowed)) or "none"
    detail = f"{dimension[:100]!r} is no dimension of this measure; known: {known}"
    return Fault(Code.UNKNOWN_DIMENSION, _field(dimension), detail)


def _field(dimension: str) -> str:
    return "breakdown." + dimension[:100].replace("\0", "\N{REPLACEMENT CHARACTER}")
