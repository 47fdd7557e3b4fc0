"""The nodes that stand above some nodes, with everything that judging them needs, read at once."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec

from rollup_worker.core.facts import CITY, Edge, Node
from rollup_worker.repository import assessments, plan
from rollup_worker.repository.assessments import Stored
from rollup_worker.repository.plan import Defined
from rollup_worker.schemas.document import Line
from tideline import periods
from tideline.database import Connection
from tideline.events import Calendar, CityDefined
from tideline.vocabulary import Kind

_lines: Final = msgspec.json.Decoder(Line)


@dataclass(frozen=True, slots=True)
class Family:
    """Parents by child in `above`, edges by parent in `below`; `lines` of all children, `current` of all parents."""

    definitions: dict[Node, Defined]
    below: dict[Node, list[Edge]]
    above: dict[Node, list[Node]]
    lines: dict[Node, Line]
    current: dict[Node, Stored]

    @property
    def calendar(self) -> Calendar:
        """The city's own."""
        city = self.definitions.get(CITY)
        return city.calendar if isinstance(city, CityDefined) else periods.STANDARD


async def load_family(connection: Connection, starts: Collection[Node]) -> Family:
    """Four reads, however many levels: the cost is that of the children of the nodes above."""
    found = await plan.list_upwards(connection, starts)
    parents = [node for node in found if node.kind is not Kind.MEASURE]
    below = await plan.list_edges_under(connection, parents)
    edges = [edge for held in below.values() for edge in held]
    above: dict[Node, list[Node]] = {}
    for edge in edges:
        above.setdefault(edge.child, []).append(edge.parent)
    told = await assessments.list_lines(connection, above)
    return Family(
        definitions=await plan.list_definitions(connection, {*parents, CITY}),
        below=below,
        above=above,
        # A child that has not been judged yet tells nothing.
        lines={node: _lines.decode(told[node]) if node in told else Line(title=node.code) for node in above},
        current=await assessments.list_current(connection, parents),
    )
