"""Is a target a good one? The five kinds of targets that the Center for Government Excellence (GovEx) teaches to see.

- **uncertainty**: nobody can know; there is neither a baseline nor any value before the target's period.
- **overconfidence**: beyond proven capacity, see `core/proven.py`. GovEx's example: 1,957 in the first six months and
  six more at the best month's 421 make 4,483, less than the 5,000 that are asked.
- **mediocrity**: asks for less than was already delivered in the latest comparable period, or else the baseline.
- **accuracy**: none of the three; history supports it.
- **stability**: three to five comparable periods before lie all between 97 and 99 percent (of the measure's maximum;
  without one, of 100 where it counts percent, else of the target) and differ by at most one point from first to last.

A target is frozen when its own period begins: a change from then on makes it a forecast, and that is no target.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from rollup_worker.core.decimals import HUNDRED, ONE, ZERO, divide, exact
from rollup_worker.core.facts import Target
from rollup_worker.core.methods.bounds import Bounds, bounds
from rollup_worker.core.methods.method import Case
from rollup_worker.core.proven import Proven, proven
from tideline import periods
from tideline.events import Calendar, MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Direction

STABLE: Final = (Decimal("0.97"), Decimal("0.99"))
STABLE_CHANGE: Final = Decimal("0.01")
STABLE_PERIODS: Final = 3
PERCENT: Final = frozenset({"%", "percent", "per cent", "pct"})

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind: whether this target is of it, the figures behind, and the same in plain words."""

    kind: str
    detected: bool
    words: str
    figures: Figures = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetVersion:
    """A version of a target with the time since when it is known."""

    target: Target
    known_from: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Freeze:
    """`changes` are the versions that came after the target's period had begun, each with the one it replaced.

    `set_late`: even the first version did.
    """

    set_late: bool
    changes: Sequence[tuple[TargetVersion, TargetVersion]]


def checked_target(targets: Sequence[Target], judged: Period, period: Period | None) -> Target | None:
    """That of the period asked for; unasked, the nearest that is not over, else the latest."""
    if period is not None:
        return next((target for target in targets if target.period == period), None)
    ahead = [target for target in targets if target.period.end >= judged.end]
    return ahead[0] if ahead else next(iter(targets[::-1]), None)


@exact
def check(case: Case | None, definition: MeasureDefined, target: Target) -> list[Finding]:
    """The five kinds in their order; `case` None: there is no value at all."""
    limits = bounds(target, Direction(definition.direction))
    if definition.direction == Direction.NONE or limits is None:
        return [_undecided(kind, "No direction is desired that this target could be held against.") for kind in _KINDS]
    held = proven(case, target, limits) if case else Proven(None, None, ())
    uncertain = _uncertainty(case, definition, target)
    over = _overconfidence(held, definition.calendar, limits)
    mediocre = _mediocrity(held, definition, target, limits)
    fits = held.capacity is not None and not (uncertain.detected or over.detected or mediocre.detected)
    words = "History supports this target." if fits else "Another kind applies, or there is nothing to hold it against."
    accurate = Finding("accuracy", fits, words, {"proven": held.capacity, "asked": _asked(limits)})
    return [uncertain, over, mediocre, accurate, _stability(held, definition, limits)]


def freeze(versions: Iterable[TargetVersion], period: Period) -> Freeze:
    """`versions` are those of one target, in any order."""
    ordered = sorted(versions, key=lambda version: version.target.version)
    late = [version for version in ordered if version.known_from.date() >= period.start]
    changes = [(old, new) for old, new in pairwise(ordered) if new in late and _sets(old) != _sets(new)]
    return Freeze(bool(ordered) and ordered[0] in late, changes)


_KINDS: Final = ("uncertainty", "overconfidence", "mediocrity", "accuracy", "stability")


def _undecided(kind: str, words: str) -> Finding:
    return Finding(kind, detected=False, words=words)


def _uncertainty(case: Case | None, definition: MeasureDefined, target: Target) -> Finding:
    earlier = [period for period in (case.known if case else ()) if period.end <= target.period.start]
    baseline = definition.baseline.value if definition.baseline else None
    figures = {"baseline": baseline, "periods_before": len(earlier)}
    if baseline is None and not earlier:
        return Finding("uncertainty", True, "There is no baseline, and no value before the target's period.", figures)
    known = "The baseline is known" if baseline is not None else "There is no baseline, but earlier values are known"
    return Finding("uncertainty", False, f"{known}; {len(earlier)} periods before have a value.", figures)


