"""`pace`, second version: as the first, but time is counted in the measure's own periods instead of days.

Of a year's monthly progress every month owes the same twelfth: February is no shorter than March, and a leap year no
longer than another. Baseline and target stand for the own period that holds their last day.
"""

from typing import Final

from rollup_worker.core.facts import Assessment
from rollup_worker.core.methods import pace
from rollup_worker.core.methods.method import Case, Method
from rollup_worker.core.methods.pace import Clock, PaceParams
from tideline import periods
from tideline.periods import Period
from tideline.vocabulary import Frequency


def count(case: Case, earlier: Period, later: Period) -> int:
    """Own periods from the end of one period to the end of another."""
    frequency, calendar = case.latest.frequency, case.definition.calendar
    one, other = (periods.containing(each.last_day, frequency, calendar) for each in (earlier, later))
    if frequency in (Frequency.DAY, Frequency.WEEK):
        return (other.end - one.end).days // one.days
    return _months(one.end.year, one.end.month, other) // _months(one.start.year, one.start.month, one)


def assess(case: Case, _: PaceParams) -> Assessment:
    return pace.assess_by(PERIODS, case)


def _months(year: int, month: int, until: Period) -> int:
    return (until.end.year - year) * 12 + until.end.month - month


PERIODS: Final = Clock("periods", count)

METHOD: Final = Method(
    id="pace",
    version=2,
    title="Progress made against progress due, period by period",
    description="Progress from the baseline to the dated target, held against equal steps in every period.",
    source=pace.METHOD.source,
    params=PaceParams,
    assess=assess,
)
