"""Observations into events: at most 1,000 in one and at most 512 KiB, without encoding anything twice."""

from collections.abc import Iterable, Iterator
from typing import Final

from tideline.events import BYTES_MAX, OBSERVATIONS_MAX, Observation

_HEAD: Final = 512
_PLAIN: Final = 340
_RATIO: Final = 220
_PREVIOUS: Final = 400
_ESCAPED: Final = 6


def parts(observations: Iterable[Observation]) -> Iterator[list[Observation]]:
    """In the given order; each part fits one event."""
    part: list[Observation] = []
    size = _HEAD
    for observation in observations:
        more = upper_bound(observation)
        if part and (len(part) == OBSERVATIONS_MAX or size + more > BYTES_MAX):
            yield part
            part, size = [], _HEAD
        part.append(observation)
        size += more
    if part:
        yield part


def upper_bound(observation: Observation) -> int:
    """Bytes that its JSON cannot exceed: numbers have at most 70 characters, a character at most six bytes."""
    size = _PLAIN
    if observation.numerator is not None or observation.denominator is not None:
        size += _RATIO
    if observation.previous is not None:
        size += _PREVIOUS
    if observation.note:
        size += _ESCAPED * len(observation.note)
    for dimension, label in observation.breakdown.items():
        size += 6 + _ESCAPED * (len(dimension) + len(label))
    return size
