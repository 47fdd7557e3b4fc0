"""From newly judged nodes to new versions: what differs is written and told, what does not is left alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import msgspec

from rollup_worker.actions.reasons import Reason, public_words
from rollup_worker.core.change import changed
from rollup_worker.core.facts import Node, NodeStatus
from rollup_worker.core.publication import Publication
from rollup_worker.core.veil import Veil
from rollup_worker.repository.assessments import Stored
from rollup_worker.schemas.document import (
    Document,
    Line,
    NodeName,
    document,
    judged,
    line,
    published_words,
    status_of,
)
from rollup_worker.schemas.visible import visible
from tideline.events import StatusChanged, encode
from tideline.outbox import Outgoing

_documents: Final = msgspec.json.Decoder(Document)
_lines: Final = msgspec.json.Decoder(Line)
SHOWN: Final = ("node", "counts", "method", "published", "children")
"""What a document shows beside the fields that the core compares."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A node as it comes out now; `status` None: it is retired and keeps the one it had.

    `published`: whether the public sees it. `publication`: what a person put beside its status.
    `veil`: what of its numbers the public does not see.
    """

    name: NodeName
    status: NodeStatus | None
    published: bool = True
    lines: Mapping[Node, Line] = field(default_factory=dict)
    stale_on: date | None = None
    publication: Publication | None = None
    veil: Veil = Veil.OPEN

    @property
    def node(self) -> Node:
        return Node(self.name.kind, self.name.code)


@dataclass(frozen=True, slots=True)
class Version:
    """A new version: the row, the event, and whether its parents must look at it."""

    row: Stored
    event: Outgoing
    line: Line
    line_changed: bool


def next_version(new: Judged, old: Stored | None, reason: Reason, now: datetime) -> Version | None:
    """None: nothing to write and nothing to tell."""
    before = _documents.decode(old.document) if old else None
    status = new.status or (status_of(before) if before else None)
    if status is None:
        return None
    number = old.version + 1 if old else 1
    beside = published_words(new.publication) if new.publication else None
    whole = document(status, new.name, new.lines, version=number, known_at=now, computed_at=now, published=beside)
    seen = _lines.decode(old.line) if old else None
    veil = seen.veil if seen and new.status is None else new.veil
    public = visible(whole, new.lines, veil)
    names = _differences(before, old, whole, public, new.published)
    if seen and seen.veil is not veil and "visibility" not in names:
        names.append("visibility")
    if not names:
        return None
    told = line(status, whole.node.title, published=new.published, veil=veil)
    row = _row(whole, public, told, names, reason, new.stale_on)
    shown = (public, _public(old)) if new.published else (whole, before)
    return Version(row, _event(*shown, row), told, seen != told)


def stale_on_changes(judged: Iterable[Judged], current: Mapping[Node, Stored]) -> Sequence[tuple[Node, date | None]]:
    """Where only the day of becoming stale moved: a grace was changed."""
    return [
        (each.node, each.stale_on)
        for each in judged
        if each.node in current and current[each.node].stale_on != each.stale_on
    ]


def _differences(
    before: Document | None, old: Stored | None, whole: Document, public: Document, published: bool
) -> list[str]:
    names = changed(status_of(before) if before else None, status_of(whole))
    if before is None or old is None:
        return [*names, "published"] if whole.published else names
    seen = _documents.decode(old.public_document) if old.public_document else before
    names += [name for name in SHOWN if getattr(before, name) != getattr(whole, name)]
    if "as_of" not in names and before.as_of_end != whole.as_of_end:
        names.append("as_of")
    if "children" not in names and seen.children != public.children:
        names.append("children")
    return [*names, "visibility"] if old.published != published else names


def _row(
    whole: Document, public: Document, told: Line, names: Sequence[str], reason: Reason, stale_on: date | None
) -> Stored:
    assert whole.known_at is not None
    return Stored(
        node=Node(whole.node.kind, whole.node.code),
        version=whole.version,
        line=encode(told).decode(),
        document=encode(whole).decode(),
        public_document=None if public is whole else encode(public).decode(),
        changed=names,
        why=encode(reason.words()).decode(),
        published=told.published,
        stale_on=stale_on,
        known_from=whole.known_at,
    )


def _public(old: Stored | None) -> Document | None:
    return _documents.decode(old.text(staff=False)) if old else None


def _event(whole: Document, before: Document | None, row: Stored) -> Outgoing:
    why = msgspec.json.decode(row.why)
    assert whole.computed_at is not None
    event = StatusChanged(
        kind=whole.node.kind,
        code=whole.node.code,
        title=whole.node.title,
        version=whole.version,
        changed=list(row.changed),
        old=judged(before) if before else None,
        new=judged(whole),
        method=whole.method.id if whole.method else None,
        why=public_words(why) if row.published else why,
        computed_at=whole.computed_at,
    )
    return Outgoing(event, whole.node.kind.value, whole.node.code, whole.version, row.published)
