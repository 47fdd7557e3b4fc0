"""The definitions as they stand or stood, and the edges derived from them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from rollup_worker.core.facts import CITY, Edge, Node, Plan
from tideline import periods
from tideline.database import Connection
from tideline.events import AreaDefined, Calendar, CityDefined, DepartmentDefined, GoalDefined, MeasureDefined
from tideline.vocabulary import Kind

KPI: Final = "kpi"
METRIC: Final = "metric"

Defined = MeasureDefined | GoalDefined | DepartmentDefined | AreaDefined | CityDefined

_readers: Final[Mapping[Kind, msgspec.json.Decoder[Any]]] = {
    Kind.MEASURE: msgspec.json.Decoder(MeasureDefined),
    Kind.GOAL: msgspec.json.Decoder(GoalDefined),
    Kind.DEPARTMENT: msgspec.json.Decoder(DepartmentDefined),
    Kind.AREA: msgspec.json.Decoder(AreaDefined),
    Kind.CITY: msgspec.json.Decoder(CityDefined),
}


async def find_plan(connection: Connection, at: datetime | None = None) -> Plan:
    """Every definition that stands, or stood at a time."""
    rows = await connection.fetch(_DEFINITIONS, at)
    found: dict[Kind, dict[str, Any]] = {kind: {} for kind in _readers}
    for row in rows:
        kind = Kind(row["kind"])
        found[kind][row["code"]] = _readers[kind].decode(row["body"])
    return Plan(
        found[Kind.MEASURE], found[Kind.GOAL], found[Kind.DEPARTMENT], found[Kind.AREA], found[Kind.CITY].get(CITY.code)
    )


async def list_definitions(
    connection: Connection, nodes: Iterable[Node], at: datetime | None = None
) -> dict[Node, Defined]:
    """The definitions of these nodes that stand, or stood at a time; the city may have none."""
    rows = await connection.fetch(_DEFINITIONS_OF, at, *_columns(nodes))
    return {Node(kind, row["code"]): _readers[kind].decode(row["body"]) for row in rows for kind in [Kind(row["kind"])]}


async def find_calendar(connection: Connection, at: datetime | None = None) -> Calendar:
    """The city's own."""
    city = await find_definition(connection, CITY, at)
    return city.calendar if isinstance(city, CityDefined) else periods.STANDARD


async def find_definition(connection: Connection, node: Node, at: datetime | None = None) -> Defined | None:
    return (await list_definitions(connection, [node], at)).get(node)


async def list_published(connection: Connection, measures: Iterable[str]) -> set[str]:
    """Those of the measures that are defined and published."""
    rows = await connection.fetch(_PUBLISHED, list(measures))
    return {row["code"] for row in rows}


async def list_edges(connection: Connection) -> set[Edge]:
    rows = await connection.fetch(_EDGES + "where known_to is null")
    return {_edge(row) for row in rows}


async def list_edges_under(connection: Connection, parents: Iterable[Node]) -> dict[Node, list[Edge]]:
    """The edges of each parent to its children, in the order of the children."""
    rows = await connection.fetch(_EDGES + _UNDER, *_columns(parents))
    found: dict[Node, list[Edge]] = {}
    for edge in sorted(_edge(row) for row in rows):
        found.setdefault(edge.parent, []).append(edge)
    return found


async def list_upwards(connection: Connection, starts: Iterable[Node]) -> list[Node]:
    """These nodes and all that stand above them."""
    rows = await connection.fetch(_UPWARDS, *_columns(starts))
    return [Node(Kind(row[0]), row[1]) for row in rows]


async def replace_edges(connection: Connection, gone: Iterable[Edge], new: Iterable[Edge], at: datetime) -> None:
    """Closes edges and opens others; what stays as it was is not touched."""
    await connection.executemany(_CLOSE_EDGE, [(at, *edge.parent, *edge.child) for edge in gone])
    await connection.executemany(
        _ADD_EDGE,
        [(at, *edge.parent, *edge.child, edge.weight, KPI if edge.kpi else METRIC) for edge in new],
    )


def _edge(row: asyncpg.Record) -> Edge:
    parent, child = Node(Kind(row[0]), row[1]), Node(Kind(row[2]), row[3])
    return Edge(parent, child, row[4], row[5] == KPI)


def _columns(nodes: Iterable[Node]) -> tuple[list[str], list[str]]:
    found = list(nodes)
    return [node.kind.value for node in found], [node.code for node in found]


_DEFINITIONS: Final = """
select kind, code, body from definition
where case when $1::timestamptz is null then known_to is null
           else known_from <= $1 and (known_to is null or known_to > $1) end
"""
_DEFINITIONS_OF: Final = """
select kind, code, body from definition
join unnest($2::text[], $3::text[]) n (kind, code) using (kind, code)
where case when $1::timestamptz is null then known_to is null
           else known_from <= $1 and (known_to is null or known_to > $1) end
"""
_PUBLISHED: Final = """
select code from definition
where kind = 'measure' and code = any($1::text[]) and known_to is null and body->'published' = 'true'
"""
_EDGES: Final = "select parent_kind, parent_code, child_kind, child_code, weight, role from edge "
_UNDER: Final = """
join unnest($1::text[], $2::text[]) n (kind, code) on parent_kind = n.kind and parent_code = n.code
where known_to is null
"""
_UPWARDS: Final = """
with recursive upwards (kind, code) as (
    select * from unnest($1::text[], $2::text[])
    union
    select e.parent_kind, e.parent_code from edge e join upwards u on e.child_kind = u.kind and e.child_code = u.code
    where e.known_to is null)
select kind, code from upwards
"""
_CLOSE_EDGE: Final = """
update edge set known_to = greatest($1, known_from)
where parent_kind = $2 and parent_code = $3 and child_kind = $4 and child_code = $5 and known_to is null
"""
_ADD_EDGE: Final = """
insert into edge (known_from, parent_kind, parent_code, child_kind, child_code, weight, role)
values ($1, $2, $3, $4, $5, $6, $7)
"""
