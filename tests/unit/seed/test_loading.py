"""Loading says what it did, repeats itself harmlessly, and names what was refused."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.seed import SeedFault, load

TODAY = date(2026, 3, 17)


class City(ThreadingHTTPServer):
    """A city that keeps plans and idempotency keys, and answers as the public API does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Face)
        self.has_plan = False
        self.keys: list[str] = []
        self.unknown_for = 2
        self.refusal: tuple[int, dict[str, Any]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Face(BaseHTTPRequestHandler):
    server: City

    def do_GET(self) -> None:
        self._answer(200 if self.server.has_plan else 404, {})

    def do_PUT(self) -> None:
        self._read()
        self.server.has_plan = True
        self._answer(201, {"created": [], "changed": [], "unchanged": [], "retired": []})

    def do_POST(self) -> None:
        rows = self._read().count(b"\n") - 1
        if self.path.endswith("dry_run=true"):
            self.server.unknown_for -= 1
            self._answer(422, self._counts(quarantined=rows if self.server.unknown_for >= 0 else 0))
        elif self.server.refusal:
            self._answer(*self.server.refusal)
        else:
            self.server.keys.append(self.headers["Idempotency-Key"])
            self._answer(201, self._counts(accepted=rows))

    def _counts(self, **counts: int) -> dict[str, Any]:
        return {"accepted": 0, "revised": 0, "unchanged": 0, "quarantined": 0, "rejected": 0, "errors": [], **counts}

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def city() -> Iterator[City]:
    with City() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_loading_waits_for_the_definitions_and_then_says_what_it_did(city: City) -> None:
    summary = load(city.url, "staff", "feed", TODAY)
    assert (summary.plan, summary.pushes) == ("created", len(city.keys))
    assert city.unknown_for < 0
    assert summary.counts["accepted"] > 5_000
    assert str(summary).startswith("plan tacoma-2025 created; ")


def test_loading_again_keeps_the_plan_and_repeats_every_key(city: City) -> None:
    load(city.url, "staff", "feed", TODAY)
    first = list(city.keys)
    assert load(city.url, "staff", "feed", TODAY).plan == "kept"
    assert city.keys == first * 2
    assert len(set(first)) == len(first)


def test_a_refused_push_is_named_with_its_answer(city: City) -> None:
    city.refusal = (207, {"errors": [{"index": 3, "code": "bad_value"}]})
    with pytest.raises(SeedFault, match=r"POST /v1/observations answered 207.*bad_value"):
        load(city.url, "staff", "feed", TODAY)


def test_a_city_that_does_not_answer_is_named(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.seed.loading.ATTEMPTS_MAX", 1)
    with pytest.raises(SeedFault, match="was not answered"):
        load("http://127.0.0.1:1", "staff", "feed", TODAY)
