"""Whether a measure's method is one that is offered, and its parameters are what that method takes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError, best_match
from jsonschema.validators import extend

from goals_api.core.entities import Measure
from goals_api.core.faults import Fault, join, under
from goals_api.core.proposals import Proposal, World
from tideline.events import Calendar, MethodChoice, OfferedMethod
from tideline.periods import BadPeriod, is_coarser, parse
from tideline.vocabulary import Frequency, Kind

FAULTS_MAX: Final = 20
DETAIL_MAX: Final = 300
_WRITTEN: Final = re.compile(r"Decimal\('([^']*)'\)")
_formats: Final = FormatChecker(formats=())


@_formats.checks("decimal")
def _is_decimal(value: object) -> bool:
    """A decimal may be written as a text; what is no text is judged by its type."""
    if not isinstance(value, str):
        return True
    try:
        return value.isascii() and "_" not in value and Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_number(_: Any, value: object) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _is_integer(_: Any, value: object) -> bool:
    """As a decimal: 1e9999999 written out as a whole number would hold everybody up."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return False
    number = Decimal(value)
    return number.is_finite() and number == number.to_integral_value()


def _enum(_: Any, words: Iterable[object], value: object, __: object) -> Iterator[ValidationError]:
    """A number is the same in whatever way it is held."""
    numbers = [Decimal(str(word)) for word in words if _is_number(None, word)]
    if value not in words and not (_is_number(None, value) and Decimal(str(value)) in numbers):
        yield ValidationError(f"{value} is none of {', '.join(map(str, words))}")


def _refers(measure: Measure, what: str, value: object) -> str | None:
    """What is wrong with a parameter that names something of the measure; None: nothing."""
    if not isinstance(value, str):
        return None
    if what == "period":
        return None if is_period(value, measure.calendar) else f"{value[:40]} is no period of the measure's calendar"
    if what == "frequency":
        finer = value in set(Frequency) and is_coarser(measure.frequency, Frequency(value))
        return f"{value} is finer than the measure, which is told by {measure.frequency}" if finer else None
    listed = {"breakdown": measure.breakdowns, "peer": tuple(peer.code for peer in measure.peers)}.get(what)
    return None if listed is None or value in listed else f"the measure has no {what} {value[:60]!r}"


def _validator(measure: Measure) -> Any:
    """`x-refers-to` is read for this measure; what it may name there stands with the methods."""

    def refers(_: Any, what: str, value: object, __: object) -> Iterator[ValidationError]:
        if fault := _refers(measure, what, value):
            yield ValidationError(fault)

    # The library's function has no types.
    return extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"enum": _enum, "x-refers-to": refers}, type_checker=_types
    )


_types: Final = Draft202012Validator.TYPE_CHECKER.redefine_many({"number": _is_number, "integer": _is_integer})


def check_methods(proposal: Proposal, world: World) -> Iterator[Fault]:
    """Faults of newly chosen methods. What stands is not judged again, and while none is offered nothing is."""
    for entry in proposal.entries.get(Kind.MEASURE, ()) if world.offered else ():
        measure, stored = entry.content, world.entities[Kind.MEASURE].get(entry.content.code)
        before = stored.content if stored is not None and not stored.retired else None
        assert isinstance(measure, Measure)
        kept = isinstance(before, Measure) and before.method == measure.method
        if measure.method is not None and not kept:
            yield from under(join(entry.path, "method"), check_choice(measure.method, measure, world.offered))


def check_choice(choice: MethodChoice, measure: Measure, offered: Iterable[OfferedMethod]) -> Iterator[Fault]:
    """Every fault of one choice; without a version it is held against the one in force."""
    versions = {method.version: method for method in offered if method.id == choice.id}
    in_force = next((method for method in versions.values() if method.in_force), None)
    method = in_force if choice.version is None else versions.get(choice.version)
    if not versions:
        known = ", ".join(sorted({method.id for method in offered}))
        yield Fault("id", "unknown_method", f"there is no method {choice.id[:100]!r}; there are {known}")
    elif method is None:
        known = ", ".join(map(str, sorted(versions)))
        said = f"no version {choice.version}" if choice.version else "no version in force"
        yield Fault("version", "unknown_method", f"{choice.id} has {said}; there are {known}")
    else:
        yield from _check_params(choice.params, method.params, _validator(measure))


def is_period(text: str, calendar: Calendar) -> bool:
    try:
        parse(text, calendar)
    except BadPeriod:
        return False
    return True


def is_schema(params: Mapping[str, Any]) -> bool:
    """Whether this can be held against parameters."""
    try:
        Draft202012Validator.check_schema(params)
    except SchemaError:
        return False
    return True


def _check_params(params: Mapping[str, Any], schema: Mapping[str, Any], validator: Any) -> Iterator[Fault]:
    errors = validator(schema, format_checker=_formats).iter_errors(params)
    for error, _ in zip(errors, range(FAULTS_MAX), strict=False):
        nearest: ValidationError = best_match([error]) or error
        yield Fault(_path(nearest), "bad_method", _WRITTEN.sub(r"\1", nearest.message)[:DETAIL_MAX])


def _path(error: ValidationError) -> str:
    path = "params"
    for part in error.absolute_path:
        path = join(path, f"[{part}]" if isinstance(part, int) else str(part)[:60])
    return path
