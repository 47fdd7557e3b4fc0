"""Status documents of the past, computed on the way the present ones were."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from rollup_worker.actions.judging import Tree, judge_tree
from rollup_worker.actions.loading import Moment, find_moment
from rollup_worker.core.facts import CITY, Node, NodeStatus, Plan
from rollup_worker.core.overlay import over_plan
from rollup_worker.core.veil import Veil
from rollup_worker.repository import plan
from rollup_worker.repository.assessments import Stored
from rollup_worker.repository.plan import Defined
from rollup_worker.schemas.document import Document, Line, NodeName, document
from rollup_worker.schemas.visible import visible
from tideline import periods
from tideline.database import Connection
from tideline.errors import Invalid
from tideline.events import Calendar, MeasureDefined, encode
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Kind

_documents: Final = msgspec.json.Decoder(Document)
CITY_TITLE: Final = "City"


def node_name(node: Node, definition: Defined | None) -> NodeName:
    """The city needs no definition."""
    if definition is None:
        return NodeName(node.kind, node.code, CITY_TITLE if node == CITY else node.code)
    return NodeName(node.kind, node.code, definition.title, definition.retired)


def definition_of(known: Plan, node: Node) -> Defined | None:
    held: Mapping[Kind, Mapping[str, Defined]] = {
        Kind.MEASURE: known.measures,
        Kind.GOAL: known.goals,
        Kind.DEPARTMENT: known.departments,
        Kind.AREA: known.areas,
        Kind.CITY: {CITY.code: known.city} if known.city else {},
    }
    return held[node.kind].get(node.code)


async def moment(connection: Connection, as_of: str | None, known_at: datetime | None, node: Node) -> Moment:
    """Raises Invalid for what is no period of the calendar that the node had then."""
    if as_of is None:
        return await find_moment(connection, None, known_at)
    definition = await plan.find_definition(connection, node, known_at)
    period = _period(as_of, await calendar_of(connection, definition, known_at))
    return await find_moment(connection, period, known_at)


async def calendar_of(connection: Connection, definition: Defined | None, known_at: datetime | None) -> Calendar:
    """In which a node's periods are read: a measure's in its own, all others' in the city's as it was known then."""
    if isinstance(definition, MeasureDefined):
        return definition.calendar
    return await plan.find_calendar(connection, known_at)


async def judge_then(connection: Connection, node: Node, when: Moment) -> tuple[Plan, Tree]:
    """The node and everything under it, as the plan of that time had it."""
    known = over_plan(await plan.find_plan(connection, when.known_at), when.overlay)
    return known, await judge_known(connection, known, node, when)


async def judge_known(connection: Connection, known: Plan, node: Node, when: Moment) -> Tree:
    """No status where the node was not defined yet."""
    if node != CITY and definition_of(known, node) is None:
        return Tree({node: NodeStatus(node)})
    return await judge_tree(connection, known, node, when)


async def document_then(connection: Connection, node: Node, when: Moment, now: datetime, *, staff: bool) -> Document:
    known, tree = await judge_then(connection, node, when)
    return document_of(known, tree, node, when, now, staff=staff)


def document_of(known: Plan, tree: Tree, node: Node, when: Moment, now: datetime, *, staff: bool) -> Document:
    """The document of a node of a judged tree, by what was known then."""
    lines = lines_of(known, tree, node)
    whole = document(
        tree.statuses[node],
        node_name(node, definition_of(known, node)),
        lines,
        known_at=when.known_at or now,
        computed_at=now,
    )
    return whole if staff else visible(whole, lines, veil_of(tree, node))


def with_published(found: Document, stored: Stored | None) -> Document:
    """A published status speaks of the period that was the latest when it stood, and of no other."""
    latest = _documents.decode(stored.document) if stored else None
    if latest is None or latest.as_of != found.as_of:
        return found
    return msgspec.structs.replace(found, published=latest.published)


def lines_of(known: Plan, tree: Tree, node: Node) -> dict[Node, Line]:
    """The children's names, for a document, and what the public sees of them."""
    found = {}
    for child in tree.statuses[node].children:
        definition = definition_of(known, child.node)
        if definition is not None:
            veil = veil_of(tree, child.node)
            found[child.node] = Line(title=definition.title, published=definition.published, veil=veil)
    return found


def veil_of(tree: Tree, node: Node) -> Veil:
    return tree.veils.get(node, Veil.OPEN)


def content_tag(found: Document) -> str:
    """The same content has the same tag, whenever it was computed."""
    timeless = msgspec.structs.replace(found, computed_at=None, known_at=None)
    return hashlib.blake2b(encode(timeless), digest_size=12).hexdigest()


def _period(text: str, calendar: Calendar) -> Period:
    try:
        return periods.parse(text, calendar)
    except BadPeriod as fault:
        raise Invalid(str(fault), code="bad_period") from fault
