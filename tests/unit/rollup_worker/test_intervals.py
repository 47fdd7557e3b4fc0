"""Confidence intervals against published figures."""

from decimal import ROUND_HALF_UP, Decimal
from statistics import NormalDist

import pytest

from rollup_worker.core.intervals import Interval, Z, byars, count, exact_poisson, wilson

HIGH = Decimal("99.8")


def shown(found: Interval, places: str = "0.0001") -> tuple[str, str]:
    limits = (found.lower, found.upper)
    lower, upper = (str(limit.quantize(Decimal(places), rounding=ROUND_HALF_UP)) for limit in limits)
    return lower, upper


@pytest.mark.parametrize(
    ("numerator", "denominator", "limits"),
    [
        ("81", "263", ("0.2553", "0.3662")),
        ("15", "148", ("0.0624", "0.1605")),
        ("0", "20", ("0.0000", "0.1611")),
        ("1", "29", ("0.0061", "0.1718")),
    ],
)
def test_newcombes_published_score_intervals_are_reproduced(
    numerator: str, denominator: str, limits: tuple[str, str]
) -> None:
    """Newcombe (1998), Statistics in Medicine 17: 857-872, table I, method 3."""
    assert shown(wilson(Decimal(numerator), Decimal(denominator))) == limits


@pytest.mark.parametrize(
    ("observed", "limits"),
    [
        (0, ("0.0000", "3.6889")),
        (1, ("0.0253", "5.5716")),
        (2, ("0.2422", "7.2247")),
        (3, ("0.6187", "8.7673")),
        (4, ("1.0899", "10.2416")),
        (5, ("1.6235", "11.6683")),
        (6, ("2.2019", "13.0595")),
        (7, ("2.8144", "14.4227")),
        (8, ("3.4538", "15.7632")),
        (9, ("4.1154", "17.0848")),
    ],
)
def test_the_published_exact_limits_of_small_counts_are_reproduced(observed: int, limits: tuple[str, str]) -> None:
    """Garwood (1936), Biometrika 28: 437-442, as tabled by Ulm (1990) and others."""
    assert shown(count(Decimal(observed))) == limits


@pytest.mark.parametrize(
    ("observed", "limits"),
    [(10, ("4.795", "18.390")), (50, ("37.111", "65.919")), (100, ("81.364", "121.627"))],
)
def test_byars_is_within_two_in_a_thousand_of_the_exact_limits_from_ten_upwards(
    observed: int, limits: tuple[str, str]
) -> None:
    """The technical guide on confidence intervals of Public Health England says so; exact limits as tabled."""
    found = byars(Decimal(observed))
    for ours, theirs in zip((found.lower, found.upper), map(Decimal, limits), strict=True):
        assert abs(ours - theirs) / theirs < Decimal("0.002")


def test_below_ten_the_limits_are_exact_and_from_ten_they_are_byars() -> None:
    assert count(Decimal(9)) == exact_poisson(Decimal(9))
    assert count(Decimal(10)) == byars(Decimal(10))
    assert count(Decimal(10)) != exact_poisson(Decimal(10))


def test_nobody_and_everybody_have_their_own_ends_as_limits() -> None:
    for confidence in Z:
        assert wilson(Decimal(0), Decimal(7), confidence).lower == 0
        assert wilson(Decimal(7), Decimal(7), confidence).upper == 1


@pytest.mark.parametrize("total", [1, 7, 20, 10**12])
def test_a_score_interval_is_the_same_seen_from_the_other_side(total: int) -> None:
    for part in (0, 1, total // 3, total):
        one, other = wilson(Decimal(part), Decimal(total)), wilson(Decimal(total - part), Decimal(total))
        assert abs(one.lower - (1 - other.upper)) < Decimal("1e-25")
        assert 0 <= one.lower <= Decimal(part) / total <= one.upper <= 1


def test_more_confidence_is_a_wider_interval_and_more_events_a_higher_one() -> None:
    before = Interval(Decimal(-1), Decimal(-1))
    for observed in map(Decimal, range(40)):
        usual, wide = count(observed), count(observed, HIGH)
        assert wide.lower <= usual.lower <= observed < usual.upper < wide.upper
        assert usual.upper > before.upper and usual.lower >= before.lower
        before = usual


def test_the_normal_quantiles_are_those_that_everybody_has() -> None:
    for percent, z in Z.items():
        assert abs(float(z) - NormalDist().inv_cdf(0.5 + float(percent) / 200)) < 1e-12


def test_an_interval_is_scaled_like_its_rate() -> None:
    assert Interval(Decimal(1), Decimal(3)).times(Decimal(1000)).over(Decimal(4)) == Interval(
        Decimal(250), Decimal(750)
    )
