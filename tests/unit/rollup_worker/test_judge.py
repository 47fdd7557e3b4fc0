"""One measure from definition to status."""

from datetime import date
from decimal import Decimal

import pytest

from rollup_worker.core import facts
from rollup_worker.core.facts import NodeStatus, Target
from rollup_worker.core.judge import judge_measure, latest, window
from tests.unit.rollup_worker.build import baseline, cell, judge, measure, target
from tideline import events, periods
from tideline.events import MethodChoice
from tideline.vocabulary import Flag, Status


def test_no_data_in_no_data_out() -> None:
    for cells in ([], [cell("2017-03", "5", flag=Flag.WITHDRAWN)]):
        found = judge_measure(measure(), [target("2017", "5")], cells, date(2017, 4, 1))
        assert (found.status, found.score, found.value, found.as_of) == (Status.NO_DATA, None, None, None)


def test_a_zero_is_data() -> None:
    found = judge(measure(), [target("2017", "5")], [cell("2017-03", "0")])
    assert (found.status, found.value) == (Status.OFF_TRACK, Decimal(0))


def test_without_a_method_pace_judges_where_a_baseline_and_a_dated_target_are() -> None:
    definition = measure(baseline=baseline("2016", "1"))
    assert judge(definition, [target("2018", "5")], [cell("2017-03", "3")]).method == "pace"
    assert judge(measure(), [target("2017", "5")], [cell("2017-03", "3")]).method == "threshold"
    assert judge(definition, [], [cell("2017-03", "3")]).method is None


def test_without_a_desired_direction_a_measure_only_describes() -> None:
    found = judge(measure(direction="none"), [target("2017", "5")], [cell("2017-03", "3")])
    assert (found.status, found.value) == (Status.NO_TARGET, Decimal(3))
    chosen = measure(direction="none", method=MethodChoice(id="threshold"))
    found = judge(chosen, [target("2017", "5")], [cell("2017-02", "1"), cell("2017-03", "3")])
    assert (found.status, found.why["reason"], found.why["change"]) == (Status.NO_TARGET, "no_direction", Decimal(2))


def test_an_unknown_method_judges_nothing_and_says_so() -> None:
    found = judge(measure(method=MethodChoice(id="magic")), [target("2017", "5")], [cell("2017-03", "3")])
    assert (found.status, found.why["reason"]) == (Status.INSUFFICIENT, "unknown_method")


def test_denominators_that_sum_to_zero_make_no_number() -> None:
    definition = measure(time_aggregation="ratio", breakdown_aggregation="ratio")
    cells = [cell("2017-03", pair=("1", "2"), d="1"), cell("2017-03", pair=("1", "-2"), d="2")]
    found = judge(definition, [target("2017", "5")], cells)
    assert (found.status, found.value) == (Status.INSUFFICIENT, None)


def test_the_latest_period_with_a_value_is_judged() -> None:
    cells = [cell("2017-04", flag=Flag.WITHDRAWN), cell("2017-01", "9"), cell("2017-03", "3")]
    found = judge(measure(), [], cells)
    assert (found.as_of, found.as_of_end, found.value) == ("2017-03", date(2017, 4, 1), Decimal(3))


def test_as_of_a_period_later_ones_are_not_known_and_its_end_is_today() -> None:
    cells = [cell("2017-01", "9"), cell("2017-03", "3")]
    found = judge_measure(measure(), [], cells, date(2030, 1, 1), periods.parse("2017-02"))
    assert (found.as_of, found.value, found.qualifiers.stale) == ("2017-01", Decimal(9), False)
    assert latest(cells, periods.parse("2016")) is None


def test_samples_and_provisional_values_are_told() -> None:
    assert judge(measure(), [], [cell("2017-03", "3", flag=Flag.PROVISIONAL)]).qualifiers.provisional
    assert judge(measure(), [], [cell("2017-03", "3", flag=Flag.SAMPLE)]).qualifiers.sample
    assert judge(measure(sample=True), [], [cell("2017-03", "3")]).qualifiers.sample
    wished = Target(periods.parse("2017"), Decimal(3), sample=True)
    assert judge(measure(), [wished], [cell("2017-03", "3")]).qualifiers.sample
    assert not judge(measure(), [], [cell("2017-03", "3")]).qualifiers.sample


@pytest.mark.parametrize(("today", "stale"), [(date(2017, 5, 31), False), (date(2017, 6, 1), True)])
def test_a_status_goes_stale_beside_its_judgement(today: date, stale: bool) -> None:
    found = judge(measure(), [target("2017", "3")], [cell("2017-03", "3")], today)
    assert (found.status, found.qualifiers.stale) == (Status.ACHIEVED, stale)


def test_the_trend_is_told_without_a_target() -> None:
    found = judge(measure(), [], [cell("2017-02", "5"), cell("2017-03", "3")])
    assert found.why["previous_period"] == "2017-02"
    assert found.why["change"] == Decimal(-2)


def test_the_window_spans_the_judged_period_the_one_before_and_a_coarser_target() -> None:
    march = periods.parse("2017-03")
    assert window(measure(), [target("2017", "1")], march) == (date(2017, 2, 1), date(2017, 4, 1))
    adding = measure(time_aggregation="sum")
    assert window(adding, [target("2017", "1")], march) == (date(2017, 1, 1), date(2017, 4, 1))
    levelled = measure(method=MethodChoice(id="threshold", params={"level": "quarter"}))
    assert window(levelled, [], march) == (date(2016, 10, 1), date(2017, 4, 1))


def test_events_become_facts_in_the_measures_own_calendar() -> None:
    definition = measure(calendar=events.Calendar(fiscal_year_start_month=7), frequency="quarter")
    seen = events.Observation(measure="m", period="2017-Q1", value=Decimal(1), breakdown={"b": "2", "a": "1"})
    found = facts.cell(definition, seen)
    assert found.period.start == date(2016, 7, 1)
    assert found.breakdown == (("a", "1"), ("b", "2"))


def test_targets_taken_back_or_broken_down_do_not_bind_the_headline() -> None:
    given = [
        events.Target(period="2018", value=Decimal(2), version=1),
        events.Target(period="2017", value=Decimal(1), version=1),
        events.Target(period="2016", version=2),
        events.Target(period="2017", value=Decimal(9), version=1, breakdown={"d": "1"}),
    ]
    assert [t.value for t in facts.headline_targets(measure(), given)] == [Decimal(1), Decimal(2)]


def test_a_status_of_nothing_is_no_data() -> None:
    assert NodeStatus(facts.CITY).status is Status.NO_DATA
