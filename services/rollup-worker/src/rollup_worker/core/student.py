"""Student's t: how many standard errors an interval reaches to either side.

The probability within ±t has a closed, finite series for every whole number of degrees of freedom
(Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4, in θ = arctan(t / √ν)); it rises with
θ, so that halving finds the t of a probability.
"""

from decimal import Decimal
from functools import lru_cache
from math import cos, pi, sin, sqrt, tan
from typing import Final

HALVINGS: Final = 80
DIGITS: Final = 9


@lru_cache(maxsize=4_096)
def quantile(confidence: Decimal, freedom: int) -> Decimal:
    """The t within whose plus and minus a share `confidence` (above 0, below 1) lies; to nine digits.

    Raises ValueError without a degree of freedom.
    """
    if freedom < 1:
        raise ValueError("Student's t needs a degree of freedom")
    low, high, wanted = 0.0, pi / 2, float(confidence)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < wanted else (low, middle)
    return Decimal(f"{sqrt(freedom) * tan(low):.{DIGITS}g}")


def _within(theta: float, freedom: int) -> float:
    """The probability within ±t."""
    term = cos(theta) if freedom % 2 else 1.0
    total, square = 0.0, cos(theta) ** 2
    for step in range(freedom // 2):
        total += term
        numerator, denominator = (2 * step + 2, 2 * step + 3) if freedom % 2 else (2 * step + 1, 2 * step + 2)
        term *= square * numerator / denominator
    if freedom % 2:
        return 2 / pi * (theta + sin(theta) * total)
    return sin(theta) * total
