"""Laws over random histories: the incremental statuses equal one batch over all inputs, whatever the order.

The oracle is the pure batch of the core over a model of the facts that this file keeps by itself.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rollup_worker.core import facts
from rollup_worker.core.city import judge_city
from rollup_worker.core.facts import NodeStatus, Plan
from rollup_worker.repository import dirty
from tests.integration.rollup_worker.stage import (
    NOON,
    City,
    area,
    department,
    goal,
    measure,
    push,
    target,
    value,
)
from tideline import events
from tideline.events import (
    AreaDefined,
    DepartmentDefined,
    Event,
    Formula,
    GoalDefined,
    MeasureDefined,
    ObservationsRecorded,
    TargetsSet,
)

MEASURES = ("calls", "crews", "response")
MONTHS = tuple(f"2017-{month:02}" for month in range(1, 5))

CALLS, CREWS, RESPONSE = (["measure", code] for code in MEASURES)
FORMULAS = (
    Formula(text="calls / crews", inputs=["calls", "crews"], tree=["/", CALLS, CREWS]),
    Formula(text="2 * response", inputs=["response"], tree=["*", ["number", "2"], RESPONSE]),
    Formula(text="load", inputs=["load"], tree=["measure", "load"]),
    None,
)

amounts = st.integers(-5, 12)
codes = st.sampled_from(MEASURES)
flags = st.sampled_from([None, None, "provisional", "withdrawn"])
cells = st.sampled_from([{}, {}, {"district": "1"}, {"district": "2"}])
policies = st.sampled_from(["kpi", "weighted", "worst_of", "share_on_track"])
steps = st.one_of(
    st.tuples(st.just("value"), codes, st.sampled_from(MONTHS), amounts, flags, cells),
    st.tuples(st.just("target"), codes, st.sampled_from(["2017", "2017-02", "2018"]), st.integers(1, 8)),
    st.tuples(
        st.just("measure"), codes, st.sampled_from(["up", "down", "none"]), st.sampled_from(["fire", "water", None])
    ),
    st.tuples(st.just("goal"), st.one_of(codes, st.just("load")), policies, st.booleans()),
    st.tuples(st.just("derived"), st.sampled_from(FORMULAS), st.sampled_from(["month", "quarter"])),
    st.tuples(st.just("weighted"), st.sampled_from(["crews", "load", None])),
    st.tuples(st.just("department"), st.sampled_from(["fire", "water"]), st.sampled_from([None, "water"])),
)


@dataclass
class History:
    """Random steps as events with the versions and revisions that their sources would give."""

    counts: dict[tuple[Any, ...], int] = field(default_factory=dict)
    at: datetime = NOON

    def event(self, step: tuple[Any, ...]) -> Event:
        self.at += timedelta(minutes=1)
        found: Event = getattr(self, step[0])(*step[1:])
        return found

    def number(self, *key: Any) -> int:
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]

    def value(self, code: str, month: str, amount: int, flag: str | None, cell: dict[str, str]) -> Event:
        revision = self.number("value", code, month, tuple(cell))
        shown = None if flag == "withdrawn" else amount
        return push(value(code, month, shown, revision, flag=flag, breakdown=cell), at=self.at)

    def target(self, code: str, period: str, amount: int) -> Event:
        return target(code, period, amount, self.number("target", code, period), self.at)

    def measure(self, code: str, direction: str, owner: str | None) -> Event:
        return measure(
            code,
            self.number("measure", code),
            direction=direction,
            department=owner,
            time_aggregation="average",
            areas=["safety"],
            defined_at=self.at,
        )

    def derived(self, formula: Formula | None, frequency: str) -> Event:
        number = self.number("measure", "load")
        return measure("load", number, formula=formula, frequency=frequency, defined_at=self.at)

    def weighted(self, by: str | None) -> Event:
        average: dict[str, Any] = {"time_aggregation": "average", "breakdown_aggregation": "weighted_average"}
        number = self.number("measure", "response")
        return measure("response", number, weighted_by=by, defined_at=self.at, **average)

    def goal(self, code: str, policy: str, retired: bool) -> Event:
        words: dict[str, Any] = {"policy": policy, "retired": retired, "areas": ["safety"], "defined_at": self.at}
        others = [events.GoalMetric(measure=other, weight=Decimal(1)) for other in MEASURES if other > code]
        return goal("help", self.number("goal"), kpi=code, metrics=others, **words)

    def department(self, code: str, merged_into: str | None) -> Event:
        into = None if merged_into == code else merged_into
        return department(code, self.number("department", code), merged_into=into, defined_at=self.at)


def batch(told: Sequence[Event], today: date) -> dict[facts.Node, NodeStatus]:
    """What the core makes of all facts at once: the newest version of each, by whatever order they came."""
    newest: dict[tuple[Any, ...], Any] = {}

    def keep(key: tuple[Any, ...], number: int, fact: Any) -> None:
        if key not in newest or newest[key][0] < number:
            newest[key] = (number, fact)

    for event in told:
        if isinstance(event, ObservationsRecorded):
            for o in event.observations:
                keep(("value", o.measure, o.period, tuple(sorted(o.breakdown.items()))), o.revision, o)
        elif isinstance(event, TargetsSet):
            for t in event.targets:
                keep(("target", event.measure, t.period), t.version, t)
        else:
            assert isinstance(event, MeasureDefined | GoalDefined | DepartmentDefined | AreaDefined)
            keep((event.noun, event.code), event.version, event)
    held = [(key, fact) for key, (_, fact) in newest.items()]
    measures, goals, departments, areas = ({key[1]: fact for key, fact in held if key[0] == noun} for noun in _NOUNS)
    plan = Plan(measures, goals, departments, areas)
    values = {c: [facts.cell(d, o) for k, o in held if k[:2] == ("value", c)] for c, d in plan.measures.items()}
    wanted = {c: [t for k, t in held if k[:2] == ("target", c)] for c in plan.measures}
    targets = {c: facts.headline_targets(plan.measures[c], wanted[c]) for c in plan.measures}
    return judge_city(plan, targets, values, today)


_NOUNS = ("measure", "goal", "department", "area")


async def empty(city: City) -> None:
    await city.database.pool.execute(
        "truncate definition, target, observation, edge, dependency, dirty, tick, assessment, event, pending"
    )


async def assert_equal_to_batch(city: City, told: Sequence[Event]) -> None:
    for node, expected in batch(told, city.clock.today()).items():
        found = await city.document(*node)
        assert (found.status, found.score, found.value, found.as_of) == (
            expected.status,
            expected.score,
            expected.value,
            expected.as_of,
        ), node
        assert (found.target, found.qualifiers.stale, found.coverage.reporting, found.coverage.of) == (
            expected.target,
            expected.qualifiers.stale,
            expected.coverage.reporting,
            expected.coverage.of,
        ), node
        assert [(line.code, line.status, line.score) for line in found.children] == [
            (line.node.code, line.status, line.score) for line in expected.children
        ], node


async def assert_one_event_per_version(city: City) -> None:
    seen: dict[tuple[str, str], int] = {}
    for event in await city.told():
        assert event.version == seen.get((event.kind, event.code), 0) + 1
        assert event.changed
        seen[event.kind, event.code] = event.version


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(steps, st.booleans()), min_size=3, max_size=18), st.randoms(use_true_random=False))
async def test_incremental_equals_batch_in_any_order_and_with_duplicates(
    city: City, chosen: list[tuple[tuple[Any, ...], bool]], shuffle: random.Random
) -> None:
    history = History(at=NOON)
    first: list[Event] = [area("safety"), *(history.measure(code, "down", "fire") for code in MEASURES)]
    told = [*first, *(history.event(step) for step, _ in chosen)]
    arriving = [*told, *shuffle.sample(told, len(told) // 3)]
    shuffle.shuffle(arriving)
    await empty(city)
    city.clock.at = datetime(2017, 6, 20, 12, tzinfo=UTC)
    await city.begin_day()
    for event in arriving:
        await city.tell(event)
        if shuffle.random() < 0.4:
            await city.judge()
    await city.judge()
    await assert_equal_to_batch(city, told)
    await assert_one_event_per_version(city)
    async with city.database.transaction() as connection:
        await dirty.mark_all_dirty(connection, {"type": "rebuild"})
    assert await city.judge() == []
