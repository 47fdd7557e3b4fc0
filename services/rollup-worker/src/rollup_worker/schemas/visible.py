"""What a reader without a token sees of a status document: published children, and no numbers that are too small."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import msgspec

from rollup_worker.core.facts import Node
from rollup_worker.core.veil import COVERED, Veil
from rollup_worker.schemas.document import ChildLine, Document, Line
from tideline.vocabulary import Status


def visible(whole: Document, lines: Mapping[Node, Line], veil: Veil = Veil.OPEN) -> Document:
    """What a reader without a token sees; the same object when nothing is left out."""
    kept = [line for line in whole.children if lines[Node(line.kind, line.code)].published]
    children = visible_children(kept, lines, veil)
    covered = [line for line in whole.children if lines[Node(line.kind, line.code)].veil is Veil.ALL]
    if veil not in COVERED and children == whole.children and not covered:
        return whole
    found = msgspec.structs.replace(whole, children=children, counts=_counts_shown(whole.counts, covered))
    if veil is Veil.ALL:
        return msgspec.structs.replace(
            found, status=Status.SUPPRESSED, score=None, value=None, target=None, lower=None, upper=None
        )
    return msgspec.structs.replace(found, score=None) if veil is Veil.SCORE else found


def visible_children(
    children: Iterable[ChildLine], lines: Mapping[Node, Line], veil: Veil = Veil.OPEN
) -> list[ChildLine]:
    """Without the numbers of covered ones; under a covered score nobody's share of it is told."""
    return [_visible_child(line, lines[Node(line.kind, line.code)].veil, veil) for line in children]


def _visible_child(found: ChildLine, own: Veil, above: Veil) -> ChildLine:
    shown = msgspec.structs.replace(found, contribution=None) if above in COVERED else found
    if own is Veil.ALL:
        return msgspec.structs.replace(shown, status=Status.SUPPRESSED, score=None, contribution=None)
    return msgspec.structs.replace(shown, score=None, contribution=None) if own is Veil.SCORE else shown


def _counts_shown(counts: Mapping[str, int], covered: Collection[ChildLine]) -> dict[str, int]:
    """Suppressed children count as such."""
    moved = Counter(counts)
    moved.subtract(child.status.value for child in covered)
    moved[Status.SUPPRESSED.value] += len(covered)
    return {word: count for word, count in sorted(moved.items()) if count}
