"""The status methods by id. Adding one is adding its file, its entry here and its published cases to the tests.

Every version of a method that has judged stays here. Which one judges where a measure names none is a fact that is
told from outside (`in_force`); unsaid, it is the first.
"""

from collections.abc import Mapping
from typing import Any, Final

from rollup_worker.core.methods import (
    cagr_ratio,
    comparator,
    control_chart,
    extrapolate,
    pace,
    pace_by_periods,
    threshold,
)
from rollup_worker.core.methods.method import Case, Method
from tideline.events import MeasureDefined, MethodChoice
from tideline.vocabulary import Direction

VERSIONS: Final[Mapping[tuple[str, int], Method[Any]]] = {
    (method.id, method.version): method
    for method in (
        pace.METHOD,
        pace_by_periods.METHOD,
        cagr_ratio.METHOD,
        extrapolate.METHOD,
        threshold.METHOD,
        control_chart.METHOD,
        comparator.METHOD,
    )
}
FIRST: Final = 1
InForce = Mapping[str, int]


def chosen(choice: MethodChoice, in_force: InForce) -> Method[Any] | None:
    """The method that a measure names, in the version it names or that is in force; None: there is none such."""
    return VERSIONS.get((choice.id, choice.version or in_force.get(choice.id, FIRST)))


def is_in_force(method: Method[Any], in_force: InForce) -> bool:
    """Whether it judges measures that name no version."""
    return in_force.get(method.id, FIRST) == method.version


def groups_read(definition: MeasureDefined, in_force: InForce) -> str | None:
    """The dimension whose groups the method of a measure reads one by one; None where it reads headlines alone."""
    choice = definition.method
    method = chosen(choice, in_force) if choice else None
    if choice is None or method is None or method.reads_groups is None or method.validate(choice.params):
        return None
    return method.reads_groups(method.read(choice.params))


def default_for(case: Case, in_force: InForce) -> Method[Any] | None:
    """The method of a measure that names none.

    Pace where baseline and a dated target exist, else threshold where a target holds, else none; none either
    for a measure without a desired direction.
    """
    if case.direction is Direction.NONE:
        return None
    if pace.applies(case):
        return chosen(MethodChoice(id=pace.METHOD.id), in_force)
    return chosen(MethodChoice(id=threshold.METHOD.id), in_force) if threshold.target_for(case) else None
