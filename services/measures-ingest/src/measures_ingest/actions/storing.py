"""Judged pushes into the database: observations, batches, errors, quarantine and events in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import TypeAlias

from measures_ingest.actions import writing
from measures_ingest.actions.pushes import Push
from measures_ingest.core import batch as batches_told
from measures_ingest.core import reading
from measures_ingest.core.batch import ERRORS_KEPT, Answer, Batch, Claim, Counts
from measures_ingest.core.rejects import Reject
from measures_ingest.core.rows import Row
from measures_ingest.repository import batches, definitions, quarantine
from measures_ingest.repository.observations import Written
from measures_ingest.repository.quarantine import Waiting
from measures_ingest.repository.series import SeriesKey
from tideline.database import Connection
from tideline.errors import AppError, Conflict
from tideline.outbox import Outgoing

Outcome: TypeAlias = Answer | AppError


class DefinedMeanwhile(Exception):
    """A measure that was unknown when the push was judged has a definition now: judge again."""


async def store(
    connection: Connection, pushes: Sequence[Push], numbers: Mapping[SeriesKey, int], at: datetime
) -> list[Outcome]:
    """Stores the pushes in the order in which they came, all or none. Raises DefinedMeanwhile."""
    fresh = await _claim(connection, pushes)
    await _hold_back(connection, fresh)
    rows = [(push.id, row) for push in fresh for row in rows_of(push)]
    written = iter(await writing.write(connection, rows, numbers, at))
    applied = [(push, list(islice(written, len(rows_of(push))))) for push in fresh]
    answers = await _keep(connection, applied)
    await writing.record(connection, at, chain.from_iterable(_events(push, found, at) for push, found in applied))
    told = {push.id: answer for (push, _), answer in zip(applied, answers, strict=True)}
    return [told[push.id] if push.id in told else await replay(connection, push) for push in pushes]


def rows_of(push: Push) -> list[Row]:
    return [] if push.refused else push.rows


async def replay(connection: Connection, push: Push) -> Outcome:
    """The answer that the push's idempotency key stands for, or a conflict when it stood for another body."""
    assert push.key is not None
    known = await batches.find_replay(connection, push.sender.name, push.key)
    if known is None or known.digest != push.digest:
        return Conflict("this Idempotency-Key was used with another body", code="idempotency_key_reused")
    return Answer(known.status, known.answer)


def describe(push: Push, counts: Counts, answer: Answer) -> Batch:
    return Batch(
        id=push.id,
        source=push.sender.source,
        sender=push.sender.name,
        scope=push.sender.scope if counts.quarantined else None,
        format=push.format,
        atomic=push.atomic,
        received_at=push.received_at,
        status=answer.status,
        counts=counts,
        answer=answer.body if push.key else None,
    )


async def claim(connection: Connection, pushes: Iterable[Push]) -> set[object]:
    """Takes the keys of the pushes; gives back the ids of the batches that were the first with theirs."""
    first: dict[tuple[str, str], Claim] = {}
    for push in pushes:
        if push.key is not None:
            name = push.sender.name
            first.setdefault((name, push.key), Claim(name, push.key, push.digest, push.id))
    return {*await batches.claim(connection, list(first.values()))} if first else set()


async def _claim(connection: Connection, pushes: Sequence[Push]) -> list[Push]:
    """Those that repeat no earlier push."""
    won = await claim(connection, pushes)
    return [push for push in pushes if push.key is None or push.id in won]


async def _hold_back(connection: Connection, pushes: Sequence[Push]) -> None:
    """Puts rows of undefined measures into quarantine, sure that no definition arrives at the same time."""
    waiting = [
        Waiting(one.raw.measure, push.id, one.index, reading.text_of(one.raw))
        for push in pushes
        if not push.refused
        for one in push.unknown
    ]
    if not waiting:
        return
    await definitions.hold_changes(connection)
    if await quarantine.defined_of(connection, {one.measure for one in waiting}):
        raise DefinedMeanwhile
    await quarantine.add(connection, waiting)


async def _keep(connection: Connection, applied: Sequence[tuple[Push, list[Written | None]]]) -> list[Answer]:
    kept: list[Batch] = []
    answers: list[Answer] = []
    for push, written in applied:
        waiting = 0 if push.refused else len(push.unknown)
        counts = writing.tally(written)._replace(quarantined=waiting, rejected=len(push.rejects))
        answer = batches_told.answer(push.id, counts, in_order(push.rejects), dry_run=push.dry_run)
        kept.append(describe(push, counts, answer))
        answers.append(answer)
    if kept:
        await batches.add(connection, kept)
    for push, _ in applied:
        if push.rejects:
            await batches.add_errors(connection, push.id, in_order(push.rejects)[:ERRORS_KEPT])
    return answers


def in_order(rejects: Iterable[Reject]) -> list[Reject]:
    return sorted(rejects, key=lambda reject: reject.index)


def _events(push: Push, written: Sequence[Written | None], at: datetime) -> Iterable[Outgoing]:
    return writing.events_of(push.id, push.sender, at, writing.observed(rows_of(push), written))
