"""One target of a measure checked: its whole series and all versions of the target read, then told in words."""

import msgspec

from rollup_worker.actions.answering import node_name
from rollup_worker.actions.judging import judge_loaded
from rollup_worker.actions.loading import Loaded, Moment, load_series
from rollup_worker.actions.withholding import withheld_headlines
from rollup_worker.core.facts import Node, Plan, Target
from rollup_worker.core.judge import latest, read
from rollup_worker.core.methods.method import Case
from rollup_worker.core.target_check import Finding, Freeze, check, checked_target, freeze
from rollup_worker.core.veil import COVERED
from rollup_worker.repository import targets
from rollup_worker.schemas.beside import CategoryWords, ChangeWords, FreezeWords, TargetCheck
from rollup_worker.schemas.outlook import target_words
from tideline import periods
from tideline.database import Connection
from tideline.errors import Invalid, NotFound
from tideline.events import Calendar, MeasureDefined
from tideline.periods import BadPeriod, Period
from tideline.vocabulary import Frequency, Kind, Status


async def check_target(
    connection: Connection, known: Plan, code: str, when: Moment, period: str | None, *, staff: bool
) -> TargetCheck:
    """Raises Invalid for what is no period, NotFound for a period without a target."""
    definition = known.measures.get(code)
    if definition is None:
        name = node_name(Node(Kind.MEASURE, code), None)
        return TargetCheck(node=name, as_of=None, known_at=when.known_at, status=Status.NO_DATA, notes=["no_data"])
    found = (await load_series(connection, {code: definition}, when))[code]
    definition, judged = found.definition, judge_loaded(found, when)
    told = TargetCheck(
        node=node_name(Node(Kind.MEASURE, code), definition),
        as_of=judged.status.as_of,
        known_at=when.known_at,
        status=judged.status.status,
    )
    hidden = not staff and (judged.veil in COVERED or bool(withheld_headlines(found, known)))
    if hidden:
        told = msgspec.structs.replace(told, as_of=None, status=Status.SUPPRESSED)
    target = _chosen(found, when, _period(period, definition))
    if target is None and period is not None:
        raise NotFound(f"there is no target of {code} for {period}")
    if target is None:
        return msgspec.structs.replace(told, notes=["no_target"])
    told = msgspec.structs.replace(told, target=target_words(target, definition.calendar))
    if hidden:
        return msgspec.structs.replace(told, notes=["suppressed"])
    findings = check(_case(found, when), definition, target)
    identity = periods.identify(target.period, definition.calendar)
    versions = await targets.list_versions(connection, code, identity, target.period, when.known_at)
    return msgspec.structs.replace(
        told,
        detected=[finding.kind for finding in findings if finding.detected],
        categories=[_category(finding) for finding in findings],
        freeze=_freeze(freeze(versions, target.period), definition.calendar),
    )


def _chosen(found: Loaded, when: Moment, period: Period | None) -> Target | None:
    """Without a value, seen from the period or the day that is asked about."""
    last = latest(found.cells, when.as_of) or when.as_of or Period(when.today, when.today, Frequency.DAY)
    return checked_target(found.targets, last, period)


def _case(found: Loaded, when: Moment) -> Case | None:
    last = latest(found.cells, when.as_of)
    return read(found.definition, found.targets, found.cells, last, found.weights) if last else None


def _period(text: str | None, definition: MeasureDefined) -> Period | None:
    try:
        return None if text is None else periods.parse(text, definition.calendar)
    except BadPeriod as fault:
        raise Invalid(str(fault), code="bad_period") from fault


def _category(finding: Finding) -> CategoryWords:
    return CategoryWords(
        category=finding.kind, detected=finding.detected, words=finding.words, figures=dict(finding.figures)
    )


def _freeze(found: Freeze, calendar: Calendar) -> FreezeWords:
    frozen = not found.set_late and not found.changes
    words = "The target stood before its period began and was not changed since."
    if found.changes:
        words = "The target was changed after its period had begun: that is a forecast, not a target."
    elif found.set_late:
        words = "The target was set when its period had begun already."
    return FreezeWords(frozen=frozen, set_late=found.set_late, words=words, changes=_changes(found, calendar))


def _changes(found: Freeze, calendar: Calendar) -> list[ChangeWords]:
    return [
        ChangeWords(
            version=new.target.version,
            known_from=new.known_from,
            reason=new.reason,
            before=target_words(old.target, calendar),
            after=target_words(new.target, calendar),
        )
        for old, new in found.changes
    ]
