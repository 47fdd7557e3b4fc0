"""Any one process is killed without warning while values and plan changes stream in; nothing acknowledged is lost.

What must hold is checked on the databases and streams themselves, and statuses against a second computation. The
parts are killed one after the other in one city, so that what one kill broke would also show after the next.
`KILLS=20` kills each that often instead of twice.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

import pytest

from tests.e2e.agreement import agree
from tests.faults.city import DEPARTMENTS, City
from tests.faults.evidence import STREAMS, Evidence
from tests.faults.follower import Follower
from tests.faults.stream import Stream
from tests.support.running import Tideline, until
from tests.support.stack import Stack, running_stack

PARTS: Final = (
    "goals-api",
    "measures-ingest",
    "rollup-worker",
    "rollup-api",
    "opendata-catalog",
    "gateway",
    "nats",
    "postgres",
)
KILLS: Final = int(os.environ.get("KILLS", "2"))
BACK_SECONDS: Final = 90

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60 + 120 * KILLS)]


@dataclass(frozen=True)
class Trial:
    stack: Stack
    tideline: Tideline
    stream: Stream
    evidence: Evidence
    follower: Follower


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="module")
async def trial(own_stack: Stack) -> AsyncIterator[Trial]:
    async with Tideline.reached(own_stack.credentials) as tideline:
        stream, follower = Stream(tideline, City()), Follower(tideline)
        following = asyncio.create_task(follower.run())
        await follower.listening.wait()
        await tideline.put_plan(stream.city.document(stream.account.moving_target))
        await tideline.defined(code for department in DEPARTMENTS for code in stream.city.measures(department))
        yield Trial(own_stack, tideline, stream, Evidence(own_stack), follower)
        following.cancel()
        await asyncio.wait([following])


@pytest.mark.parametrize("part", PARTS)
async def test_nothing_is_lost_doubled_or_wrong_when_this_is_killed(trial: Trial, part: str) -> None:
    before = len(trial.stream.account.acknowledged)
    async with asyncio.TaskGroup() as group:
        group.create_task(trial.stream.run())
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.5, 1.5))
            await kill_and_wait(trial.stack, part)
        await asyncio.sleep(1)
        trial.stream.stopping.set()
    assert len(trial.stream.account.acknowledged) > before
    await every_status_is_right(trial)
    await every_acknowledged_value_is_there_once(trial)
    await every_event_is_in_its_stream_once_and_in_order(trial)
    await every_version_was_told_once(trial)
    await a_reader_who_came_back_missed_nothing(trial)
    print(f"after killing {part}: {trial.stream.account}, the reader's line broke {trial.follower.breaks} times")


async def kill_and_wait(stack: Stack, part: str) -> None:
    """Until another process does its work and the whole is ready."""
    killed = stack.kill(part)

    async def is_back() -> bool:
        pid = stack.pid(part)
        return pid is not None and pid != killed and await asyncio.to_thread(stack.is_ready)

    await until(is_back, f"{part} to come back; {stack.said}", BACK_SECONDS)


async def every_status_is_right(trial: Trial) -> None:
    """Nothing is owed any more, and each status is what the stored values and targets give."""

    async def nothing_owed() -> bool:
        return not await trial.evidence.left_over()

    values = {cell: held[-1] for cell, held in (await trial.evidence.revisions()).items()}
    today = datetime.now(UTC).date()
    await agree(trial.tideline, trial.stream.city.expectation(values, trial.stream.account.moving_target, today))
    await until(nothing_owed, "pending, dirty, quarantine and dead letters to be empty")


async def every_acknowledged_value_is_there_once(trial: Trial) -> None:
    """What was acknowledged is stored once; what was given up at most once; nothing else is there."""
    account, stored = trial.stream.account, await trial.evidence.revisions()
    acknowledged, given_up = account.values(acknowledged=True), account.values(acknowledged=False)
    for cell, held in stored.items():
        assert len(held) == len(set(held)), f"a value of {cell} is there twice"
        missing = acknowledged.get(cell, set[Fraction]()) - set(held)
        unknown = set(held) - acknowledged.get(cell, set[Fraction]()) - given_up.get(cell, set[Fraction]())
        assert (missing, unknown) == (set(), set()), cell
        assert held[-1] in account.may_stand(cell)
    assert acknowledged.keys() <= stored.keys()


async def every_event_is_in_its_stream_once_and_in_order(trial: Trial) -> None:
    for stream in STREAMS:
        recorded = {each.id: each for each in await trial.evidence.recorded(stream)}
        carried = await trial.evidence.carried(stream)
        assert len(carried) == len(recorded)
        assert {each.id for each in carried} == recorded.keys()
        latest = dict[str, int]()
        for each in carried:
            assert latest.get(each.entity, 0) < recorded[each.id].sequence, f"{each} is out of order"
            latest[each.entity] = recorded[each.id].sequence


async def every_version_was_told_once(trial: Trial) -> None:
    versions = await trial.evidence.versions()
    assert all(held == list(range(1, len(held) + 1)) for held in versions.values())
    assert await trial.evidence.told_versions() == versions


async def a_reader_who_came_back_missed_nothing(trial: Trial) -> None:
    for stream in ("GOALS", "STATUS"):
        since = trial.follower.began_after(stream)
        held = await trial.evidence.carried(stream)
        carried = [each.id for each in held if each.public and each.sequence > since]

        async def caught_up(stream: str = stream, last: str = carried[-1]) -> bool:
            return last in trial.follower.ids(stream)

        await until(caught_up, f"the reader to see the end of {stream}; its line broke {trial.follower.breaks} times")
        assert trial.follower.ids(stream) == carried
