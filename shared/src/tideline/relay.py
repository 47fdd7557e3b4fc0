"""From the outbox to the stream: nothing lost, nothing twice, every entity in order.

PostgreSQL is the truth; the stream is an ordered log of it. Each batch is one JetStream atomic batch, fenced by
the last sequence this database knows. When the fence is refused the stream is asked what it holds:
ahead → those events were published and not yet marked: mark them; behind → the stream lost acknowledged messages:
give them back at their old sequences; an event this database does not know → stop, and say so.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import asyncpg
import nats.errors
from nats.js.api import RawStreamMsg, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from tideline import events
from tideline.bus import Bus
from tideline.database import AWAY, Connection, Database

log = logging.getLogger(__name__)

BATCH_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
LEARN_MAX: Final = 500
RETENTION_SECONDS: Final = 30 * 24 * 3600
SLOW_POLL_SECONDS: Final = 1.0
OUTAGES: Final[tuple[type[Exception], ...]] = (*AWAY, nats.errors.Error, APIError)


class UnknownEvent(Exception):
    """The stream holds an event this database has never recorded: it was restored to an earlier point."""


class Owed(NamedTuple):
    """One event to publish; `seq` is the place it must get back, None for a new one."""

    id: int
    uid: uuid.UUID
    entity: str
    type: str
    subject: str
    body: bytes
    at: str
    seq: int | None


class Relay:
    def __init__(self, database: Database, bus: Bus, stream: str) -> None:
        self._database = database
        self._bus = bus
        self._stream = stream
        self._woken = asyncio.Event()
        self._ready = False
        self.alarm: str | None = None

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Publishes until the bus is closed. Outages are waited out; an unknown event sets `alarm` and ends it."""
        while self.alarm is None and not self._bus.client.is_closed:
            try:
                # Cleared before looking: what is committed after the look wakes the next one.
                self._woken.clear()
                if not await self.step():
                    await self._sleep()
            except UnknownEvent as reason:
                self.alarm = str(reason)
                log.critical("relay stopped: %s", reason)
            except OUTAGES as reason:
                log.warning("relay of %s waits: %r", self._stream, reason)
                self._ready = False
                await asyncio.sleep(0.2)

    async def step(self) -> bool:
        """One batch, or one repair. False when nothing more was owed and the stream agrees."""
        last, owed = await self._owed()
        if not self._ready or not owed:
            if await self._repair(last):
                return True
            self._ready = True
            if not owed:
                return False
        if not await self._publish(last, owed):
            self._ready = False
        return not self._ready or _may_leave_more(owed)

    async def check(self) -> None:
        """For readiness: raises when the relay has stopped or JetStream does not answer."""
        if self.alarm:
            raise UnknownEvent(self.alarm)
        await self._bus.js.stream_info(self._stream)

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(SLOW_POLL_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            self._ready = False

    async def _owed(self) -> tuple[int, list[Owed]]:
        async with self._database.pool.acquire(timeout=10) as connection:
            last, refilling = await connection.fetchrow(_WHERE) or (0, False)
            rows = await connection.fetch(_REFILL if refilling else _PENDING, BATCH_MAX, BATCH_BYTES_MAX)
        return last, [Owed(*row) for row in rows]

    async def _publish(self, last: int, owed: Sequence[Owed]) -> bool:
        """True when the stream took the whole batch; False asks for a repair."""
        _check_places(last, owed)
        batch = uuid.uuid4().hex
        for number, event in enumerate(owed, 1):
            headers = _headers(event, last + number, batch, number)
            if number == 1:
                headers["Nats-Expected-Last-Sequence"] = str(last)
            if number == len(owed):
                headers["Nats-Batch-Commit"] = "1"
            if number not in (1, len(owed)):
                await self._bus.client.publish(event.subject, event.body, headers=headers)
                continue
            answer = await self._bus.client.request(event.subject, event.body, headers=headers, timeout=3)
            ack = json.loads(answer.data) if answer.data else {}
            if error := ack.get("error"):
                log.info("%s refused a batch: %s", self._stream, error)
                return False
        if ack.get("seq") != last + len(owed):
            return False
        await self._mark(last, [(last + number, event.id) for number, event in enumerate(owed, 1)])
        return True

    async def _mark(self, last: int, places: Sequence[tuple[int, int]]) -> bool:
        """Moves `last_seq` on if nobody else has, and clears what was owed, in one transaction."""
        sequences, ids = (list(column) for column in zip(*places, strict=True))
        async with self._database.pool.acquire(timeout=10) as connection, connection.transaction():
            if not await _advance(connection, last, sequences[-1]):
                return False
            await connection.execute(_PUBLISHED, sequences, ids)
        return True

    async def _repair(self, last: int) -> bool:
        """Makes the database and the stream agree; True when there was something to do."""
        try:
            found = await self._bus.js.stream_info(self._stream)
        except NotFoundError:
            await self._create(last)
            return True
        held = found.state.last_seq
        await self._take_new_subjects(found.config)
        if held < last:
            await self._give_back(last, held)
        elif held > last:
            await self._learn(last, min(held, last + LEARN_MAX))
        return held != last

    async def _create(self, last: int) -> None:
        """A missing stream starts where the retained events start, so that every sequence stays what it was."""
        first = await self._database.pool.fetchval("select min(seq) from (table published union all table refill) p")
        log.warning("creating stream %s from sequence %s", self._stream, first or 1)
        await self._bus.js.add_stream(
            StreamConfig(
                name=self._stream,
                subjects=list(events.STREAM_SUBJECTS[self._stream]),
                storage=StorageType.FILE,
                max_age=RETENTION_SECONDS,
                allow_atomic=True,
                allow_direct=True,
                deny_delete=True,
                first_seq=first or last + 1,
            )
        )

    async def _take_new_subjects(self, config: StreamConfig) -> None:
        """A stream made by an earlier release does not carry the events that were added since."""
        wanted = list(events.STREAM_SUBJECTS[self._stream])
        if not set(wanted) <= set(config.subjects or ()):
            log.warning("stream %s takes new subjects", self._stream)
            await self._bus.js.update_stream(replace(config, subjects=wanted))

    async def _give_back(self, last: int, held: int) -> None:
        log.error("stream %s lost messages %s to %s: giving them back", self._stream, held + 1, last)
        async with self._database.pool.acquire(timeout=10) as connection, connection.transaction():
            if await _advance(connection, last, held):
                await connection.execute(_GIVE_BACK, held)
                await connection.execute("delete from published where seq > $1", held)

    async def _learn(self, last: int, held: int) -> None:
        uids = [await self._uid(seq) for seq in range(last + 1, held + 1)]
        rows = await self._database.pool.fetch("select uid, id from event where uid = any($1::uuid[])", uids)
        known = {row["uid"]: row["id"] for row in rows}
        for seq, uid in enumerate(uids, last + 1):
            if uid not in known:
                raise UnknownEvent(f"{self._stream} holds event {uid} at {seq}, which this database never recorded")
        await self._mark(last, [(seq, known[uid]) for seq, uid in enumerate(uids, last + 1)])

    async def _uid(self, seq: int) -> uuid.UUID:
        message: RawStreamMsg = await self._bus.js.get_msg(self._stream, seq, direct=True)
        try:
            return uuid.UUID((message.headers or {})["Nats-Msg-Id"])
        except (KeyError, ValueError) as reason:
            raise UnknownEvent(f"{self._stream} holds a message at {seq} that is no event") from reason


def _may_leave_more(owed: Sequence[Owed]) -> bool:
    """A batch cut by a limit, or one that was given back: new events wait behind it."""
    size = sum(len(event.body) for event in owed)
    return len(owed) == BATCH_MAX or size > BATCH_BYTES_MAX // 2 or owed[0].seq is not None


def _headers(event: Owed, seq: int, batch: str, number: int) -> dict[str, str]:
    """CloudEvents 1.0 in NATS binary mode, and JetStream's own for the atomic batch."""
    known = events.BY_TYPE[event.type]
    return {
        "Nats-Msg-Id": str(event.uid),
        "Nats-Batch-Id": batch,
        "Nats-Batch-Sequence": str(number),
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": str(event.uid),
        "ce-source": events.SOURCE_PREFIX + known.stream.lower(),
        "ce-type": event.type,
        "ce-subject": event.entity,
        "ce-time": event.at,
        "ce-dataschema": events.dataschema(known),
        "ce-partitionkey": event.entity,
        "ce-sequence": str(seq),
    }


def _check_places(last: int, owed: Sequence[Owed]) -> None:
    for number, event in enumerate(owed, 1):
        if event.seq is not None and event.seq != last + number:
            raise UnknownEvent(f"event {event.uid} belongs at {event.seq}, the stream would put it at {last + number}")


async def _advance(connection: Connection, last: int, to: int) -> bool:
    """Compare-and-set: of two relays one wins."""
    try:
        done = await connection.execute(
            "insert into relay (name, last_seq) values ('main', $2) on conflict (name) "
            "do update set last_seq = $2 where relay.last_seq = $1",
            last,
            to,
        )
    except asyncpg.SerializationError:
        return False
    return bool(done == "INSERT 0 1")


_WHERE: Final = "select last_seq, exists (table refill) from relay where name = 'main'"
_OWED = """
select id, uid, entity, type, subject, body, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), seq from (
    select e.*, o.seq, sum(octet_length(e.body)) over (order by {order}) - octet_length(e.body) as before
    from (select {columns} from {owed} order by {order} limit $1) o join event e using (id)) owed
where before < $2 order by {order}
"""
_PENDING: Final = _OWED.format(columns="id, null::bigint as seq", owed="pending", order="id")
_REFILL: Final = _OWED.format(columns="id, seq", owed="refill", order="seq")
_PUBLISHED: Final = """
with sent as (delete from pending where id = any($2::bigint[])),
given_back as (delete from refill where id = any($2::bigint[]))
insert into published (seq, id) select * from unnest($1::bigint[], $2::bigint[])
on conflict (id) do update set seq = excluded.seq
"""
_GIVE_BACK: Final = "insert into refill (seq, id) select seq, id from published where seq > $1 on conflict do nothing"
