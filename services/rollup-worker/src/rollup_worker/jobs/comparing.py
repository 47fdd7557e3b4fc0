"""Two results side by side, byte for byte: the stored versions of two places, and the events with their stream."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from rollup_worker.jobs import eventlog
from rollup_worker.repository import journal, replayed
from tideline.bus import Bus
from tideline.database import Connection, Database
from tideline.events import RecomputeDone, StatusChanged, ValueRestated

TOLD: Final = tuple(event.type_name() for event in (RecomputeDone, StatusChanged, ValueRestated))
SHOWN: Final = 120

Row = asyncpg.Record


@dataclass
class Comparison:
    """What was compared, and what differs, in words; `say` hears each difference as it is found.

    `last_told` is the last row of the outbox that the stream holds as well.
    """

    say: Callable[[str], object] = lambda _: None
    nodes: int = 0
    versions: int = 0
    events: int = 0
    differences: int = 0
    last_told: int = 0
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def differs(self, where: str, one: object, other: object) -> None:
        self.differences += 1
        self.say(f"{where}: {_around(one, other)}")

    async def versions_of(self, live: Connection, other: Connection) -> None:
        """Both in a transaction: every version of the one beside the same of the other."""
        async for here, there in _beside(replayed.list_versions(live), replayed.list_versions(other)):
            kind, code, version = (here or there or ())[:3]
            self.versions += 1
            self._seen.add((kind, code))
            if here is None or there is None:
                held = "the replay has it, the database does not" if here is None else "the replay does not have it"
                self.differs(f"{kind} {code} version {version}", held, None)
                continue
            for name, one, two in zip(replayed.FIELDS, here[3:], there[3:], strict=True):
                if one != two:
                    self.differs(f"{kind} {code} version {version} {name}", one, two)
        self.nodes = len(self._seen)

    async def facts_of(self, other: Connection) -> None:
        """Every fact of a replay beside the live one: a value that was changed by hand is found before it is judged."""
        async for table, row in replayed.list_strange_facts(other):
            self.differs(f"{table} {row}", "the database does not have it so", None)

    async def events_of(self, database: Database, bus: Bus) -> None:
        """The outbox of a replay beside the stream. What it tells beyond the stream's end is no difference."""
        last = await eventlog.find_last(bus, journal.OWN)
        async with (
            database.transaction(read_only=True) as connection,
            aclosing(eventlog.read(bus, journal.OWN, 1, last)) as stream,
        ):
            said = (each async for each in stream if each.type in TOLD)
            async for row in replayed.list_told(connection, TOLD):
                logged = await anext(said, None)
                if logged is None:
                    return
                self.events += 1
                self.last_told = row["id"]
                if (logged.subject, logged.body) != (row["subject"], row["body"]):
                    self.differs(f"{journal.OWN} {logged.sequence} {logged.subject}", logged.body, row["body"])


async def _beside(one: AsyncIterator[Row], other: AsyncIterator[Row]) -> AsyncIterator[tuple[Row | None, Row | None]]:
    """Merges two sequences in the same order by node and version."""
    here, there = await anext(one, None), await anext(other, None)
    while here is not None or there is not None:
        first, second = _place(here), _place(there)
        yield here if first <= second else None, there if second <= first else None
        if first <= second:
            here = await anext(one, None)
        if second <= first:
            there = await anext(other, None)


def _place(row: Row | None) -> tuple[Any, ...]:
    """Sorts as the database does under the collation "C"; what has ended comes last."""
    return (1,) if row is None else (0, row["kind"].encode(), row["code"].encode(), row["version"])


def _around(one: object, other: object) -> str:
    """Both texts from shortly before the place where they part."""
    texts = [held.decode() if isinstance(held, bytes) else str(held) for held in (one, other) if held is not None]
    if len(texts) == 1:
        return texts[0] if isinstance(one, str) and other is None else f"{one!s:.{SHOWN}} | {other!s:.{SHOWN}}"
    first, second = texts
    at = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
    begin = max(0, at - 30)
    return f"{first[begin : begin + SHOWN]} | {second[begin : begin + SHOWN]}"
