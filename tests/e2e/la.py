"""Los Angeles' indicators of sustainable development as a plan and pushes, one push a file, by rules stated here.

**Measures.** A file with several `Units` holds several measures, one for each; otherwise it is one. The other columns
between `Year` and `Value` are dimensions. A row whose dimensions are all blank is the headline.

**As it stands.** A push keeps what its file has: the text of each cell, the line ends (one file has carriage returns
only) and the byte order mark (another has one). Nothing is left out beforehand: rows without value, years that are no
period of a year, and cells that stand there twice are for the system to refuse, row by row.

**Ours.** The source says neither which way a figure should move nor how groups join. Figures have no direction, except
those in `GAPS`, where the groups of a dimension are held against each other. Those in `COUNTS` count people and add
up; in all others groups are averaged where a row for the whole is missing. The department weighs nothing, so that it
moves no other city.

**Fiscal years.** One file writes its years as `2009-2010`. `corrected` reads them as the city's fiscal years, which run
from July to June; the other files with joined years tell growth from one year to the next, or ten years at once.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final

BOM: Final = "\ufeff"
UNITS: Final = "Units"
DEPARTMENT: Final = "los-angeles"
CODE_MAX: Final = 100
Cell = tuple[str, str, frozenset[tuple[str, str]]]
"""Measure, period and the labelled groups."""

GAPS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "la-1-1-1-percent-by-race": ("down", {"dimension": "race", "ratio": "2"}),
    "la-3-2-2-death-rate-per-1-000": ("down", {"dimension": "mother_s_race", "index_of_disparity": "50"}),
    "la-4-1-2-bachelor-s-degree-or-higher": ("up", {"dimension": "race_ethnicity", "difference": "30"}),
    "la-8-5-2-percent-by-race-ethnicity": ("down", {"dimension": "race_ethnicity", "ratio": "1.5"}),
}
"""The direction of a measure and the rule for the gaps between its groups; the limits are ours."""
COUNTS: Final[Mapping[str, str]] = {
    "la-16-1-1-homicides-by-victim-descent": "victim_gender",
    "la-16-1-1-homicides-by-victim-gender": "victim_gender",
    "la-16-2-1": "crime_type",
    "la-3-2-2-total-deaths": "mother_s_race",
}
"""Measures that count people, with the dimension by which they do."""
FISCAL: Final = "17-1-1"


@dataclass(frozen=True)
class Row:
    """One line of a file with the text of its cells; `labels` leaves out the blank ones."""

    index: int
    measure: str
    year: str
    labels: Mapping[str, str]
    value: str

    @property
    def cell(self) -> Cell:
        return self.measure, self.year, frozenset((name, label.strip()) for name, label in self.labels.items())

    @property
    def number(self) -> Decimal:
        return Decimal(self.value.strip())


@dataclass(frozen=True)
class Series:
    """One file."""

    name: str
    bom: str
    line_end: str
    dimensions: tuple[str, ...]
    units: Mapping[str, str]
    rows: tuple[Row, ...]

    @cached_property
    def refused(self) -> dict[int, tuple[str, str | None]]:
        """Which rows cannot be taken, by their place, with code and field; found without the system."""
        seen, found = set[Cell](), dict[int, tuple[str, str | None]]()
        for row in self.rows:
            fault = _fault(row) or (("duplicate_in_batch", None) if row.cell in seen else None)
            if fault:
                found[row.index] = fault
            else:
                seen.add(row.cell)
        return found

    @property
    def taken(self) -> dict[Cell, Decimal]:
        return {row.cell: row.number for row in self.rows if row.index not in self.refused}

    @property
    def corrected(self) -> "Series":
        """With joined years read as fiscal years, which are named after their end."""
        return replace(self, rows=tuple(replace(row, year=row.year.rpartition("-")[2]) for row in self.rows))

    @property
    def body(self) -> bytes:
        """The push: the file's own cells under the columns of the API, with its line ends and its mark."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator=self.line_end)
        writer.writerow(["measure", "period", "value", *(f"breakdown.{name}" for name in self.dimensions)])
        for row in self.rows:
            groups = [row.labels.get(name, "") for name in self.dimensions]
            writer.writerow([row.measure, row.year, row.value, *groups])
        return (self.bom + text.getvalue()).encode()


def read_all(folder: Path) -> list[Series]:
    return [read(path) for path in sorted(folder.glob("indicator_*.csv"))]


def read(path: Path) -> Series:
    text = path.read_bytes().decode()
    bom, text = (BOM, text[1:]) if text.startswith(BOM) else ("", text)
    lines = list(csv.DictReader(io.StringIO(text, newline="")))
    name = path.stem.removeprefix("indicator_")
    columns = [column for column in lines[0] if column not in ("Year", "Value", UNITS)]
    units = dict.fromkeys(line.get(UNITS, "") for line in lines)
    codes = {unit: f"la-{name}" if len(units) == 1 else slug(f"la-{name}-{unit}")[:CODE_MAX] for unit in units}
    return Series(
        name=name,
        bom=bom,
        line_end=next(end for end in ("\r\n", "\n", "\r") if end in text),
        dimensions=tuple(slug(column, "_") for column in columns),
        units={code: unit for unit, code in codes.items()},
        rows=tuple(_row(index, codes[line.get(UNITS, "")], columns, line) for index, line in enumerate(lines)),
    )


def document(series: Sequence[Series]) -> dict[str, Any]:
    """The plan as `PUT /v1/plans/los-angeles` takes it."""
    return {
        "code": DEPARTMENT,
        "title": "Indicators of sustainable development of Los Angeles",
        "departments": [{"code": DEPARTMENT, "title": "Los Angeles", "weight": 0}],
        "measures": [measure for each in series for measure in _measures(each)],
    }


def refusals(series: Iterable[Series]) -> dict[str, Counter[str]]:
    """How many rows of which file cannot be taken, by the reason."""
    counted = {each.name: Counter(code for code, _ in each.refused.values()) for each in series}
    return {name: counts for name, counts in counted.items() if counts}


def slug(text: str, joint: str = "-") -> str:
    return re.sub(r"[^a-z0-9]+", joint, text.lower()).strip(joint)


def _measures(series: Series) -> Iterator[dict[str, Any]]:
    for code, unit in series.units.items():
        direction, rule = GAPS.get(code, ("none", None))
        yield {
            "code": code,
            "title": f"Indicator {series.name}{': ' * bool(unit)}{unit}"[:200],
            "department": DEPARTMENT,
            "type": "outcome",
            "unit": unit,
            "direction": direction,
            "frequency": "year",
            "calendar": {"fiscal_year_start_month": 7 if series.name == FISCAL else 1},
            "aggregation": {"time": "last", "breakdown": "sum" if code in COUNTS else "average"},
            "breakdowns": list(series.dimensions),
            "source": "City of Los Angeles, reporting on the Sustainable Development Goals",
            "equity": [rule] if rule else [],
        }


def _row(index: int, measure: str, columns: Sequence[str], line: Mapping[str, str]) -> Row:
    labels = {slug(column, "_"): line[column] for column in columns if line[column].strip()}
    return Row(index, measure, line["Year"], labels, line["Value"])


def _fault(row: Row) -> tuple[str, str | None] | None:
    """A year is four digits; two years joined are a biennium where it begins odd, and else nothing at all."""
    if not re.fullmatch(r"\d{4}", row.year):
        first, last = (int(year) for year in row.year.split("-"))
        biennium = last == first + 1 and first % 2 == 1
        return ("period_frequency_mismatch" if biennium else "bad_period"), "period"
    return None if row.value.strip() else ("missing_value", "value")
