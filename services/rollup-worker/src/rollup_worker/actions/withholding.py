"""What the public does not see of a measure that was read, as the rule for small numbers has it."""

from rollup_worker.actions.moments import Loaded
from rollup_worker.core.disclosure import HEADLINE
from rollup_worker.core.facts import Plan
from rollup_worker.core.judge import by_owner
from rollup_worker.core.suppression import NOTHING, Hidden, city_limit, hidden_by_period, inherited, limit, together
from rollup_worker.core.weights import weighing
from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import Period


def withheld_headlines(found: Loaded, known: Plan) -> frozenset[Period]:
    """The periods of the measure's own whose headline is not shown."""
    return headlines_of(withheld(found, city_limit(known)))


def has_withheld(found: Loaded, known: Plan) -> bool:
    """Whether any cell or headline is not shown."""
    return bool(withheld(found, city_limit(known)))


def headlines_of(hidden: Hidden) -> frozenset[Period]:
    return frozenset(period for period, keys in hidden.items() if HEADLINE in keys)


def withheld_inputs(found: Loaded, city_under: int) -> frozenset[tuple[str, str]]:
    """Of what a derived measure was computed from the headlines that are not shown: measure and period id."""
    return frozenset(
        (code, periods.identify(period, found.reads[code].calendar))
        for code, hidden in _of_inputs(found, city_under).items()
        for period in headlines_of(hidden)
    )


def withheld(found: Loaded, city_under: int) -> Hidden:
    """The breakdowns that are not shown, by period; of a derived measure also what is made from hidden ones.

    What is hidden now is hidden in every look at the past too: a cell that was shown when its neighbour was another
    one would give that neighbour away.
    """
    definition = found.definition
    if not found.inputs and definition.suppress_under is None and not any(cell.breakdown for cell in found.cells):
        return NOTHING
    given = inherited(definition, _of_inputs(found, city_under), found.reads)
    return hidden_by_period(
        definition,
        by_owner(found.cells)[0],
        limit(definition, city_under),
        weighing(by_owner(found.weights)[0]),
        together(given, _later(found, definition, city_under)),
    )


def _of_inputs(found: Loaded, city_under: int) -> dict[str, Hidden]:
    return {
        code: hidden_by_period(
            found.reads[code],
            by_owner(cells)[0],
            limit(found.reads[code], city_under),
            weighing(found.inputs.get(found.reads[code].weighted_by or "", ())),
            _later(found, found.reads[code], city_under),
        )
        for code, cells in found.inputs.items()
        if code in found.reads
    }


def _later(found: Loaded, definition: MeasureDefined, city_under: int) -> Hidden:
    """What the values that stand now hide, where an earlier time is looked at."""
    own, _ = by_owner(found.later.get(definition.code, ()))
    weights = weighing(by_owner(found.weights)[0])
    return hidden_by_period(definition, own, limit(definition, city_under), weights)
