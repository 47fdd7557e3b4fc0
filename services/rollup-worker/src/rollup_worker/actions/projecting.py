"""Where nodes are heading: the last periods of their measures read, continued, and told."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from rollup_worker.actions.answering import definition_of, node_name
from rollup_worker.actions.judging import judge_loaded
from rollup_worker.actions.loading import Loaded, Moment, stream_recent
from rollup_worker.actions.withholding import withheld_headlines
from rollup_worker.core import graph, projection
from rollup_worker.core.decimals import ZERO
from rollup_worker.core.facts import Edge, Node, NodeStatus, Plan
from rollup_worker.core.future import Future, future, since
from rollup_worker.core.judge import latest, read
from rollup_worker.core.veil import COVERED
from rollup_worker.schemas.outlook import HorizonWords, Outlook, ahead_words, horizon_words, trend_words
from tideline.database import Connection
from tideline.events import GoalDefined, MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Direction, Kind, Status


@dataclass(frozen=True, slots=True)
class Wish:
    """How sure an interval shall be (0.5 to 0.999), through how many points the line goes, how many lines are told."""

    confidence: Decimal
    points: int | None
    limit: int
    staff: bool


async def project(connection: Connection, known: Plan, node: Node, when: Moment, wish: Wish) -> Outlook:
    """The outlook of a node as the plan of that time had it; `known` is that plan."""
    name = node_name(node, definition_of(known, node))
    if node.kind is Kind.MEASURE:
        if node.code not in known.measures:
            return Outlook(node=name, known_at=when.known_at, notes=["no_data"])
        asked = {node.code: known.measures[node.code]}
        (told,) = [each async for each in _each(connection, asked, known, when, wish, whole=True)]
        return told
    whole = node.kind is Kind.GOAL
    edges = {edge.child.code: edge for edge in beneath(known, node) if edge.child.kind is Kind.MEASURE}
    shown = {code: known.measures[code] for code in edges if wish.staff or known.measures[code].published}
    found = [each async for each in _each(connection, shown, known, when, wish, whole=whole)]
    marked = [msgspec.structs.replace(each, kpi=edges[each.node.code].kpi) for each in found] if whole else found
    ordered = sorted(marked, key=lambda each: (not each.kpi, *_badness(each)))
    return Outlook(
        node=name,
        known_at=when.known_at,
        confidence=wish.confidence,
        measures=ordered[: wish.limit],
        of=len(ordered),
    )


def beneath(known: Plan, root: Node) -> list[Edge]:
    """The edges of a node and of every node under it, each once."""
    below: dict[Node, list[Edge]] = {}
    for edge in graph.edges(known):
        below.setdefault(edge.parent, []).append(edge)
    found, waiting, seen = list[Edge](), [root], {root}
    while waiting:
        for edge in below.get(waiting.pop(), ()):
            found.append(edge)
            if edge.child not in seen:
                seen.add(edge.child)
                waiting.append(edge.child)
    return found


async def _each(
    connection: Connection, shown: Mapping[str, MeasureDefined], known: Plan, when: Moment, wish: Wish, *, whole: bool
) -> AsyncIterator[Outlook]:
    """One measure after the other; what is read does not grow with their histories."""

    def reach(definition: MeasureDefined, last: Period) -> date:
        return since(definition, last, wish.points)

    async for found in stream_recent(connection, shown, when, reach):
        yield _measure(found, known, when, wish, whole=whole)


def _measure(found: Loaded, known: Plan, when: Moment, wish: Wish, *, whole: bool = True) -> Outlook:
    """All targets and horizons, or, not `whole`, the nearest target alone."""
    definition, judged = found.definition, judge_loaded(found, when)
    told = Outlook(
        node=node_name(Node(Kind.MEASURE, definition.code), definition),
        known_at=when.known_at,
        unit=definition.unit,
        direction=definition.direction,
        confidence=wish.confidence,
    )
    if not wish.staff and (judged.veil in COVERED or withheld_headlines(found, known)):
        return msgspec.structs.replace(told, status=Status.SUPPRESSED, notes=["suppressed"])
    last = latest(found.cells, when.as_of)
    if last is None:
        return msgspec.structs.replace(told, **_present(judged.status), notes=["no_data"])
    ahead = _continued(found, last, wish, when)
    targets = [ahead_words(each, ahead) for each in projection.aheads(ahead, None if whole else 1)]
    goals = _goals(known, definition.code, staff=wish.staff)
    nearest = targets[0] if targets else None
    return msgspec.structs.replace(
        told,
        **_present(judged.status),
        trend=trend_words(ahead),
        crossing_on=nearest.crossing_on if nearest else None,
        crossing_reason=nearest.crossing_reason if nearest else "no_target_ahead",
        required_pace=nearest.required_pace if nearest else None,
        targets=targets,
        horizons=_horizons(ahead, goals, known) if whole else [],
        notes=_notes(ahead, definition),
    )


def _continued(found: Loaded, last: Period, wish: Wish, when: Moment) -> Future:
    case = read(found.definition, found.targets, found.cells, last, found.weights)
    return future(case, wish.confidence, when.in_force, wish.points)


def _horizons(ahead: Future, goals: list[GoalDefined], known: Plan) -> list[HorizonWords]:
    return [horizon_words(each, ahead) for each in projection.horizons(ahead, goals, known.calendar)]


def _present(now: NodeStatus) -> dict[str, Any]:
    return {
        "as_of": now.as_of,
        "status": now.status,
        "score": now.score,
        "value": now.value,
        "sample": now.qualifiers.sample,
        "provisional": now.qualifiers.provisional,
    }


def _goals(known: Plan, measure: str, *, staff: bool) -> list[GoalDefined]:
    """Those that the measure is KPI or metric of."""
    return [
        goal
        for _, goal in sorted(known.goals.items())
        if not goal.retired
        and (staff or goal.published)
        and measure in {goal.kpi, *(metric.measure for metric in goal.metrics)}
    ]


def _notes(ahead: Future, definition: MeasureDefined) -> list[str]:
    """Codes of what could not be told."""
    said = {
        "too_few_points": ahead.line is None,
        "no_target_ahead": all(target.period.end <= ahead.case.latest.end for target in ahead.case.targets),
        "no_direction": definition.direction == Direction.NONE,
    }
    return [code for code, holds in said.items() if holds]


def _badness(told: Outlook) -> tuple[bool, Decimal, str]:
    """The lowest score at the nearest target first; what has none comes last."""
    at = told.targets[0].projected if told.targets else None
    score = at.score if at else None
    return score is None, ZERO if score is None else score, told.node.code
