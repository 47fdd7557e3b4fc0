"""A what-if: the same tree judged twice, as it is and as it would be. Nothing is stored."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rollup_worker.actions.answering import definition_of, document_of, judge_known, node_name, veil_of, with_published
from rollup_worker.actions.judging import Tree
from rollup_worker.actions.loading import Moment, stream_series
from rollup_worker.actions.withholding import has_withheld
from rollup_worker.core import city, graph
from rollup_worker.core.facts import CITY, Edge, Node, Plan
from rollup_worker.core.overlay import over_plan
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.supposing import Fault, Rows, suppose
from rollup_worker.core.veil import COVERED, Veil, covered, of_parent
from rollup_worker.repository.assessments import find_current, find_known
from rollup_worker.schemas.what_if import ChangedNode, Side, Supposed
from tideline.database import Connection
from tideline.errors import Invalid
from tideline.vocabulary import Kind

FAULTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asking:
    node: Node
    rows: Rows
    staff: bool


async def answer_what_if(connection: Connection, known: Plan, asking: Asking, when: Moment, now: datetime) -> Supposed:
    """Raises Invalid with every row that does not fit."""
    about = known if asking.staff else _published(known)
    overlay, faults = suppose(about, asking.rows, when.in_force)
    if not asking.staff:
        faults += await _revealing(connection, known, asking.rows, when)
    if faults:
        told = [{"in": f.part, "index": f.index, "field": f.field, "code": f.code, "detail": f.detail} for f in faults]
        raise Invalid(f"{len(faults)} rows do not fit", code="rejected_rows", errors=told[:FAULTS_MAX])
    supposed = over_plan(known, overlay)
    then = replace(when, overlay=overlay)
    before = await _judged(connection, known, asking.node, when)
    after = await _judged(connection, supposed, asking.node, then)
    if not asking.staff:
        before, after = _closed(before, after)
    stored = await (
        find_known(connection, asking.node, when.known_at) if when.known_at else find_current(connection, asking.node)
    )
    return Supposed(
        before=with_published(document_of(known, before, asking.node, when, now, staff=asking.staff), stored),
        after=with_published(document_of(supposed, after, asking.node, then, now, staff=asking.staff), stored),
        changed=list(_changed(known, before, after, staff=asking.staff)),
    )


async def _judged(connection: Connection, known: Plan, node: Node, when: Moment) -> Tree:
    """The tree of a node; that of the city with the areas, which are a second cut and stand under nothing."""
    tree = await judge_known(connection, known, node, when)
    if node != CITY:
        return tree
    below = defaultdict[Node, list[Edge]](list)
    for edge in graph.edges(known):
        if edge.parent.kind is Kind.AREA and edge.parent not in tree.statuses:
            below[edge.parent].append(edge)
    statuses, veils = dict(tree.statuses), dict(tree.veils)
    for area, edges in below.items():
        if all(edge.child in statuses for edge in edges):
            statuses[area] = roll_up(city.rule(known, area), city.children(edges, statuses))
            veils[area] = of_parent(statuses[area], veils)
    return Tree(statuses, tree.root, veils)


def _closed(before: Tree, after: Tree) -> tuple[Tree, Tree]:
    """Both sides with nothing at all of nodes whose numbers are covered in either.

    Even a word would tell: who supposes one value after the other for its neighbours sees where it turns.
    """
    hidden = {node for tree in (before, after) for node, veil in tree.veils.items() if veil in COVERED}
    closed = dict.fromkeys(hidden, Veil.ALL)
    return replace(before, veils={**before.veils, **closed}), replace(after, veils={**after.veils, **closed})


def _published(known: Plan) -> Plan:
    """What the public may suppose about."""
    return Plan(
        {code: each for code, each in known.measures.items() if each.published},
        {code: each for code, each in known.goals.items() if each.published},
        {code: each for code, each in known.departments.items() if each.published},
        {code: each for code, each in known.areas.items() if each.published},
        known.city,
    )


async def _revealing(connection: Connection, known: Plan, rows: Rows, when: Moment) -> list[Fault]:
    """Rows from whose effect a reader could work out what is not shown to the public.

    These are values of a measure with withheld numbers, or of one that such a measure is made from or weighed by, and
    weights beside a child that is not published.
    """
    touched = {row.measure for row in rows.observations if row.measure in known.measures}
    reading = {code: _readers(known, code) for code in touched}
    looked = {code: known.measures[code] for readers in reading.values() for code in readers}
    series = stream_series(connection, looked, when)
    withheld = {found.definition.code async for found in series if has_withheld(found, known)}
    closed = {code for code, readers in reading.items() if not withheld.isdisjoint(readers)}
    detail = "numbers of this measure are withheld; with a token this can be supposed"
    found = [
        Fault("observations", index, "measure", "needs_token", detail)
        for index, row in enumerate(rows.observations)
        if row.measure in closed
    ]
    return [*found, *_unequal(known, rows)]


def _readers(known: Plan, code: str) -> set[str]:
    """A measure and all that are made from it or weighed by it."""
    found, waiting = {code}, [code]
    while waiting:
        read = waiting.pop()
        for each in known.measures.values():
            reads = {each.weighted_by, *(each.formula.inputs if each.formula else ())}
            if read in reads and each.code not in found:
                found.add(each.code)
                waiting.append(each.code)
    return found


def _unequal(known: Plan, rows: Rows) -> Iterator[Fault]:
    edges = graph.edges(known)
    hiding = {edge.parent for edge in edges if not _is_published(known, edge.child)}
    for index, row in enumerate(rows.weights):
        if row.goal is not None:
            parents = {Node(Kind.GOAL, row.goal)}
        else:
            parents = {edge.parent for edge in edges if edge.child == (row.kind, row.code)}
        if not hiding.isdisjoint(parents):
            detail = "not all that counts beside it is published; with a token this can be supposed"
            yield Fault("weights", index, "weight", "needs_token", detail)


def _is_published(known: Plan, node: Node) -> bool:
    definition = definition_of(known, node)
    return node == CITY or (definition is not None and definition.published)


def _changed(known: Plan, before: Tree, after: Tree, *, staff: bool) -> Iterator[ChangedNode]:
    """Children before parents."""
    nodes = sorted({*before.statuses, *after.statuses}, key=lambda node: (graph.LEVELS[node.kind], node))
    for node in nodes:
        old, new = _side(before, node, staff=staff), _side(after, node, staff=staff)
        if old != new and (staff or _is_published(known, node)):
            title = node_name(node, definition_of(known, node)).title
            yield ChangedNode(kind=node.kind, code=node.code, title=title, before=old, after=new)


def _side(tree: Tree, node: Node, *, staff: bool) -> Side | None:
    """As the reader sees it; None where the node does not stand."""
    if node not in tree.statuses:
        return None
    found = tree.statuses[node] if staff else covered(tree.statuses[node], veil_of(tree, node))
    return Side(status=found.status, score=found.score, value=found.value, target=found.target, as_of=found.as_of)
