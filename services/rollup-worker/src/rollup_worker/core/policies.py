"""What the policies of the roll-up are called: a judged node names the one it was judged by, like a measure its method.

The rules themselves stand in `rollup.py`; `VERSION` counts up when any of them changes what it answers.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from tideline.vocabulary import Policy

VERSION: Final = 1
SOURCE: Final = "The roll-up rules of Tideline: see docs/engine.md."


class Words(NamedTuple):
    title: str
    description: str


POLICIES: Final[Mapping[Policy, Words]] = {
    Policy.KPI: Words("The KPI decides", "The KPI alone, or the weighted mean where other metrics carry weights."),
    Policy.WEIGHTED: Words("Weighted mean", "The weighted mean of the children's scores, read back through the bands."),
    Policy.WORST_OF: Words("Worst of", "The status and score of the lowest child that reports."),
    Policy.SHARE_ON_TRACK: Words("Share on track", "The weight of the children on track or achieved, in percent."),
}
