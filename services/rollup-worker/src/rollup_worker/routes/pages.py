"""`/`: the city's statuses for people, from the same documents that the API serves to everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from rollup_worker.repository import assessments
from rollup_worker.routes.asked import KINDS, database_of
from rollup_worker.schemas.document import Document, Published
from tideline.vocabulary import Kind, Status

router = APIRouter(include_in_schema=False)

WORDS: Final[Mapping[Status, str]] = {
    Status.ACHIEVED: "Achieved",
    Status.ON_TRACK: "On track",
    Status.AT_RISK: "At risk",
    Status.OFF_TRACK: "Off track",
    Status.DETERIORATING: "Deteriorating",
    Status.NO_TARGET: "No target",
    Status.NO_DATA: "No data yet",
    Status.INSUFFICIENT: "Not enough data",
    Status.SUPPRESSED: "Suppressed",
}
SIGNS: Final[Mapping[Status, str]] = {
    Status.ACHIEVED: "★",
    Status.ON_TRACK: "●",
    Status.AT_RISK: "▲",
    Status.OFF_TRACK: "■",
    Status.DETERIORATING: "▼",
}
SECTIONS: Final = (
    ("Departments", Kind.DEPARTMENT),
    ("Areas of the plan", Kind.AREA),
    ("Goals", Kind.GOAL),
)
SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

_pages: Final = Environment(
    loader=PackageLoader("rollup_worker"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
)
_documents: Final = msgspec.json.Decoder(Document)


@dataclass(frozen=True, slots=True)
class Row:
    """One node as a line of the page."""

    title: str
    word: str
    sign: str
    css: str
    score: str
    period: str
    coverage: str
    labels: Sequence[str]
    link: str
    published: "Said | None"


@dataclass(frozen=True, slots=True)
class Said:
    """A published status, shown beside the computed one and never instead of it."""

    word: str
    sign: str
    css: str
    reason: str
    until: str


@router.get("/")
async def home(request: Request) -> HTMLResponse:
    kinds = [Kind.CITY, *(kind for _, kind in SECTIONS)]
    async with database_of(request).pool.acquire(timeout=10) as connection:
        stored = await assessments.list_published(connection, kinds)
    found = [_documents.decode(each.text(staff=False)) for each in stored]
    city = next((each for each in found if each.node.kind is Kind.CITY), None)
    sections = [
        (title, [row(each) for each in _by_title(found) if each.node.kind is kind and not each.node.retired])
        for title, kind in SECTIONS
    ]
    page = render(
        "status.html",
        city=row(city) if city else None,
        counts=[(WORDS[Status(word)], count) for word, count in (city.counts if city else {}).items()],
        computed_at=city.computed_at if city else None,
        sections=sections,
        words=[(SIGNS.get(status, "○"), status.value, word) for status, word in WORDS.items()],
    )
    return HTMLResponse(page, headers={**SECURITY, "Cache-Control": "no-cache"})


@router.get("/status.css")
async def stylesheet() -> Response:
    return Response(render("status.css"), media_type="text/css", headers={"Cache-Control": "public, max-age=300"})


def render(template: str, **words: Any) -> str:
    return _pages.get_template(template).render(words)


def row(found: Document) -> Row:
    plural = {kind: name for name, kind in KINDS.items()}
    place = plural.get(found.node.kind)
    path = f"/v1/status/{place}/{found.node.code}" if place else "/v1/status/city"
    return Row(
        title=found.node.title,
        word=WORDS[found.status],
        sign=SIGNS.get(found.status, "○"),
        css=found.status.value,
        score=_rounded(found.score),
        period=found.as_of or "–",
        coverage=_coverage(found),
        labels=_labels(found),
        link=f"{path}/explain",
        published=_said(found.published) if found.published else None,
    )


def _said(found: Published) -> Said:
    until = found.expires_on.isoformat() if found.expires_on else "it is taken back"
    return Said(WORDS[found.status], SIGNS.get(found.status, "○"), found.status.value, found.reason, until)


def _by_title(found: Sequence[Document]) -> list[Document]:
    return sorted(found, key=lambda each: each.node.title.casefold())


def _rounded(score: Decimal | None) -> str:
    """Rounded down, as the bands are: a shown score never looks better than its word."""
    return "–" if score is None else str(int(score))


def _coverage(found: Document) -> str:
    figures = found.coverage
    if not figures.of:
        return "–"
    return f"{figures.reporting} of {figures.of}" + (f", {figures.stale} stale" if figures.stale else "")


def _labels(found: Document) -> list[str]:
    said = found.qualifiers
    return [
        word for word, on in (("stale", said.stale), ("provisional", said.provisional), ("sample", said.sample)) if on
    ]
