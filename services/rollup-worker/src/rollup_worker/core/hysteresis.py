"""Hysteresis: a judgement is shown only once it has held for `count` judged periods in a row.

Shown after each period is the judgement shown before it, moved only as far as all of the last `count` judged periods
bear out: up to the worst of them when all are better, down to the best of them when all are worse. A judgement that
has come `count` times in a row is thus shown, whatever was before it. The first to be shown is the worst of the
first `count`; until then there is none. Periods without a judgement neither count nor interrupt.

So a better value never shows a worse judgement, and the answer depends on the order of periods alone: it is found by
going back to the last time that one judgement held long enough, and playing the periods since then again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from rollup_worker.core import scores
from rollup_worker.core.decimals import ONE, ZERO
from rollup_worker.core.facts import Assessment
from rollup_worker.core.methods.method import unjudged
from tideline.vocabulary import JUDGEMENTS, Status

RANK: Final = {status: rank for rank, status in enumerate(scores.BANDS)}


@dataclass(frozen=True, slots=True)
class Past:
    """What a period was judged by itself. `period` is its id."""

    period: str
    status: Status


def confirmed(found: Assessment, history: Iterable[Past], count: int) -> Assessment:
    """What is shown of a judgement. `history` are the raw ones of all periods, the latest (this one's) first."""
    if found.status not in JUDGEMENTS:
        return found
    recent = _recent([], history, count)
    told = {**found.why, **_told(found, recent, count)}
    shown = _replay([past.status for past in recent], count)
    if shown is None:
        detail = f"No judgement has held for {count} periods yet."
        return Assessment(
            Status.INSUFFICIENT,
            native=found.native,
            target=found.target,
            why={**told, **unjudged(Status.INSUFFICIENT, "unconfirmed", detail).why},
        )
    if shown is found.status:
        return Assessment(found.status, found.score, found.native, found.target, told)
    place = ONE if RANK[found.status] > RANK[shown] else ZERO
    return Assessment(shown, scores.score(shown, place), found.native, found.target, told)


def _recent(recent: list[Past], history: Iterable[Past], count: int) -> list[Past]:
    """The judged periods, the latest first, back to where one judgement held for `count` of them."""
    held = 0
    for past in history:
        if past.status in JUDGEMENTS:
            held = held + 1 if recent and recent[-1].status is past.status else 1
            recent.append(past)
        if held == count:
            break
    return recent


def _replay(statuses: list[Status], count: int) -> Status | None:
    """`statuses` have the latest first."""
    shown = None
    for at in range(len(statuses) - count, -1, -1):
        ranks = sorted(RANK[status] for status in statuses[at : at + count])
        shown = ranks[0] if shown is None else min(max(shown, ranks[0]), ranks[-1])
    return None if shown is None else list(RANK)[shown]


def _told(found: Assessment, recent: list[Past], count: int) -> dict[str, object]:
    """The raw judgement, and for how many of the last `count` judged periods it has come without a break."""
    run = min(sum(1 for _ in takewhile(lambda past: past.status is found.status, recent)), count)
    return {
        "confirm": count,
        "raw_status": found.status,
        "raw_score": found.score,
        "raw_since": recent[run - 1].period,
        "raw_periods": run,
    }
