"""What is really there: rows of the databases and messages of the streams, read without any service."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

import asyncpg
import nats
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from tests.e2e.oracle import Span
from tests.faults.city import Cell
from tests.support.stack import Stack
from tideline.events import INTERNAL, StatusChanged

CHANGED: Final = StatusChanged.type_name()
STREAMS: Final[Mapping[str, str]] = {
    "GOALS": "goals",
    "MEASUREMENTS": "measures",
    "STATUS": "rollup",
    "CATALOG": "catalog",
}
LEFT_OVER: Final[Mapping[str, Sequence[str]]] = {
    "goals": ("pending",),
    "measures": ("pending", "dead_letter", "quarantine"),
    "rollup": ("pending", "dirty", "dead_letter"),
    "catalog": ("pending", "dead_letter"),
}


@dataclass(frozen=True)
class Message:
    sequence: int
    id: str
    entity: str
    public: bool = True


@dataclass(frozen=True)
class Evidence:
    stack: Stack

    async def rows(self, database: str, query: str) -> list[Any]:
        ports = json.loads((self.stack.var / "ports.json").read_text())
        passwords = json.loads((self.stack.var / "secrets" / "databases.json").read_text())
        connection = await asyncpg.connect(
            host="127.0.0.1", port=ports["postgres"], user=database, password=passwords[database], database=database
        )
        try:
            return list(await connection.fetch(query))
        finally:
            await connection.close()

    async def revisions(self) -> dict[Cell, list[Fraction]]:
        """Every value that a cell has or had, oldest first."""
        rows = await self.rows(
            "measures",
            "select measure, period_start, revision, value from "
            "(select series_id, period_start, revision, value from observation union all "
            " select series_id, period_start, revision, value from observation_history) o "
            "join series on series.id = o.series_id order by measure, period_start, revision",
        )
        found: dict[Cell, list[Fraction]] = {}
        for row in rows:
            found.setdefault((row["measure"], _month(row["period_start"])), []).append(Fraction(row["value"]))
        return found

    async def left_over(self) -> dict[str, int]:
        """Work that is still owed, by table; empty when all is done."""
        found = {}
        for database, tables in LEFT_OVER.items():
            for table in tables:
                (row,) = await self.rows(database, f"select count(*) from {table}")
                found[f"{database}.{table}"] = row[0]
        return {table: number for table, number in found.items() if number}

    async def recorded(self, stream: str) -> list[Message]:
        """The events that the owner of a stream has recorded, in the order of their ids."""
        rows = await self.rows(STREAMS[stream], "select id, uid, entity from event order by id")
        return [Message(row["id"], str(row["uid"]), row["entity"]) for row in rows]

    async def carried(self, stream: str) -> list[Message]:
        """The messages that a stream holds, in order; none where nothing was ever published."""
        creds = self.stack.var / "secrets" / "nats" / "steward.creds"
        client = await nats.connect(self.stack.credentials["nats_url"], user_credentials=str(creds))
        try:
            return await _read(client, stream)
        except NotFoundError:
            return []
        finally:
            await client.close()

    async def versions(self) -> dict[str, list[int]]:
        """The versions of each status, in order."""
        rows = await self.rows("rollup", "select kind, code, version from assessment order by kind, code, version")
        return _grouped([(f"{row['kind']}.{row['code']}", row["version"]) for row in rows])

    async def told_versions(self) -> dict[str, list[int]]:
        """The versions for which there is an event, in the order in which they were told."""
        rows = await self.rows("rollup", f"select entity, version from event where type = '{CHANGED}' order by id")
        return _grouped([(row["entity"], row["version"]) for row in rows])


async def _read(client: Client, stream: str) -> list[Message]:
    js = client.jetstream()
    consumer = await js.add_consumer(stream, ConsumerConfig(ack_policy=AckPolicy.NONE, mem_storage=True))
    pending, found = consumer.num_pending or 0, list[Message]()
    subscription = await js.pull_subscribe_bind(consumer=consumer.name, stream=stream)
    while len(found) < pending:
        for message in await subscription.fetch(min(500, pending - len(found)), timeout=20):
            headers = message.headers or {}
            place, public = message.metadata.sequence.stream, not message.subject.startswith(INTERNAL)
            found.append(Message(place, headers["ce-id"], headers["ce-partitionkey"], public))
    return found


def _grouped(pairs: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, number in pairs:
        found.setdefault(name, []).append(number)
    return found


def _month(day: date) -> Span:
    return Span(day.year * 12 + day.month - 1, 1)
