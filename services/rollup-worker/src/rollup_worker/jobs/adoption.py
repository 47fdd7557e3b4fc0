"""Another version of a method: what it would change, and the switch to it; and telling which methods there are.

A version is compared before it is adopted: every measure that the method judges is judged by both, on the same
inputs. The switch is one transaction, so that no reader sees a city judged half by one version, half by the other.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rollup_worker.actions.judging import judge_each
from rollup_worker.actions.loading import Loaded, Moment, find_moment, stream_series
from rollup_worker.core.change import changed
from rollup_worker.core.facts import NodeStatus
from rollup_worker.core.methods import FIRST, VERSIONS, InForce, is_in_force
from rollup_worker.core.past import judge_past
from rollup_worker.jobs.recompute import bite
from rollup_worker.repository import dirty, journal, methods, plan
from tideline.clock import Clock
from tideline.database import Connection, Database
from tideline.errors import Invalid
from tideline.events import MeasureDefined, MethodAdopted, MethodsOffered, OfferedMethod, encode
from tideline.outbox import Outgoing, record
from tideline.vocabulary import Kind

ENTITY: Final = "method"
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A judgement in which two versions do not say the same; `changed` names the fields. `past`: of a period before."""

    code: str
    old: NodeStatus
    new: NodeStatus
    changed: Sequence[str]
    past: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions beside each other; `judged` are the measures that follow the one in force.

    `periods` is how many past periods of these were judged too.
    """

    method: str
    old: int
    new: int
    judged: Sequence[str]
    disagreements: Sequence[Disagreement]
    periods: int = 0


async def compare(connection: Connection, method: str, version: int) -> Comparison:
    """Judges by both versions whatever follows the one in force. Raises Invalid for a version that there is not."""
    if (method, version) not in VERSIONS:
        raise Invalid(f"there is no version {version} of a method {method!r}", code="unknown_method")
    now = await find_moment(connection)
    measures = (await plan.find_plan(connection)).measures
    active = {code: definition for code, definition in sorted(measures.items()) if not definition.retired}
    old = await _judged_by(connection, method, active, now)
    then = _supposing(now, method, version)
    new = await _judged_by(connection, method, {code: active[code] for code in old}, then)
    found = [_disagreement(code, old[code], new[code]) for code in old]
    return Comparison(method, now.in_force.get(method, FIRST), version, sorted(old), [each for each in found if each])


async def compare_history(connection: Connection, method: str, version: int) -> Comparison:
    """As `compare`, and beside it every past period of the same measures."""
    found = await compare(connection, method, version)
    measures = (await plan.find_plan(connection)).measures
    now = await find_moment(connection)
    then, periods, differing = _supposing(now, method, version), 0, list(found.disagreements)
    async for loaded in stream_series(connection, {code: measures[code] for code in found.judged}, now):
        pairs = list(zip(_past(loaded, now), _past(loaded, then), strict=True))[:-1]
        periods += len(pairs)
        made = [_disagreement(loaded.definition.code, *pair, past=True) for pair in pairs]
        differing += [each for each in made if each]
    return replace(found, disagreements=differing, periods=periods)


def _past(loaded: Loaded, moment: Moment) -> Iterator[NodeStatus]:
    return judge_past(loaded.definition, loaded.targets, loaded.cells, loaded.weights, moment.in_force)


def _supposing(moment: Moment, method: str, version: int) -> Moment:
    return replace(moment, in_force={**moment.in_force, method: version})


def _disagreement(code: str, old: NodeStatus, new: NodeStatus, *, past: bool = False) -> Disagreement | None:
    names = changed(old, new)
    return Disagreement(code, old, new, names, past) if names else None


async def adopt(database: Database, clock: Clock, method: str, version: int, actor: str) -> Comparison:
    """Compares, then puts the version in force and judges anew what follows it: all of it, or nothing."""
    async with database.transaction(snapshot=True) as connection:
        await dirty.lock(connection)
        found = await compare(connection, method, version)
        if found.old == version:
            raise Invalid(f"version {version} of {method} is in force already", code="in_force_already")
        await put_in_force(connection, found, actor, clock.now())
        while await bite(connection, clock.now()):
            pass
    return found


async def put_in_force(connection: Connection, found: Comparison, actor: str, at: datetime) -> None:
    """The version, the event that tells it, and a mark on every measure that follows it."""
    await journal.enter_own(connection)
    await replace_in_force(connection, found, actor, at)
    event = MethodAdopted(id=found.method, version=found.new, previous=found.old, actor=actor, adopted_at=at)
    await record(connection, at, [Outgoing(event, ENTITY, found.method, found.new)])
    await offer(connection, at)


async def replace_in_force(connection: Connection, found: Comparison, actor: str, at: datetime) -> None:
    await methods.adopt(connection, found.method, found.new, actor, at)
    cause = {"type": "method", "id": found.method, "version": found.new, "at": at.isoformat()}
    await dirty.mark_dirty(connection, Kind.MEASURE, found.judged, cause)


async def offer(connection: Connection, at: datetime) -> bool:
    """Tells which methods there are and which are in force. False: readers were told just that before."""
    offered = _offered(await methods.find_in_force(connection))
    digest = hashlib.blake2b(encode(offered), digest_size=16).hexdigest()
    if digest == await methods.find_offer(connection):
        return False
    await methods.add_offer(connection, digest, at)
    await record(connection, at, [Outgoing(MethodsOffered(methods=offered, offered_at=at), ENTITY, ALL)])
    return True


async def _judged_by(
    connection: Connection, method: str, definitions: dict[str, MeasureDefined], moment: Moment
) -> dict[str, NodeStatus]:
    """The statuses of the measures that the version in force of a method judges."""
    return {
        code: judgement.status
        async for code, judgement in judge_each(connection, definitions, moment)
        if judgement.status.method == method and not _is_pinned(definitions[code])
    }


def _is_pinned(definition: MeasureDefined) -> bool:
    return definition.method is not None and definition.method.version is not None


def _offered(in_force: InForce) -> list[OfferedMethod]:
    return [
        OfferedMethod(
            id=method.id,
            version=method.version,
            title=method.title,
            in_force=is_in_force(method, in_force),
            params=method.schema,
        )
        for _, method in sorted(VERSIONS.items())
    ]
