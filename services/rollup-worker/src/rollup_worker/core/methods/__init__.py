"""The status methods by id. Adding one is adding its file, its entry here and its published cases to the tests."""

from collections.abc import Mapping
from typing import Any, Final

from rollup_worker.core.methods import pace, threshold
from rollup_worker.core.methods.method import Case, Method
from tideline.vocabulary import Direction

METHODS: Final[Mapping[str, Method[Any]]] = {method.id: method for method in (pace.METHOD, threshold.METHOD)}


def default_for(case: Case) -> Method[Any] | None:
    """The method of a measure that names none.

    Pace where baseline and a dated target exist, else threshold where a target holds, else none; none either
    for a measure without a desired direction.
    """
    if case.direction is Direction.NONE:
        return None
    if pace.applies(case):
        return METHODS[pace.METHOD.id]
    return METHODS[threshold.METHOD.id] if threshold.target_for(case) else None
