"""One observation as it was sent, and as it is stored."""

from datetime import date
from decimal import Decimal

import msgspec

from measures_ingest.core.rejects import Reject


class Raw(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """An observation of the right shape whose content nobody has looked at."""

    measure: str
    period: str | int
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    breakdown: dict[str, str | int] = {}
    flag: str | None = None
    note: str | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """An observation that fits its measure. `breakdown` is canonical, `start` the first day of its period.

    `scheme` says how its period was read: what is read otherwise is another series.
    """

    index: int
    measure: str
    breakdown: str
    start: date
    period: str
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None
    flag: str | None
    note: str | None
    scheme: str

    @property
    def series(self) -> tuple[str, str, str]:
        return self.measure, self.breakdown, self.scheme


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A row of a measure that is not defined yet: it waits in quarantine."""

    index: int
    raw: Raw


class Sifted(msgspec.Struct, frozen=True):
    """What became of some rows."""

    rows: list[Row]
    rejects: list[Reject]
    unknown: list[Unknown]
