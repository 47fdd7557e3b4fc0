"""Holding what the system says against what was computed a second time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from tests.e2e.oracle import Verdict
from tests.support.running import Json, Tideline

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
STILL_SECONDS: Final = 30.0
AT_ONCE: Final = 16
Node = tuple[str, str]
K = TypeVar("K")
T = TypeVar("T")


def data_file(name: str) -> Path:
    """A file of real data that lies beside the project; a test that needs it is skipped where there is none."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{name} beside the project, which is not part of it")
    return path


def said(document: Json) -> Verdict:
    """A status document in the words of the independent computation."""
    score, coverage = document["score"], document["coverage"]
    return Verdict(
        status=document["status"],
        score=None if score is None else Fraction(score),
        stale=document["qualifiers"]["stale"],
        reporting=coverage["reporting"],
        of=coverage["of"],
        counts=document["counts"],
    )


async def agree(tideline: Tideline, expected: Mapping[Node, Verdict], **asked: Any) -> None:
    """Waits until every status is as expected; fails when the differences stay the same for half a minute."""
    await _settle(tideline, expected, said, **asked)


async def agree_on_words(tideline: Tideline, expected: Mapping[Node, str], **asked: Any) -> None:
    """The same for the word of status alone."""
    await _settle(tideline, expected, lambda document: str(document["status"]), **asked)


async def _settle(tideline: Tideline, expected: Mapping[Node, T], read: Callable[[Json], T], **asked: Any) -> None:
    left, differ, changed_at = list(expected), dict[Node, T | None](), time.monotonic()
    while left:
        documents = await _find_all(tideline, left, **asked)
        read_off = {node: read(document) if document else None for node, document in documents.items()}
        found = {node: is_ for node, is_ in read_off.items() if is_ != expected[node]}
        if not found and len(left) == len(expected):
            return
        if found != differ:
            differ, changed_at = found, time.monotonic()
        assert time.monotonic() - changed_at < STILL_SECONDS, _told(found, expected)
        left = list(found) or list(expected)
        await asyncio.sleep(0.1)


async def read_all(tideline: Tideline, nodes: Iterable[Node], **asked: Any) -> dict[Node, Json]:
    """The status documents of nodes that are there."""
    found = await _find_all(tideline, nodes, **asked)
    return {node: document for node, document in found.items() if document is not None}


async def in_turns(asked: Iterable[K], ask: Callable[[K], Awaitable[T]]) -> list[tuple[K, T]]:
    """The answer to each question, a few at a time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: K) -> tuple[K, T]:
        async with room:
            return each, await ask(each)

    return await asyncio.gather(*(one(each) for each in asked))


async def _find_all(tideline: Tideline, nodes: Iterable[Node], **asked: Any) -> dict[Node, Json | None]:
    return dict(await in_turns(nodes, lambda node: tideline.find_status(*node, **asked)))


def _told(found: Mapping[Node, T | None], expected: Mapping[Node, T]) -> str:
    lines = [f"{node}: {is_} instead of {expected[node]}" for node, is_ in found.items()]
    return "\n".join([f"{len(found)} of {len(expected)} differ:", *lines[:20]])
