"""Observations into events."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from measures_ingest.core.parts import parts
from tideline.events import BYTES_MAX, OBSERVATIONS_MAX, Observation, encode


@given(st.lists(st.integers(0, 2_000), max_size=60), st.sampled_from(["x", "ä", "\u0001", "😀"]), st.integers(1, 60))
def test_parts_keep_every_observation_in_order_and_each_fits(lengths: list[int], sign: str, times: int) -> None:
    given_observations = [
        Observation(measure="a", period="2017", value=Decimal(number), note=sign * length)
        for number, length in enumerate(lengths * times)
    ]
    found = list(parts(given_observations))
    assert [one for part in found for one in part] == given_observations
    assert all(0 < len(part) <= OBSERVATIONS_MAX for part in found)
    assert all(len(encode(part)) < BYTES_MAX for part in found)


def test_a_thousand_ordinary_observations_are_one_part() -> None:
    ordinary = [Observation(measure="a" * 40, period="2017-03", value=Decimal("12.5"))] * 2_500
    assert [len(part) for part in parts(iter(ordinary))] == [1_000, 1_000, 500]
