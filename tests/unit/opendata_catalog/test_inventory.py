"""What makes an inventory entry acceptable, and which measures it is seen to feed."""

from dataclasses import replace

import pytest

from opendata_catalog.core.feeds import Feed, Measure, feeds
from opendata_catalog.core.inventory import Classification, Entry, Fault, PublicationStatus, faults

ENTRY = Entry(
    code="street-potholes",
    title="Potholes repaired",
    classification=Classification.PUBLIC,
    description="Every pothole repaired, by block and day.",
    owner="Street Operations",
    source_system="Work order system",
    publication_status=PublicationStatus.DESCRIBED,
    measures=("potholes-repaired", "pothole-area-repaired"),
)
POTHOLES = Measure("potholes-repaired", "Potholes repaired", "public-works", published=True, retired=False)
DRAFT = Measure("pothole-area-repaired", "Not yet shown", "public-works", published=False, retired=False)
KNOWN = {measure.code: measure for measure in (POTHOLES, DRAFT)}


def _paths(found: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in found]


def test_a_described_public_dataset_is_taken() -> None:
    assert faults(ENTRY) == ()


@pytest.mark.parametrize("kind", [Classification.SENSITIVE, Classification.PROTECTED])
def test_a_sensitive_dataset_needs_its_reason(kind: Classification) -> None:
    assert _paths(faults(replace(ENTRY, classification=kind))) == [("sensitivity_reason", "reason_missing")]
    assert faults(replace(ENTRY, classification=kind, sensitivity_reason="Addresses of customers")) == ()


def test_a_reason_of_blanks_is_none() -> None:
    entry = replace(ENTRY, classification=Classification.SENSITIVE, sensitivity_reason=" \n")
    assert _paths(faults(entry)) == [("sensitivity_reason", "reason_missing")]


def test_a_dataset_just_identified_needs_no_description() -> None:
    entry = Entry(code="meters", title="Meter reads", classification=Classification.PUBLIC)
    assert faults(entry) == ()


def test_a_dataset_said_to_be_described_names_everything_that_is_missing() -> None:
    entry = replace(ENTRY, description="", owner=" ", source_system="")
    assert [fault.path for fault in faults(entry)] == ["description", "owner", "source_system"]


def test_a_withdrawn_dataset_says_why() -> None:
    entry = replace(ENTRY, publication_status=PublicationStatus.WITHDRAWN)
    assert _paths(faults(entry)) == [("withdrawal_note", "reason_missing")]


def test_a_measure_named_twice_is_refused() -> None:
    entry = replace(ENTRY, measures=("a", "b", "a"))
    assert _paths(faults(entry)) == [("measures", "duplicate_measure")]


def test_staff_see_every_measure_and_whether_the_plan_knows_it() -> None:
    found = feeds((*ENTRY.measures, "later"), KNOWN, public=False)
    assert found == (
        Feed("potholes-repaired", True, "Potholes repaired", "public-works"),
        Feed("pothole-area-repaired", True, "Not yet shown", "public-works"),
        Feed("later", known=False),
    )


def test_the_public_is_not_told_of_unpublished_measures() -> None:
    assert [feed.code for feed in feeds((*ENTRY.measures, "later"), KNOWN, public=True)] == [
        "potholes-repaired",
        "later",
    ]


def test_a_retired_measure_is_shown_as_retired() -> None:
    (feed,) = feeds(("x",), {"x": replace(POTHOLES, code="x", retired=True)}, public=True)
    assert feed.retired
