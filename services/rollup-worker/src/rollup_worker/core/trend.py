"""The straight line through the last periods of a measure, and how sure it is of a period ahead.

Ordinary least squares of the value on the number of the period, so that a period without a value leaves a gap and
no zero. With n points, mean x̄, sum of squares Sxx of x and residual standard error s = √(SSE / (n − 2)), the sum of
k periods ahead has the prediction interval ± t(n − 2) · s · √(k + k²/n + (Σ(xᵢ − x̄))² / Sxx); for one period that is
the well-known ± t · s · √(1 + 1/n + (x − x̄)² / Sxx) (Draper and Smith, Applied Regression Analysis, chapter 1).

How many points: whole cycles of the season, or it would tilt the line: four weeks of days, half a year of weeks, a
year of months, two years of quarters, three years of halves, six years, six biennia; at least four.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from rollup_worker.core.decimals import ZERO, divide
from rollup_worker.core.student import quantile
from tideline import periods
from tideline.events import Calendar
from tideline.periods import Period
from tideline.vocabulary import Frequency

POINTS: Final[Mapping[Frequency, int]] = {
    Frequency.DAY: 28,
    Frequency.WEEK: 26,
    Frequency.MONTH: 12,
    Frequency.QUARTER: 8,
    Frequency.HALF: 6,
    Frequency.YEAR: 6,
    Frequency.BIENNIUM: 6,
}
GAPS: Final = 4
"""The points are looked for in so many times as many periods, so that gaps leave enough of them."""
POINTS_MIN: Final = 4
POINTS_MAX: Final = 120
_MONTHS: Final[Mapping[Frequency, int]] = {
    Frequency.MONTH: 1,
    Frequency.QUARTER: 3,
    Frequency.HALF: 6,
    Frequency.YEAR: 12,
    Frequency.BIENNIUM: 24,
}
_ROOT_DIGITS: Final = 16
"""Of a square root; an interval is an estimate and needs no more."""


@dataclass(frozen=True, slots=True)
class Line:
    """value = mean + slope × (x − mean of x), kept as whole sums so that nothing is rounded before the end.

    `spread` is n·Σx² − (Σx)², `rise` n·Σxy − ΣxΣy and `residual` n·spread·SSE.
    """

    n: int
    sum_x: int
    sum_y: Decimal
    spread: int
    rise: Decimal
    residual: Decimal

    @property
    def slope(self) -> Decimal:
        """The change from one period to the next."""
        return divide(self.rise, Decimal(self.spread))

    @property
    def error(self) -> Decimal:
        """The residual standard error, in the measure's unit."""
        return _root(self._variance)

    def at(self, x: int) -> Decimal:
        return divide(self.sum_y * self.spread + self.rise * (self.n * x - self.sum_x), Decimal(self.n * self.spread))

    def first_at_least(self, level: Decimal) -> int | None:
        """The first x from which a rising line has reached a level; None for a line that does not rise."""
        if self.rise <= 0:
            return None
        # level ≤ at(x), solved for x without dividing before the end.
        due = level * self.n * self.spread - self.sum_y * self.spread + self.rise * self.sum_x
        whole, rest = divmod(due, self.rise * self.n)
        return int(whole) + (1 if rest > 0 else 0)

    def mirrored(self) -> "Line":
        """The same line upside down."""
        return Line(self.n, self.sum_x, -self.sum_y, self.spread, -self.rise, self.residual)

    def half_width(self, ahead: Sequence[int], confidence: Decimal) -> Decimal:
        """How far the prediction interval of the sum of these periods reaches to either side."""
        k, away = len(ahead), self.n * sum(ahead) - len(ahead) * self.sum_x
        factor = Decimal(k) + divide(Decimal(k * k), Decimal(self.n)) + divide(Decimal(away * away), self._scale)
        return quantile(confidence, self.n - 2) * _root(self._variance * factor)

    @property
    def _scale(self) -> Decimal:
        return Decimal(self.n * self.spread)

    @property
    def _variance(self) -> Decimal:
        return divide(self.residual, self._scale * (self.n - 2))


def fit(points: Sequence[tuple[int, Decimal]]) -> Line | None:
    """None for fewer than four points."""
    if len(points) < POINTS_MIN:
        return None
    n, sum_x, sum_y = len(points), sum(x for x, _ in points), sum((y for _, y in points), ZERO)
    spread = n * sum(x * x for x, _ in points) - sum_x * sum_x
    rise = n * sum((x * y for x, y in points), ZERO) - sum_x * sum_y
    height = n * sum((y * y for _, y in points), ZERO) - sum_y * sum_y
    return Line(n, sum_x, sum_y, spread, rise, height * spread - rise * rise)


def since(last: Period, calendar: Calendar, points: int | None = None, *, more: int = 0) -> date:
    """The first day of the periods through which a line that ends at `last` can go, and of so many `more` before."""
    back = GAPS * (points or POINTS[last.frequency]) + more
    try:
        return moved(last, 1 - back, calendar).start
    except periods.BadPeriod:
        return periods.FIRST_DAY


def number(period: Period) -> int:
    """Counts the periods of one frequency and calendar, so that neighbours are one apart."""
    if period.frequency is Frequency.DAY:
        return period.start.toordinal()
    if period.frequency is Frequency.WEEK:
        return period.start.toordinal() // 7
    return (period.start.year * 12 + period.start.month - 1) // _MONTHS[period.frequency]


def moved(period: Period, steps: int, calendar: Calendar) -> Period:
    """The period that lies so many periods later (or earlier). Raises BadPeriod outside 1900 to 2200."""
    days = {Frequency.DAY: 1, Frequency.WEEK: 7}.get(period.frequency)
    if days is not None:
        return periods.containing(_day(period.start, steps * days), period.frequency, calendar)
    year, month = divmod(period.start.year * 12 + period.start.month - 1 + steps * _MONTHS[period.frequency], 12)
    if not periods.FIRST_DAY.year <= year <= periods.LAST_DAY.year:
        raise periods.BadPeriod(f"{year} is outside the calendar")
    return periods.containing(date(year, month + 1, 1), period.frequency, calendar)


def _day(start: date, days: int) -> date:
    try:
        return start + timedelta(days=days)
    except OverflowError as fault:
        raise periods.BadPeriod("a day outside the calendar") from fault


def _root(square: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = _ROOT_DIGITS
        return square.sqrt()
