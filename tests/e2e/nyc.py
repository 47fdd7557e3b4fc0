"""New York City's performance data as a plan document and pushes, by rules stated here.

**Plan.** Agencies are departments; each indicator is a measure directly under its agency, judged by `threshold`
with a near band of 10 % of the target. `*` in the source means that no direction is desired: `none`.

**Periods.** New York's fiscal year runs from July to June, so every measure has a calendar that starts in July. The
source gives the month of a reading. A monthly reading is that month's value; a quarterly or annual one is a value
of the fiscal quarter or year that holds the month. Where several readings fall into one period (most agencies also
report after the first four months of a year), the later one revises the earlier. A reading from before the last
month of its period is provisional.

**Targets.** The source has none. Ours, labelled sample: at least (up) or at most (down) the value of the same
period one year earlier. Indicators without direction, and periods without a value a year before, have none.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from tests.e2e.oracle import Series, Span

MONTHS: Final = {"Monthly": 1, "Quarterly": 3, "Annually": 12}
FREQUENCIES: Final = {1: "month", 3: "quarter", 12: "year"}
DIRECTIONS: Final = {"Up": "up", "Down": "down", "*": "none"}
FISCAL_OFFSET: Final = 6  # months from July, with which a fiscal year begins, to the January of its name
CODE_MAX: Final = 80
CSV_COLUMNS: Final = ("measure", "period", "value", "numerator", "denominator", "flag", "note")


@dataclass(frozen=True)
class Reading:
    """One line of the source."""

    month: int
    value: str
    anomaly: bool


@dataclass(frozen=True)
class Indicator:
    code: str
    agency: str
    title: str
    direction: str
    months: int
    readings: tuple[Reading, ...]

    def span(self, reading: Reading) -> Span:
        """The month itself, or the fiscal quarter or year around it."""
        return Span(reading.month - (reading.month - FISCAL_OFFSET) % self.months, self.months)

    @cached_property
    def values(self) -> dict[Span, str]:
        """The last reading of every period."""
        return {self.span(reading): reading.value for reading in self.readings}

    @cached_property
    def targets(self) -> dict[Span, str]:
        """By the rule above: last year's value of the same period."""
        if self.direction == "none":
            return {}
        return {span: self.values[span.before(12)] for span in self.values if span.before(12) in self.values}

    @property
    def series(self) -> Series:
        """The same as exact numbers, for the independent computation."""
        values = {span: Fraction(value) for span, value in self.values.items()}
        targets = {span: Fraction(value) for span, value in self.targets.items()}
        return Series(self.direction, values, targets)

    @property
    def unit(self) -> str:
        """What the title ends with in brackets."""
        found = re.search(r"\(([^()]+)\)\W*$", self.title)
        return {"%": "percent"}.get(found[1], found[1]) if found else "number"


def period_id(span: Span) -> str:
    """A month of the ordinary calendar, or a fiscal quarter or year, which is named after its end."""
    if span.months == 1:
        return f"{span.first // 12}-{span.first % 12 + 1:02}"
    year, month = divmod(span.first + 12 - FISCAL_OFFSET, 12)
    return f"{year}" if span.months == 12 else f"{year}-Q{month // 3 + 1}"


def read(path: Path) -> list[Indicator]:
    """The indicators, by agency and title."""
    lines = defaultdict[tuple[str, str], list[dict[str, str]]](list)
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            lines[line["agency"], line["indicator"]].append(line)
    taken = set[str]()
    return [_indicator(agency, title, held, taken) for (agency, title), held in sorted(lines.items())]


def _indicator(agency: str, title: str, lines: list[dict[str, str]], taken: set[str]) -> Indicator:
    readings = [Reading(_month(line["period_start"]), line["value"], line["anomaly_flag"] == "Yes") for line in lines]
    return Indicator(
        code=_code(agency, title, taken),
        agency=_slug(agency),
        title=title,
        direction=DIRECTIONS[lines[0]["desired_direction"]],
        months=MONTHS[lines[0]["frequency"]],
        readings=tuple(sorted(readings, key=lambda reading: reading.month)),
    )


def document(indicators: Iterable[Indicator]) -> dict[str, Any]:
    """The plan as `PUT /v1/plans/nyc` takes it."""
    held = list(indicators)
    agencies = sorted({indicator.agency for indicator in held})
    return {
        "code": "nyc",
        "title": "Citywide performance of New York City",
        "description": "Indicators as published; the targets are samples: the same period of the year before.",
        "departments": [{"code": agency, "title": agency.upper()} for agency in agencies],
        "measures": [_measure(indicator) for indicator in held],
        "targets": [target for indicator in held for target in _targets(indicator)],
    }


def _measure(indicator: Indicator) -> dict[str, Any]:
    averaged = indicator.unit == "percent" or "verage" in indicator.title
    return {
        "code": indicator.code,
        "title": indicator.title,
        "department": indicator.agency,
        "unit": indicator.unit,
        "direction": indicator.direction,
        "frequency": FREQUENCIES[indicator.months],
        "calendar": {"fiscal_year_start_month": 7},
        "aggregation": {"time": "average" if averaged else "sum", "breakdown": "sum"},
        "source": "New York City, citywide performance reporting",
        "method": {"id": "threshold", "params": {"near_percent": "10"}},
    }


def _targets(indicator: Indicator) -> Iterator[dict[str, Any]]:
    for span, value in sorted(indicator.targets.items()):
        reason = "Sample: the same period of the year before"
        target = {"measure": indicator.code, "period": period_id(span), "value": value}
        yield target | {"sample": True, "reason": reason}


def pushes(indicators: Iterable[Indicator]) -> Iterator[str]:
    """Every reading as CSV; the n-th body has the n-th reading of each period, so that none stands there twice."""
    rounds = defaultdict[int, list[tuple[str, ...]]](list)
    for indicator in indicators:
        seen = defaultdict[Span, int](int)
        for reading in indicator.readings:
            span = indicator.span(reading)
            rounds[seen[span]].append(_row(indicator, span, reading))
            seen[span] += 1
    for _, rows in sorted(rounds.items()):
        yield "\n".join(",".join(row) for row in (CSV_COLUMNS, *rows)) + "\n"


def _row(indicator: Indicator, span: Span, reading: Reading) -> tuple[str, ...]:
    provisional = reading.month != span.first + span.months - 1
    note = "flagged as an anomaly by the source" if reading.anomaly else ""
    return (indicator.code, period_id(span), reading.value, "", "", "provisional" if provisional else "", note)


def is_provisional(indicator: Indicator) -> bool:
    """Whether the last value it has comes from before the end of its period."""
    last = indicator.readings[-1]
    span = indicator.span(last)
    return last.month != span.first + span.months - 1


def _month(day: str) -> int:
    year, month, _ = day.split("-")
    return int(year) * 12 + int(month) - 1


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _code(agency: str, title: str, taken: set[str]) -> str:
    """Agency and title, shortened; a number makes it unique."""
    stem = _slug(f"{agency} {title}")[:CODE_MAX].strip("-")
    tries = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1_000))
    code = next(each for each in tries if each not in taken)
    taken.add(code)
    return code
