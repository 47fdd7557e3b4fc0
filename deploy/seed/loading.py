"""Loads the first city's plan and its values through the public API, as any other source would.

A plan that is already there stays as it is. Every push carries a key made from its content, so that loading again
changes nothing, and the bounds of a push never move, so that a value corrected since is not put back.
"""

import csv
import hashlib
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from deploy.seed.sample import Sample, read_shapes, series

FOLDER: Final = Path(__file__).parent
PLAN: Final = FOLDER / "tacoma-2025.yaml"
HISTORY: Final = FOLDER / "history.csv"
COLUMNS: Final = (
    "measure",
    "period",
    "value",
    "numerator",
    "denominator",
    "flag",
    "note",
    "breakdown.council_district",
    "breakdown.peer",
)
BY_MONTH_SINCE: Final = 2025
DEFINITIONS_SECONDS: Final = 10.0
ATTEMPTS_MAX: Final = 5


class SeedFault(Exception):
    """The city could not be loaded; the message says what was refused, by which route, and why."""


@dataclass(slots=True)
class Summary:
    """What loading did: `plan` is "created" or "kept"; `counts` add up the answers to all pushes."""

    plan: str = "kept"
    pushes: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, answer: Mapping[str, Any]) -> None:
        self.pushes += 1
        for word in ("accepted", "revised", "unchanged", "quarantined"):
            self.counts[word] = self.counts.get(word, 0) + int(answer[word])

    def __str__(self) -> str:
        told = ", ".join(f"{count} {word}" for word, count in self.counts.items() if count)
        return f"plan tacoma-2025 {self.plan}; {self.pushes} pushes: {told or 'nothing'}"


def load(base_url: str, staff_token: str, feed_key: str, today: date | None = None) -> Summary:
    """Loads the plan, the published figures and the sample series up to `today`. Raises SeedFault."""
    summary = Summary()
    document = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
    with httpx.Client(base_url=base_url, timeout=60, trust_env=False) as client:
        summary.plan = _put_plan(client, staff_token, document["code"])
        pushes = list(batches(document["measures"], today or datetime.now(UTC).date()))
        _wait_for_definitions(client, feed_key, document["measures"])
        for body in pushes:
            summary.add(_push(client, feed_key, body))
    return summary


def batches(measures: Iterable[Mapping[str, Any]], today: date) -> Iterator[str]:
    """CSV bodies: the published figures, then the samples by the year, later by the month, of their period's end."""
    yield HISTORY.read_text(encoding="utf-8")
    shapes = read_shapes()
    samples = [
        sample
        for measure in measures
        if measure["code"] in shapes
        for sample in series(measure, shapes[measure["code"]], today)
    ]
    samples.sort(key=lambda sample: (_chunk(sample), sample.measure, sample.period, sample.district, sample.peer))
    for _, chunk in groupby(samples, key=_chunk):
        yield _csv(chunk)


def _chunk(sample: Sample) -> str:
    ended = sample.ended.isoformat()
    return ended[:7] if sample.ended.year > BY_MONTH_SINCE else ended[:4]


def _csv(samples: Iterable[Sample]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for s in samples:
        numbers = ("" if n is None else str(n) for n in (s.value, s.numerator, s.denominator))
        writer.writerow((s.measure, s.period, *numbers, s.flag, "sample", s.district, s.peer))
    return text.getvalue()


def _put_plan(client: httpx.Client, token: str, code: str) -> str:
    path, headers = f"/v1/plans/{code}", _bearer(token)
    found = _send(client, "GET", path, headers=headers)
    if found.status_code == httpx.codes.OK:
        return "kept"
    if found.status_code != httpx.codes.NOT_FOUND:
        raise SeedFault(_told(found))
    headers |= {"Content-Type": "application/yaml"}
    answer = _send(client, "PUT", path, headers=headers, content=PLAN.read_bytes())
    if not answer.is_success:
        raise SeedFault(_told(answer))
    return "created"


def _wait_for_definitions(client: httpx.Client, key: str, measures: Iterable[Mapping[str, Any]]) -> None:
    """Waits until the pushes would find their measures; what comes too early is held back and applied later."""
    probe = ",".join(COLUMNS) + "\n" + "".join(f"{m['code']},1900,0,,,,,,\n" for m in measures)
    deadline = time.monotonic() + DEFINITIONS_SECONDS
    headers = _bearer(key) | {"Content-Type": "text/csv"}
    while time.monotonic() < deadline:
        answer = _send(client, "POST", "/v1/observations?dry_run=true", headers=headers, content=probe)
        if not _is_waiting(_answer(answer)):
            return
        time.sleep(0.2)


def _is_waiting(answer: Mapping[str, Any]) -> bool:
    refused = (error["code"] for error in answer.get("errors", ()))
    return answer.get("quarantined", 0) > 0 or "unknown_measure" in refused


def _push(client: httpx.Client, key: str, body: str) -> dict[str, Any]:
    digest = hashlib.sha256(body.encode()).hexdigest()
    headers = _bearer(key) | {"Content-Type": "text/csv; charset=utf-8", "Idempotency-Key": f"seed-{digest[:32]}"}
    answer = _send(client, "POST", "/v1/observations", headers=headers, content=body.encode())
    if answer.status_code not in (httpx.codes.OK, httpx.codes.CREATED):
        raise SeedFault(_told(answer))
    return _answer(answer)


def _send(client: httpx.Client, method: str, path: str, **rest: Any) -> httpx.Response:
    """One request, again after a pause while the other side is starting or busy. Raises SeedFault."""
    told = ""
    for attempt in range(ATTEMPTS_MAX):
        try:
            answer = client.request(method, path, **rest)
        except httpx.TransportError as reason:
            told = f"{method} {client.base_url}{path} was not answered: {reason!r}"
        else:
            if answer.status_code not in (429, 502, 503, 504):
                return answer
            told = _told(answer)
        time.sleep(0.2 * 2**attempt)
    raise SeedFault(told)


def _answer(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        raise SeedFault(_told(response)) from None
    return body if isinstance(body, dict) else {}


def _told(response: httpx.Response) -> str:
    request = response.request
    return f"{request.method} {request.url.path} answered {response.status_code}: {response.text[:2000]}"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
