"""One pass of the recompute over the levels of the graph, inside one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import msgspec

from rollup_worker.actions.answering import node_name
from rollup_worker.actions.judging import Moment, judge_measures
from rollup_worker.actions.reasons import Reason
from rollup_worker.core import facts, graph
from rollup_worker.core.facts import CITY, Edge, Node, Parent
from rollup_worker.core.rollup import roll_up
from rollup_worker.jobs.versions import Judged, Version, next_version, stale_on_changes
from rollup_worker.repository import assessments, plan
from rollup_worker.repository.plan import Defined
from rollup_worker.schemas.document import Line, child_of
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.outbox import Outgoing
from tideline.vocabulary import Kind

_lines: Final = msgspec.json.Decoder(Line)


@dataclass
class Pass:
    """`today` is the day of the last tick. `outgoing` holds the events in the order in which they are told."""

    connection: Connection
    now: datetime
    today: date
    reasons: dict[Node, Reason] = field(default_factory=dict)
    outgoing: list[Outgoing] = field(default_factory=list)

    def because(self, node: Node, *causes: dict[str, Any]) -> None:
        self.reasons.setdefault(node, Reason()).add(*causes)

    async def derive_edges(self) -> None:
        """From all definitions; writes only what differs. The parents concerned have the definitions as reason."""
        before = await plan.list_edges(self.connection)
        now = set(graph.edges(await plan.find_plan(self.connection)))
        gone, new = before - now, now - before
        await plan.replace_edges(self.connection, gone, new, self.now)
        known = [cause for reason in self.reasons.values() for cause in reason.causes if cause["type"] == "definition"]
        for parent in {edge.parent for edge in gone | new}:
            self.because(parent, *known)

    async def judge_measures(self) -> None:
        defined = await self._defined(frozenset({Kind.MEASURE}))
        active = {d.code: d for d in defined.values() if isinstance(d, MeasureDefined) and not d.retired}
        found = await judge_measures(self.connection, active, Moment(self.today))
        judged = []
        for node, definition in defined.items():
            judgement = found.get(node.code)
            status, stale_on = (judgement.status, judgement.stale_on) if judgement else (None, None)
            judged.append(Judged(node_name(node, definition), status, definition.published, stale_on=stale_on))
        await self._write(judged)

    async def judge_parents(self, kinds: Collection[Kind]) -> None:
        defined = await self._defined(kinds)
        nodes: list[Node] = [*defined, *([CITY] if CITY in self.reasons and CITY.kind in kinds else [])]
        if not nodes:
            return
        below = await plan.list_edges_under(self.connection, nodes)
        lines = await self._lines(edge for edges in below.values() for edge in edges)
        await self._write([_judge(node, defined.get(node), below.get(node, []), lines) for node in nodes])

    async def _defined(self, kinds: Collection[Kind]) -> dict[Node, Defined]:
        nodes = sorted(node for node in self.reasons if node.kind in kinds and node != CITY)
        return await plan.list_definitions(self.connection, nodes) if nodes else {}

    async def _lines(self, edges: Iterable[Edge]) -> dict[Node, Line]:
        """What each child tells; one that has not been judged yet tells nothing."""
        children = {edge.child for edge in edges}
        found = await assessments.list_lines(self.connection, children)
        told = {node: _lines.decode(text) for node, text in found.items()}
        return {child: told.get(child) or Line(title=child.code) for child in children}

    async def _write(self, judged: Sequence[Judged]) -> None:
        current = await assessments.list_current(self.connection, [each.node for each in judged])
        versions = [
            version
            for each in sorted(judged, key=lambda each: each.node)
            if (version := next_version(each, current.get(each.node), self.reasons[each.node], self.now))
        ]
        await assessments.replace_stale_on(self.connection, stale_on_changes(judged, current))
        await assessments.add_assessments(self.connection, [version.row for version in versions])
        self.outgoing += [version.event for version in versions]
        await self._tell_parents({v.row.node: v for v in versions if v.line_changed})

    async def _tell_parents(self, moved: Mapping[Node, Version]) -> None:
        if not moved:
            return
        for child, parent in await plan.list_parents(self.connection, moved):
            version = moved[child]
            self.because(parent, *self.reasons[child].causes)
            self.reasons[parent].children.append(
                {
                    "kind": child.kind,
                    "code": child.code,
                    "version": version.row.version,
                    "published": version.row.published,
                }
            )


def _judge(node: Node, definition: Defined | None, edges: Sequence[Edge], lines: Mapping[Node, Line]) -> Judged:
    if definition is None:
        rule, name, published = Parent(node), node_name(node, None), True
    else:
        assert not isinstance(definition, MeasureDefined)
        rule, name, published = facts.parent(definition), node_name(node, definition), definition.published
    if definition is not None and definition.retired:
        return Judged(name, None, published)
    status = roll_up(rule, [child_of(edge, lines[edge.child]) for edge in edges])
    return Judged(name, status, published, {edge.child: lines[edge.child] for edge in edges})
