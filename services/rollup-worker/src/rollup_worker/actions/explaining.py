"""Why a node has its status: the steps of the judgement taken once more, with everything they read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from rollup_worker.actions.answering import definition_of, judge_then, lines_of, node_name, veil_of
from rollup_worker.actions.judging import Judgement, judge_measures
from rollup_worker.actions.loading import Loaded, Moment
from rollup_worker.actions.withholding import withheld_inputs
from rollup_worker.core import facts, policies
from rollup_worker.core.facts import Node, NodeStatus, Parent, Target
from rollup_worker.core.methods import VERSIONS
from rollup_worker.core.policies import POLICIES
from rollup_worker.core.rollup import roll_up
from rollup_worker.core.veil import Veil, of_parent
from rollup_worker.repository import assessments, plan
from rollup_worker.repository.inputs import Value
from rollup_worker.repository.plan import Defined
from rollup_worker.schemas.document import Line, child_line, child_of, coverage_words, words
from rollup_worker.schemas.reads import Explanation, Input, MethodUsed, TargetWords, Weight
from rollup_worker.schemas.visible import visible_children
from tideline import periods
from tideline.database import Connection
from tideline.events import MeasureDefined
from tideline.vocabulary import Kind, Policy, Status

_lines: Final = msgspec.json.Decoder(Line)


@dataclass(frozen=True, slots=True)
class Grounds:
    """A judged node with its definition, and what was read for it."""

    status: NodeStatus
    definition: Defined | None
    judgement: Judgement | None = None
    lines: Mapping[Node, Line] | None = None
    veil: Veil = Veil.OPEN


async def grounds(connection: Connection, node: Node, definition: Defined | None, when: Moment) -> Grounds:
    """For now: the node from its own inputs alone. For then: from everything under it."""
    if when.as_of is not None or when.known_at is not None:
        known, tree = await judge_then(connection, node, when)
        status = tree.statuses[node]
        lines = lines_of(known, tree, node)
        return Grounds(status, definition_of(known, node), tree.root, lines, veil_of(tree, node))
    if isinstance(definition, MeasureDefined):
        judgement = (await judge_measures(connection, {node.code: definition}, when))[node.code]
        return Grounds(judgement.status, definition, judgement, veil=judgement.veil)
    edges = (await plan.list_edges_under(connection, [node])).get(node, [])
    stored = await assessments.list_lines(connection, [edge.child for edge in edges])
    lines = {child: _lines.decode(text) for child, text in stored.items()}
    rule = facts.parent(definition, await plan.find_calendar(connection, when.known_at)) if definition else Parent(node)
    children = [child_of(edge, lines[edge.child]) for edge in edges if edge.child in lines]
    status = roll_up(rule, children)
    veil = of_parent(status, {child: line.veil for child, line in lines.items()})
    return Grounds(status, definition, None, lines, veil)


def explanation(node: Node, found: Grounds, when: Moment, *, staff: bool) -> Explanation:
    status, definition, lines = found.status, found.definition, found.lines or {}
    read = found.judgement.read if found.judgement else None
    values = read.values if read else ()
    hidden = withheld_inputs(read, when.suppress_under) if read and not staff else frozenset()
    public = (value for value in values if _is_public(value, read) and (value.measure, value.period) not in hidden)
    shown = list(values if staff else public)
    measure = definition if isinstance(definition, MeasureDefined) else None
    whole = Explanation(
        node=node_name(node, definition),
        version=0,
        as_of=status.as_of,
        known_at=when.known_at,
        status=status.status,
        score=status.score,
        value=status.value,
        target=status.target,
        lower=status.lower,
        upper=status.upper,
        qualifiers=words(status.qualifiers),
        coverage=coverage_words(status.coverage),
        method=_method(status, measure),
        native=status.native,
        numbers=dict(status.why),
        definition_version=definition.version if definition else None,
        baseline=measure.baseline if measure else None,
        targets=_targets(read.targets, measure) if read and measure else [],
        formula=measure.formula.text if measure and measure.formula else None,
        reads=sorted(read.reads) if read else [],
        weighted_by=measure.weighted_by if measure else None,
        weights=_weights(read) if read and staff else [],
        inputs=[_input(value) for value in shown],
        withheld=len(values) - len(shown),
        children=[child_line(c, lines) for c in status.children if staff or lines[c.node].published],
    )
    return whole if staff else _covered(whole, found)


def _covered(whole: Explanation, found: Grounds) -> Explanation:
    """What the public sees where numbers are small: no step from which they could be told."""
    children = visible_children(whole.children, found.lines or {}, found.veil)
    if found.veil is Veil.OPEN:
        return msgspec.structs.replace(whole, children=children)
    steps = {"children": children, "numbers": {}, "inputs": [], "withheld": whole.withheld + len(whole.inputs)}
    if found.veil is not Veil.TREND:
        steps |= {"score": None, "native": None}
    if found.veil is Veil.ALL:
        steps |= {"status": Status.SUPPRESSED, "value": None, "target": None, "lower": None, "upper": None}
    return msgspec.structs.replace(whole, **steps)


def _method(status: NodeStatus, measure: MeasureDefined | None) -> MethodUsed | None:
    if status.node.kind is not Kind.MEASURE and status.method:
        return MethodUsed(
            id=status.method,
            version=status.method_version,
            title=POLICIES[Policy(status.method)].title,
            source=policies.SOURCE,
        )
    method = VERSIONS.get((status.method or "", status.method_version or 0))
    if method is None:
        return None
    params = measure.method.params if measure and measure.method else {}
    return MethodUsed(
        id=method.id, version=status.method_version, title=method.title, source=method.source, params=params
    )


def _targets(targets: Sequence[Target], measure: MeasureDefined) -> list[TargetWords]:
    return [
        TargetWords(
            period=periods.identify(target.period, measure.calendar),
            version=target.version,
            value=target.value,
            lower=target.lower,
            upper=target.upper,
            sample=target.sample,
        )
        for target in targets
    ]


def _is_public(value: Value, read: Loaded | None) -> bool:
    """A value of the whole, of a measure that is itself published."""
    other = read.reads.get(value.measure) if read else None
    return not value.breakdown and (other is None or other.published)


def _weights(read: Loaded) -> list[Weight]:
    definition = read.reads.get(read.definition.weighted_by or "", read.definition)
    return [
        Weight(
            period=periods.identify(cell.period, definition.calendar),
            breakdown=dict(cell.breakdown),
            value=cell.value,
        )
        for cell in read.weights
    ]


def _input(value: Value) -> Input:
    return Input(**{name: getattr(value, name) for name in Value.__slots__})
