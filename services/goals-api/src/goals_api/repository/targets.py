"""Targets, append-only: a new version closes the one that stood."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from goals_api.core.entities import StandingTarget, Target, TargetKey, breakdown_key, target_key
from goals_api.core.targets import TargetSet
from goals_api.repository.entities import select
from goals_api.tables import Base
from tideline.database import driver

_TABLE: Final = Base.metadata.tables["target"]
_COLUMNS: Final = tuple(column.name for column in _TABLE.c)
_CLOSE: Final = """
update target set known_to = $4
from unnest($1::text[], $2::text[], $3::text[]) as gone (measure, period, breakdown_key)
where target.measure = gone.measure and target.period = gone.period
  and target.breakdown_key = gone.breakdown_key and target.known_to is null
"""


async def list_standing(session: AsyncSession, measures: Collection[str]) -> dict[TargetKey, StandingTarget]:
    """The newest version of every target of these measures, taken-back ones too."""
    if not measures:
        return {}
    statement = sa.select(_TABLE).where(_TABLE.c.measure.in_(measures), _TABLE.c.known_to.is_(None))
    statement = statement.order_by(_TABLE.c.measure, _TABLE.c.period, _TABLE.c.breakdown_key)
    found = [_standing(row) for row in await select(session, statement)]
    return {target_key(standing.target): standing for standing in found}


async def list_page(
    session: AsyncSession, measure: str, known_at: datetime | None, history: bool, after: Sequence[Any], limit: int
) -> list[StandingTarget]:
    """Targets of a measure by period, cell and version; as they stood at a moment, or every version."""
    place = sa.tuple_(_TABLE.c.period, _TABLE.c.breakdown_key, _TABLE.c.version)
    statement = sa.select(_TABLE).where(_TABLE.c.measure == measure).order_by(place).limit(limit)
    if after:
        statement = statement.where(place > sa.tuple_(*(sa.literal(part) for part in after)))
    if known_at is not None:
        statement = statement.where(_TABLE.c.known_from <= known_at)
        statement = statement.where(sa.or_(_TABLE.c.known_to.is_(None), _TABLE.c.known_to > known_at))
    elif not history:
        statement = statement.where(_TABLE.c.known_to.is_(None))
    return [_standing(row) for row in await select(session, statement)]


async def add(session: AsyncSession, sets: Sequence[TargetSet], actor: str, at: datetime) -> None:
    """Closes what stood and appends the new versions, all at once."""
    connection = await driver(session)
    replaced = [target_key(one.target) for one in sets if one.before is not None]
    if replaced:
        await connection.execute(_CLOSE, *(list(column) for column in zip(*replaced, strict=True)), at)
    rows = [_record(one, actor, at) for one in sets]
    await connection.copy_records_to_table("target", records=rows, columns=_COLUMNS)


def position(standing: StandingTarget) -> tuple[str, str, int]:
    """Where a target stands in the order of `list_page`."""
    return standing.target.period, breakdown_key(standing.target.breakdown), standing.version


def _record(one: TargetSet, actor: str, at: datetime) -> tuple[Any, ...]:
    target = one.target
    row = {
        "measure": target.measure,
        "period": target.period,
        "breakdown_key": breakdown_key(target.breakdown),
        "version": one.version,
        "value": target.value,
        "lower": target.lower,
        "upper": target.upper,
        "reason": target.reason,
        "sample": target.sample,
        "actor": actor,
        "known_from": at,
        "known_to": None,
    }
    return tuple(row[name] for name in _COLUMNS)


def _standing(row: Mapping[str, Any]) -> StandingTarget:
    target = msgspec.convert({**row, "breakdown": msgspec.json.decode(row["breakdown_key"])}, Target)
    return StandingTarget(
        target=target,
        version=row["version"],
        actor=row["actor"],
        known_from=row["known_from"],
        known_to=row["known_to"],
    )
