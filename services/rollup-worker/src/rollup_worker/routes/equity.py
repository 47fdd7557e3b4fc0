"""`GET /v1/equity`: which measures can be broken down, have values by group, have targets and are current."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec
from fastapi import Request
from starlette.responses import Response

from rollup_worker.actions.answering import moment
from rollup_worker.actions.judging import Judgement, judge_each
from rollup_worker.core.decimals import divide
from rollup_worker.core.facts import PEER, Plan
from rollup_worker.repository import plan
from rollup_worker.routes.asked import WHEN, Asked, answer, ask, database_of
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.gaps import DepartmentEquity, EquityFigures, EquityLine, EquityReport
from tideline.database import Connection
from tideline.events import EquityRule, MeasureDefined, encode
from tideline.vocabulary import Status
from tideline.web import etag

FIGURES: Final = (
    "can_be_broken_down",
    "has_values_by_group",
    "has_target",
    "has_group_target",
    "has_gap_target",
    "current",
)
CITYWIDE: Final = "Citywide"


async def equity(request: Request) -> Response:
    asked = ask(request)
    async with database_of(request).transaction(read_only=True) as connection:
        told = await _report(connection, asked)
    tag = hashlib.blake2b(encode(msgspec.structs.replace(told, known_at=None)), digest_size=12).hexdigest()
    return answer(request, encode(told), etag(f"{tag}-{asked.audience}"), staff=asked.staff)


async def _report(connection: Connection, asked: Asked) -> EquityReport:
    known = await plan.find_plan(connection, asked.known_at)
    when = await moment(connection, asked.as_of, asked.known_at, asked.node)
    wanted = {
        code: measure
        for code, measure in sorted(known.measures.items())
        if not measure.retired and (measure.published or asked.staff)
    }
    lines = [_line(wanted[code], found) async for code, found in judge_each(connection, wanted, when)]
    lines.sort(key=lambda line: line.code)
    return EquityReport(
        known_at=asked.known_at, figures=_figures(lines), departments=_departments(known, lines), items=lines
    )


def _line(definition: MeasureDefined, found: Judgement) -> EquityLine:
    told = [target for target in found.read.told if (target.value, target.lower, target.upper) != (None, None, None)]
    cells = (cell for cell in found.read.cells if cell.present)
    return EquityLine(
        code=definition.code,
        title=definition.title,
        department=definition.department,
        breakdowns=definition.breakdowns,
        can_be_broken_down=bool(definition.breakdowns),
        has_values_by_group=any(name != PEER for cell in cells for name, _ in cell.breakdown),
        has_target=any(not target.breakdown for target in told),
        has_group_target=any(name != PEER for target in told for name in target.breakdown),
        has_gap_target=any(_has_target(rule) for rule in definition.equity),
        current=found.status.status is not Status.NO_DATA and not found.status.qualifiers.stale,
        as_of=found.status.as_of,
    )


def _has_target(rule: EquityRule) -> bool:
    return any(
        target is not None for target in (rule.difference, rule.ratio, rule.index_of_disparity, rule.slope_index)
    )


def _departments(known: Plan, lines: Sequence[EquityLine]) -> list[DepartmentEquity]:
    """By code, the city's own measures last."""
    codes = sorted({line.department for line in lines}, key=lambda code: (code is None, code or ""))
    return [
        DepartmentEquity(
            code=code,
            title=CITYWIDE if code is None else known.departments[code].title if code in known.departments else code,
            figures=_figures([line for line in lines if line.department == code]),
        )
        for code in codes
    ]


def _figures(lines: Sequence[EquityLine]) -> EquityFigures:
    counts = {name: sum(1 for line in lines if getattr(line, name)) for name in FIGURES}
    whole = Decimal(len(lines))
    shares = {name: divide(Decimal(count), whole) if lines else None for name, count in counts.items()}
    return EquityFigures(measures=len(lines), shares=shares, **counts)


OPERATIONS: Final = [
    Operation("/v1/equity", equity, "What can be broken down, has targets, is current", EquityReport, WHEN, tagged=True)
]
