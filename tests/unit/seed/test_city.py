"""The seeded plan passes the plan's own checks, and the seeded values make a truthful mix of statuses."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from deploy.seed.loading import PLAN, batches
from goals_api.core.changes import check, edit
from goals_api.core.facts import defined
from goals_api.core.proposals import Proposal, World
from goals_api.core.targets import by_measure
from goals_api.schemas.documents import PlanDocument
from goals_api.schemas.reading import read
from rollup_worker.core.city import judge_city
from rollup_worker.core.facts import CITY, Cell, Node, NodeStatus, Plan, Target, cell
from rollup_worker.core.methods import VERSIONS
from tideline import events, periods
from tideline.vocabulary import JUDGEMENTS, Kind, Status

TODAY = date(2026, 11, 22)
NOTHING = World(entities={kind: {} for kind in (Kind.CITY, Kind.AREA, Kind.DEPARTMENT, Kind.GOAL, Kind.MEASURE)})


@dataclass
class City:
    plan: Plan = field(default_factory=Plan)
    targets: dict[str, list[Target]] = field(default_factory=dict)
    cells: dict[str, list[Cell]] = field(default_factory=dict)
    statuses: dict[Node, NodeStatus] = field(default_factory=dict)

    def counts(self, kind: Kind) -> Counter[Status]:
        return Counter(status.status for node, status in self.statuses.items() if node.kind is kind)


def _proposal() -> Proposal:
    document = PlanDocument.model_validate(read(PLAN.read_bytes(), "application/yaml"))
    proposal, faults = document.to_proposal()
    assert faults == []
    return proposal


def _plan(proposal: Proposal) -> Plan:
    found: dict[str, dict[str, Any]] = {"city": {}, "measure": {}, "goal": {}, "department": {}, "area": {}}
    for written in edit(proposal, NOTHING, datetime(2015, 1, 27, tzinfo=UTC)).written:
        event = defined(written.after)
        found[event.noun][written.after.content.code] = event
    return Plan(found["measure"], found["goal"], found["department"], found["area"], found["city"].get("city"))


def _targets(proposal: Proposal) -> dict[str, list[Target]]:
    sets = by_measure(edit(proposal, NOTHING, datetime(2015, 1, 27, tzinfo=UTC)).targets)
    return {
        code: [
            Target(periods.parse(t.target.period), t.target.value, t.target.lower, t.target.upper, 1, t.target.sample)
            for t in found
        ]
        for code, found in sets.items()
    }


def _observations(document: dict[str, Any]) -> Iterator[events.Observation]:
    for body in batches(document["measures"], TODAY):
        for row in csv.DictReader(io.StringIO(body)):
            value, numerator, denominator = (
                Decimal(row[name]) if row[name] else None for name in ("value", "numerator", "denominator")
            )
            cells = {name: row.get(f"breakdown.{name}") for name in ("council_district", "peer")}
            yield events.Observation(
                measure=row["measure"],
                period=row["period"],
                value=value,
                numerator=numerator,
                denominator=denominator,
                breakdown={name: label for name, label in cells.items() if label},
                flag=row["flag"],
            )


@pytest.fixture(scope="module")
def city() -> City:
    proposal = _proposal()
    city = City(_plan(proposal), _targets(proposal))
    for observation in _observations(read(PLAN.read_bytes(), "application/yaml")):
        definition = city.plan.measures[observation.measure]
        city.cells.setdefault(observation.measure, []).append(cell(definition, observation))
    city.statuses = judge_city(city.plan, city.targets, city.cells, TODAY)
    return city


def test_the_document_has_no_fault() -> None:
    assert check(_proposal(), NOTHING, TODAY) == []


def test_every_method_is_known_and_its_parameters_can_be_used(city: City) -> None:
    for code, measure in city.plan.measures.items():
        if measure.method is not None:
            assert VERSIONS[measure.method.id, 1].validate(measure.method.params) == (), code


def test_the_city_and_most_departments_are_judged(city: City) -> None:
    whole = city.statuses[CITY]
    assert whole.status in JUDGEMENTS
    assert whole.coverage.reporting * 2 >= whole.coverage.of
    judged = sum(count for status, count in city.counts(Kind.DEPARTMENT).items() if status in JUDGEMENTS)
    assert judged >= 14


def test_every_area_has_something_to_tell(city: City) -> None:
    told = city.counts(Kind.AREA)
    assert told[Status.NO_DATA] <= 2
    assert sum(count for status, count in told.items() if status in JUDGEMENTS) >= 11


def test_good_and_bad_news_are_mixed_and_dead_data_shows(city: City) -> None:
    measures = city.counts(Kind.MEASURE)
    for status in (*JUDGEMENTS, Status.NO_TARGET, Status.NO_DATA):
        assert measures[status] >= 1, status
    assert sum(status.qualifiers.stale for status in city.statuses.values()) >= 5


def test_an_indicator_without_target_is_never_off_track(city: City) -> None:
    """Unless its method judges the direction, or holds it against somebody else."""
    targetless = {"control-chart", "comparator"}
    methods = {code: measure.method.id if measure.method else "" for code, measure in city.plan.measures.items()}
    for code in {code for code, method in methods.items() if method not in targetless} - city.targets.keys():
        assert city.statuses[Node(Kind.MEASURE, code)].status in (Status.NO_TARGET, Status.NO_DATA), code


@pytest.mark.parametrize(
    ("code", "method"),
    [
        ("library-visits", "control-chart"),
        ("tpu-power-caidi", "comparator"),
        ("tree-canopy", "cagr-ratio"),
        ("sidewalks-accessible", "extrapolate"),
        ("police-priority-one-response", "threshold"),
        ("violent-crimes-per-1000", "pace"),
    ],
)
def test_each_method_has_something_to_show(city: City, code: str, method: str) -> None:
    status = city.statuses[Node(Kind.MEASURE, code)]
    assert (status.status in JUDGEMENTS, status.method) == (True, method)


def test_the_derived_measure_reads_what_is_pushed(city: City) -> None:
    formula = city.plan.measures["graffiti-reports-per-1000"].formula
    assert formula is not None
    assert all(city.cells[code] for code in formula.inputs)
    assert "graffiti-reports-per-1000" not in city.cells


def test_published_figures_are_no_sample_and_sample_series_say_so(city: City) -> None:
    assert not city.statuses[Node(Kind.MEASURE, "tpu-power-availability")].qualifiers.sample
    for code in ("perception-of-safety", "tpu-water-peak-use-reduction", "homeless-deaths", "fire-response-p90"):
        assert city.statuses[Node(Kind.MEASURE, code)].qualifiers.sample, code
    assert city.statuses[CITY].qualifiers.sample
