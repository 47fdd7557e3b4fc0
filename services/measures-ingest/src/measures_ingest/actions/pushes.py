"""One push in memory, judged and not yet stored; and its id."""

import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from measures_ingest.core.batch import Sender
from measures_ingest.core.rejects import Reject
from measures_ingest.core.rows import Raw, Row, Unknown
from measures_ingest.core.sieve import Sieve


@dataclass(slots=True)
class Push:
    """`key` and `digest` only with an idempotency key. A dry run is judged and compared, and stores nothing."""

    id: uuid.UUID
    sender: Sender
    format: str
    received_at: datetime
    sieve: Sieve
    key: str | None = None
    digest: bytes = b""
    atomic: bool = False
    dry_run: bool = False
    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """An atomic push with a rejected row stores no observation."""
        return self.atomic and bool(self.rejects)

    def judge(self, found: Iterable[tuple[int, Raw | Reject]]) -> None:
        sifted = self.sieve.sift(found)
        self.rows += sifted.rows
        self.rejects += sifted.rejects
        self.unknown += sifted.unknown

    def judge_again(self) -> None:
        """After definitions arrived: what was unknown may be known."""
        waiting, self.unknown = self.unknown, []
        self.judge((one.index, one.raw) for one in waiting)


def new_id(now: datetime) -> uuid.UUID:
    """A UUID of version 7: later ones sort later, which keeps the indexes on them dense."""
    number = int(now.timestamp() * 1_000) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
