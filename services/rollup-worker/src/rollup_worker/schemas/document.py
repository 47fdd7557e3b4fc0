"""The status document as readers see it, and the way back from a stored one to values the core compares."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from rollup_worker.core.facts import Child, Contribution, Coverage, Edge, Node, NodeStatus, Qualifiers
from rollup_worker.core.publication import Publication
from rollup_worker.core.veil import Veil
from tideline.events import Judged
from tideline.vocabulary import Kind, Status


class NodeName(msgspec.Struct, frozen=True):
    kind: Kind
    code: str
    title: str
    retired: bool = False


class QualifierWords(msgspec.Struct, frozen=True):
    stale: bool = False
    provisional: bool = False
    sample: bool = False


class CoverageFigures(msgspec.Struct, frozen=True):
    reporting: int = 0
    of: int = 0
    stale: int = 0


class MethodName(msgspec.Struct, frozen=True):
    id: str
    version: int | None = None


class ChildLine(msgspec.Struct, frozen=True):
    """`contribution` is the share of the parent's score that this child brings; null: it did not count."""

    kind: Kind
    code: str
    title: str
    status: Status
    score: Decimal | None
    weight: Decimal
    contribution: Decimal | None = None
    stale: bool = False
    kpi: bool = False


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A status that a person put beside the computed one; it stands until the day before `expires_on`."""

    status: Status
    reason: str
    actor: str
    published_at: datetime
    expires_on: date | None
    version: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The status of a node. Scores run from 0 to 100; `as_of` is the judged period, `known_at` when this was known.

    `published` is a status that a person put beside the computed one; null: none. `version` 0: nothing is stored yet,
    or it was computed for a period that was asked for.
    """

    node: NodeName
    as_of: str | None = None
    as_of_start: date | None = None
    as_of_end: date | None = None
    known_at: datetime | None = None
    status: Status = Status.NO_DATA
    score: Decimal | None = None
    value: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    qualifiers: QualifierWords = QualifierWords()
    coverage: CoverageFigures = CoverageFigures()
    counts: dict[str, int] = {}
    method: MethodName | None = None
    published: Published | None = None
    children: list[ChildLine] = []
    version: int = 0
    computed_at: datetime | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What a parent may know of a child: as much as its own document shows, and what its rule reads."""

    title: str
    published: bool = True
    veil: Veil = Veil.OPEN
    status: Status = Status.NO_DATA
    score: Decimal | None = None
    value: Decimal | None = None
    target: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    as_of: str | None = None
    as_of_start: date | None = None
    as_of_end: date | None = None
    qualifiers: QualifierWords = QualifierWords()


def document(status: NodeStatus, name: NodeName, lines: Mapping[Node, Line], **more: Any) -> Document:
    """The document of a judged node with all its children, as `lines` names them.

    `more`: version, known_at, computed_at, published.
    """
    return Document(
        node=name,
        as_of=status.as_of,
        as_of_start=status.as_of_start,
        as_of_end=status.as_of_end,
        status=status.status,
        score=status.score,
        value=status.value,
        target=status.target,
        lower=status.lower,
        upper=status.upper,
        qualifiers=words(status.qualifiers),
        coverage=coverage_words(status.coverage),
        counts={word.value: count for word, count in status.counts.items()},
        method=MethodName(status.method, status.method_version) if status.method else None,
        children=[child_line(child, lines) for child in status.children],
        **more,
    )


def line(status: NodeStatus, title: str, *, published: bool, veil: Veil = Veil.OPEN) -> Line:
    return Line(
        title=title,
        published=published,
        veil=veil,
        status=status.status,
        score=status.score,
        value=status.value,
        target=status.target,
        lower=status.lower,
        upper=status.upper,
        as_of=status.as_of,
        as_of_start=status.as_of_start,
        as_of_end=status.as_of_end,
        qualifiers=words(status.qualifiers),
    )


def child_of(edge: Edge, found: Line) -> Child:
    """A child as its stored line tells it to its parent."""
    return Child(
        node=edge.child,
        weight=edge.weight,
        kpi=edge.kpi,
        status=found.status,
        score=found.score,
        value=found.value,
        target=found.target,
        lower=found.lower,
        upper=found.upper,
        as_of=found.as_of,
        as_of_start=found.as_of_start,
        as_of_end=found.as_of_end,
        qualifiers=_qualifiers(found.qualifiers),
    )


def status_of(found: Document) -> NodeStatus:
    """A stored document as the core compares it; intermediate numbers and children are not part of it."""
    return NodeStatus(
        node=Node(found.node.kind, found.node.code),
        status=found.status,
        score=found.score,
        value=found.value,
        target=found.target,
        lower=found.lower,
        upper=found.upper,
        as_of=found.as_of,
        as_of_start=found.as_of_start,
        as_of_end=found.as_of_end,
        qualifiers=_qualifiers(found.qualifiers),
        coverage=Coverage(found.coverage.reporting, found.coverage.of, found.coverage.stale),
        counts={Status(word): count for word, count in found.counts.items()},
        method=found.method.id if found.method else None,
        method_version=found.method.version if found.method else None,
    )


def published_words(found: Publication) -> Published:
    """Only for one that was not taken back."""
    assert found.status is not None
    return Published(
        status=found.status,
        reason=found.reason,
        actor=found.actor,
        published_at=found.published_at,
        expires_on=found.expires_on,
        version=found.version,
    )


def judged(found: Document) -> Judged:
    """A status as its event tells it."""
    status = status_of(found)
    return Judged(
        status=status.status,
        score=status.score,
        value=status.value,
        target=status.target,
        as_of=status.as_of,
        stale=status.qualifiers.stale,
        provisional=status.qualifiers.provisional,
        sample=status.qualifiers.sample,
        reporting=status.coverage.reporting,
        of=status.coverage.of,
        published=found.published.status if found.published else None,
    )


def coverage_words(coverage: Coverage) -> CoverageFigures:
    return CoverageFigures(coverage.reporting, coverage.of, coverage.stale)


def child_line(child: Contribution, lines: Mapping[Node, Line]) -> ChildLine:
    return ChildLine(
        kind=child.node.kind,
        code=child.node.code,
        title=lines[child.node].title,
        status=child.status,
        score=child.score,
        weight=child.weight,
        contribution=child.contribution,
        stale=child.stale,
        kpi=child.kpi,
    )


def words(qualifiers: Qualifiers) -> QualifierWords:
    return QualifierWords(qualifiers.stale, qualifiers.provisional, qualifiers.sample)


def _qualifiers(words: QualifierWords) -> Qualifiers:
    return Qualifiers(words.stale, words.provisional, words.sample)
