"""A city's open data of 99 files, traps included: pushed as they stand, refused row by row, read back to the digit."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final

import pytest

from tests.e2e import la
from tests.e2e.agreement import data_file, in_turns
from tests.support.running import Json, Tideline, status_path, told

EMPTY: Final = "the cell of the value is empty"
TWICE: Final = "the same year and groups stand there twice"
REFUSED: Final[Mapping[str, tuple[Mapping[str, int], str]]] = {
    "1-2-1": ({"missing_value": 3}, EMPTY),
    "1-3-1": ({"missing_value": 15}, EMPTY),
    "10-3-1": ({"missing_value": 1}, EMPTY),
    "11-1-1": ({"missing_value": 3}, EMPTY),
    "17-1-1": ({"period_frequency_mismatch": 48, "bad_period": 40}, "fiscal years are written with both their years"),
    "17-6-1": ({"missing_value": 4}, EMPTY),
    "17-8-1": ({"missing_value": 4}, EMPTY),
    "2-2-2": ({"missing_value": 1}, EMPTY),
    "3-1-1": ({"bad_period": 40}, "each value is of ten years, such as 2004-2013"),
    "3-3-2": ({"duplicate_in_batch": 1}, TWICE),
    "3-5-2": ({"missing_value": 3}, EMPTY),
    "3-9-4": ({"missing_value": 3}, EMPTY),
    "3-a-1": ({"missing_value": 2}, EMPTY),
    "3-b-1": ({"missing_value": 1}, EMPTY),
    "4-1-2": ({"duplicate_in_batch": 1}, TWICE),
    "8-9-1": ({"period_frequency_mismatch": 4, "bad_period": 4}, "growth is told from one year to the next"),
}
"""By file how many rows cannot be taken as they stand, by code, and why: 178 of 4,381."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Loaded:
    """`first` are the answers to the files as they stand; then the fiscal years were pushed once more, corrected."""

    tideline: Tideline
    series: list[la.Series]
    first: Mapping[str, Json]
    corrected: Json

    @property
    def taken(self) -> dict[la.Cell, Decimal]:
        pushed = [*self.series, *(each.corrected for each in self.series if each.name == la.FISCAL)]
        return {cell: value for each in pushed for cell, value in each.taken.items()}

    @property
    def measures(self) -> list[str]:
        return [code for each in self.series for code in each.units]


@pytest.fixture(scope="module")
async def loaded(tideline: Tideline) -> AsyncIterator[Loaded]:
    series = la.read_all(data_file("la_sdg"))
    await tideline.put_plan(la.document(series))
    await tideline.defined(code for each in series for code in each.units)
    answers = {each.name: await push(tideline, each) for each in series}
    (fiscal,) = (each.corrected for each in series if each.name == la.FISCAL)
    yield Loaded(tideline, series, answers, await push(tideline, fiscal))


async def push(tideline: Tideline, series: la.Series) -> Json:
    headers = {**tideline.feed, "Content-Type": "text/csv"}
    answer = await tideline.http.post("/v1/observations", content=series.body, headers=headers)
    return told(answer, 201, 207, 422)


def test_the_files_keep_their_traps(loaded: Loaded) -> None:
    files = {each.name: each for each in loaded.series}
    assert (len(files), sum(len(each.rows) for each in files.values()), len(loaded.measures)) == (99, 4_381, 187)
    assert (files["8-3-1"].line_end, files["16-7-2"].bom) == ("\r", la.BOM)
    assert b"\n" not in files["8-3-1"].body and files["16-7-2"].body.startswith(b"\xef\xbb\xbf")
    assert len({tuple(row.value for row in files[name].rows) for name in ("11-7-2", "16-1-3", "16-3-1")}) == 1


def test_what_cannot_be_taken_is_told_row_by_row_and_nothing_else_is_refused(loaded: Loaded) -> None:
    for each in loaded.series:
        answer = loaded.first[each.name]
        errors = {error["index"]: (error["code"], error["field"]) for error in answer["errors"]}
        assert errors == each.refused, each.name
        assert (answer["accepted"], answer["rejected"]) == (len(each.rows) - len(errors), len(errors)), each.name


def test_how_many_rows_of_which_file_are_refused_and_why(loaded: Loaded) -> None:
    assert la.refusals(loaded.series) == {name: Counter(counts) for name, (counts, _) in REFUSED.items()}
    assert sum(answer["accepted"] for answer in loaded.first.values()) == 4_203
    assert sum(answer["rejected"] for answer in loaded.first.values()) == 178


def test_years_that_were_understood_are_taken_when_they_are_corrected(loaded: Loaded) -> None:
    assert (loaded.corrected["accepted"], loaded.corrected["rejected"]) == (88, 0)


async def test_every_value_reads_back_as_it_stands_in_the_files(loaded: Loaded) -> None:
    found = {}
    for code, values in await in_turns(loaded.measures, loaded.tideline.observations):
        for each in values:
            groups = frozenset(each["breakdown"].items())
            found[code, each["period"], groups] = Decimal(each["value"])
    assert found == loaded.taken


