"""Targets: what may be set, what is frozen, which versions and events a change makes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from goals_api.core.changes import check, edit
from goals_api.core.entities import Target
from goals_api.core.proposals import Proposal, World
from goals_api.core.targets import TargetSet, set_targets, targets_set
from tests.unit.goals_api.plans import NOW, TODAY, document, listed, measure, stored, target, world
from tideline import events
from tideline.events import Calendar
from tideline.vocabulary import Frequency, Kind

RESPONSE = measure("response", breakdowns=("district",))


def found(*targets: Target, before: World | None = None, today: date = TODAY) -> list[tuple[str, str]]:
    proposal = Proposal(targets=listed(targets))
    return [(fault.path, fault.code) for fault in check(proposal, before or world(RESPONSE), today)]


def test_a_value_a_range_and_nothing_are_targets() -> None:
    assert not found(
        target("response", "2026-04", Decimal(0)),
        target("response", "2026-05", lower=Decimal(1), upper=Decimal(2)),
        target("response", "2026-06", lower=Decimal(1)),
        target("response", "2026-07"),
    )


@pytest.mark.parametrize(
    ("period", "code"),
    [
        ("2026-13", "bad_period"),
        ("1899", "bad_period"),
        ("soon", "bad_period"),
        ("2026-W10", "period_frequency_mismatch"),
    ],
)
def test_a_target_has_a_period_that_its_measure_can_reach(period: str, code: str) -> None:
    assert found(target("response", period, Decimal(1))) == [("targets[0].period", code)]


def test_a_target_may_stand_for_a_longer_period_than_the_measure_has() -> None:
    assert not found(target("response", "2026", Decimal(1)), target("response", "2025-2026", Decimal(1)))


def test_a_target_is_read_in_the_calendar_of_its_measure() -> None:
    even = measure("even", frequency=Frequency.BIENNIUM, calendar=Calendar(biennium_starts_odd=False))
    assert not found(target("even", "2026-2027", Decimal(1)), before=world(even))
    assert found(target("even", "2025-2026", Decimal(1)), before=world(even)) == [("targets[0].period", "bad_period")]


def test_a_target_keeps_to_the_dimensions_of_its_measure() -> None:
    faults = found(target("response", "2026-04", Decimal(1), breakdown={"district": "3", "colour": "red"}))
    assert faults == [("targets[0].breakdown.colour", "unknown_dimension")]


def test_value_and_range_together_are_a_fault_and_so_is_a_range_upside_down() -> None:
    assert found(target("response", "2026-04", Decimal(1), upper=Decimal(2))) == [("targets[0].value", "bad_target")]
    assert found(target("response", "2026-04", lower=Decimal(2), upper=Decimal(1))) == [
        ("targets[0].upper", "bad_range")
    ]


def test_the_same_target_twice_is_a_fault_whatever_the_order_of_its_dimensions() -> None:
    wide = measure("wide", breakdowns=("a", "b"))
    one = target("wide", "2026-04", Decimal(1), breakdown={"a": "1", "b": "2"})
    other = target("wide", "2026-04", Decimal(2), breakdown={"b": "2", "a": "1"})
    assert found(one, other, before=world(wide)) == [("targets[1]", "duplicate_target")]


def test_a_target_of_no_measure_and_of_a_retired_one_is_refused() -> None:
    before = world(stored(measure("old"), retired=True))
    assert found(target("old", "2026-04"), target("none", "2026-04"), before=before) == [
        ("targets[0].measure", "retired_reference"),
        ("targets[1].measure", "unknown_measure"),
    ]


def test_a_standing_target_is_frozen_from_the_first_day_of_its_period() -> None:
    before = world(RESPONSE, targets=[(target("response", "2026-03", Decimal(7)), 1)])
    change = target("response", "2026-03", Decimal(8))
    assert found(change, before=before, today=date(2026, 2, 28)) == []
    assert found(change, before=before, today=date(2026, 3, 1)) == [("targets[0].reason", "target_frozen")]


def test_a_reason_opens_a_frozen_target() -> None:
    before = world(RESPONSE, targets=[(target("response", "2025", Decimal(7)), 1)])
    assert found(target("response", "2025", Decimal(8), reason="Council decided"), before=before) == []
    assert found(target("response", "2025", Decimal(8), reason=" "), before=before)


def test_a_past_target_that_was_never_set_needs_no_reason() -> None:
    assert found(target("response", "2016-12", Decimal(8))) == []


def test_the_same_target_again_is_no_change_even_when_frozen() -> None:
    before = world(RESPONSE, targets=[(target("response", "2025", Decimal("7.0")), 3)])
    again = target("response", "2025", Decimal("7.00"))
    assert found(again, before=before) == []
    assert list(set_targets(listed([again]), before)) == []


@pytest.mark.parametrize("more", [{"value": Decimal(8)}, {"value": None}, {"sample": True}, {"upper": Decimal(9)}])
def test_a_change_is_a_new_version(more: dict[str, Any]) -> None:
    standing = target("response", "2027", Decimal(7))
    before = world(RESPONSE, targets=[(standing, 3)])
    wanted = Target(**{"measure": "response", "period": "2027", "value": Decimal(7), **more})
    assert list(set_targets(listed([wanted]), before)) == [TargetSet(target=wanted, version=4, before=standing)]


def test_taking_back_what_was_never_set_changes_nothing() -> None:
    assert list(set_targets(listed([target("response", "2027")]), world(RESPONSE))) == []


def test_a_cell_has_a_target_of_its_own() -> None:
    before = world(RESPONSE, targets=[(target("response", "2027", Decimal(7)), 1)])
    cell = target("response", "2027", Decimal(7), breakdown={"district": "3"})
    assert [one.version for one in set_targets(listed([cell]), before)] == [1]


def test_a_document_may_define_a_measure_and_set_its_targets() -> None:
    proposal = document(RESPONSE, targets=[target("response", "2026-04", Decimal(7))])
    assert check(proposal, world(), TODAY) == []
    assert len(edit(proposal, world(), NOW).targets) == 1


def test_targets_of_a_measure_that_could_not_be_read_are_not_judged() -> None:
    proposal = Proposal(targets=listed([target("response", "x")]), unread={Kind.MEASURE: frozenset({"response"})})
    assert check(proposal, world(), TODAY) == []


def test_events_hold_at_most_a_thousand_targets() -> None:
    sets = [TargetSet(target=target("response", "2026-04", Decimal(n)), version=1, before=None) for n in range(2_001)]
    parts = list(targets_set(RESPONSE, sets, NOW))
    assert [len(part.targets) for part in parts] == [1_000, 1_000, 1]
    assert [one.value for part in parts for one in part.targets] == [Decimal(n) for n in range(2_001)]


def test_events_stay_within_the_size_of_a_message() -> None:
    wordy = [
        TargetSet(target=target("response", "2026-04", Decimal(n), reason="ü" * 20_000), version=1, before=None)
        for n in range(30)
    ]
    parts = list(targets_set(RESPONSE, wordy, NOW))
    assert sum(len(part.targets) for part in parts) == 30
    assert all(len(events.encode(part)) <= events.BYTES_MAX for part in parts)
    assert len(parts) == 3


def test_a_measure_cannot_leave_its_targets_behind_in_another_calendar() -> None:
    before = world(RESPONSE, targets=[(target("response", "2027-01", Decimal(7)), 1)])
    yearly = measure("response", breakdowns=("district",), frequency=Frequency.YEAR)
    proposal = document(yearly, plan=None)
    assert [(fault.path, fault.code) for fault in check(proposal, before, TODAY)] == [
        ("measures[0].frequency", "target_left_behind")
    ]
    taken_back = [target("response", "2027-01"), target("response", "2027", Decimal(7))]
    assert check(document(yearly, targets=taken_back, plan=None), before, TODAY) == []


def test_a_measure_may_change_its_frequency_when_its_targets_still_have_periods() -> None:
    coarse = world(RESPONSE, targets=[(target("response", "2027", Decimal(7)), 1)])
    gone = world(RESPONSE, targets=[(target("response", "2027-01"), 2)])
    yearly = measure("response", frequency=Frequency.YEAR)
    assert check(document(yearly, plan=None), coarse, TODAY) == check(document(yearly, plan=None), gone, TODAY) == []


def test_a_new_calendar_may_not_lose_the_period_of_a_target() -> None:
    odd = measure("two-years", frequency=Frequency.BIENNIUM)
    before = world(odd, targets=[(target("two-years", "2027-2028", Decimal(7)), 1)])
    even = measure("two-years", frequency=Frequency.BIENNIUM, calendar=Calendar(biennium_starts_odd=False))
    assert [(fault.path, fault.code) for fault in check(document(even, plan=None), before, TODAY)] == [
        ("measures[0].calendar", "target_left_behind")
    ]
