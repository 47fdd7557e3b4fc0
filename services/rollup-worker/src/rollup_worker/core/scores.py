"""The common score: 0 to 100 with six decimals, one band per judgement, so that a score names its judgement.

deteriorating 0–15 · off track above 15 and below 40 · at risk 40 and below 75 · on track 75 and below 100 ·
achieved 100. A method places a value inside its band by a fraction from 0 (worst) to 1 (best) that never falls
while the value improves. Parents average scores and read the judgement back from the mean.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from rollup_worker.core.decimals import HUNDRED, ONE, ZERO, as_score
from tideline.vocabulary import Status

BANDS: Final[Mapping[Status, tuple[Decimal, Decimal]]] = {
    Status.DETERIORATING: (ZERO, Decimal(15)),
    Status.OFF_TRACK: (Decimal("15.000001"), Decimal("39.999999")),
    Status.AT_RISK: (Decimal(40), Decimal("74.999999")),
    Status.ON_TRACK: (Decimal(75), Decimal("99.999999")),
    Status.ACHIEVED: (HUNDRED, HUNDRED),
}
MIDDLE: Final = Decimal("0.5")


def score(status: Status, fraction: Decimal = ONE) -> Decimal:
    """The score of a judgement; a fraction outside 0 to 1 counts as the nearer end."""
    low, high = BANDS[status]
    return as_score(low + (high - low) * min(max(fraction, ZERO), ONE))


def band(value: Decimal) -> Status:
    """The judgement whose band holds a score of 0 to 100."""
    return next(status for status, (_, high) in BANDS.items() if value <= high)
