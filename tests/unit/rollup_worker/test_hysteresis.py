"""A judgement is shown only once it has held."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from rollup_worker.core import scores
from rollup_worker.core.facts import Assessment, Cell, NodeStatus
from rollup_worker.core.hysteresis import Past, confirmed
from rollup_worker.core.judge import judge_measure, window
from tests.unit.rollup_worker.build import by_threshold, cell, judge, target
from tideline import periods
from tideline.vocabulary import Flag, Status

WORDS = {
    "+": Status.ACHIEVED,
    "o": Status.ON_TRACK,
    "r": Status.AT_RISK,
    "f": Status.OFF_TRACK,
    "d": Status.DETERIORATING,
    "?": Status.INSUFFICIENT,
}


def shown(raw: str, count: int) -> Assessment:
    """What is shown after the last of so many raw judgements, the oldest first."""
    history = [Past(str(at), WORDS[word]) for at, word in enumerate(raw)]
    score = scores.score(history[-1].status) if raw[-1] != "?" else None
    return confirmed(Assessment(history[-1].status, score), reversed(history), count)


@pytest.mark.parametrize(
    ("raw", "count", "expected"),
    [
        ("ooor", 2, "o"),
        ("ooorr", 2, "r"),
        ("ooorr", 3, "o"),
        ("ooorrr", 3, "r"),
        ("oororororo", 2, "o"),
        ("rrooror", 3, "r"),
        ("rrroror", 3, "r"),
        ("oo?r?r", 2, "r"),
        ("oo?r", 2, "o"),
        ("oord", 2, "r"),
        ("oordd", 2, "d"),
        ("ddo+", 2, "o"),
        ("fff", 4, "?"),
        ("ro", 2, "r"),
        ("or", 2, "r"),
        ("+", 1, "+"),
        ("ooooo?", 3, "?"),
    ],
)
def test_what_is_shown_moves_only_as_far_as_the_last_judged_periods_bear_out(
    raw: str, count: int, expected: str
) -> None:
    assert shown(raw, count).status is WORDS[expected]


def test_an_old_judgement_is_found_however_long_ago_it_held() -> None:
    assert shown("ooo" + "rf" * 200, 3).status is Status.AT_RISK
    assert shown("ooo" + "ro" * 200, 3).status is Status.ON_TRACK


def test_only_as_much_of_the_past_is_asked_for_as_is_needed() -> None:
    asked = list[int]()

    def history() -> Iterator[Past]:
        for at in range(1000, 0, -1):
            asked.append(at)
            yield Past(str(at), Status.ON_TRACK if at < 999 else Status.AT_RISK)

    found = confirmed(Assessment(Status.AT_RISK, Decimal(50)), history(), 3)
    assert (found.status, len(asked)) == (Status.ON_TRACK, 5)


def test_the_raw_judgement_is_told_with_its_score_and_since_when() -> None:
    found = shown("ooorr", 3)
    assert (found.why["raw_status"], found.why["raw_score"]) == (Status.AT_RISK, scores.score(Status.AT_RISK))
    assert (found.why["raw_since"], found.why["raw_periods"], found.why["confirm"]) == ("3", 2, 3)
    held = shown("ooorrrrrr", 3)
    assert (held.status, held.why["raw_periods"]) == (Status.AT_RISK, 3)


def test_a_shown_judgement_that_is_not_the_raw_one_stands_at_the_nearer_end_of_its_band() -> None:
    assert shown("ooor", 2).score == scores.score(Status.ON_TRACK, Decimal(0))
    assert shown("oo+", 2).score == scores.score(Status.ON_TRACK)
    assert shown("ff", 3).score is None
    assert shown("ff", 3).why["reason"] == "unconfirmed"


def month_by_month(*values: str, **params: object) -> NodeStatus:
    definition = by_threshold("up", {"confirm": 2, **params})
    cells = [cell(f"2017-{at:02}", value) for at, value in enumerate(values, 1)]
    return judge(definition, [target("2017", "100")], cells)


def test_a_measure_shows_what_has_held_for_two_months() -> None:
    assert month_by_month("100", "100", "50").status is Status.ACHIEVED
    found = month_by_month("100", "100", "50", "50")
    assert (found.status, found.value, found.why["raw_since"]) == (Status.OFF_TRACK, Decimal(50), "2017-03")
    assert (found.why["previous_value"], found.method) == (Decimal(50), "threshold")


def test_it_is_a_function_of_the_periods_and_not_of_their_arrival() -> None:
    definition = by_threshold("up", {"confirm": 2})
    cells = [cell("2017-01", "100"), cell("2017-02", "100"), cell("2017-03", "50"), cell("2017-04", "50")]
    aims = [target("2017", "100")]
    today = cells[-1].period.end
    forwards = judge_measure(definition, aims, cells, today)
    assert judge_measure(definition, aims, cells[::-1], today) == forwards
    then = judge_measure(definition, aims, cells, today, periods.parse("2017-03"))
    assert then.status is Status.ACHIEVED
    restated = [cell("2017-03", "100"), *cells[:2], cells[3]]
    assert judge_measure(definition, aims, restated, today).status is Status.ACHIEVED


def test_withdrawn_and_missing_periods_neither_count_nor_interrupt() -> None:
    cells: list[Cell] = [
        cell("2017-01", "100"),
        cell("2017-02", flag=Flag.WITHDRAWN),
        cell("2017-04", "100"),
        cell("2017-05", "1"),
    ]
    assert judge(by_threshold("up", {"confirm": 2}), [target("2017", "100")], cells).status is Status.ACHIEVED


def test_at_a_coarser_level_each_whole_counts_once() -> None:
    definition = by_threshold("up", {"confirm": 2, "level": "quarter"})
    cells = [cell(f"2017-{at:02}", "100" if at < 7 else "1") for at in range(1, 10)]
    found = judge(definition, [target("2017", "100")], cells)
    assert (found.as_of, found.status, found.why["raw_since"]) == ("2017-Q3", Status.ACHIEVED, "2017-Q3")


def test_confirming_reads_all_values() -> None:
    march = periods.parse("2017-03")
    assert window(by_threshold("up", {"confirm": 2}), [], march)[0] == periods.FIRST_DAY
    assert window(by_threshold("up", {"confirm": 1}), [], march)[0] > periods.FIRST_DAY
