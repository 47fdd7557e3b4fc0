"""What every status must be, computed a second time from the published rules; nothing here imports the engine.

Only what the suites use: `threshold` with a percentage, measures judged at their own frequency, parents with the
policy `weighted`. Arithmetic is in exact fractions; a score keeps six decimals, cut off.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Final, NamedTuple

GOOD: Final = ("achieved", "on_track", "at_risk", "off_track", "deteriorating")
UPPER_ENDS: Final = (("deteriorating", 15), ("off_track", 40), ("at_risk", 75), ("on_track", 100))
MILLIONTH: Final = Fraction(1, 1_000_000)
GRACE_DAYS: Final = {1: 30, 3: 45, 12: 120}
HALF: Final = Fraction(1, 2)


class Span(NamedTuple):
    """A period of whole months; `first` counts months since the year 0. Periods of one length sort by time."""

    first: int
    months: int

    @property
    def end(self) -> date:
        """The day after the last one."""
        return day_of(self.first + self.months)

    def before(self, months: int) -> "Span":
        return Span(self.first - months, self.months)


@dataclass(frozen=True)
class Verdict:
    """`reporting` and `of`: the coverage; a measure covers itself."""

    status: str
    score: Fraction | None = None
    stale: bool = False
    reporting: int = 1
    of: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A measure, its values and its targets."""

    direction: str
    values: Mapping[Span, Fraction]
    targets: Mapping[Span, Fraction] = field(default_factory=dict)
    near_percent: int = 10


def day_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def judge(series: Series, today: date, until: date | None = None) -> Verdict:
    """A measure on `today`, or from what had ended by the day `until` alone."""
    ended = [span for span in series.values if until is None or span.end <= until]
    if not ended:
        return Verdict("no_data", reporting=0)
    last = max(ended)
    overdue = Span(last.first + last.months, last.months).end + timedelta(days=GRACE_DAYS[last.months])
    stale = overdue < (until or today)
    if series.direction == "none" or last not in series.targets:
        return Verdict("no_target", stale=stale)
    return Verdict(*threshold(series, series.values[last], series.targets[last]), stale=stale)


def threshold(series: Series, value: Fraction, target: Fraction) -> tuple[str, Fraction]:
    """On the good side: achieved. Short of it by at most the near band: at risk. Else off track."""
    miss = target - value if series.direction == "up" else value - target
    near = abs(target) * series.near_percent / 100
    if miss <= 0:
        return "achieved", Fraction(100)
    if miss <= near:
        return "at_risk", within(40, 75, 1 - miss / near)
    size = abs(target) or Fraction(1)
    return "off_track", within(15 + MILLIONTH, 40, size / (size + miss - near))


def within(low: Fraction | int, next_band: int, share: Fraction) -> Fraction:
    """A place between the ends of a band; its upper end is a millionth below the next band."""
    return cut(low + (next_band - MILLIONTH - low) * share)


def cut(score: Fraction) -> Fraction:
    return floor(score / MILLIONTH) * MILLIONTH


def roll_up(children: Sequence[Verdict], minimum: Fraction = HALF) -> Verdict:
    """A parent whose children all weigh the same."""
    counts = Counter(child.status for child in children)
    asked = len(children) - counts["no_target"]
    reporting = [child for child in children if child.status in GOOD and not child.stale]
    stale = not reporting and any(child.status in GOOD for child in children)
    status, score = _verdict(counts, asked, [child.score or Fraction(0) for child in reporting], minimum)
    return Verdict(status, score, stale, len(reporting), asked, counts)


def _verdict(
    counts: Counter[str], asked: int, scores: Sequence[Fraction], minimum: Fraction
) -> tuple[str, Fraction | None]:
    if counts["no_data"] == counts.total():
        return "no_data", None
    if asked == 0:
        return "no_target", None
    if not scores or len(scores) < minimum * asked:
        return "insufficient", None
    mean = cut(sum(scores, Fraction(0)) / len(scores))
    return band(mean), mean


def band(score: Fraction) -> str:
    """Deteriorating ends with 15 itself; the other bands end below where the next begins; 100 is achieved."""
    if score <= 15:
        return "deteriorating"
    return next((status for status, end in UPPER_ENDS[1:] if score < end), "achieved")
