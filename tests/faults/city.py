"""The city that is pushed to while its parts die: a few departments, goals and measures, all judged by `threshold`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from tests.e2e import oracle
from tests.e2e.agreement import Node
from tests.e2e.oracle import Series, Span, Verdict

DEPARTMENTS: Final = ("fault-north", "fault-south")
TARGET: Final = 50
MONTHS: Final = 6
Cell = tuple[str, Span]


@dataclass(frozen=True)
class City:
    """Each department has one goal, judged by the department's first measure, and the other measures beside it."""

    measures_each: int = 3

    @cached_property
    def spans(self) -> list[Span]:
        """The current month and those before it."""
        today = datetime.now(UTC).date()
        now = today.year * 12 + today.month - 1
        return [Span(now - back, 1) for back in range(MONTHS)]

    def measures(self, department: str) -> list[str]:
        return [f"{department}-{number}" for number in range(self.measures_each)]

    def cells(self, department: str) -> Iterator[Cell]:
        return ((measure, span) for measure in self.measures(department) for span in self.spans)

    def document(self, moving_target: int) -> dict[str, Any]:
        """The plan; the target of the first measure in the current month is the one that moves."""
        return {
            "code": "faults",
            "title": f"A city that is tried (target {moving_target})",
            "departments": [{"code": code, "title": code} for code in DEPARTMENTS],
            "goals": [
                {"code": f"{code}-goal", "title": code, "department": code, "kpi": self.measures(code)[0]}
                for code in DEPARTMENTS
            ],
            "measures": [
                _measure(code, department) for department in DEPARTMENTS for code in self.measures(department)
            ],
            "targets": [
                {"measure": code, "period": period_id(span), "value": str(value), "reason": "It moves in this trial."}
                for (code, span), value in self.targets(moving_target).items()
            ],
        }

    def targets(self, moving_target: int) -> dict[Cell, int]:
        found = {cell: TARGET for department in DEPARTMENTS for cell in self.cells(department)}
        return {**found, (self.measures(DEPARTMENTS[0])[0], self.spans[0]): moving_target}

    def expectation(self, values: Mapping[Cell, Fraction], moving_target: int, today: date) -> dict[Node, Verdict]:
        """Every status, computed from the values stored and the targets set."""
        found: dict[Node, Verdict] = {}
        for department in DEPARTMENTS:
            codes = self.measures(department)
            judged = [oracle.judge(self._series(code, values, moving_target), today) for code in codes]
            goal = oracle.roll_up(judged[:1])
            found |= {("measure", code): verdict for code, verdict in zip(codes, judged, strict=True)}
            found["goal", f"{department}-goal"] = goal
            found["department", department] = oracle.roll_up([goal, *judged[1:]])
        return {**found, ("city", ""): oracle.roll_up([found["department", code] for code in DEPARTMENTS])}

    def _series(self, code: str, values: Mapping[Cell, Fraction], moving_target: int) -> Series:
        own = {span: value for (measure, span), value in values.items() if measure == code}
        targets = {s: Fraction(t) for (measure, s), t in self.targets(moving_target).items() if measure == code}
        return Series("up", own, targets)


def observations(values: Mapping[Cell, str]) -> Sequence[dict[str, str]]:
    return [{"measure": code, "period": period_id(span), "value": value} for (code, span), value in values.items()]


def period_id(span: Span) -> str:
    return f"{span.first // 12}-{span.first % 12 + 1:02}"


def _measure(code: str, department: str) -> dict[str, Any]:
    return {
        "code": code,
        "title": code,
        "department": department,
        "direction": "up",
        "frequency": "month",
        "aggregation": {"time": "average", "breakdown": "average"},
        "method": {"id": "threshold", "params": {"near_percent": "10"}},
    }
