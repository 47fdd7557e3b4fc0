"""What differs between two statuses of a node, in the words of the event that tells it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rollup_worker.core.facts import NodeStatus

FIELDS: Final[Mapping[str, Callable[[NodeStatus], Any]]] = {
    "status": lambda node: node.status,
    "score": lambda node: node.score,
    "value": lambda node: node.value,
    "target": lambda node: (node.target, node.lower, node.upper),
    "qualifiers": lambda node: node.qualifiers,
    "coverage": lambda node: node.coverage,
    "as_of": lambda node: node.as_of,
}


def changed(old: NodeStatus | None, new: NodeStatus) -> list[str]:
    """The names of the fields that differ; empty: there is nothing to write and nothing to tell.

    A first status counts every field that says something.
    """
    before = old or NodeStatus(new.node)
    names = [name for name, read in FIELDS.items() if read(before) != read(new)]
    return names if old else sorted({"status", *names}, key=list(FIELDS).index)