async def test_every_headline_is_the_row_with_blank_groups(loaded: Loaded) -> None:
    """Staff see them all; the public sees all that no small number holds back."""
    expected = {(code, year): value for (code, year, groups), value in loaded.taken.items() if not groups}
    assert len(expected) == 959
    for headers in (loaded.tideline.staff, {}):
        pages = await in_turns(loaded.measures, partial(series_of, loaded.tideline, headers))
        found = {(code, line["period"]): line for code, lines in pages for line in lines}
        differ = {
            key: found[key]["value"]
            for key, value in expected.items()
            if found[key]["value"] != value and not found[key]["suppressed"]
        }
        assert differ == {}
        hidden = {code for (code, _), line in found.items() if line["suppressed"]}
        assert hidden <= (set() if headers else set(la.COUNTS))


async def test_gaps_between_groups_equal_an_independent_computation(loaded: Loaded) -> None:
    for code, (direction, rule) in la.GAPS.items():
        dimension = rule["dimension"]
        years = groups_of(loaded.taken, code, dimension)
        for year, groups in sorted(years.items())[-3:]:
            found = await gaps(loaded.tideline, code, loaded.tideline.staff, as_of=year, dimension=dimension)
            assert {line["group"]: line["value"] for line in found["groups"]["items"] if line["value"]} == groups
            told_gaps = {name: found["gaps"][name]["value"] for name in ("difference", "ratio", "index_of_disparity")}
            assert nearly(told_gaps) == nearly(computed(groups, direction)), (code, year)


async def test_the_status_of_a_gap_is_that_of_its_limit(loaded: Loaded) -> None:
    for code, (direction, rule) in la.GAPS.items():
        dimension = rule["dimension"]
        _, groups = max(groups_of(loaded.taken, code, dimension).items())
        (name,) = rule.keys() - {"dimension"}
        limit, gap = Fraction(rule[name]), computed(groups, direction)[name]
        expected = "achieved" if gap <= limit else "at_risk" if gap <= limit * Fraction(11, 10) else "off_track"
        found = await gaps(loaded.tideline, code, {}, dimension=dimension)
        assert (found["gaps"][name]["status"], found["gaps"][name]["target"]) == (expected, Decimal(rule[name])), code


async def test_the_public_sees_no_small_count_and_cannot_work_one_out(loaded: Loaded) -> None:
    hidden = 0
    for code, dimension in la.COUNTS.items():
        for year, groups in groups_of(loaded.taken, code, dimension).items():
            asked = {"as_of": year, "dimension": dimension}
            staff = await gaps(loaded.tideline, code, loaded.tideline.staff, **asked)
            public = await gaps(loaded.tideline, code, {}, **asked)
            assert values(staff) == groups
            shown = values(public)
            small = {name for name, value in groups.items() if 0 < value < 10}
            assert shown.items() <= groups.items() and not small & shown.keys()
            hidden += len(small)
            total = loaded.taken.get((code, year, frozenset()))
            if small and total == sum(groups.values()):
                assert len(groups.keys() - shown.keys()) != 1, (code, year)
    assert hidden > 10


async def series_of(tideline: Tideline, headers: Mapping[str, str], code: str) -> list[Json]:
    path = status_path("measure", code, "series")
    found: list[Json] = told(await tideline.http.get(path, params={"limit": 500}, headers=headers))["items"]
    return found


async def gaps(tideline: Tideline, code: str, headers: Mapping[str, str], **asked: Any) -> Json:
    answer = await tideline.http.get(status_path("measure", code, "gaps"), params=asked, headers=headers)
    (found,) = told(answer)["dimensions"]
    return dict(found)


def values(found: Json) -> dict[str, Decimal]:
    return {line["group"]: line["value"] for line in found["groups"]["items"] if line["value"] is not None}


def groups_of(taken: Mapping[la.Cell, Decimal], code: str, dimension: str) -> dict[str, dict[str, Decimal]]:
    """By year the values of the groups of one dimension, cut by nothing else."""
    found: dict[str, dict[str, Decimal]] = {}
    for (measure, year, groups), value in taken.items():
        if measure == code and [name for name, _ in groups] == [dimension]:
            found.setdefault(year, {})[next(label for _, label in groups)] = value
    return found


def computed(groups: Mapping[str, Decimal], direction: str) -> dict[str, Fraction]:
    """By the published formulas, against the best group: how far the worst is, as difference and as quotient, and the
    mean distance of the others in percent of the best."""
    held = {name: Fraction(value) for name, value in groups.items()}
    order = sorted(held, key=lambda name: held[name] if direction == "down" else -held[name])
    best, worst = held[order[0]], held[order[-1]]
    apart = [abs(held[name] - best) for name in order[1:]]
    return {
        "difference": abs(worst - best),
        "ratio": max(best, worst) / min(best, worst),
        "index_of_disparity": 100 * sum(apart, Fraction(0)) / len(apart) / best,
    }


def nearly(found: Mapping[str, Any]) -> dict[str, Fraction]:
    """To twelve places: a quotient has no end."""
    return {name: round(Fraction(value), 12) for name, value in found.items()}
