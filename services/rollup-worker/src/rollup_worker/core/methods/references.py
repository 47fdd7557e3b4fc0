"""What parameters name of the measure they are chosen for: told in their schema, and held against the measure."""

from collections.abc import Iterable

import msgspec

from tideline import periods
from tideline.events import MeasureDefined
from tideline.periods import BadPeriod
from tideline.vocabulary import Frequency

PERIOD = msgspec.Meta(extra_json_schema={"x-refers-to": "period"})
BREAKDOWN = msgspec.Meta(extra_json_schema={"x-refers-to": "breakdown"})
PEER = msgspec.Meta(extra_json_schema={"x-refers-to": "peer"})
FREQUENCY = msgspec.Meta(extra_json_schema={"x-refers-to": "frequency"})

Named = tuple[msgspec.Meta, str | None]
"""What kind of thing is named, and its name if one is."""


def misfit(definition: MeasureDefined, named: Iterable[Named]) -> str | None:
    """The first name that the measure does not have; None: it has all."""
    faults = (_fault(definition, what, name) for what, name in named if name is not None)
    return next((fault for fault in faults if fault), None)


def _fault(definition: MeasureDefined, what: msgspec.Meta, name: str) -> str | None:
    if what is FREQUENCY:
        finer = periods.is_coarser(Frequency(definition.frequency), Frequency(name))
        return f"{name} is finer than the measure, which is told by {definition.frequency}." if finer else None
    if what is PERIOD:
        return None if _is_period(name, definition) else f"{name[:40]} is no period of the measure's calendar."
    if what is BREAKDOWN:
        return None if name in definition.breakdowns else f"The measure has no breakdown {name[:60]}."
    return None if name in {peer.code for peer in definition.peers} else f"The measure lists no peer {name[:60]}."


def _is_period(name: str, definition: MeasureDefined) -> bool:
    try:
        periods.parse(name, definition.calendar)
    except BadPeriod:
        return False
    return True
