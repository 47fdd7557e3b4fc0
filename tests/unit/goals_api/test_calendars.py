"""The city's calendar: who follows it, what changes with it, and what must not be lost."""

from decimal import Decimal

from goals_api.core.changes import check, edit
from goals_api.core.entities import CalendarFrom, City, Measure
from goals_api.core.proposals import Proposal, World
from tests.unit.goals_api.plans import NOW, TODAY, alone, document, entries, measure, stored, target, world
from tideline.events import Baseline, Calendar
from tideline.vocabulary import Frequency

JULY = Calendar(fiscal_year_start_month=7)
EVEN = Calendar(biennium_starts_odd=False)


def city(calendar: Calendar) -> City:
    return City(title="City", calendar=calendar)


def calendars(proposal: Proposal, before: World) -> dict[str, tuple[int, Calendar]]:
    """Version and calendar of each measure that is written."""
    contents = [(one.after.version, one.after.content) for one in edit(proposal, before, NOW).written]
    return {m.code: (version, m.calendar) for version, m in contents if isinstance(m, Measure)}


def test_a_measure_without_a_calendar_has_the_citys() -> None:
    assert calendars(alone(measure("m")), world(city(JULY))) == {"m": (1, JULY)}
    assert calendars(alone(measure("m", calendar=EVEN)), world(city(JULY))) == {"m": (1, EVEN)}


def test_a_new_calendar_of_the_city_defines_every_measure_anew_that_follows_it() -> None:
    before = world(stored(measure("a"), version=4, plan="p"), measure("own", calendar=Calendar()), measure("b"))
    made = edit(alone(city(JULY)), before, NOW)
    assert calendars(alone(city(JULY)), before) == {"a": (5, JULY), "b": (2, JULY)}
    assert made.recomputed == ["a", "b"]
    assert {one.after.plan for one in made.written if one.after.content.code == "a"} == {"p"}


def test_another_title_of_the_city_recomputes_nothing() -> None:
    made = edit(alone(City(title="New")), world(measure("a"), city(Calendar())), NOW)
    assert ([one.after.content.code for one in made.written], made.recomputed) == (["city"], [])


def test_a_retired_measure_keeps_the_calendar_of_its_history_until_it_comes_back() -> None:
    before = world(stored(measure("gone"), retired=True))
    assert edit(alone(city(JULY)), before, NOW).recomputed == []
    assert calendars(alone(measure("gone")), world(stored(measure("gone"), retired=True), city(JULY))) == {
        "gone": (2, JULY)
    }


def test_what_a_document_retires_does_not_follow() -> None:
    before = world(stored(measure("gone"), plan="city-plan"), stored(measure("kept"), plan="city-plan"))
    plan = Proposal(plan=document().plan, entries=entries([city(JULY), measure("kept")]))
    assert edit(plan, before, NOW).recomputed == ["kept"]


def test_the_citys_calendar_and_its_measures_may_change_in_one_document() -> None:
    before = world(measure("m", frequency=Frequency.YEAR))
    plan = Proposal(plan=document().plan, entries=entries([city(JULY), measure("m", frequency=Frequency.YEAR)]))
    assert calendars(plan, before) == {"m": (2, JULY)}
    assert edit(plan, before, NOW).written[0].after.plan is None


def test_what_was_read_can_be_sent_back_whatever_the_citys_calendar_is_now() -> None:
    read = measure("m", calendar=JULY, calendar_from=CalendarFrom.CITY)
    before = world(read, city(JULY))
    assert check(alone(read), before, TODAY) == []
    assert edit(alone(read), before, NOW).is_empty
    moved = Proposal(entries=entries([city(EVEN), read]))
    assert check(moved, before, TODAY) == []
    assert calendars(moved, before) == {"m": (2, EVEN)}


def test_a_calendar_that_the_city_does_not_have_is_no_calendar_of_the_city() -> None:
    wrong = measure("m", calendar=EVEN, calendar_from=CalendarFrom.CITY)
    assert [(f.path, f.code) for f in check(alone(wrong), world(city(JULY)), TODAY)] == [
        ("calendar", "calendar_conflict")
    ]


def test_a_calendar_in_which_a_target_or_a_baseline_has_no_period_is_refused() -> None:
    two = measure("two", frequency=Frequency.BIENNIUM, baseline=Baseline(period="2015-2016", value=Decimal(1)))
    before = world(two, targets=[(target("two", "2027-2028", Decimal(7)), 1)])
    assert [(f.path, f.code) for f in check(alone(city(EVEN)), before, TODAY)] == [
        ("calendar", "target_left_behind"),
        ("calendar", "baseline_left_behind"),
    ]
    assert check(alone(city(JULY)), before, TODAY) == []


def test_a_measures_own_change_of_calendar_or_frequency_recomputes_it() -> None:
    before = world(measure("m"), measure("n"))
    assert edit(alone(measure("m", calendar=JULY)), before, NOW).recomputed == ["m"]
    assert edit(alone(measure("m", frequency=Frequency.DAY)), before, NOW).recomputed == ["m"]
    assert edit(alone(measure("m", unit="minutes")), before, NOW).recomputed == []
    assert edit(alone(measure("new", calendar=JULY)), before, NOW).recomputed == []
