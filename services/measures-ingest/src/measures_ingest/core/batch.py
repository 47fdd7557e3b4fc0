"""What a push is called, what became of its rows, and how that is told."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from measures_ingest.core.definitions import Scope
from measures_ingest.core.rejects import Reject

ERRORS_TOLD: Final = 1_000
ERRORS_KEPT: Final = 100_000


class Counts(NamedTuple):
    """Every row of a batch is in exactly one of these; of a refused atomic batch only the rejected are counted."""

    accepted: int = 0
    revised: int = 0
    unchanged: int = 0
    quarantined: int = 0
    rejected: int = 0

    @property
    def taken(self) -> int:
        return self.accepted + self.revised + self.unchanged + self.quarantined


@dataclass(frozen=True, slots=True)
class Sender:
    """Who pushes: the source its events name, the space in which its idempotency keys are its own, its scope."""

    source: str
    name: str
    scope: Scope

    @property
    def actor(self) -> str:
        """The subject of a person's token, or the code of the source whose key it was."""
        return self.name.partition(":")[2]


@dataclass(frozen=True, slots=True)
class Claim:
    """An idempotency key on its way to being used for a batch; `digest` is the SHA-256 of the decoded body."""

    sender: str
    key: str
    digest: bytes
    batch: uuid.UUID


class Replay(NamedTuple):
    """What a key stands for already."""

    digest: bytes
    status: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is stored. `scope` only where rows wait in quarantine: they are judged by it later."""

    id: uuid.UUID
    source: str
    sender: str
    scope: Scope | None
    format: str
    atomic: bool
    received_at: datetime
    status: int
    counts: Counts
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and the body that goes with it."""

    status: int
    body: bytes


class _Told(msgspec.Struct, omit_defaults=True):
    batch: uuid.UUID | None
    accepted: int
    revised: int
    unchanged: int
    quarantined: int
    rejected: int
    errors: Sequence[Reject]
    dry_run: bool = False


_encode: Final = msgspec.json.Encoder().encode


def status(counts: Counts) -> int:
    """201 all taken, 207 some rejected, 422 none taken."""
    if not counts.rejected:
        return 201
    return 207 if counts.taken else 422


def answer(batch: uuid.UUID, counts: Counts, errors: Sequence[Reject], *, dry_run: bool = False) -> Answer:
    """`errors` in the order of their rows, at most the first thousand. A dry run stored nothing: 200, no batch."""
    found = status(counts)
    told = _Told(None if dry_run else batch, *counts, errors[:ERRORS_TOLD], dry_run)
    return Answer(200 if dry_run and found == 201 else found, _encode(told))
