"""Trafford's corporate plan and fifteen neighbours as a plan and pushes, one push a file, by rules stated here.

**Measures.** A file may hold several: each indicator with each way of counting is one (`MEASURES`). Trafford's own rows
are the measure's values, those of its wards and measuring stations are broken down. Rows of all other areas are values
of peers. A measure lists as peers England and the neighbours that the file `cssn` names for children's services, the
file `cipfa2021` for all else; by area code, since a name is written in more than one way; each with the source that
`indicators.md` gives. Where a file has further areas, their rows are pushed too, for the system to refuse.

**Periods** are written in six ways, and read where they are periods of the measure's calendar: `2014`; `2016/17` and
`2015-16`, years from April (accounts), September (schools) or November (the survey of active lives); `April 2021`;
`Jan 2012-Dec 2012`, a year because it is a whole one of the calendar; `2021-06-30`, the last day of a quarter.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

OWN: Final = "Trafford"
ENGLAND: Final = "E92000001"
PLAN: Final = "trafford"
CIRCLES: Final = ("cipfa2021", "cssn")
ENDINGS: Final = {(3, 31): 1, (6, 30): 2, (9, 30): 3, (12, 31): 4}


@dataclass(frozen=True)
class Measure:
    """What the source says of a measure, and the direction, which is ours. `picks` are words of its rows."""

    name: str
    file: str
    indicator: str
    unit: str
    direction: str
    frequency: str = "year"
    starts: int = 1
    picks: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return f"{PLAN}-{self.name}"

    def has(self, line: Mapping[str, str]) -> bool:
        return all(line[column].startswith(word) for column, word in self.picks.items())


_ACTIVE: Final = "Proportion of physically active adults."
_CHILDREN: Final = "Proportion of children in low income families (under 16s)."
_NEET: Final = "Proportion of academic age 16-17 year olds not in education, employment or training (NEET)."
_WASTE: Final = "Household waste collected and sent/not sent for recycling."
_FUEL: Final = "Proportion of households in fuel poverty."
_CLAIMANTS: Final = "Claimant Count as a proportion of residents aged 16-64."
_CREDIT: Final = "Universal Credit claims as a proportion of people aged 16-64 years."
_WAGE: Final = "Proportion of employees paid at or above the real living wage."
_CARBON: Final = "Territorial Carbon Dioxide (CO2) emission estimates."
_JOBS: Final = "Employment rate amongst those aged 16-64 years."
_WALKING: Final = "Adults walking or cycling five times per week."
_AIR: Final = "Annual mean Nitrogen Dioxide (NO2) concentration."
_COSTLY: Final = {"indicator": "Fuel poverty (low income, high"}
_INEFFICIENT: Final = {"indicator": "Fuel poverty (low income, low"}
_TONNES: Final = {"measure": "Frequency"}
MEASURES: Final[Sequence[Measure]] = (
    Measure("active-adults", "active_adults", _ACTIVE, "percent", "up", starts=11),
    Measure("walking-or-cycling", "adults_walking_or_cycling", _WALKING, "percent", "up", starts=11),
    Measure("carbon-dioxide", "borough_wide_co2_emissions", _CARBON, "kilotonnes", "down"),
    Measure(
        "children-relative", "children_poverty", _CHILDREN, "percent", "down", "year", 4,
        {"indicator": "Children in relative"},
    ),
    Measure(
        "children-absolute", "children_poverty", _CHILDREN, "percent", "down", "year", 4,
        {"indicator": "Children in absolute"},
    ),
    Measure("claimants", "claimant_count", _CLAIMANTS, "persons", "down", "month", 1, {"measure": "Count"}),
    Measure("claimants-share", "claimant_count", _CLAIMANTS, "percent", "down", "month", 1, {"measure": "Percentage"}),
    Measure("employment", "employment_rate", _JOBS, "percent", "up"),
    Measure("fuel-high-cost", "fuel_poverty", _FUEL, "percent", "down", picks=_COSTLY),
    Measure("fuel-inefficient", "fuel_poverty", _FUEL, "percent", "down", picks=_INEFFICIENT),
    Measure("recycling", "household_waste_recycling", _WASTE, "percent", "up", "year", 4, {"measure": "Percentage"}),
    Measure("recycled-tonnes", "household_waste_recycling", _WASTE, "tonnes", "none", "year", 4, _TONNES),
    Measure("neet-or-unknown", "neet", _NEET, "percent", "down", "year", 9, {"indicator": "16 to 17"}),
    Measure("neet", "neet", _NEET, "percent", "down", picks={"indicator": "16-17"}),
    Measure("nitrogen-dioxide", "no2_concentration", _AIR, "µg/m3", "down", "quarter"),
    Measure("living-wage", "real_living_wage", _WAGE, "percent", "up"),
    Measure("universal-credit", "universal_credit", _CREDIT, "persons", "down", "month", 1, {"measure": "count"}),
    Measure("universal-credit-share", "universal_credit", _CREDIT, "percent", "down", "month", 1, {"measure": "rate"}),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of a file; `period` as it is written there, `labels` as the API takes them."""

    measure: Measure
    period: str
    labels: Mapping[str, str]
    value: str

    @property
    def period_id(self) -> str:
        return period_id(self.period, self.measure)

    @property
    def number(self) -> Fraction:
        return Fraction(self.value)

    def observation(self, *, as_written: bool = False) -> dict[str, Any]:
        period = self.period if as_written else self.period_id
        return {"measure": self.measure.code, "period": period, "value": self.value, "breakdown": dict(self.labels)}


