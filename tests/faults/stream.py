"""A stream of pushes and plan changes, and an account of what was acknowledged.

Every value is used once, so that each stored revision names the push it came from. A push without an answer is
either sent again under its idempotency key until it is acknowledged, or given up: then it may have been taken or not.
"""

import asyncio
import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import count
from typing import Final

import httpx

from tests.faults.city import DEPARTMENTS, TARGET, Cell, City, observations
from tests.support.running import SECONDS, Tideline, until

GIVEN_UP: Final = 0.3
CELLS_MAX: Final = 5
PAUSE_SECONDS: Final = 0.02
ANSWER_SECONDS: Final = 10


@dataclass
class Push:
    key: str
    values: dict[Cell, str]
    acknowledged: bool = False
    batch: str | None = None


@dataclass
class Account:
    """All pushes in the order in which they were begun; `moving_target` is the one acknowledged last."""

    pushes: list[Push] = field(default_factory=list)
    moving_target: int = TARGET
    unanswered: int = 0

    @property
    def acknowledged(self) -> list[Push]:
        return [push for push in self.pushes if push.acknowledged]

    def __str__(self) -> str:
        given_up = len(self.pushes) - len(self.acknowledged)
        return f"{len(self.acknowledged)} pushes acknowledged, {given_up} given up, {self.unanswered} answers missed"

    def may_stand(self, cell: Cell) -> set[Fraction]:
        """The values that the cell may show: the one acknowledged last, or one given up after it."""
        written = [push for push in self.pushes if cell in push.values]
        last = max((place for place, push in enumerate(written) if push.acknowledged), default=0)
        return {Fraction(push.values[cell]) for push in written[last:]}

    def values(self, *, acknowledged: bool) -> dict[Cell, set[Fraction]]:
        found = defaultdict[Cell, set[Fraction]](set)
        for push in self.pushes:
            if push.acknowledged == acknowledged:
                for cell, value in push.values.items():
                    found[cell].add(Fraction(value))
        return dict(found)


@dataclass
class Stream:
    """Writers with cells of their own, and one planner; `run` goes on until `stopping` is set."""

    tideline: Tideline
    city: City
    account: Account = field(default_factory=Account)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    async def run(self) -> None:
        self.stopping.clear()
        async with asyncio.TaskGroup() as group:
            for department in DEPARTMENTS:
                cells = list(self.city.cells(department))
                for half in (cells[::2], cells[1::2]):
                    group.create_task(self._write(half))
            group.create_task(self._plan())

    async def _write(self, cells: Sequence[Cell]) -> None:
        while not self.stopping.is_set():
            await self._push(self._next(cells))
            await asyncio.sleep(PAUSE_SECONDS)

    def _next(self, cells: Sequence[Cell]) -> Push:
        """Values around the target, none of which was there before."""
        chosen = self.chance.sample(cells, self.chance.randint(1, CELLS_MAX))
        values = {cell: f"{self.chance.randint(38, 60)}.{next(self.numbers):08}" for cell in chosen}
        push = Push(uuid.uuid4().hex, values)
        self.account.pushes.append(push)
        return push

    async def _push(self, push: Push) -> None:
        gives_up = self.chance.random() < GIVEN_UP
        async with asyncio.timeout(3 * SECONDS):
            while not await self._is_acknowledged(push):
                self.account.unanswered += 1
                if gives_up:
                    return
                await asyncio.sleep(0.2)

    async def _is_acknowledged(self, push: Push) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                body = {"observations": observations(push.values)}
                answer = await self.tideline.send(body, Idempotency_Key=push.key)
        except (httpx.TransportError, TimeoutError):
            return False
        assert answer.status_code in (201, 502, 503, 504), answer.text
        push.acknowledged = answer.status_code == 201
        if push.acknowledged:
            assert answer.json()["accepted"] + answer.json()["revised"] == len(push.values), answer.text
            push.batch = answer.json()["batch"]
        return push.acknowledged

    async def _plan(self) -> None:
        """Moves a target about once a second; what is not acknowledged is asked for again."""
        while not self.stopping.is_set():
            target = self.chance.randint(40, 60)
            await until(partial(self._is_planned, target), "a plan change to be taken", 3 * SECONDS)
            self.account.moving_target = target
            await asyncio.sleep(0.7)

    async def _is_planned(self, target: int) -> bool:
        try:
            document = self.city.document(target)
            async with asyncio.timeout(ANSWER_SECONDS):
                path = f"/v1/plans/{document['code']}"
                answer = await self.tideline.http.put(path, json=document, headers=self.tideline.staff)
        except (httpx.TransportError, TimeoutError):
            return False
        assert answer.status_code in (200, 201, 502, 503, 504), answer.text
        return answer.is_success
