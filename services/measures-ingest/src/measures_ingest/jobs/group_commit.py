"""Small pushes share a transaction: those that come while a commit is under way make up the next one.

Each is answered after its commit. When a group fails, its members are tried one by one, so that a push fails for its
own reasons only. One group is under way at a time: pushes apply in the order in which they came.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from measures_ingest.actions.committing import Committer
from measures_ingest.actions.pushes import Push
from measures_ingest.actions.storing import Outcome
from tideline.database import is_away
from tideline.errors import Unavailable

log = logging.getLogger(__name__)

GROUP_PUSHES_MAX: Final = 500
GROUP_ROWS_MAX: Final = 5_000
WAITING_MAX: Final = 5_000


class _Member(NamedTuple):
    push: Push
    answer: "asyncio.Future[Outcome]"


class GroupCommit:
    def __init__(self, committer: Committer, *, waiting_max: int = WAITING_MAX) -> None:
        self._committer = committer
        self._waiting: deque[_Member] = deque()
        self._waiting_max = waiting_max
        self._arrived = asyncio.Event()

    async def submit(self, push: Push) -> Outcome:
        """Waits for the commit that the push is part of. Raises Unavailable when too many wait already."""
        if len(self._waiting) >= self._waiting_max:
            raise Unavailable("too many pushes wait for the database", code="queue_full", headers={"Retry-After": "1"})
        member = _Member(push, asyncio.get_running_loop().create_future())
        self._waiting.append(member)
        self._arrived.set()
        return await member.answer

    async def run(self) -> None:
        """Commits groups until cancelled; whoever waits then is told to come again."""
        try:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._waiting:
                    await self._commit(self._next())
        finally:
            while self._waiting:
                _answer(self._waiting.popleft(), _stopping("stopping"))

    def _next(self) -> list[_Member]:
        """The next group; a push whose caller has gone is left out: nobody was promised anything."""
        group: list[_Member] = []
        rows = 0
        while self._waiting and len(group) < GROUP_PUSHES_MAX and rows < GROUP_ROWS_MAX:
            member = self._waiting.popleft()
            if not member.answer.done():
                group.append(member)
                rows += len(member.push.rows)
        return group

    async def _commit(self, group: Sequence[_Member]) -> None:
        try:
            outcomes = await self._committer.commit([member.push for member in group])
        except asyncio.CancelledError:
            for member in group:
                _answer(member, _stopping("outcome_unknown"))
            raise
        except Exception as reason:
            if is_away(reason) or isinstance(reason, Unavailable):
                # No member's own fault, and no member would fare better alone.
                for member in group:
                    _answer(member, reason)
            else:
                await self._part(group, reason)
        else:
            for member, outcome in zip(group, outcomes, strict=True):
                _answer(member, outcome)

    async def _part(self, group: Sequence[_Member], reason: Exception) -> None:
        """The group failed for a reason that is one member's own: each goes alone."""
        if len(group) == 1:
            log.exception("a push failed", exc_info=reason)
            _answer(group[0], reason)
            return
        log.warning("a group of %s pushes failed and is tried one by one: %r", len(group), reason)
        for member in group:
            await self._commit([member])


def _stopping(code: str) -> Unavailable:
    return Unavailable("this service is stopping; send the push again", code=code, headers={"Retry-After": "1"})


def _answer(member: _Member, outcome: Outcome | Exception) -> None:
    if member.answer.done():
        return
    if isinstance(outcome, Exception):
        member.answer.set_exception(outcome)
    else:
        member.answer.set_result(outcome)
