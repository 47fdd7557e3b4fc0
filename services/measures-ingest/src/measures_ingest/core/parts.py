"""Observations into events: at most 1,000 in one and at most 512 KiB."""

from collections.abc import Iterable, Iterator
from itertools import islice

from tideline.events import BYTES_MAX, OBSERVATIONS_MAX, Observation, encode

# What an event holds beside its observations: batch, source, time, part.
_HEAD = 512


def parts(observations: Iterable[Observation]) -> Iterator[list[Observation]]:
    """In the given order; each part fits one event."""
    rest = iter(observations)
    while part := list(islice(rest, OBSERVATIONS_MAX)):
        yield from _halved(part)


def _halved(part: list[Observation]) -> Iterator[list[Observation]]:
    """Cut in two until each piece is small enough; encoding to know the size costs less than reckoning it."""
    if len(part) == 1 or len(encode(part)) + _HEAD <= BYTES_MAX:
        yield part
        return
    middle = len(part) // 2
    yield from _halved(part[:middle])
    yield from _halved(part[middle:])
