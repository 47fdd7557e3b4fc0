"""The lint of a plan in the words of the API."""

from decimal import Decimal

import msgspec

from tideline.vocabulary import Kind


class FindingWords(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a node leaves open; `node` is its code, `title` its title."""

    code: str
    kind: Kind
    node: str
    title: str
    detail: str


class RuleCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many nodes a rule found, of how many it was asked of; `percent` with one decimal place."""

    code: str
    title: str
    count: int
    of: int
    percent: Decimal | None


class LintReport(msgspec.Struct, frozen=True):
    """All findings at once, and the counts of every rule, also of those that found nothing."""

    items: list[FindingWords]
    counts: list[RuleCount]
    next: str | None = None
