"""A target held against what was proven, and a measure beside its peers and its past, in words for readers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from rollup_worker.core.headline import Headline
from rollup_worker.schemas.document import NodeName
from rollup_worker.schemas.reads import TargetWords
from tideline import periods
from tideline.events import Baseline, Calendar
from tideline.vocabulary import Frequency, Status


class CategoryWords(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of target, whether this one is of it, the figures behind, and the same in words."""

    category: str
    detected: bool
    words: str
    figures: dict[str, Any]


class ChangeWords(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a target that came after its period had begun, beside the one it replaced."""

    version: int
    known_from: datetime
    reason: str
    before: TargetWords
    after: TargetWords


class FreezeWords(msgspec.Struct, frozen=True, kw_only=True):
    """`frozen`: no version came after the period had begun. `set_late`: even the first one did."""

    frozen: bool
    set_late: bool
    words: str
    changes: list[ChangeWords]


class TargetCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The five kinds of targets, told of one target. `target` null: none is set; `detected` are those that apply."""

    node: NodeName
    as_of: str | None
    known_at: datetime | None
    status: Status
    target: TargetWords | None = None
    detected: list[str] = []
    categories: list[CategoryWords] = []
    freeze: FreezeWords | None = None
    notes: list[str] = []


class PointWords(msgspec.Struct, frozen=True, kw_only=True):
    """The value of one period, from `reporting` of `of` parts."""

    period: str
    value: Decimal | None
    reporting: int = 1
    of: int = 1
    provisional: bool = False
    sample: bool = False


class PeerWords(msgspec.Struct, frozen=True, kw_only=True):
    """Someone else with the same measure; `value` is that of the judged period, null: missing there."""

    code: str
    title: str
    source: str
    value: Decimal | None
    latest: PointWords | None
    series: list[PointWords]


class PositionWords(msgspec.Struct, frozen=True, kw_only=True):
    """The measure among its peers with a value for `period`: `rank` 1 is the best of `of`, itself included.

    `share_worse` of these peers do worse (0 to 1); `tied` have the same value. `median` and quartiles are those of
    the peers. `missing` have no value for the period. `text` tells the rank in words.
    """

    period: str
    rank: int | None
    of: int
    text: str | None
    tied: int
    share_worse: Decimal | None
    lower_quartile: Decimal | None
    median: Decimal | None
    upper_quartile: Decimal | None
    missing: list[str]


class PastWords(msgspec.Struct, frozen=True, kw_only=True):
    """The measure beside its own past; best and worst in the desired direction, the mean of the last five periods."""

    previous: PointWords | None
    year_before: PointWords | None
    best: PointWords | None
    worst: PointWords | None
    mean: Decimal | None
    mean_of: int
    baseline: Baseline | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A measure beside its peers and its past. `as_of` is the judged period, `ends_on` its last day."""

    node: NodeName
    as_of: str | None = None
    ends_on: date | None = None
    known_at: datetime | None = None
    status: Status
    unit: str = ""
    direction: str | None = None
    per: Frequency | None = None
    source: str = ""
    value: Decimal | None = None
    series: list[PointWords] = []
    peers: list[PeerWords] = []
    position: PositionWords | None = None
    past: PastWords | None = None
    notes: list[str] = []


def point_words(held: Headline | None, calendar: Calendar) -> PointWords | None:
    return None if held is None else point(held, calendar)


def point(held: Headline, calendar: Calendar) -> PointWords:
    return PointWords(
        period=periods.identify(held.period, calendar),
        value=held.value,
        reporting=held.reporting,
        of=held.of,
        provisional=held.provisional,
        sample=held.sample,
    )