def _overconfidence(held: Proven, calendar: Calendar, limits: Bounds) -> Finding:
    if held.capacity is None or held.best is None:
        return _undecided("overconfidence", "Nothing has been reached yet that it could be held against.")
    beyond = limits.miss(held.capacity) > 0
    asked, best = limits.nearest(held.capacity), held.best.value
    figures: dict[str, Any] = {
        "best": best,
        "best_period": periods.identify(held.best.period, calendar),
        "capacity": held.capacity,
        "asked": asked,
    }
    if not held.is_total:
        words = f"The best so far is {_told(best)}; {_told(asked)} is asked"
        return Finding("overconfidence", beyond, f"{words}{', which was never reached.' if beyond else '.'}", figures)
    figures |= {"to_date": held.to_date, "parts_reporting": held.reporting, "parts_remaining": held.remaining}
    words = (
        f"{_told(held.to_date)} to date and {held.remaining} more at the best so far, {_told(best)}, "
        f"make {_told(held.capacity)}; {_told(asked)} is asked"
    )
    return Finding("overconfidence", beyond, f"{words}{', beyond what was proven.' if beyond else '.'}", figures)


def _mediocrity(held: Proven, definition: MeasureDefined, target: Target, limits: Bounds) -> Finding:
    past = _past(held, definition, target)
    if past is None:
        return _undecided("mediocrity", "There is no comparable period before, and no baseline for one.")
    value, period = past
    below = definition.direction != Direction.RANGE and limits.miss(value) < 0
    asked = limits.nearest(value)
    figures = {"past": value, "past_period": period, "asked": asked}
    words = f"{_told(value)} was reached in {period}; {_told(asked)} is asked"
    return Finding("mediocrity", below, f"{words}{', which is less ambitious.' if below else '.'}", figures)


def _past(held: Proven, definition: MeasureDefined, target: Target) -> tuple[Decimal, str] | None:
    """What to fall below: the latest comparable period, else a baseline of the same length."""
    if held.before and held.before[-1].value is not None:
        return held.before[-1].value, periods.identify(held.before[-1].period, definition.calendar)
    baseline = definition.baseline
    try:
        start = periods.parse(baseline.period, definition.calendar) if baseline else None
    except BadPeriod:
        return None
    if baseline is None or start is None or start.end > target.period.start:
        return None
    return (baseline.value, baseline.period) if not held.is_total or _same_length(start, target) else None


def _same_length(start: Period, target: Target) -> bool:
    return start.frequency is target.period.frequency


def _stability(held: Proven, definition: MeasureDefined, limits: Bounds) -> Finding:
    shares = [share for one in held.before if one.value is not None for share in _share(one.value, definition, limits)]
    if len(shares) < STABLE_PERIODS:
        words = f"Needs {STABLE_PERIODS} comparable periods before; there are {len(shares)}."
        return Finding("stability", False, words, {"periods": len(shares)})
    low, high, change = min(shares), max(shares), abs(shares[-1] - shares[0])
    stable = STABLE[0] <= low and high <= STABLE[1] and change <= STABLE_CHANGE
    figures = {
        "periods": len(shares),
        "lowest_percent": low * HUNDRED,
        "highest_percent": high * HUNDRED,
        "change_points": change * HUNDRED,
    }
    words = f"{len(shares)} periods before lie between {_told(low * HUNDRED)} and {_told(high * HUNDRED)} percent"
    told = ": steady near the top, to be kept." if stable else "."
    return Finding("stability", stable, words + told, figures)


def _share(value: Decimal, definition: MeasureDefined, limits: Bounds) -> list[Decimal]:
    """How much of the best thinkable a value is; none where nothing says what that is."""
    whole = definition.maximum
    if whole is None and definition.unit.strip().lower() in PERCENT:
        whole = HUNDRED
    down = definition.direction == Direction.DOWN
    if whole:
        share = divide(value, whole)
        return [ONE - share if down else share]
    part, whole = (limits.nearest(value), value) if down else (value, limits.nearest(value))
    return [divide(part, whole)] if whole > 0 else []


def _told(value: Decimal | None) -> str:
    """A number in a sentence: four decimals at most."""
    return f"{round(value or ZERO, 4).normalize():,f}"


def _asked(limits: Bounds) -> Decimal | None:
    return limits.lower if limits.lower is not None else limits.upper


def _sets(version: TargetVersion) -> tuple[Decimal | None, ...]:
    return version.target.value, version.target.lower, version.target.upper
