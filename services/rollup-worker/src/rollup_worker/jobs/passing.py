"""One pass of the recompute over the levels of the graph, inside one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from rollup_worker.actions.answering import node_name
from rollup_worker.actions.judging import judge_each
from rollup_worker.actions.loading import Moment
from rollup_worker.actions.reasons import Reason
from rollup_worker.core import facts, graph
from rollup_worker.core.dependencies import named
from rollup_worker.core.facts import CITY, Node, NodeStatus, Parent
from rollup_worker.core.publication import Publication
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.veil import Veil, of_parent
from rollup_worker.jobs.family import Family, load_family
from rollup_worker.jobs.versions import Judged, Version, next_version, stale_on_changes
from rollup_worker.repository import assessments, dependencies, plan, published
from rollup_worker.repository.assessments import Stored
from rollup_worker.schemas.document import child_of
from tideline import outbox
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.vocabulary import Kind

# Above the measures; within a level no node stands under another.
LEVELS: Final[Sequence[Collection[Kind]]] = ((Kind.GOAL,), (Kind.AREA, Kind.DEPARTMENT), (Kind.CITY,))


@dataclass
class Pass:
    """`moment` is the day of the last tick, with the methods in force. `versions` stand in the order of telling."""

    connection: Connection
    now: datetime
    moment: Moment
    reasons: dict[Node, Reason] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    publications: dict[Node, Publication] = field(default_factory=dict)

    def because(self, node: Node, *causes: dict[str, Any]) -> None:
        self.reasons.setdefault(node, Reason()).add(*causes)

    async def mark_published(self) -> None:
        """Causes that are pushes say whether their measure is published; others may hear of it by the same causes."""
        pushes = [
            (node.code, cause)
            for node, reason in self.reasons.items()
            for cause in reason.causes
            if node.kind is Kind.MEASURE and cause["type"] == "observations"
        ]
        known = await plan.list_published(self.connection, {code for code, _ in pushes}) if pushes else set[str]()
        for code, cause in pushes:
            cause["published"] = code in known

    async def derive_edges(self) -> None:
        """What counts in what, and what reads what, from all definitions; writes only what differs.

        The parents concerned have the definitions as reason.

        The city is looked at too: it is there from the first definition on, even with nothing under it yet.
        """
        before = await plan.list_edges(self.connection)
        whole = await plan.find_plan(self.connection)
        await dependencies.replace_dependencies(self.connection, named(whole.measures))
        now = set(graph.edges(whole))
        gone, new = before - now, now - before
        await plan.replace_edges(self.connection, gone, new, self.now)
        known = [cause for reason in self.reasons.values() for cause in reason.causes if cause["type"] == "definition"]
        self.because(CITY, *known[-1:])
        for edge in sorted(gone | new):
            own = self.reasons.get(edge.child)
            self.because(edge.parent, *(own.causes if own else known[-1:]))

    async def judge(self) -> None:
        """Measures, then whatever stands above those whose line changed or has a reason of its own."""
        self.publications = await published.list_standing(self.connection, self.moment.today)
        await self._judge_measures()
        moved = {version.row.node: version for version in self.versions if version.line_changed}
        starts = {*moved, *(node for node in self.reasons if node.kind is not Kind.MEASURE)}
        if starts:
            family = await load_family(self.connection, starts)
            for version in moved.values():
                self._tell_parents(version, family)
            for kinds in LEVELS:
                self._judge_parents(kinds, family)
        await assessments.add_assessments(self.connection, [version.row for version in self.versions])
        await outbox.record(self.connection, self.now, [version.event for version in self.versions])

    async def _judge_measures(self) -> None:
        dirty = [node.code for node in self.reasons if node.kind is Kind.MEASURE]
        if not dirty:
            return
        touched = await dependencies.list_touched(self.connection, dirty)
        for code, found in touched.items():
            for other in found.by:
                self.because(Node(Kind.MEASURE, code), *self.reasons[Node(Kind.MEASURE, other)].causes)
        judged = await self._judged({code: found.definition for code, found in sorted(touched.items())})
        current = await assessments.list_current(self.connection, [each.node for each in judged])
        await assessments.replace_stale_on(self.connection, stale_on_changes(judged, current))
        self._add(judged, current)

    async def _judged(self, defined: Mapping[str, MeasureDefined]) -> list[Judged]:
        """Retired measures keep the status they had."""
        active = {code: definition for code, definition in defined.items() if not definition.retired}
        found = dict[str, tuple[NodeStatus, date | None, Veil]]()
        async for code, judgement in judge_each(self.connection, active, self.moment):
            found[code] = judgement.status, judgement.stale_on, judgement.veil
        return [
            Judged(
                node_name(Node(Kind.MEASURE, code), definition),
                status,
                definition.published,
                stale_on=stale_on,
                veil=veil,
            )
            for code, definition in defined.items()
            for status, stale_on, veil in [found.get(code, (None, None, Veil.OPEN))]
        ]

    def _judge_parents(self, kinds: Collection[Kind], family: Family) -> None:
        nodes = sorted(node for node in self.reasons if node.kind in kinds)
        known = [node for node in nodes if node == CITY or node in family.definitions]
        for version in self._add([_judge(node, family) for node in known], family.current):
            if version.line_changed:
                self._tell_parents(version, family)

    def _add(self, judged: Iterable[Judged], current: dict[Node, Stored]) -> list[Version]:
        whole = [replace(each, publication=self.publications.get(each.node)) for each in judged]
        made = [next_version(each, current.get(each.node), self.reasons[each.node], self.now) for each in whole]
        fresh = [version for version in made if version]
        self.versions += fresh
        return fresh

    def _tell_parents(self, version: Version, family: Family) -> None:
        child = version.row.node
        family.lines[child] = version.line
        for parent in family.above.get(child, ()):
            self.because(parent, *self.reasons[child].causes)
            self.reasons[parent].children.append(
                {
                    "kind": child.kind,
                    "code": child.code,
                    "version": version.row.version,
                    "published": version.row.published,
                }
            )


def _judge(node: Node, family: Family) -> Judged:
    definition = family.definitions.get(node)
    name, published = node_name(node, definition), definition is None or definition.published
    if definition is not None and definition.retired:
        return Judged(name, None, published)
    assert not isinstance(definition, MeasureDefined)
    edges = family.below.get(node, [])
    lines = {edge.child: family.lines[edge.child] for edge in edges}
    rule = facts.parent(definition, family.calendar) if definition else Parent(node)
    status = roll_up(rule, [child_of(edge, lines[edge.child]) for edge in edges])
    veil = of_parent(status, {child: line.veil for child, line in lines.items()})
    return Judged(name, status, published, lines, veil=veil)
