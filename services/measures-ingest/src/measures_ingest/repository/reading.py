"""Reading observations: what holds now, what was known at an instant, or every revision."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from tideline.database import Connection, plain

Place: TypeAlias = tuple[int, date, int]


class Found(NamedTuple):
    """One revision of one observation; `superseded_at` null: it holds."""

    series_id: int
    breakdown: str
    scheme: str
    start: date
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    note: str | None
    revision: int
    batch: uuid.UUID
    source: str | None
    recorded_at: datetime
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """Which observations of a measure. `until` is exclusive; `breakdown` is canonical text."""

    measure: str
    since: date | None = None
    until: date | None = None
    breakdown: str | None = None
    known_at: datetime | None = None
    revisions: bool = False
    after: Place | None = None
    limit: int = 100


async def find(connection: Connection, question: Question) -> list[Found]:
    """In the order of series, period and revision."""
    series, start, revision = question.after or (None, None, None)
    rows = await connection.fetch(
        _FIND,
        question.measure,
        question.since,
        question.until,
        question.breakdown,
        question.known_at,
        question.revisions,
        series,
        start,
        revision,
        question.limit,
    )
    return [Found(*map(plain, row)) for row in rows]


_FIND: Final = """
select o.series_id, s.breakdown, s.scheme, o.period_start, o.value, o.numerator, o.denominator, o.flag, o.note,
    o.revision, o.batch, b.source, o.recorded_at, o.superseded_at
from series s
join (
    select series_id, period_start, value, numerator, denominator, flag, note, revision, batch, recorded_at,
        null::timestamptz as superseded_at
    from observation
    union all
    select series_id, period_start, value, numerator, denominator, flag, note, revision, batch, recorded_at,
        superseded_at
    from observation_history where $5::timestamptz is not null or $6::boolean
) o on o.series_id = s.id
left join batch b on b.id = o.batch
where s.measure = $1
    and ($2::date is null or o.period_start >= $2)
    and ($3::date is null or o.period_start < $3)
    and ($4::text is null or s.breakdown = $4)
    and ($5::timestamptz is null or (o.recorded_at <= $5 and (o.superseded_at is null or o.superseded_at > $5)))
    and ($7::int is null or (o.series_id, o.period_start, o.revision) > ($7, $8::date, $9::int))
order by o.series_id, o.period_start, o.revision limit $10
"""
