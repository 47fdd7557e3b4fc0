"""Measures computed from other measures, period by period and group by group."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rollup_worker.core.dependencies import last_ready, order, windows
from rollup_worker.core.derived import cells_of
from rollup_worker.core.facts import Cell
from tests.unit.rollup_worker.build import cell, measure
from tideline import periods
from tideline.events import Calendar, Formula, MeasureDefined
from tideline.vocabulary import Flag

CALLS = measure("calls", time_aggregation="sum")
PEOPLE = measure("people", time_aggregation="last")
PER_PERSON = Formula(
    text="calls / people", inputs=["calls", "people"], tree=["/", ["measure", "calls"], ["measure", "people"]]
)


def made(
    *definitions: MeasureDefined, formula: Formula = PER_PERSON, cells: Mapping[str, Sequence[Cell]], **fields: Any
) -> dict[str, Decimal | None]:
    """The derived values by the first day of their period and their group."""
    found = derived(*definitions, formula=formula, cells=cells, **fields)
    return {f"{c.period.start}{''.join(f' {group}' for _, group in c.breakdown)}": c.value for c in found}


def derived(
    *definitions: MeasureDefined, formula: Formula, cells: Mapping[str, Sequence[Cell]], **fields: Any
) -> Sequence[Cell]:
    held = {d.code: d for d in [*definitions, measure("rate", formula=formula, **fields)]}
    return cells_of("rate", held, cells)


def times(code: str, factor: str) -> Formula:
    return Formula(text=f"{factor} * {code}", inputs=[code], tree=["*", ["number", factor], ["measure", code]])


def test_a_period_without_one_of_the_inputs_has_no_value() -> None:
    cells = {"calls": [cell("2017-01", "6"), cell("2017-02", "8")], "people": [cell("2017-01", "2")]}
    assert made(CALLS, PEOPLE, cells=cells) == {"2017-01-01": 3}


def test_a_division_by_zero_leaves_its_period_without_a_value() -> None:
    people = [cell("2017-01", "0"), cell("2017-02", "4")]
    cells = {"calls": [cell("2017-01", "6"), cell("2017-02", "8")], "people": people}
    assert made(CALLS, PEOPLE, cells=cells) == {"2017-02-01": 2}


def test_finer_inputs_count_only_when_all_parts_of_the_period_are_there() -> None:
    months = [cell(f"2017-0{n}", "1") for n in (1, 2, 3, 4, 5)]
    assert made(CALLS, formula=times("calls", "2"), cells={"calls": months}, frequency="quarter") == {"2017-01-01": 6}


def test_each_input_is_put_together_by_its_own_time_aggregation() -> None:
    cells = {
        "calls": [cell(f"2017-0{n}", "10") for n in (1, 2, 3)],
        "people": [cell(f"2017-0{n}", str(n)) for n in (1, 2, 3)],
    }
    assert made(CALLS, PEOPLE, cells=cells, frequency="quarter") == {"2017-01-01": 10}


def test_weeks_fill_the_year_that_holds_their_thursday() -> None:
    weekly = measure("calls", frequency="week", time_aggregation="sum")
    weeks = [cell(f"2015-W{n:02}", "1") for n in range(1, 54)]
    assert made(weekly, formula=times("calls", "1"), cells={"calls": weeks}, frequency="year") == {"2015-01-01": 53}


def test_an_input_of_coarser_frequency_gives_no_value() -> None:
    yearly = measure("people", frequency="year")
    assert made(CALLS, yearly, cells={"calls": [cell("2017-01", "6")], "people": [cell("2017", "2")]}) == {}


def test_a_year_is_the_derived_measures_own() -> None:
    months = [cell(f"2016-{n:02}", "1") for n in range(10, 13)] + [cell(f"2017-{n:02}", "1") for n in range(1, 10)]
    found = made(
        CALLS,
        formula=times("calls", "1"),
        cells={"calls": months},
        frequency="year",
        calendar=Calendar(fiscal_year_start_month=10),
    )
    assert found == {"2016-10-01": 12}


def test_groups_are_computed_where_all_inputs_have_them() -> None:
    cells = {
        "calls": [cell("2017-01", "6", district="1"), cell("2017-01", "9", district="2")],
        "people": [cell("2017-01", "2", district="1"), cell("2017-01", "5")],
    }
    assert made(CALLS, PEOPLE, cells=cells) == {"2017-01-01": 3, "2017-01-01 1": 3}


def test_the_whole_is_made_of_headlines_and_never_of_derived_groups() -> None:
    cells = {
        "calls": [cell("2017-01", "1", district="1"), cell("2017-01", "9", district="2")],
        "people": [cell("2017-01", "1", district="1"), cell("2017-01", "4", district="2")],
    }
    assert made(CALLS, PEOPLE, cells=cells)["2017-01-01"] == 2


def test_others_with_the_same_measures_are_computed_beside_the_own_value() -> None:
    cells = {
        "calls": [cell("2017-01", "6"), cell("2017-01", "8", peer="salford")],
        "people": [cell("2017-01", "2"), cell("2017-01", "2", peer="salford")],
    }
    assert made(CALLS, PEOPLE, cells=cells) == {"2017-01-01": 3, "2017-01-01 salford": 4}


def test_a_ratio_brings_its_own_quotient() -> None:
    share = measure("calls", time_aggregation="ratio", multiplier=Decimal(100))
    cells = {"calls": [cell("2017-01", pair=("1", "4"))]}
    assert made(share, formula=times("calls", "2"), cells=cells) == {"2017-01-01": 50}


def test_a_derived_measure_may_be_an_input() -> None:
    double = measure("double", formula=times("calls", "2"))
    assert made(CALLS, double, formula=times("double", "5"), cells={"calls": [cell("2017-01", "3")]}) == {
        "2017-01-01": 30
    }


def test_what_reads_itself_has_no_value() -> None:
    circle = measure("other", formula=times("rate", "2"))
    assert made(circle, formula=times("other", "2"), cells={}) == {}
    assert order("rate", {"rate": measure("rate", formula=times("rate", "2"))}) == []


def test_a_ladder_of_measures_that_each_read_the_one_below_twice_ends_soon() -> None:
    ladder = [measure("step-0")]
    for n in range(1, 200):
        below = ["measure", f"step-{n - 1}"]
        formula = Formula(text="", inputs=[f"step-{n - 1}"], tree=["-", ["+", below, below], below])
        ladder.append(measure(f"step-{n}", formula=formula))
    held = {each.code: each for each in ladder}
    assert [c.value for c in cells_of("step-199", held, {"step-0": [cell("2017-01", "7")]})] == [7]


def test_an_input_that_is_not_defined_gives_no_value() -> None:
    assert made(CALLS, cells={"calls": [cell("2017-01", "6")]}) == {}


def test_provisional_and_sample_pass_on() -> None:
    def flag(one: Flag | None, other: Flag | None) -> Flag | None:
        cells = {"calls": [cell("2017-01", "6", flag=one)], "people": [cell("2017-01", "2", flag=other)]}
        return derived(CALLS, PEOPLE, formula=PER_PERSON, cells=cells)[0].flag

    assert flag(None, Flag.FINAL) is None
    assert flag(None, Flag.ESTIMATED) is Flag.PROVISIONAL
    assert flag(Flag.SAMPLE, Flag.PROVISIONAL) is Flag.SAMPLE


def test_a_sample_measure_makes_samples_of_what_is_derived() -> None:
    sample = measure("calls", sample=True)
    found = derived(sample, formula=times("calls", "1"), cells={"calls": [cell("2017-01", "6")]})
    assert found[0].flag is Flag.SAMPLE


def test_a_withdrawn_value_is_missing() -> None:
    cells = {"calls": [cell("2017-01", None, flag=Flag.WITHDRAWN)], "people": [cell("2017-01", "2")]}
    assert made(CALLS, PEOPLE, cells=cells) == {}


def test_the_order_of_cells_changes_nothing() -> None:
    calls = [cell(f"2017-0{n}", str(n), district=d) for n in (1, 2) for d in "12"]
    people = [cell(f"2017-0{n}", str(n + 1), district=d) for n in (1, 2) for d in "12"]
    one = derived(CALLS, PEOPLE, formula=PER_PERSON, cells={"calls": calls, "people": people})
    other = derived(CALLS, PEOPLE, formula=PER_PERSON, cells={"calls": calls[::-1], "people": people[::-1]})
    assert one == other


def test_the_last_period_is_the_last_that_the_slowest_input_can_fill() -> None:
    quarterly = measure("rate", formula=PER_PERSON, frequency="quarter")
    held = {"calls": CALLS, "people": PEOPLE, "rate": quarterly}
    latest = {"calls": periods.parse("2017-12"), "people": periods.parse("2017-05")}
    assert last_ready("rate", held, latest) == periods.parse("2017-Q1")
    assert last_ready("rate", held, {"calls": periods.parse("2017-12")}) is None


def test_an_input_is_read_from_the_first_day_of_its_first_part() -> None:
    weekly = measure("calls", frequency="week")
    yearly = measure("rate", formula=times("calls", "2"), frequency="year")
    year = periods.parse("2015")
    found = windows("rate", {"calls": weekly, "rate": yearly}, (year.start, year.end))
    assert found == {"calls": (date(2014, 12, 29), date(2016, 1, 1))}


def test_the_groups_of_an_input_are_weighed_by_its_own_weights() -> None:
    share = measure(
        "calls",
        breakdown_aggregation="weighted_average",
        time_aggregation="weighted_average",
        weighted_by="people",
    )
    cells = {
        "calls": [cell("2017-01", "10", district="1"), cell("2017-01", "40", district="2")],
        "people": [cell("2016-12", "2", district="1"), cell("2016-12", "1", district="2")],
    }
    found = made(share, PEOPLE, formula=times("calls", "1"), cells=cells)
    assert found == {"2017-01-01": 20, "2017-01-01 1": 10, "2017-01-01 2": 40}
