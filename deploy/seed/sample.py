"""Sample series for the measures whose real values are not known: plain arithmetic, the same on every machine.

A series walks in a straight line from `level` to `reach`, which it holds from the end of 2025 on, and strays from
the line by at most `noise`, decided by a hash of measure, period and district or peer. No clock, no random numbers.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from pathlib import Path
from typing import Any, Final

from tideline import periods
from tideline.periods import Period
from tideline.vocabulary import Aggregation, Flag, Frequency

SHAPES: Final = Path(__file__).with_name("sample.csv")
PEER_SPREAD: Final = 12
DISTRICTS: Final = ("1", "2", "3", "4", "5")
REACHED_ON: Final = date(2026, 1, 1)
WHOLE: Final = ""
_SHARES: Final = frozenset({Aggregation.SUM, Aggregation.RATIO})
_CELLS: Final[Mapping[str, tuple[str, ...]]] = {
    "whole": (WHOLE,),
    "districts": DISTRICTS,
    "both": (WHOLE, *DISTRICTS),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How the sample series of one measure runs; levels and noise in the measure's own unit.

    `season` is the most by which winter exceeds the line and `spread` the most by which a district strays from
    the city, both in percent; a peer strays by up to 12. After `stop` nothing more is reported.
    """

    measure: str
    first: date
    stop: date
    level: Decimal
    reach: Decimal
    noise: Decimal
    places: int
    denominator: int
    season: int
    spread: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample value; `ended` is the first day after its period, `district` is empty for the whole.

    With `peer` it is the value of somebody else.
    """

    measure: str
    period: str
    ended: date
    district: str
    peer: str = ""
    value: Decimal | None = None
    numerator: int | None = None
    denominator: int | None = None
    flag: Flag = Flag.SAMPLE


def read_shapes(path: Path = SHAPES) -> dict[str, Shape]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["measure"]: _shape(row) for row in csv.DictReader(file)}


def series(measure: Mapping[str, Any], shape: Shape, today: date) -> Iterator[Sample]:
    """Every value of a measure of the plan document up to the last period that is complete on `today`."""
    frequency = Frequency(measure["frequency"])
    period = periods.containing(shape.first, frequency)
    while period.end <= today and period.last_day <= shape.stop:
        with localcontext(Context(prec=28, rounding=ROUND_HALF_EVEN)):
            found = [_sample(measure, shape, period, district) for district in shape.cells]
            found += [_sample(measure, shape, period, WHOLE, peer["code"]) for peer in measure.get("peers", ())]
        yield from found
        period = periods.next(period)


def _shape(row: Mapping[str, str]) -> Shape:
    return Shape(
        measure=row["measure"],
        first=date(int(row["first"]), 1, 1),
        stop=date.fromisoformat(row["stop"]) if row["stop"] else date.max,
        level=Decimal(row["level"]),
        reach=Decimal(row["reach"]),
        noise=Decimal(row["noise"]),
        places=int(row["places"]),
        denominator=int(row["denominator"] or 0),
        season=int(row["season"] or 0),
        spread=int(row["spread"] or 0),
        cells=_CELLS[row["cells"]],
    )


def _sample(measure: Mapping[str, Any], shape: Shape, period: Period, district: str, peer: str = "") -> Sample:
    value = _level(shape, period, peer or district, PEER_SPREAD if peer else shape.spread)
    if "minimum" in measure:
        value = max(value, Decimal(measure["minimum"]))
    if "maximum" in measure:
        value = min(value, Decimal(measure["maximum"]))
    name = (shape.measure, periods.identify(period), period.end, district, peer)
    share = len(DISTRICTS) if district and measure["aggregation"]["breakdown"] in _SHARES else 1
    if measure["aggregation"]["time"] == Aggregation.RATIO:
        return _ratio(measure, shape, name, value, share)
    return Sample(*name, value=(value / share).quantize(Decimal(1).scaleb(-shape.places)))


def _ratio(
    measure: Mapping[str, Any], shape: Shape, name: tuple[str, str, date, str, str], value: Decimal, share: int
) -> Sample:
    """Whole numerator and denominator whose ratio comes as near to the value as whole numbers allow."""
    _, period, _, district, peer = name
    denominator = shape.denominator // share
    denominator += denominator * _stray(shape.measure, period, peer or district, "denominator") // 20_000
    numerator = value * denominator / Decimal(measure.get("multiplier", 1))
    return Sample(*name, numerator=int(numerator.to_integral_value()), denominator=denominator)


def _level(shape: Shape, period: Period, label: str, spread: int) -> Decimal:
    walked = min(period.start, REACHED_ON) - shape.first
    way = Decimal(walked.days) / (REACHED_ON - shape.first).days
    line = shape.level + (shape.reach - shape.level) * way
    line += line * shape.season * _winter(period) / 300
    line += line * spread * _rank(shape.measure, label) / 200
    return line + shape.noise * _stray(shape.measure, periods.identify(period), label) / 1000


def _winter(period: Period) -> int:
    """3 in January, -3 in July; 0 for a whole year."""
    return abs(7 - period.start.month) - 3 if period.days < 300 else 0


def _rank(measure: str, label: str) -> int:
    """-2 to 2: where a district stands among the five, in an order of the measure's own; so a peer by its code."""
    if not label:
        return 0
    return ((int(label) if label.isdecimal() else _hash(label)) + _hash(measure)) % len(DISTRICTS) - 2


def _stray(*words: str) -> int:
    """-1000 to 1000."""
    return _hash(*words) % 2001 - 1000


def _hash(*words: str) -> int:
    return int.from_bytes(hashlib.sha256("|".join(words).encode()).digest()[:8])
