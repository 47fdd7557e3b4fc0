"""`GET /v1/lint`: what the plan leaves open, node by node, and how often."""

import hashlib
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from rollup_worker.core import facts
from rollup_worker.core.facts import Node, Plan
from rollup_worker.core.lint import TITLES, Count, Finding, Seen, held, lint
from rollup_worker.repository import dirty, plan, seen
from rollup_worker.routes.asked import answer, database_of, is_staff
from rollup_worker.routes.described import Operation
from rollup_worker.schemas.lint import FindingWords, LintReport, RuleCount
from tideline.database import Connection
from tideline.errors import Invalid, NotFound
from tideline.events import encode
from tideline.vocabulary import Kind
from tideline.web import etag

TENTH: Final = Decimal("0.1")


async def report(request: Request) -> Response:
    staff, asked = is_staff(request), request.query_params
    if (code := asked.get("code")) is not None and code not in TITLES:
        raise Invalid(f"there is no rule {code[:60]}; there are {', '.join(TITLES)}", code="bad_request")
    async with database_of(request).transaction(read_only=True) as connection:
        known = await plan.find_plan(connection)
        nodes = _nodes(known, asked, staff=staff)
        findings, counts = lint(known, await _seen(connection, known), nodes)
    told = [_finding(each) for each in findings if code in (None, each.rule.code)]
    body = encode(LintReport(told, [_count(each, count) for each, count in counts.items()]))
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return answer(request, body, etag(f"{tag}-{'staff' if staff else 'public'}"), staff=staff)


async def _seen(connection: Connection, known: Plan) -> Seen:
    measures = known.measures
    starts = await seen.list_latest_own(connection, measures)
    return Seen(
        await dirty.find_today(connection),
        {c: facts.period_from(day, measures[c].frequency, measures[c].calendar) for c, day in starts.items()},
        await seen.list_targeted(connection),
        await seen.list_labels(connection, [code for code, each in measures.items() if each.peers or each.equity]),
    )


def _nodes(known: Plan, asked: Mapping[str, str], *, staff: bool) -> Collection[Node]:
    """What was asked about, as far as this reader sees it. Raises NotFound where nothing is: that is no all-clear."""
    wanted, department = asked.get("plan"), asked.get("department")
    found = {
        Node(kind, code)
        for kind, definitions in held(known).items()
        for code, each in definitions.items()
        if (staff or each.published)
        and wanted in (None, each.plan)
        and department in (None, code if kind is Kind.DEPARTMENT else getattr(each, "department", None))
    }
    if not found and (wanted or department):
        raise NotFound("nothing of this plan and department is defined")
    return found


def _finding(found: Finding) -> FindingWords:
    return FindingWords(
        code=found.rule.code, kind=found.node.kind, node=found.node.code, title=found.title, detail=found.detail
    )


def _count(code: str, count: Count) -> RuleCount:
    percent = (Decimal(100 * count.found) / count.of).quantize(TENTH) if count.of else None
    return RuleCount(code=code, title=TITLES[code], count=count.found, of=count.of, percent=percent)


_QUERY: Final[list[dict[str, Any]]] = [
    {"name": "plan", "in": "query", "schema": {"type": "string"}, "description": "Only what belongs to this plan."},
    {"name": "department", "in": "query", "schema": {"type": "string"}, "description": "Only of this department."},
    {
        "name": "code",
        "in": "query",
        "schema": {"type": "string", "enum": list(TITLES)},
        "description": "Only the findings of this rule; the counts are of all.",
    },
]
OPERATIONS: Final = [Operation("/v1/lint", report, "What the plan leaves open", LintReport, _QUERY, tagged=True)]
