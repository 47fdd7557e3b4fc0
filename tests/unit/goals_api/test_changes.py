"""From a proposal to what is written: only what differs, and what is no longer named."""

from datetime import date
from decimal import Decimal

from goals_api.core.changes import Action, Edit, edit, retire
from goals_api.core.entities import Content, DatedName, Department, Stored
from goals_api.core.facts import defined
from goals_api.core.proposals import Proposal, World
from tests.unit.goals_api.plans import NOW, alone, area, department, document, goal, measure, stored, world
from tideline.events import AreaDefined, Calendar, DepartmentDefined, GoalDefined, GoalMetric, MeasureDefined
from tideline.vocabulary import Kind


def after(proposal: Proposal, before: World) -> World:
    """The world once the proposal is stored."""
    made = edit(proposal, before, NOW)
    entities = {kind: dict(kept) for kind, kept in before.entities.items()}
    for one in made.written:
        entities[one.kind][one.after.content.code] = one.after
    return World(entities=entities)


def told(made: Edit) -> list[tuple[str, str, int]]:
    return [(one.action, one.after.content.code, one.after.version) for one in made.written]


def names(stored: Stored[Content]) -> tuple[DatedName, ...]:
    assert isinstance(stored.content, Department)
    return stored.content.names or ()


def test_a_new_document_creates_all_it_names_and_again_changes_nothing() -> None:
    plan = document(area("a"), department("d"), measure("m", department="d"), goal("g", kpi="m"))
    made = edit(plan, world(), NOW)
    assert told(made) == [("created", code, 1) for code in "admg"]
    assert {one.after.plan for one in made.written} == {"city-plan"}
    again = edit(plan, after(plan, world()), NOW)
    assert again.is_empty
    assert [code for _, code in again.unchanged] == ["a", "d", "m", "g"]


def test_a_change_names_the_fields_that_differ() -> None:
    before = world(stored(measure("m", unit="minutes"), plan="city-plan", version=4))
    made = edit(document(measure("m", unit="seconds", weight=Decimal(2))), before, NOW)
    assert told(made) == [("changed", "m", 5)]
    assert made.written[0].fields == ("unit", "weight")


def test_numbers_that_differ_in_writing_only_are_equal() -> None:
    before = world(measure("m", weight=Decimal("1.0")))
    assert edit(alone(measure("m", weight=Decimal(1))), before, NOW).is_empty


def test_what_the_document_no_longer_names_retires_with_a_note() -> None:
    before = world(stored(department("d"), plan="city-plan", version=2), stored(area("a"), plan="city-plan"))
    made = edit(document(area("a")), before, NOW)
    assert told(made) == [("retired", "d", 3)]
    assert made.written[0].after.retired
    assert made.written[0].after.retirement_note


def test_what_belongs_to_no_plan_or_to_another_one_stays() -> None:
    before = world(department("d"), stored(department("e"), plan="other"))
    assert edit(document(), before, NOW).is_empty


def test_what_belonged_to_no_plan_joins_the_document_that_names_it() -> None:
    made = edit(document(department("d", names=())), world(department("d", names=())), NOW)
    assert told(made) == [("changed", "d", 2)]
    assert made.written[0].fields == ("plan",)
    assert made.written[0].after.plan == "city-plan"


def test_what_is_sent_alone_keeps_its_plan() -> None:
    before = world(stored(measure("m"), plan="city-plan"))
    made = edit(alone(measure("m", unit="minutes")), before, NOW)
    assert made.written[0].after.plan == "city-plan"


def test_what_was_retired_comes_back_when_it_is_named_again() -> None:
    before = world(stored(measure("m"), plan="city-plan", retired=True, retirement_note="Not counted", version=2))
    made = edit(document(measure("m")), before, NOW)
    assert told(made) == [("restored", "m", 3)]
    assert (made.written[0].after.retired, made.written[0].after.retirement_note) == (False, "")


def test_what_is_retired_already_does_not_retire_again() -> None:
    before = world(stored(measure("m"), plan="city-plan", retired=True))
    assert edit(document(), before, NOW).is_empty


def test_a_renamed_department_keeps_its_names() -> None:
    first = edit(alone(department("fire", title="Fire")), world(), NOW).written[0].after
    second = edit(alone(department("fire", title="Fire & Rescue")), world(first), NOW).written[0].after
    third = edit(alone(department("fire", title="Rescue")), world(second), NOW).written[0].after
    today = date(2026, 3, 2)
    assert names(third) == (
        DatedName(title="Fire", until=today),
        DatedName(title="Fire & Rescue", from_=today, until=today),
        DatedName(title="Rescue", from_=today),
    )


def test_a_document_that_says_nothing_of_names_stays_idempotent_after_a_renaming() -> None:
    renamed = document(department("fire", title="Rescue"))
    before = after(renamed, after(document(department("fire", title="Fire")), world()))
    assert edit(renamed, before, NOW).is_empty


def test_names_that_are_given_are_taken_as_they_are() -> None:
    given = (DatedName(title="Fire", until=date(2020, 1, 1)), DatedName(title="Rescue", from_=date(2020, 1, 1)))
    made = edit(alone(department("fire", title="Rescue", names=given)), world(department("fire", title="Fire")), NOW)
    assert names(made.written[0].after) == given


def test_retiring_is_a_version_with_a_note() -> None:
    made = retire(Kind.GOAL, stored(goal("g"), version=7), "Reached.", NOW)
    assert (made.action, made.after.version, made.after.retired) == (Action.RETIRED, 8, True)
    event = defined(made.after)
    assert isinstance(event, GoalDefined)
    assert (event.retired, event.retirement_note, event.version) == (True, "Reached.", 8)


def test_an_event_tells_the_whole_definition() -> None:
    kept = stored(
        measure("m", department="d", areas=("a",), calendar=Calendar(fiscal_year_start_month=7)), version=3, plan="p"
    )
    event = defined(kept)
    assert isinstance(event, MeasureDefined)
    assert (event.code, event.version, event.plan, event.department, event.areas) == ("m", 3, "p", "d", ["a"])
    assert (event.calendar.fiscal_year_start_month, event.time_aggregation, event.defined_at) == (7, "sum", NOW)
    told = defined(stored(goal("g", "m", kpi="k")))
    assert isinstance(told, GoalDefined)
    assert (told.kpi, told.metrics) == ("k", [GoalMetric(measure="m")])
    assert isinstance(defined(stored(area("a", parents=("b",)))), AreaDefined)
    merged = defined(stored(department("d", merged_into="e")))
    assert isinstance(merged, DepartmentDefined)
    assert merged.merged_into == "e"
