"""What a plan leaves open: measures nobody owns, nothing measures, nobody has ever filled. Facts in, findings out.

Each rule looks at one kind of node and says: not asked of this one (None), fine (the empty text), or what is missing.
So that a share can be told, a rule counts the nodes it was asked of. Retired nodes and merged departments are left
out; docs/lint.md lists the rules.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import chain
from typing import Any, Final

from rollup_worker.core import graph
from rollup_worker.core.facts import PEER, Edge, Node, Plan
from rollup_worker.core.methods import VERSIONS
from rollup_worker.core.staleness import stale_from
from tideline.events import AreaDefined, DepartmentDefined, GoalDefined, MeasureDefined
from tideline.periods import Period
from tideline.vocabulary import Direction, Kind

LONG_DAYS: Final = 365
FINE: Final = ""

Defined = MeasureDefined | GoalDefined | DepartmentDefined | AreaDefined


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is of values: the latest own period by measure, measures with a target, labels by dimension."""

    today: date
    latest: Mapping[str, Period] = field(default_factory=dict)
    targeted: Collection[str] = frozenset()
    labels: Mapping[str, Mapping[str, Collection[str]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """A plan with what was seen, and what follows from both."""

    plan: Plan
    seen: Seen

    @cached_property
    def below(self) -> Mapping[Node, Sequence[Edge]]:
        found: dict[Node, list[Edge]] = {}
        for edge in graph.edges(self.plan):
            found.setdefault(edge.parent, []).append(edge)
        return found

    @cached_property
    def named(self) -> frozenset[str]:
        """The measures that a goal names."""
        goals = [goal for goal in self.plan.goals.values() if not goal.retired]
        metrics = (metric.measure for goal in goals for metric in goal.metrics)
        return frozenset(chain(metrics, (goal.kpi for goal in goals if goal.kpi)))

    @cached_property
    def read(self) -> frozenset[str]:
        """The measures that another one is made of or weighed by."""
        measures = [measure for measure in self.plan.measures.values() if not measure.retired]
        inputs = (code for measure in measures if measure.formula for code in measure.formula.inputs)
        return frozenset(chain(inputs, (measure.weighted_by for measure in measures if measure.weighted_by)))


@dataclass(frozen=True, slots=True)
class Rule:
    """`find`: None where this is not asked, the empty text where nothing is missing, else what is."""

    code: str
    kind: Kind
    title: str
    find: Callable[[Any, Look], str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    node: Node
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many were found, of how many asked."""

    found: int
    of: int


def lint(plan: Plan, seen: Seen, nodes: Collection[Node]) -> tuple[list[Finding], dict[str, Count]]:
    """The findings about these nodes, by kind, code and rule, and the counts of every rule."""
    look = Look(plan, seen)
    findings, counts = list[Finding](), dict[str, Count]()
    for rule in RULES:
        said = [(definition, rule.find(definition, look)) for definition in _asked(plan, rule.kind, nodes)]
        found = [(definition, detail) for definition, detail in said if detail]
        before = counts.get(rule.code, Count(0, 0))
        of = before.of + sum(detail is not None for _, detail in said)
        counts[rule.code] = Count(before.found + len(found), of)
        findings += [Finding(rule, Node(rule.kind, d.code), d.title, detail) for d, detail in found]
    return sorted(findings, key=lambda finding: (finding.node, finding.rule.code)), counts


def held(plan: Plan) -> Mapping[Kind, Mapping[str, Defined]]:
    """The definitions that can be looked at; the city has none."""
    return {
        Kind.MEASURE: plan.measures,
        Kind.GOAL: plan.goals,
        Kind.DEPARTMENT: plan.departments,
        Kind.AREA: plan.areas,
    }


def _asked(plan: Plan, kind: Kind, nodes: Collection[Node]) -> Iterator[Defined]:
    for code, definition in sorted(held(plan)[kind].items()):
        merged = isinstance(definition, DepartmentDefined) and definition.merged_into is not None
        if not definition.retired and not merged and Node(kind, code) in nodes:
            yield definition


def _aligned(measure: MeasureDefined, look: Look) -> str | None:
    if measure.code in look.read:
        return None
    tied = measure.department or measure.areas or measure.code in look.named
    return FINE if tied else "No goal names it, and it names no area and no department."


def _in_plan(measure: MeasureDefined, look: Look) -> str | None:
    if measure.code in look.read or measure.department is None:
        return None
    return FINE if measure.areas or measure.code in look.named else "It stands under its department only."


def _method(measure: MeasureDefined, look: Look) -> str | None:
    if measure.direction == Direction.NONE:
        return None
    if measure.method is not None or measure.code in look.seen.targeted:
        return FINE
    return "It names no method, and without a target none applies by itself."


def _known_method(measure: MeasureDefined, _: Look) -> str | None:
    if measure.method is None:
        return None
    known = {method for method, _ in VERSIONS}
    return FINE if measure.method.id in known else f"There is no method {measure.method.id}."


def _owner(measure: MeasureDefined, _: Look) -> str:
    return FINE if (measure.owner or "").strip() else "Nobody is named who answers for it."


def _source(measure: MeasureDefined, _: Look) -> str | None:
    if measure.formula is not None:
        return None
    return FINE if measure.source.strip() else "It does not say where its values come from."


def _baseline(measure: MeasureDefined, _: Look) -> str | None:
    if measure.direction == Direction.NONE:
        return None
    return FINE if measure.baseline else "It does not say from where it set out."


def _target(measure: MeasureDefined, look: Look) -> str | None:
    if measure.direction == Direction.NONE:
        return None
    return FINE if measure.code in look.seen.targeted else "It has a direction and no target in any period."


def _populated(measure: MeasureDefined, look: Look) -> str | None:
    if measure.formula is not None:
        return None
    return FINE if measure.code in look.seen.latest else "No value of its own stands in any period."


def _fresh(measure: MeasureDefined, look: Look) -> str | None:
    last = look.seen.latest.get(measure.code)
    if last is None or measure.formula is not None:
        return None
    first_stale = stale_from(last, measure.grace_days, measure.calendar)
    if first_stale is None or look.seen.today < first_stale + timedelta(days=LONG_DAYS):
        return FINE
    return f"Its latest value is of the {last.frequency} that ended on {last.last_day}."


def _units(measure: MeasureDefined, look: Look) -> str | None:
    if measure.formula is None:
        return None
    inputs = [look.plan.measures.get(code) for code in measure.formula.inputs]
    units = [measure.unit, *(each.unit if each else "" for each in inputs)]
    return FINE if all(unit.strip() for unit in units) else "It, or a measure that it is made of, names no unit."


def _peers(measure: MeasureDefined, look: Look) -> str | None:
    if not measure.peers:
        return None
    there = look.seen.labels.get(measure.code, {}).get(PEER, ())
    missing = [peer.code for peer in measure.peers if peer.code not in there]
    return f"No value of {_some(missing)}." if missing else FINE


def _groups(measure: MeasureDefined, look: Look) -> str | None:
    if not measure.equity:
        return None
    there = look.seen.labels.get(measure.code, {})
    missing = [rule.dimension for rule in measure.equity if not there.get(rule.dimension)]
    return f"No value is broken down by {_some(missing)}." if missing else FINE


def _kpi(goal: GoalDefined, _: Look) -> str:
    return FINE if goal.kpi else "No measure decides whether it is reached."


def _owners(goal: GoalDefined, _: Look) -> str:
    return FINE if any(owner.strip() for owner in goal.owners) else "Nobody is named who answers for it."


def _goal_aligned(goal: GoalDefined, _: Look) -> str:
    return FINE if goal.areas or goal.department else "It names no area and no department."


def _members(definition: GoalDefined | DepartmentDefined | AreaDefined, look: Look) -> str:
    there = look.below.get(Node(Kind(definition.noun), definition.code))
    return FINE if there else "Nothing that is in force counts or informs here."


def _counting(definition: GoalDefined | DepartmentDefined | AreaDefined, look: Look) -> str | None:
    there = look.below.get(Node(Kind(definition.noun), definition.code))
    if not there:
        return None
    return FINE if any(edge.weight > 0 for edge in there) else "All that stands under it weighs nothing."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _composites(code: str, title: str, find: Callable[[Any, Look], str | None]) -> Iterable[Rule]:
    return [Rule(code, kind, title, find) for kind in (Kind.GOAL, Kind.DEPARTMENT, Kind.AREA)]


RULES: Final[Sequence[Rule]] = (
    Rule("aligned_to_nothing", Kind.MEASURE, "Aligned to nothing", _aligned),
    Rule("outside_the_plan", Kind.MEASURE, "Under its department only: no goal, no area", _in_plan),
    Rule("no_method", Kind.MEASURE, "No method, and no default applies", _method),
    Rule("unknown_method", Kind.MEASURE, "A method that does not exist", _known_method),
    Rule("no_owner", Kind.MEASURE, "No owner", _owner),
    Rule("no_source", Kind.MEASURE, "No source", _source),
    Rule("no_baseline", Kind.MEASURE, "No baseline", _baseline),
    Rule("no_target", Kind.MEASURE, "No target", _target),
    Rule("never_populated", Kind.MEASURE, "Never populated", _populated),
    Rule("stale_for_long", Kind.MEASURE, "Stale for more than a year", _fresh),
    Rule("units_unchecked", Kind.MEASURE, "Derived, and units could not be checked", _units),
    Rule("peers_without_values", Kind.MEASURE, "Peers listed and never populated", _peers),
    Rule("groups_without_values", Kind.MEASURE, "An equity rule without values", _groups),
    Rule("goal_without_kpi", Kind.GOAL, "A goal without KPI", _kpi),
    Rule("goal_without_owner", Kind.GOAL, "A goal without owner", _owners),
    Rule("goal_aligned_to_nothing", Kind.GOAL, "A goal aligned to nothing", _goal_aligned),
    *_composites("no_members", "Without members", _members),
    *_composites("nothing_counts", "Members that all weigh nothing", _counting),
)
TITLES: Final[Mapping[str, str]] = {rule.code: rule.title for rule in RULES}
