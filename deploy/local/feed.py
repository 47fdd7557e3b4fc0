"""`make feed` plays a utility: one plausible reading a second through the public API, labelled sample.

Values wander around their target, so that statuses move; what moves is shown as the event stream tells it.
"""

import json
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.credentials import UTILITY
from deploy.local.layout import read_json
from deploy.local.process import PartFailed
from tideline import periods
from tideline.events import Calendar
from tideline.vocabulary import Frequency

STEP: Final = 0.05
REACH: Final = 0.25
DENOMINATOR: Final = Decimal(100_000)
COUNTS: Final = ("accepted", "revised", "unchanged", "quarantined", "rejected")
NOTE: Final = "sample reading of the local feed"


@dataclass
class Meter:
    """One measure that is read: its judged period and target; `drift` is how far above its target it stands."""

    code: str
    period: str
    target: Decimal
    ratio: bool
    multiplier: Decimal
    minimum: Decimal | None
    maximum: Decimal | None
    drift: float = 0.0

    def read(self) -> Decimal:
        self.drift = max(-REACH, min(REACH, self.drift + random.uniform(-STEP, STEP)))  # noqa: S311 - play, not secrecy
        value = self.target * Decimal(1 + self.drift)
        value = value if self.minimum is None else max(self.minimum, value)
        value = value if self.maximum is None else min(self.maximum, value)
        return value.quantize(Decimal("0.001"))

    def observation(self, value: Decimal) -> dict[str, Any]:
        found: dict[str, Any] = {"measure": self.code, "period": self.period, "flag": "sample", "note": NOTE}
        if self.ratio:
            numerator = (value * DENOMINATOR / self.multiplier).quantize(Decimal("0.001"))
            return found | {"numerator": str(numerator), "denominator": str(DENOMINATOR)}
        return found | {"value": str(value)}


def feed(var: Path, readings: int | None = None) -> int:
    """Until Ctrl-C, or for so many readings. Raises PartFailed when there is nothing to feed."""
    known = read_json(var / "credentials.json")
    if not known:
        raise PartFailed(f"{var / 'credentials.json'} is missing: start `make run` first, in another terminal")
    headers = {"Authorization": f"Bearer {known['tpu_feed_key']}"}
    with httpx.Client(base_url=known["base_url"], timeout=10, trust_env=False) as client:
        try:
            meters = list(find_meters(client))
            if not meters:
                raise PartFailed(f"no measure of {UTILITY} has a target to play around")
            client.headers.update(headers)
            threading.Thread(target=tell_changes, args=(known["base_url"],), daemon=True).start()
            play(client, meters, readings)
        except httpx.TransportError as reason:
            raise PartFailed(f"{known['base_url']} does not answer ({reason}): is `make run` running?") from reason
        except KeyboardInterrupt:
            print()
    return 0


def find_meters(client: httpx.Client) -> Iterator[Meter]:
    """The utility's published measures that have a value and a target."""
    cursor: str | None = None
    while True:
        asked = {"department": UTILITY, "limit": "100", **({"cursor": cursor} if cursor else {})}
        page = _json(client.get("/v1/measures", params=asked))
        for measure in page["items"]:
            status = client.get(f"/v1/status/measures/{measure['code']}")
            meter = _meter(measure, _json(status)) if measure.get("department") == UTILITY else None
            if meter is not None:
                yield meter
        cursor = page.get("next")
        if cursor is None:
            return


def play(client: httpx.Client, meters: list[Meter], readings: int | None) -> None:
    for number in count(1):
        meter = random.choice(meters)  # noqa: S311 - play, not secrecy
        value = meter.read()
        reading = f"{meter.code} {meter.period} = {value} (target {meter.target})"
        answer = client.post("/v1/observations", json={"observations": [meter.observation(value)]})
        print(f"{time.strftime('%H:%M:%S')} {reading}: {told(answer)}")
        if number == readings:
            return
        time.sleep(1)


def told(answer: httpx.Response) -> str:
    if answer.status_code not in (201, 207, 422):
        return f"{answer.status_code} {answer.text[:200]}"
    body = answer.json()
    counts = [f"{body[word]} {word}" for word in COUNTS if body.get(word)]
    return ", ".join(counts + [error["detail"] for error in body.get("errors", [])])


def tell_changes(base_url: str) -> None:
    """Prints every status that becomes another word; starts again when the stream ends or its heartbeat does."""
    url = f"{base_url}/v1/events?types=status.changed"
    while True:
        try:
            with httpx.stream("GET", url, timeout=httpx.Timeout(10, read=60), trust_env=False) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        _tell(json.loads(line.removeprefix("data:")))
        except (httpx.HTTPError, ValueError):
            pass
        time.sleep(1)


def _tell(event: dict[str, Any]) -> None:
    body = event.get("data", event)
    new, old = body.get("new"), body.get("old") or {}
    if new and new.get("status") != old.get("status"):
        print(f"         {body['kind']} {body['code']}: {old.get('status', 'nothing')} → {new['status']}")


def _meter(measure: dict[str, Any], status: dict[str, Any]) -> Meter | None:
    target, period = status.get("target"), status.get("as_of")
    if not period or target is None or isinstance(target, dict) or Decimal(str(target)) == 0:
        return None
    finest = latest_reading(period, measure, datetime.now(UTC).date())
    bounds = [None if measure.get(side) is None else Decimal(str(measure[side])) for side in ("minimum", "maximum")]
    ratio = (measure.get("aggregation") or {}).get("time") == "ratio"
    multiplier = Decimal(str(measure.get("multiplier") or 1))
    return Meter(measure["code"], finest, Decimal(str(target)), ratio, multiplier, bounds[0], bounds[1])


def latest_reading(judged: str, measure: dict[str, Any], today: date) -> str:
    """The period to report: the judged one, or the last one of the measure's own frequency that has begun in it."""
    calendar = Calendar(**measure["calendar"])
    period = periods.parse(judged, calendar)
    begun = [part for part in periods.parts(period, Frequency(measure["frequency"]), calendar) if part.start <= today]
    return periods.identify((begun or [period])[-1], calendar)


def _json(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != httpx.codes.OK:
        raise PartFailed(f"{answer.request.url} answered {answer.status_code}: {answer.text[:300]}")
    body: dict[str, Any] = answer.json()
    return body
