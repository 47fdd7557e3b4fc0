"""Which measures a dataset feeds, as the plan names them now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """The local copy of a measure of the plan."""

    code: str
    title: str
    department: str | None
    published: bool
    retired: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """A measure that a dataset names; not `known`: the plan has no measure of this code (yet)."""

    code: str
    known: bool
    title: str | None = None
    department: str | None = None
    retired: bool = False


def feeds(codes: Iterable[str], measures: Mapping[str, Measure], *, public: bool) -> tuple[Feed, ...]:
    """One feed per code, in the given order. The public is not told of measures that are not published."""
    found = ((code, measures.get(code)) for code in codes)
    return tuple(_feed(code, measure) for code, measure in found if not (public and measure and not measure.published))


def _feed(code: str, measure: Measure | None) -> Feed:
    if measure is None:
        return Feed(code, known=False)
    return Feed(code, True, measure.title, measure.department, measure.retired)