@dataclass(frozen=True)
class Peer:
    """`circles` are the files that name it."""

    code: str
    title: str
    circles: frozenset[str] = frozenset(CIRCLES)


@dataclass(frozen=True)
class Data:
    """The files by name, the areas with whom Trafford compares itself, and the sources."""

    files: Mapping[str, Sequence[Row]]
    neighbours: Mapping[str, Peer]
    sources: Mapping[str, str]

    def of(self, measure: Measure) -> list[Row]:
        return [row for row in self.files[measure.file] if row.measure is measure]

    def peers(self, measure: Measure) -> list[Peer]:
        """Those of the measure's circle that have rows of it."""
        there = {row.labels.get("peer") for row in self.of(measure)}
        circle = "cssn" if measure.file == "children_poverty" else "cipfa2021"
        return [peer for peer in self.neighbours.values() if peer.code in there and circle in peer.circles]

    def own(self, measure: Measure) -> dict[str, Fraction]:
        return {row.period_id: row.number for row in self.of(measure) if not row.labels}

    def others(self, measure: Measure) -> dict[str, dict[str, Fraction]]:
        """By peer and period, of the peers that the measure lists."""
        found: dict[str, dict[str, Fraction]] = {peer.code: {} for peer in self.peers(measure)}
        for row in self.of(measure):
            if (peer := row.labels.get("peer", "")) in found:
                found[peer][row.period_id] = row.number
        return found


def read(folder: Path) -> Data:
    neighbours = {ENGLAND: Peer("england", "England")}
    for circle in CIRCLES:
        for line in _lines(folder / f"{circle}.csv"):
            known = neighbours.get(line["area_code"])
            circles = frozenset({circle}) | (known.circles if known else frozenset())
            neighbours[line["area_code"]] = Peer(slug(line["area_name"]), line["area_name"], circles)
    files = {name: [_row(name, line, neighbours) for line in _lines(folder / f"{name}.csv")] for name in file_names()}
    return Data(files, neighbours, _sources((folder / "indicators.md").read_text(encoding="utf-8")))


def file_names() -> list[str]:
    return list(dict.fromkeys(measure.file for measure in MEASURES))


def document(data: Data) -> dict[str, Any]:
    """The plan as `PUT /v1/plans/trafford` takes it. The department weighs nothing, so that it moves no other city."""
    return {
        "code": PLAN,
        "title": "Corporate plan of Trafford",
        "departments": [{"code": PLAN, "title": OWN, "weight": 0}],
        "measures": [_measure(data, measure) for measure in MEASURES],
    }


def period_id(text: str, measure: Measure) -> str:
    """The period that a text names; the text itself where it names none of this calendar."""
    if found := re.fullmatch(r"(\d{4})[/-](\d{2})", text):
        end = int(found[1]) + 1
        return str(end) if end % 100 == int(found[2]) and measure.starts > 1 else text
    if found := re.fullmatch(r"(\w+ \d{4})-(\w+ \d{4})", text):
        first, last = (datetime.strptime(word, "%b %Y").date() for word in found.groups())
        return str(last.year) if _is_year(first, last, measure) else text
    if re.fullmatch(r"[A-Z][a-z]+ \d{4}", text):
        return f"{datetime.strptime(text, '%B %Y'):%Y-%m}"
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        day = date.fromisoformat(text)
        quarter = ENDINGS.get((day.month, day.day))
        return f"{day.year}-Q{quarter}" if quarter else text
    return text


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _is_year(first: date, last: date, measure: Measure) -> bool:
    """Whether two months are the first and the last of a year of the calendar, which is named after its end."""
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    return months == 12 and first.month == measure.starts


def _measure(data: Data, measure: Measure) -> dict[str, Any]:
    source = data.sources[measure.indicator]
    dimensions = {name for row in data.of(measure) for name in row.labels if name != "peer"}
    return {
        "code": measure.code,
        "title": measure.indicator,
        "department": PLAN,
        "type": "outcome",
        "unit": measure.unit,
        "direction": measure.direction,
        "frequency": measure.frequency,
        "calendar": {"fiscal_year_start_month": measure.starts},
        "aggregation": {"time": "last", "breakdown": "average"},
        "breakdowns": sorted(dimensions),
        "source": source,
        "peers": [{"code": peer.code, "title": peer.title, "source": source} for peer in data.peers(measure)],
    }


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _row(file: str, line: Mapping[str, str], neighbours: Mapping[str, Peer]) -> Row:
    (measure,) = (each for each in MEASURES if each.file == file and each.has(line))
    return Row(measure, line["period"], dict(_labels(line, neighbours)), line["value"])


def _labels(line: Mapping[str, str], neighbours: Mapping[str, Peer]) -> Iterator[tuple[str, str]]:
    """Codes of authorities begin with E06 to E10, those of wards with E05."""
    if "station_name" in line:
        yield "station", line["station_name"]
    elif line["area_code"].startswith("E05"):
        yield "ward", line["area_name"]
    elif line["area_name"] != OWN:
        peer = neighbours.get(line["area_code"])
        yield "peer", peer.code if peer else slug(line["area_name"])


def _sources(text: str) -> dict[str, str]:
    """By indicator the names in the third column of the table, without their addresses."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[1]: ", ".join(re.findall(r"\[([^\]]+)\]", row[2])) for row in rows if len(row) > 2}
