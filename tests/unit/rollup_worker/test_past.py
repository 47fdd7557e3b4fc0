"""A measure judged at the end of every past period."""

from rollup_worker.core.judge import judge_measure
from rollup_worker.core.past import judge_past
from tests.unit.rollup_worker.build import baseline, by_threshold, cell, measure, target
from tideline.vocabulary import Status


def test_every_period_with_a_value_is_judged_as_it_stood_then() -> None:
    cells = [cell("2017-03", "5"), cell("2017-01", "1"), cell("2017-02", "9")]
    found = list(judge_past(by_threshold("up"), [target("2017", "4")], cells))
    assert [each.as_of for each in found] == ["2017-01", "2017-02", "2017-03"]
    assert [each.status for each in found] == [Status.OFF_TRACK, Status.ACHIEVED, Status.ACHIEVED]


def test_values_of_others_make_no_period() -> None:
    cells = [cell("2017-01", "1"), cell("2017-02", "9", peer="salford")]
    assert len(list(judge_past(by_threshold("up"), [], cells))) == 1


def test_reading_a_window_gives_what_reading_everything_gives() -> None:
    definition = measure(time_aggregation="sum", baseline=baseline("2015", "10"))
    targets = [target("2016", "120"), target("2017", "240")]
    cells = [cell(f"{year}-{month:02}", str(month)) for year in (2015, 2016, 2017) for month in range(1, 13)]
    cells += [cell("2017-02", "40", district=district) for district in "12"]
    for status in judge_past(definition, targets, cells):
        assert status.as_of_end is not None
        (period,) = {each.period for each in cells if each.period.end == status.as_of_end}
        assert status == judge_measure(definition, targets, cells, period.end, period)
