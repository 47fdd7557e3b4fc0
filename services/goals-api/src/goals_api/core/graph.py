"""Checks of the plan as a graph: references, cycles, and who owns a measure. Looks at what would stand."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from goals_api.core.calendars import followers
from goals_api.core.entities import Area, City, Content, Department, Goal, Measure, Stored
from goals_api.core.faults import Fault, join
from goals_api.core.formulas import inputs_of
from goals_api.core.proposals import Entry, Proposal, World
from tideline.vocabulary import Kind

_ACYCLIC: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.AREA: ("parents",),
    Kind.DEPARTMENT: ("merged_into",),
    Kind.MEASURE: ("formula", "weighted_by"),
}
_CYCLES: Final = {
    "formula": ("formula_cycle", "{} would be derived from itself"),
    "weighted_by": ("cycle", "{} would be weighed by what it is needed for"),
}


class Reference(Struct, frozen=True):
    """Where in a content another entity is named, and which."""

    path: str
    kind: Kind
    code: str


def references(content: Content) -> Iterator[Reference]:
    """Every entity that a content names, with the path of the name."""
    if isinstance(content, City):
        return
    if isinstance(content, Area):
        yield from _listed("parents", Kind.AREA, content.parents)
        yield from _listed("related", Kind.AREA, content.related)
    elif isinstance(content, Department):
        yield from _named("merged_into", Kind.DEPARTMENT, content.merged_into)
    else:
        yield from _named("department", Kind.DEPARTMENT, content.department)
        yield from _listed("areas", Kind.AREA, content.areas)
        yield from measures_of(content)


def measures_of(content: Content) -> Iterator[Reference]:
    """The measures that a content names: of a goal its KPI and metrics, of a measure what it is made from."""
    if isinstance(content, Goal):
        yield from _named("kpi", Kind.MEASURE, content.kpi)
        yield from _listed("metrics", Kind.MEASURE, tuple(metric.measure for metric in content.metrics))
    elif isinstance(content, Measure):
        yield from (Reference("formula", Kind.MEASURE, code) for code in inputs_of(content.formula))
        yield from _named("weighted_by", Kind.MEASURE, content.weighted_by)


def deciding(goal: Goal) -> Iterator[Reference]:
    """The measures that count in a goal: its KPI and what has a weight above 0. A goal with these owns them."""
    yield from _named("kpi", Kind.MEASURE, goal.kpi)
    for index, metric in enumerate(goal.metrics):
        if metric.weight > 0 and metric.measure != goal.kpi:
            yield Reference(f"metrics[{index}]", Kind.MEASURE, metric.measure)


def leaving(proposal: Proposal, world: World) -> dict[Kind, dict[str, Stored[Content]]]:
    """What the document no longer names, and what therefore retires with it."""
    if proposal.plan is None:
        return {}
    return {
        kind: {
            code: stored
            for code, stored in kept.items()
            if stored.plan == proposal.plan.code and not stored.retired and code not in _proposed(proposal, kind)
        }
        for kind, kept in world.entities.items()
    }


def standing(proposal: Proposal, world: World) -> dict[Kind, dict[str, Content]]:
    """Every entity in force once the proposal is stored, measures that follow the city's calendar included."""
    gone = leaving(proposal, world)
    after: dict[Kind, dict[str, Content]] = {}
    for kind, kept in world.entities.items():
        after[kind] = {
            code: stored.content
            for code, stored in kept.items()
            if not stored.retired and code not in gone.get(kind, {})
        }
        after[kind] |= {entry.content.code: entry.content for entry in proposal.entries.get(kind, ())}
    after[Kind.MEASURE] |= {measure.code: measure for _, measure in followers(proposal, world)}
    return after


def check_graph(proposal: Proposal, world: World) -> Iterator[Fault]:
    after = standing(proposal, world)
    for kind, entries in proposal.entries.items():
        for entry in entries:
            yield from _check_references(entry, world.entities[kind].get(entry.content.code), proposal, world, after)
    for kind, fields in _ACYCLIC.items():
        yield from _check_cycles(proposal, after, kind, fields)
    yield from _check_owners(proposal, after)


