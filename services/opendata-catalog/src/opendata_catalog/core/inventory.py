"""An entry of the open data inventory and what makes it acceptable.

The fields are those the field's guides ask of an inventory: contents, update frequency, licence, owner, privacy,
source system, classification, reason of sensitivity, publication status. A sensitive dataset is listed with its
reason, never left out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Classification(StrEnum):
    PUBLIC = "public"
    SENSITIVE = "sensitive"
    PROTECTED = "protected"


class UpdateFrequency(StrEnum):
    CONTINUOUS = "continuous"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"
    BIENNIUM = "biennium"
    IRREGULAR = "irregular"
    ONCE = "once"


class PublicationStatus(StrEnum):
    """Where a dataset stands on its way from the inventory to residents, as its steward reports it."""

    IDENTIFIED = "identified"
    DESCRIBED = "described"
    ASSESSED = "assessed"
    PROPOSED = "proposed"
    DEPARTMENT_APPROVED = "department_approved"
    PRIVACY_REVIEWED = "privacy_reviewed"
    BOARD_APPROVED = "board_approved"
    RELEASED = "released"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    DECLINED = "declined"


UNDESCRIBED: Final = frozenset({PublicationStatus.IDENTIFIED, PublicationStatus.DECLINED, PublicationStatus.WITHDRAWN})
DESCRIBING: Final = ("description", "owner", "source_system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A dataset as its steward describes it. `measures` are the codes of the measures it feeds."""

    code: str
    title: str
    classification: Classification
    description: str = ""
    department: str | None = None
    update_frequency: UpdateFrequency = UpdateFrequency.IRREGULAR
    licence: str = ""
    owner: str = ""
    privacy: str = ""
    source_system: str = ""
    sensitivity_reason: str = ""
    publication_status: PublicationStatus = PublicationStatus.IDENTIFIED
    withdrawal_note: str = ""
    measures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an entry is not taken: the field, a stable code, and words for a person."""

    path: str
    code: str
    detail: str


def faults(entry: Entry) -> tuple[Fault, ...]:
    """Everything that is wrong with an entry; empty when it may be listed."""
    return (*_sensitivity(entry), *_description(entry), *_withdrawal(entry), *_measures(entry))


def _sensitivity(entry: Entry) -> tuple[Fault, ...]:
    if entry.classification is Classification.PUBLIC or entry.sensitivity_reason.strip():
        return ()
    told = f"a {entry.classification} dataset is listed with the reason why it is"
    return (Fault("sensitivity_reason", "reason_missing", told),)


def _description(entry: Entry) -> tuple[Fault, ...]:
    if entry.publication_status in UNDESCRIBED:
        return ()
    told = f"a dataset that is {entry.publication_status} says this"
    return tuple(Fault(name, "not_described", told) for name in DESCRIBING if not getattr(entry, name).strip())


def _withdrawal(entry: Entry) -> tuple[Fault, ...]:
    if entry.publication_status is PublicationStatus.WITHDRAWN and not entry.withdrawal_note.strip():
        return (Fault("withdrawal_note", "reason_missing", "a withdrawn dataset says why it was withdrawn"),)
    return ()


def _measures(entry: Entry) -> tuple[Fault, ...]:
    twice = sorted({code for code in entry.measures if entry.measures.count(code) > 1})
    return tuple(Fault("measures", "duplicate_measure", f"{code} is named twice") for code in twice)
