"""Hart's key performance indicators, with the status that the council published for two quarters, as a plan and pushes.

The council's year begins in April; the first file tells of April to June 2014, the second of the three months after.
The source does not say which way a figure should move: `LOWER_IS_BETTER` lists ours; figures published "for info
only" have no direction. The department weighs nothing, so that a city of today is not judged by figures of 2014.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FILES: Final = {
    "2015-Q1": "hart_dc_uk/hart_kpis_published_2014-08-10.csv",
    "2015-Q2": "hart_dc_uk/hart_kpis_published_2014-11-07.csv",
}
LAST_MONTHS: Final = {"2015-Q1": "2014-06", "2015-Q2": "2014-09"}
LOWER_IS_BETTER: Final = frozenset({"ETS01", "HR11", "HS01", "RB07", "RB08", "RB09"})
WORDS: Final = {
    "above target": "achieved",
    "close to target": "at_risk",
    "below target": "off_track",
    "for info only": "no_target",
    "unknown/no target": "no_target",
}


@dataclass(frozen=True)
class Published:
    """One indicator in one quarter; `status` is what the council said, in our words."""

    ref: str
    period: str
    title: str
    unit: str
    value: str
    target: str
    status: str
    for_info: bool

    @property
    def code(self) -> str:
        return f"hart-{self.ref.lower()}"

    @property
    def direction(self) -> str:
        if self.for_info:
            return "none"
        return "down" if self.ref in LOWER_IS_BETTER else "up"

    @property
    def observation(self) -> dict[str, str]:
        return {"measure": self.code, "period": self.period, "value": self.value}


def read(period: str, path: Path) -> Iterator[Published]:
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            yield Published(
                ref=line["kpi_ref"],
                period=period,
                title=line["description"],
                unit=line["unit"],
                value=line["this_quarter_value"],
                target=line["target"],
                status=WORDS[line["published_status"]],
                for_info=line["published_status"] == "for info only",
            )


def document(published: Sequence[Published]) -> dict[str, Any]:
    """The plan as `PUT /v1/plans/hart` takes it."""
    latest = {each.code: each for each in published}
    return {
        "code": "hart",
        "title": "Key performance indicators of Hart District Council",
        "departments": [{"code": "hart", "title": "Hart District Council", "weight": 0}],
        "measures": [_measure(each) for each in latest.values()],
        "targets": [
            {"measure": each.code, "period": each.period, "value": each.target}
            for each in published
            if not each.for_info
        ],
    }


def _measure(published: Published) -> dict[str, Any]:
    return {
        "code": published.code,
        "title": published.title[:200],
        "department": "hart",
        "unit": "percent" if published.unit == "%" else "number",
        "direction": published.direction,
        "frequency": "quarter",
        "calendar": {"fiscal_year_start_month": 4},
        "aggregation": {"time": "last", "breakdown": "average"},
        "source": "Hart District Council, published performance indicators",
        "method": {"id": "threshold", "params": {"near_percent": "10"}},
    }
