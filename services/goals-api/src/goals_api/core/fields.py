"""Checks of one content by itself: what its schema cannot say. Paths are relative to the content."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from goals_api.core import formulas
from goals_api.core.entities import Area, City, Content, Department, Goal, Measure, PlanHead
from goals_api.core.faults import Fault, under
from tideline.events import Calendar, EquityRule, MethodChoice, encode
from tideline.periods import BadPeriod, Period, parse
from tideline.vocabulary import CODE, Aggregation, Frequency, Policy

DIGITS_MAX: Final = 38
PLACE_MIN: Final = -30  # of the first digit: 10^-30 is the smallest number
YEARS_MAX: Final = 100
GRACE_DAYS_MAX: Final = 3_660
SUPPRESS_MAX: Final = 1_000
VERSION_MAX: Final = 10_000
PEER: Final = "peer"
PARAMS_BYTES_MAX: Final = 64 * 1024  # a definition must fit one message
_DIMENSION: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


def check_content(content: Content) -> Iterator[Fault]:
    """Every fault of one area, department, goal or measure."""
    yield from check_code("code", content.code)
    yield from check_title("title", content.title)
    yield from check_number("minimum_coverage", _coverage(content), least=Decimal(0), most=Decimal(1))
    if isinstance(content, Area):
        yield from _area(content)
    elif isinstance(content, Department):
        yield from _department(content)
    elif isinstance(content, Goal):
        yield from _goal(content)
    elif isinstance(content, City):
        yield from _check_month("calendar", content.calendar)
        yield from _check_suppression(content.suppress_under)
        if content.policy is Policy.KPI:
            yield Fault("policy", "unknown_word", "a city has no KPI of its own")
    else:
        yield from _measure(content)


def check_head(head: PlanHead) -> Iterator[Fault]:
    """Every fault in what a plan says of itself."""
    yield from check_code("code", head.code)
    yield from check_title("title", head.title)
    yield from check_distinct("versions", [version.id for version in head.versions])


def check_code(path: str, code: str) -> Iterator[Fault]:
    if not code:
        yield Fault(path, "missing", "a code is needed")
    elif not CODE.fullmatch(code):
        yield Fault(path, "bad_code", f"{code[:120]!r}: a code has 1 to 100 of a to z, 0 to 9 and hyphen")


def check_title(path: str, title: str) -> Iterator[Fault]:
    if not title.strip():
        yield Fault(path, "missing", "a title is needed")


def check_distinct(path: str, codes: Sequence[str]) -> Iterator[Fault]:
    """One fault for every code that stands in the list a second time."""
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code in seen:
            yield Fault(f"{path}[{index}]", "duplicate_code", f"{code} stands in this list twice")
        seen.add(code)


def check_number(
    path: str, value: Decimal | None, *, least: Decimal | None = None, most: Decimal | None = None
) -> Iterator[Fault]:
    """Finite, at most 38 significant digits, from 10^-30 to below 10^38, and within the bounds (inclusive)."""
    if value is None:
        return
    if not value.is_finite():
        yield Fault(path, "bad_value", "this is not a finite number")
    elif value and not (len(value.as_tuple().digits) <= DIGITS_MAX and PLACE_MIN <= value.adjusted() < DIGITS_MAX):
        yield Fault(path, "out_of_range", f"at most {DIGITS_MAX} digits, from 10^-30 to below 10^38")
    elif (least is not None and value < least) or (most is not None and value > most):
        yield Fault(path, "out_of_range", f"{value} is not within {least} to {'any' if most is None else most}")


def read_period(path: str, text: str, calendar: Calendar) -> Period | Fault:
    """The period that an id names in a calendar, or why there is none."""
    try:
        return parse(text, calendar)
    except BadPeriod as reason:
        return Fault(path, "bad_period", str(reason))


def _coverage(content: Content) -> Decimal | None:
    return None if isinstance(content, Measure) else content.minimum_coverage


def _area(area: Area) -> Iterator[Fault]:
    yield from check_distinct("parents", area.parents)
    yield from check_distinct("related", area.related)


def _department(department: Department) -> Iterator[Fault]:
    yield from check_number("weight", department.weight, least=Decimal(0))
    for index, name in enumerate(department.names or ()):
        yield from check_title(f"names[{index}].title", name.title)
        if name.from_ and name.until and name.from_ > name.until:
            yield Fault(f"names[{index}].until", "bad_dates", "a name cannot end before it begins")


def _goal(goal: Goal) -> Iterator[Fault]:
    yield from check_number("weight", goal.weight, least=Decimal(0))
    yield from check_distinct("areas", goal.areas)
    yield from check_distinct("metrics", [metric.measure for metric in goal.metrics])
    for index, metric in enumerate(goal.metrics):
        yield from check_number(f"metrics[{index}].weight", metric.weight, least=Decimal(0))
    if goal.horizon_years is not None and not 1 <= goal.horizon_years <= YEARS_MAX:
        yield Fault("horizon_years", "out_of_range", f"a horizon is 1 to {YEARS_MAX} years")
    if goal.biennium is not None:
        yield from _biennium(goal.biennium)


def _biennium(text: str) -> Iterator[Fault]:
    """A goal has no calendar of its own: a city's biennium may begin in odd or in even years."""
    found = [read_period("biennium", text, Calendar(biennium_starts_odd=odd)) for odd in (True, False)]
    if not any(isinstance(period, Period) and period.frequency is Frequency.BIENNIUM for period in found):
        yield Fault("biennium", "bad_period", f"{text[:40]!r} is not a biennium such as 2017-2018")


