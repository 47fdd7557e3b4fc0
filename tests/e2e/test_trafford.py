"""A council and its neighbours: periods written in six ways, refusals row by row, ranks and quartiles."""

import statistics
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Final

import pytest

from tests.e2e import trafford
from tests.e2e.agreement import data_file, in_turns
from tests.e2e.trafford import MEASURES, Data, Measure
from tests.support.running import Json, Tideline, status_path, told

AS_WRITTEN: Final[Mapping[str, Mapping[str, int]]] = {
    "active_adults": {"bad_period": 2_170},
    "adults_walking_or_cycling": {"bad_period": 119},
    "children_poverty": {"bad_period": 189},
    "claimant_count": {"bad_period": 1_300},
    "employment_rate": {"bad_period": 204},
    "household_waste_recycling": {"bad_period": 332},
    "neet": {"bad_period": 119},
    "no2_concentration": {"period_frequency_mismatch": 36},
    "universal_credit": {"bad_period": 1_300},
}
"""By file how many rows the system refuses while their periods stand as they are written; all others it takes."""
FURTHER_AREAS: Final = 2_051

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Loaded:
    """What was answered to each file, first as its periods are written (and nothing stored), then as they are read."""

    tideline: Tideline
    data: Data
    as_written: Mapping[str, Json]
    as_read: Mapping[str, Json]


@pytest.fixture(scope="module")
async def loaded(tideline: Tideline) -> AsyncIterator[Loaded]:
    data = trafford.read(data_file("trafford_uk"))
    await tideline.put_plan(trafford.document(data))
    await tideline.defined(measure.code for measure in MEASURES)
    written = {
        name: await push(tideline, [row.observation(as_written=True) for row in rows], dry_run=True)
        for name, rows in data.files.items()
    }
    taken = {name: await push(tideline, [row.observation() for row in rows]) for name, rows in data.files.items()}
    yield Loaded(tideline, data, written, taken)


async def push(tideline: Tideline, rows: Sequence[Mapping[str, Any]], **asked: Any) -> Json:
    body = {"observations": rows}
    answer = await tideline.http.post("/v1/observations", json=body, params=asked, headers=tideline.feed)
    return told(answer, 200, 201, 207, 422)


async def errors_of(tideline: Tideline, answer: Json) -> list[Json]:
    """All of them: an answer holds the first thousand, its batch has the rest."""
    path, params, found = f"/v1/batches/{answer['batch']}/errors", {"limit": "500"}, list[Json]()
    while True:
        page = told(await tideline.http.get(path, params=params, headers=tideline.feed))
        found += page["items"]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


def test_periods_as_they_are_written_are_refused_row_by_row(loaded: Loaded) -> None:
    for name, answer in loaded.as_written.items():
        rows, expected = loaded.data.files[name], AS_WRITTEN.get(name, {})
        assert answer["rejected"] == sum(expected.values()), name
        assert answer["accepted"] == len(rows) - answer["rejected"], name
        listed = answer["errors"]
        assert len(listed) == min(answer["rejected"], 1_000)
        assert {(each["code"], each["field"]) for each in listed} == {(code, "period") for code in expected}
        assert all(rows[each["index"]].period != rows[each["index"]].period_id for each in listed)


async def test_periods_that_were_read_are_taken_and_areas_that_are_no_peers_refused(loaded: Loaded) -> None:
    for name, answer in loaded.as_read.items():
        rows = loaded.data.files[name]
        further = {
            index
            for index, row in enumerate(rows)
            if "peer" in row.labels and row.labels["peer"] not in loaded.data.others(row.measure)
        }
        assert (answer["accepted"], answer["rejected"]) == (len(rows) - len(further), len(further)), name
        errors = await errors_of(loaded.tideline, answer) if further else []
        assert {each["index"] for each in errors} == further
        assert {(each["code"], each["field"]) for each in errors} <= {("unknown_peer", "breakdown.peer")}
    assert Counter(answer["rejected"] for answer in loaded.as_read.values()) == {0: 11, FURTHER_AREAS: 1}


async def test_every_value_reads_back_as_it_stands_in_the_files(loaded: Loaded) -> None:
    for code, values in await in_turns([each.code for each in MEASURES], loaded.tideline.observations):
        (measure,) = (each for each in MEASURES if each.code == code)
        peers = loaded.data.others(measure)
        found = {(each["period"], *sorted(each["breakdown"].items())): Fraction(each["value"]) for each in values}
        assert found == {
            (row.period_id, *sorted(row.labels.items())): row.number
            for row in loaded.data.of(measure)
            if row.labels.get("peer") in (None, *peers)
        }


