"""The utility that `make feed` plays, against a stand-in for the public API."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from deploy.local.feed import feed, latest_reading
from deploy.local.process import PartFailed
from tests.support.stubs import serving

CALENDAR = {"fiscal_year_start_month": 1, "biennium_starts_odd": True}
UTILITY = "tacoma-public-utilities"
MEASURES: list[dict[str, Any]] = [
    {"code": "outages", "department": UTILITY, "frequency": "month", "aggregation": {"time": "ratio"}, "maximum": 10},
    {"code": "breaks", "department": UTILITY, "frequency": "month", "aggregation": {"time": "sum"}, "minimum": 0},
    {"code": "without-target", "department": UTILITY, "frequency": "month", "aggregation": {"time": "sum"}},
    {"code": "arrests", "department": "police", "frequency": "month", "aggregation": {"time": "sum"}},
]
TARGETS = {"outages": 9.9, "breaks": 4, "without-target": None, "arrests": 1}


class Api:
    """Remembers what was pushed and by whom."""

    def __init__(self) -> None:
        self.pushed: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.app = Starlette(
            routes=[
                Route("/v1/measures", self.measures),
                Route("/v1/status/measures/{code}", self.status),
                Route("/v1/observations", self.observations, methods=["POST"]),
                Route("/v1/events", self.events),
            ]
        )

    async def measures(self, _: Request) -> JSONResponse:
        return JSONResponse({"items": [each | {"calendar": CALENDAR} for each in MEASURES], "next": None})

    async def status(self, request: Request) -> JSONResponse:
        return JSONResponse({"as_of": "2025-03", "target": TARGETS[request.path_params["code"]]})

    async def observations(self, request: Request) -> JSONResponse:
        self.keys.add(request.headers.get("authorization"))
        self.pushed += (await request.json())["observations"]
        return JSONResponse({"accepted": 1, "errors": []}, 201)

    async def events(self, _: Request) -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            words = {"old": {"status": "on_track"}, "new": {"status": "at_risk"}}
            body = {"kind": "goal", "code": "fewer-outages", **words}
            yield f"data: {json.dumps({'data': body})}\n\n"

        return StreamingResponse(lines(), media_type="text/event-stream")


async def test_the_utility_reports_samples_near_its_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    api = Api()
    async with serving([api.app]) as [port]:
        credentials = {"base_url": f"http://127.0.0.1:{port}", "tpu_feed_key": "tlk_a_b"}
        (tmp_path / "credentials.json").write_text(json.dumps(credentials))
        assert await asyncio.to_thread(feed, tmp_path, 2) == 0
    assert api.keys == {"Bearer tlk_a_b"}
    assert len(api.pushed) == 2
    for reading in api.pushed:
        assert reading["measure"] in ("outages", "breaks")
        assert (reading["period"], reading["flag"]) == ("2025-03", "sample")
        assert ("denominator" in reading) == (reading["measure"] == "outages")
    said = capsys.readouterr().out
    assert "1 accepted" in said
    assert "goal fewer-outages: on_track → at_risk" in said


def test_without_a_run_the_feed_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match="start `make run` first"):
        feed(tmp_path)


def test_a_run_that_has_ended_is_said(tmp_path: Path) -> None:
    (tmp_path / "credentials.json").write_text('{"base_url": "http://127.0.0.1:9", "tpu_feed_key": ""}')
    with pytest.raises(PartFailed, match="is `make run` running"):
        feed(tmp_path)


@pytest.mark.parametrize(
    ("judged", "frequency", "expected"),
    [("2025-03", "month", "2025-03"), ("2025-Q1", "month", "2025-03"), ("2026-Q1", "month", "2026-02")],
)
def test_a_reading_is_for_the_measures_own_frequency(judged: str, frequency: str, expected: str) -> None:
    measure = {"frequency": frequency, "calendar": CALENDAR}
    assert latest_reading(judged, measure, date(2026, 2, 14)) == expected