def _measure(measure: Measure) -> Iterator[Fault]:
    yield from check_distinct("areas", measure.areas)
    yield from check_distinct("breakdowns", measure.breakdowns)
    for index, dimension in enumerate(measure.breakdowns):
        if not _DIMENSION.fullmatch(dimension):
            yield Fault(f"breakdowns[{index}]", "bad_dimension", "a dimension is a word of a to z, 0 to 9 and _")
        elif dimension == PEER:
            detail = "`peer` is the dimension of others' values: list them as peers"
            yield Fault(f"breakdowns[{index}]", "bad_dimension", detail)
    yield from _measure_numbers(measure)
    if measure.method is not None:
        yield from _method(measure.method)
    yield from _measure_times(measure)
    yield from _measure_formula(measure)
    yield from _check_suppression(measure.suppress_under)
    yield from check_distinct("peers", [peer.code for peer in measure.peers])
    for index, peer in enumerate(measure.peers):
        yield from check_code(f"peers[{index}].code", peer.code)
    yield from _check_equity(measure)


def _measure_formula(measure: Measure) -> Iterator[Fault]:
    if measure.formula is None:
        return
    found = formulas.parse(measure.formula)
    if isinstance(found, Fault):
        yield found
    if measure.aggregation.time is Aggregation.RATIO:
        detail = "a derived value has no numerator: take average, last, sum …, and write the ratio in the formula"
        yield Fault("aggregation.time", "bad_formula", detail)


def _check_equity(measure: Measure) -> Iterator[Fault]:
    yield from check_distinct("equity", [rule.dimension for rule in measure.equity])
    for index, rule in enumerate(measure.equity):
        if rule.dimension not in measure.breakdowns:
            detail = f"{measure.code} is not broken down by {rule.dimension[:60]}"
            yield Fault(f"equity[{index}].dimension", "unknown_dimension", detail)
        yield from under(f"equity[{index}]", _equity_rule(rule))


def _equity_rule(rule: EquityRule) -> Iterator[Fault]:
    yield from check_distinct("order", rule.order)
    yield from check_number("difference", rule.difference, least=Decimal(0))
    yield from check_number("ratio", rule.ratio, least=Decimal(1))
    yield from check_number("index_of_disparity", rule.index_of_disparity, least=Decimal(0))
    yield from check_number("slope_index", rule.slope_index, least=Decimal(0))
    yield from check_number("near_percent", rule.near_percent, least=Decimal(0), most=Decimal(100))


def _check_suppression(least: int | None) -> Iterator[Fault]:
    if least is not None and not 0 <= least <= SUPPRESS_MAX:
        yield Fault("suppress_under", "out_of_range", f"counts are held back below 0 to {SUPPRESS_MAX}")


def _check_month(path: str, calendar: Calendar) -> Iterator[Fault]:
    if not 1 <= calendar.fiscal_year_start_month <= 12:
        yield Fault(f"{path}.fiscal_year_start_month", "out_of_range", "a month is 1 to 12")


def _method(method: MethodChoice) -> Iterator[Fault]:
    """Its shape and size; whether the parameters fit is for the method to say."""
    if not CODE.fullmatch(method.id):
        yield Fault("method.id", "bad_method", "a method's id is a code such as `pace`")
    if method.version is not None and not 1 <= method.version <= VERSION_MAX:
        yield Fault("method.version", "bad_method", "versions count from 1")
    if len(encode(method.params)) > PARAMS_BYTES_MAX:
        yield Fault("method.params", "bad_method", f"parameters take at most {PARAMS_BYTES_MAX} bytes")
    found: list[tuple[str, Any]] = [("method.params", method.params)]
    while found:
        path, value = found.pop()
        if isinstance(value, dict):
            found += [(f"{path}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            found += [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
        elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
            yield from check_number(path, Decimal(value))


def _measure_numbers(measure: Measure) -> Iterator[Fault]:
    yield from check_number("weight", measure.weight, least=Decimal(0))
    yield from check_number("minimum", measure.minimum)
    yield from check_number("maximum", measure.maximum)
    yield from check_number("multiplier", measure.multiplier)
    if not measure.multiplier:
        yield Fault("multiplier", "out_of_range", "a multiplier of 0 would lose every value")
    if measure.minimum is not None and measure.maximum is not None and measure.minimum > measure.maximum:
        yield Fault("maximum", "bad_range", f"the maximum {measure.maximum} is below the minimum {measure.minimum}")
    if measure.grace_days is not None and not 0 <= measure.grace_days <= GRACE_DAYS_MAX:
        yield Fault("grace_days", "out_of_range", f"grace is 0 to {GRACE_DAYS_MAX} days")


def _measure_times(measure: Measure) -> Iterator[Fault]:
    bad = list(_check_month("calendar", measure.calendar))
    yield from bad
    if measure.baseline is not None and not bad:
        found = read_period("baseline.period", measure.baseline.period, measure.calendar)
        if isinstance(found, Fault):
            yield found
    if measure.baseline is not None:
        yield from check_number("baseline.value", measure.baseline.value)