async def test_a_measure_is_its_own_value_whatever_its_peers_have(loaded: Loaded) -> None:
    for code, found in await in_turns([each.code for each in MEASURES], partial(comparison, loaded.tideline)):
        (measure,) = (each for each in MEASURES if each.code == code)
        own = loaded.data.own(measure)
        if own:
            assert (found["as_of"], Fraction(found["value"])) == max(own.items())
            assert {point["period"]: Fraction(point["value"]) for point in found["series"]} == own


async def test_stations_without_a_whole_are_averaged_and_have_no_peers(loaded: Loaded) -> None:
    found = await comparison(loaded.tideline, "trafford-nitrogen-dioxide")
    latest = [row.number for row in loaded.data.files["no2_concentration"] if row.period == "2024-03-31"]
    assert (found["as_of"], len(latest), found["peers"]) == ("2024-Q1", 3, [])
    assert round(Fraction(found["value"]), 12) == round(sum(latest, Fraction(0)) / 3, 12)


async def test_peers_have_their_titles_their_source_and_their_values(loaded: Loaded) -> None:
    for measure in compared(loaded):
        found = await comparison(loaded.tideline, measure.code)
        expected, listed = loaded.data.others(measure), loaded.data.peers(measure)
        assert {(peer["code"], peer["title"]) for peer in found["peers"]} == {
            (each.code, each.title) for each in listed
        }
        assert {peer["source"] for peer in found["peers"]} == {loaded.data.sources[measure.indicator]}
        for peer in found["peers"]:
            values = {point["period"]: Fraction(point["value"]) for point in peer["series"]}
            assert values == {period: each for period, each in expected[peer["code"]].items() if period in values}
            assert len(values) == min(len(expected[peer["code"]]), 60)


async def test_rank_and_quartiles_equal_an_independent_computation(loaded: Loaded) -> None:
    """In every year of every measure, or in the last twelve months: for as long as its peers are told of."""
    ranked = 0
    for measure in compared(loaded):
        for period in sorted(loaded.data.own(measure))[-12:]:
            found = await comparison(loaded.tideline, measure.code, as_of=period)
            assert found["as_of"] == period
            assert position(found["position"]) == expected_position(loaded.data, measure, period), (measure, period)
            ranked += found["position"]["rank"] is not None
    assert ranked > 100


async def test_a_peer_without_a_value_for_the_year_takes_no_part(loaded: Loaded) -> None:
    """England is not in the weights of recycled waste, and no further years are made up for it."""
    tonnes = await comparison(loaded.tideline, "trafford-recycled-tonnes")
    assert "england" not in {peer["code"] for peer in tonnes["peers"]}
    assert (tonnes["position"]["rank"], tonnes["position"]["of"]) == (None, 16)


def compared(loaded: Loaded) -> list[Measure]:
    return [measure for measure in MEASURES if loaded.data.peers(measure)]


async def comparison(tideline: Tideline, code: str, **asked: Any) -> Json:
    return told(await tideline.http.get(status_path("measure", code, "comparison"), params=asked))


def position(told_position: Json) -> dict[str, Any]:
    """What is compared of an answer, to twelve places."""
    quartiles = [told_position[name] for name in ("lower_quartile", "median", "upper_quartile")]
    share = told_position["share_worse"]
    return {
        "rank": told_position["rank"],
        "of": told_position["of"],
        "quartiles": [round(Fraction(each), 12) for each in quartiles],
        "share_worse": None if share is None else round(Fraction(share), 12),
        "missing": told_position["missing"],
    }


def expected_position(data: Data, measure: Measure, period: str) -> dict[str, Any]:
    """The best has rank 1; quartiles are those of the peers, inclusive of the lowest and the highest."""
    own, others = data.own(measure)[period], data.others(measure)
    values = [held[period] for held in others.values() if period in held]
    sign = {"up": 1, "down": -1}.get(measure.direction, 0)
    worse = sum(sign * (own - each) > 0 for each in values)
    return {
        "rank": 1 + sum(sign * (each - own) > 0 for each in values) if sign else None,
        "of": len(values) + 1,
        "quartiles": [round(each, 12) for each in statistics.quantiles(values, n=4, method="inclusive")],
        "share_worse": round(Fraction(worse, len(values)), 12) if sign else None,
        "missing": sorted(peer for peer, held in others.items() if period not in held),
    }
