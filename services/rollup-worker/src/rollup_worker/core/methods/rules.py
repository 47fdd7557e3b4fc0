"""Ordered rules: the first whose limits hold decides, and off track is what none matches.

What a rule may speak of (`of`), each towards the target's nearest bound:
· `value`: the value itself · `percent`: of the due target · `difference`: value − due target.
· `progress`: percent of the way from the baseline to the target that is made.
· `pace`: percent of the progress that is due by now, on the straight line in days, that is made.
· `behind`: percentage points of the way that are due by now and not made.
· `growth`: percent a year since the baseline, compound, positive in the desired direction; it needs no target.
· `projected`: percent of the way that will be made by the target's end if that growth goes on.

**Ends.** Of a target of zero, zero is 100 percent and everything else beyond any percentage, on its own side. Where
the baseline met the target already there is no way to go: then a met target is 100 percent (nothing behind), and a
missed one short of any percentage.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import msgspec

from rollup_worker.core.decimals import HUNDRED, ONE, divide
from rollup_worker.core.growth import at_least
from tideline.vocabulary import Status

GROWTH: Final = "growth"
PROJECTED: Final = "projected"
ON_THE_WAY: Final = frozenset({"progress", "pace", "behind", PROJECTED})
ENDLESS: Final = Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class Figure:
    """amount / unit, with a unit above zero; `reckoned` ones are roots, told apart to 10^-100 only."""

    amount: Decimal
    unit: Decimal = ONE
    reckoned: bool = False

    @property
    def shown(self) -> Decimal | None:
        """None for what is beyond every number."""
        return divide(self.amount, self.unit) if self.amount.is_finite() else None

    def reaches(self, limit: Decimal) -> bool:
        """At least the limit, decided without dividing."""
        return at_least(self.amount, limit) if self.reckoned else self.amount >= limit * self.unit

    def keeps(self, limit: Decimal) -> bool:
        """At most the limit."""
        return at_least(limit, self.amount) if self.reckoned else self.amount <= limit * self.unit


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All given limits must hold for what `of` names."""

    status: Literal["achieved", "on_track", "at_risk", "off_track", "deteriorating"]
    of: Literal["value", "percent", "difference", "progress", "pace", "behind", "growth", "projected"] = "percent"
    at_least: Decimal | None = None
    above: Decimal | None = None
    at_most: Decimal | None = None
    below: Decimal | None = None

    def __post_init__(self) -> None:
        for limit in (self.at_least, self.above, self.at_most, self.below):
            if limit is not None and not limit.is_finite():
                raise ValueError("a limit is a finite number")

    def holds(self, figure: Figure) -> bool:
        return (
            (self.at_least is None or figure.reaches(self.at_least))
            and (self.above is None or not figure.keeps(self.above))
            and (self.at_most is None or figure.keeps(self.at_most))
            and (self.below is None or not figure.reaches(self.below))
        )


def decide(rules: Sequence[Rule], figures: Mapping[str, Figure]) -> Status:
    """Every figure that the rules name is there."""
    return Status(next((rule.status for rule in rules if rule.holds(figures[rule.of])), Status.OFF_TRACK.value))


def named(rules: Sequence[Rule]) -> frozenset[str]:
    return frozenset(rule.of for rule in rules)


def percent_of(value: Decimal, bound: Decimal) -> Figure:
    """Both in one measure; a negative bound is counted from zero as a positive one is."""
    if bound == 0:
        return Figure(HUNDRED if value == 0 else ENDLESS.copy_sign(value))
    return Figure(value * HUNDRED if bound > 0 else -value * HUNDRED, abs(bound))
