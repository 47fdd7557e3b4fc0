"""What is wrong with a proposal and where: faults are values, collected to the end, never raised."""

from collections.abc import Iterable, Iterator

from msgspec import Struct


class Fault(Struct, frozen=True, order=True):
    """`path` leads to the place in what the author sent (`goals[3].metrics[1]`); `code` is stable."""

    path: str
    code: str
    detail: str


def join(path: str, rest: str) -> str:
    """A path and what follows it; either may be empty, and an index needs no dot."""
    if not path or not rest or rest.startswith("["):
        return path + rest
    return f"{path}.{rest}"


def under(path: str, faults: Iterable[Fault]) -> Iterator[Fault]:
    """The same faults, seen from further out."""
    return (Fault(join(path, fault.path), fault.code, fault.detail) for fault in faults)