def _check_references(
    entry: Entry[Content],
    before: Stored[Content] | None,
    proposal: Proposal,
    world: World,
    after: Mapping[Kind, Mapping[str, Content]],
) -> Iterator[Fault]:
    named_before = {(r.kind, r.code) for r in references(before.content)} if before else set()
    for reference in references(entry.content):
        kind, code = reference.kind, reference.code
        if code in after[kind] or code in proposal.unread.get(kind, ()):
            continue
        known = world.entities[kind].get(code)
        path = join(entry.path, reference.path)
        if known is None:
            yield Fault(path, f"unknown_{kind}", f"there is no {kind} {code}")
        elif (kind, code) not in named_before or _of_this_plan(known, proposal):
            yield Fault(path, "retired_reference", f"{kind} {code} is retired, or would retire with this document")


def _check_cycles(
    proposal: Proposal, after: Mapping[Kind, Mapping[str, Content]], kind: Kind, fields: tuple[str, ...]
) -> Iterator[Fault]:
    """One fault for each proposed edge that lies on a cycle (or between two cycles)."""
    edges = {
        code: [r for r in references(content) if r.path.startswith(fields)] for code, content in after[kind].items()
    }
    knotted = _knots({code: {r.code for r in found} for code, found in edges.items()})
    for entry in proposal.entries.get(kind, ()):
        code = entry.content.code
        for reference in edges.get(code, ()) if code in knotted else ():
            if reference.code in knotted:
                fault, detail = _CYCLES.get(reference.path, ("cycle", "{} would stand under itself"))
                yield Fault(join(entry.path, reference.path), fault, detail.format(code))


def _knots(edges: Mapping[str, set[str]]) -> set[str]:
    """The nodes left when every node without a way in or without a way out is taken off, again and again."""
    left = set(edges)
    for ways in (edges, _reversed(edges)):
        counts = {node: len(ways.get(node, set()) & left) for node in left}
        back = _reversed(ways)
        loose = [node for node, count in counts.items() if not count]
        while loose:
            node = loose.pop()
            left.discard(node)
            for other in back.get(node, set()) & left:
                counts[other] -= 1
                if not counts[other]:
                    loose.append(other)
    return left


def _reversed(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    back: dict[str, set[str]] = defaultdict(set)
    for node, others in edges.items():
        for other in others:
            back[other].add(node)
    return back


def _check_owners(proposal: Proposal, after: Mapping[Kind, Mapping[str, Content]]) -> Iterator[Fault]:
    """A measure counts in one goal only; the fault is at the proposed goal that comes second."""
    proposed = {entry.content.code: entry for entry in proposal.entries.get(Kind.GOAL, ())}
    owners: dict[str, str] = {}
    for code, goal in after[Kind.GOAL].items():
        if code not in proposed and isinstance(goal, Goal):
            owners |= {reference.code: code for reference in deciding(goal)}
    for code, entry in proposed.items():
        assert isinstance(entry.content, Goal)
        for reference in deciding(entry.content):
            owner = owners.setdefault(reference.code, code)
            if owner != code:
                detail = f"{reference.code} already counts in goal {owner}"
                yield Fault(join(entry.path, reference.path), "measure_in_two_goals", detail)


def _proposed(proposal: Proposal, kind: Kind) -> set[str]:
    return {entry.content.code for entry in proposal.entries.get(kind, ())} | proposal.unread.get(kind, frozenset())


def _of_this_plan(stored: Stored[Content], proposal: Proposal) -> bool:
    return proposal.plan is not None and stored.plan == proposal.plan.code


def _named(path: str, kind: Kind, code: str | None) -> Iterator[Reference]:
    if code is not None:
        yield Reference(path, kind, code)


def _listed(path: str, kind: Kind, codes: tuple[str, ...]) -> Iterator[Reference]:
    return (Reference(f"{path}[{index}]", kind, code) for index, code in enumerate(codes))
