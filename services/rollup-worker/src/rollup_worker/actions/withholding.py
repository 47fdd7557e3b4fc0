"""What the public does not see of a measure that was read, as the rule for small numbers has it."""

from typing import Final

from rollup_worker.actions.loading import Loaded
from rollup_worker.core.facts import Plan
from rollup_worker.core.suppression import hidden_by_period, hidden_headlines, limit
from rollup_worker.core.weights import weighing
from tideline.periods import Period

USUAL: Final = 10
"""The threshold of a city that has not said its own."""


def withheld_headlines(found: Loaded, known: Plan) -> frozenset[Period]:
    """The periods of the measure's own whose headline is not shown."""
    return hidden_headlines(found.definition, found.cells, _limit(found, known), weighing(found.weights))


def has_withheld(found: Loaded, known: Plan) -> bool:
    """Whether any cell or headline is not shown."""
    return bool(hidden_by_period(found.definition, found.cells, _limit(found, known), weighing(found.weights)))


def _limit(found: Loaded, known: Plan) -> int:
    return limit(found.definition, known.city.suppress_under if known.city else USUAL)
