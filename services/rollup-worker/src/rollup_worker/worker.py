"""The worker as a process: `python -m rollup_worker.worker`.

`… rebuild` has everything judged again. `… replay` shows that the event log gives the same documents byte for byte;
with `--into` it gives a lost database back. `… method ID VERSION` tells what another version of a status method would
change, with `--history` for every past period too; with `--switch` it is put in force.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import msgspec
from fastapi import FastAPI

from rollup_worker.handlers import HANDLERS
from rollup_worker.jobs.adoption import Comparison, adopt, compare, compare_history, offer
from rollup_worker.jobs.eventlog import Incomplete
from rollup_worker.jobs.recompute import Recompute, mark_rebuild
from rollup_worker.jobs.recovering import check, recover
from rollup_worker.jobs.replaying import Log
from rollup_worker.jobs.staleness import record_day, record_days
from rollup_worker.repository import dirty, journal
from rollup_worker.settings import Settings
from tideline import logs
from tideline.bus import Bus
from tideline.clock import Clock
from tideline.consumer import Consumer
from tideline.database import Database
from tideline.errors import AppError, Invalid
from tideline.events import encode
from tideline.loops import start
from tideline.relay import Relay
from tideline.web import Check, create_app, serve

NAME: Final = "rollup-worker"
HINT: Final = f"hint.{NAME}"


def build(settings: Settings) -> FastAPI:
    """Loops without routes; the small HTTP port tells whether they are well."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, settings, stack)
            yield

    return create_app("Tideline roll-up worker", "Judges what changed.", lifespan=lifespan, checks=_checks)


async def _start(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    clock = Clock(settings.clock_start)
    app.state.database = database = await Database.open(settings.database_url, name=NAME)
    stack.push_async_callback(database.close)
    app.state.bus = bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    stack.push_async_callback(bus.close)
    app.state.relay = relay = Relay(database, bus, "STATUS")
    app.state.recompute = recompute = Recompute(database, clock, poll_seconds=settings.poll_seconds, after=relay.wake)
    await record_day(database, clock)
    async with database.transaction() as connection:
        await dirty.lock(connection)
        await offer(connection, clock.now())
    start(stack, relay.run())
    await bus.on_hint(HINT, recompute.wake)
    start(stack, recompute.run())
    start(stack, record_days(database, clock, settings.tick_seconds, recompute.wake))
    for stream, handlers in HANDLERS.items():
        consumer = Consumer(
            database, bus, stream=stream, durable=NAME, handlers=handlers, after=recompute.wake, note=journal.note
        )
        start(stack, consumer.run())


def _checks(app: FastAPI) -> Mapping[str, Check]:
    state = app.state
    return {
        "database": state.database.round_trip,
        "nats": state.bus.round_trip,
        "relay": state.relay.check,
        "recompute": state.recompute.check,
    }


async def rebuild(settings: Settings) -> None:
    """Marks every node; the running worker judges them as it judges anything else."""
    database = await Database.open(settings.database_url, size=1, name="rollup-rebuild")
    try:
        async with database.transaction() as connection:
            await mark_rebuild(connection, Clock(settings.clock_start).now())
    finally:
        await database.close()


async def method(settings: Settings, asked: argparse.Namespace) -> Comparison:
    """Compares a version of a method with the one in force and, if told to, switches to it."""
    clock = Clock(settings.clock_start)
    database = await Database.open(settings.database_url, size=1, name="rollup-method")
    try:
        if asked.switch:
            return await adopt(database, clock, asked.id, asked.version, asked.actor)
        async with database.transaction(read_only=True) as connection:
            look = compare_history if asked.history else compare
            return await look(connection, asked.id, asked.version)
    finally:
        await database.close()


async def replay(settings: Settings, into: str | None) -> bool:
    """True when nothing differs. Raises Incomplete for a log with gaps, Conflict for a database that is not empty."""
    bus = await Bus.connect(settings.nats_url, settings.nats_creds, NAME)
    database = await Database.open(into or settings.database_url, size=2, name="rollup-replay")
    try:
        say: Callable[[str], object] = lambda words: sys.stdout.write(words + "\n")  # noqa: E731
        log = Log(bus, HANDLERS)
        work = recover(database, log, say) if into else check(database, settings.database_url, log, say)
        found = await work
    finally:
        await database.close()
        await bus.close()
    end = f"different: {found.differences}" if found.differences else "identical"
    say(f"{end}: {found.nodes} nodes, {found.versions} versions, {found.events} events")
    return not found.differences


def report(found: Comparison) -> str:
    """JSON: the counts, and every measure of which the versions do not say the same."""
    words = {
        "method": found.method,
        "version": {"in_force": found.old, "compared": found.new},
        "judged": len(found.judged),
        "past_periods": found.periods,
        "disagree": len(found.disagreements),
        "status_differs": sum(1 for each in found.disagreements if each.old.status != each.new.status),
        "disagreements": [
            {
                "code": each.code,
                "as_of": each.old.as_of,
                "past": each.past,
                "status": [each.old.status, each.new.status],
                "score": [each.old.score, each.new.score],
                "changed": each.changed,
            }
            for each in found.disagreements
        ],
    }
    return msgspec.json.format(encode(words)).decode()


def commands() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rollup_worker.worker", description=__doc__)
    named = parser.add_subparsers(dest="command")
    named.add_parser("rebuild", help="have every node judged again")
    again = named.add_parser("replay", help="compare what is stored with what the event log gives")
    way = again.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="beside the live tables, which stay as they are; the default")
    way.add_argument("--into", metavar="DATABASE_URL", help="fill this empty database, for the worker to go on from")
    switch = named.add_parser("method", help="compare a version of a status method with the one in force")
    switch.add_argument("id")
    switch.add_argument("version", type=int)
    switch.add_argument("--history", action="store_true", help="compare at the end of every past period too")
    switch.add_argument("--switch", action="store_true", help="put it in force and judge anew what follows it")
    switch.add_argument("--actor", default="operator", help="who switches, as the event tells")
    return parser


def main() -> None:
    logs.configure(NAME)
    asked = commands().parse_args()
    settings = Settings()
    if asked.command == "rebuild":
        asyncio.run(rebuild(settings))
    elif asked.command == "method":
        try:
            sys.stdout.write(report(asyncio.run(method(settings, asked))) + "\n")
        except Invalid as fault:
            sys.exit(str(fault))
    elif asked.command == "replay":
        try:
            sys.exit(0 if asyncio.run(replay(settings, asked.into)) else 1)
        except (Incomplete, AppError) as fault:
            sys.exit(str(fault))
    else:
        serve(build(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
