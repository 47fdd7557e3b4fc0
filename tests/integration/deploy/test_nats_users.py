"""Who may say and hear what on NATS, tried against the real server."""

import asyncio
from collections.abc import AsyncIterator

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from deploy.local import nats_users
from deploy.local.partners import make_consumers
from tests.support.parts import Nats
from tests.support.stubs import eventually
from tideline.bus import Bus
from tideline.events import STREAM_SUBJECTS

PUBLIC = "status.changed.v1.city.city"
HIDDEN = "internal.status.changed.v1.measure.secret"


class Guest:
    """A connection that remembers what it was refused."""

    def __init__(self, server: Nats, user: str, inbox: str | None = None) -> None:
        self.refused: list[str] = []
        self._options = {"user_credentials": server.creds(user), "inbox_prefix": inbox or f"_INBOX_{user}"}
        self._url = server.url

    async def _said(self, reason: Exception) -> None:
        self.refused.append(str(reason))

    async def __aenter__(self) -> "Guest":
        self.client: Client = await nats.connect(self._url, error_cb=self._said, allow_reconnect=False, **self._options)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def is_refused(self, subject: str) -> bool:
        await self.client.publish(subject, b"{}")
        await self.client.flush()
        await asyncio.sleep(0.01)
        return any(subject.lower() in reason.lower() for reason in self.refused)


@pytest.fixture
async def streams(nats_server: Nats) -> AsyncIterator[Nats]:
    for user, stream in nats_users.OWNED.items():
        bus = await Bus.connect(nats_server.url, nats_server.creds(user), user)
        await bus.js.add_stream(
            name=stream, subjects=list(STREAM_SUBJECTS[stream]), allow_direct=True, allow_atomic=True
        )
        await bus.close()
    assert await make_consumers(nats_server.url, nats_server.server.credentials(nats_users.STEWARD))
    yield nats_server


async def publish_status(server: Nats, *subjects: str) -> None:
    async with Guest(server, "rollup-worker") as worker:
        for subject in subjects:
            await worker.client.jetstream().publish(subject, b"{}")


@pytest.mark.parametrize("user", [*nats_users.OWNED, nats_users.FOLLOWER])
async def test_a_stream_is_written_by_its_owner_alone(streams: Nats, user: str) -> None:
    async with Guest(streams, user) as guest:
        for stream, subjects in STREAM_SUBJECTS.items():
            for pattern in subjects:
                refused = await guest.is_refused(pattern.replace(">", "x.v1.y.z"))
                assert refused == (nats_users.OWNED.get(user) != stream)


async def test_nobody_but_the_owner_changes_a_stream(streams: Nats) -> None:
    async with Guest(streams, "goals-api") as guest:
        for call in ("STREAM.DELETE.GOALS", "STREAM.PURGE.GOALS", "STREAM.UPDATE.STATUS", "STREAM.CREATE.STATUS"):
            assert await guest.is_refused(f"$JS.API.{call}")


async def test_a_service_reads_through_its_own_durable_consumer(streams: Nats) -> None:
    await publish_status(streams, PUBLIC, HIDDEN)
    async with Guest(streams, "opendata-catalog") as guest:
        stream = guest.client.jetstream()
        await stream.add_consumer(
            "STATUS", ConsumerConfig(durable_name="opendata-catalog", ack_policy=AckPolicy.EXPLICIT)
        )
        pull = await stream.pull_subscribe_bind("opendata-catalog", "STATUS")
        messages = await pull.fetch(2, timeout=5)
        for message in messages:
            await message.ack_sync(timeout=5)
        assert [message.subject for message in messages] == [PUBLIC, HIDDEN]
        assert (await pull.consumer_info()).num_ack_pending == 0
        assert await guest.is_refused("$JS.API.CONSUMER.MSG.NEXT.STATUS.partner")


async def test_the_read_api_follows_and_cannot_touch_a_durable_consumer(streams: Nats) -> None:
    await publish_status(streams, PUBLIC)
    async with Guest(streams, nats_users.FOLLOWER) as guest:
        follow = await guest.client.jetstream().subscribe("status.>", stream="STATUS", ordered_consumer=True)
        assert (await follow.next_msg(timeout=5)).subject == PUBLIC
        assert (await guest.client.jetstream().get_msg("STATUS", 1, direct=True)).subject == PUBLIC
        for call in ("CREATE.GOALS.rollup-worker", "MSG.NEXT.STATUS.partner", "DELETE.GOALS.rollup-worker"):
            assert await guest.is_refused(f"$JS.API.CONSUMER.{call}")
        assert not any("direct" in reason for reason in guest.refused)


@pytest.mark.parametrize("inbox", ["_INBOX_partner", "_INBOX"])
async def test_a_partner_pulls_public_events_from_its_durable_consumer(streams: Nats, inbox: str) -> None:
    await publish_status(streams, HIDDEN, PUBLIC)
    async with Guest(streams, "partner", inbox) as guest:
        pull = await guest.client.jetstream().pull_subscribe_bind("partner", "STATUS")
        messages = await pull.fetch(10, timeout=1)
        assert [message.subject for message in messages] == [PUBLIC]
        await messages[0].ack_sync(timeout=5)
        found = await pull.consumer_info()
        assert (found.num_ack_pending, found.num_pending) == (0, 0)
        assert guest.refused == []


async def test_a_partner_hears_live_what_is_public_and_nothing_else(streams: Nats) -> None:
    async with Guest(streams, "partner") as guest:
        live = await guest.client.subscribe("status.>")
        await guest.client.subscribe("internal.>")
        await guest.client.flush()
        await publish_status(streams, HIDDEN, PUBLIC)
        assert (await live.next_msg(timeout=5)).subject == PUBLIC
        await eventually(lambda: any("internal.>" in reason for reason in guest.refused), "the refusal")


async def test_a_partner_says_nothing(streams: Nats) -> None:
    calls = (
        "STREAM.DELETE.STATUS",
        "STREAM.MSG.GET.STATUS",
        "CONSUMER.CREATE.STATUS.own",
        "CONSUMER.MSG.NEXT.STATUS.x",
    )
    async with Guest(streams, "partner") as guest:
        for subject in (PUBLIC, "hint.goals", "anything", *(f"$JS.API.{call}" for call in calls)):
            assert await guest.is_refused(subject)


async def test_without_streams_there_are_no_consumers_yet(nats_server: Nats) -> None:
    assert not await make_consumers(nats_server.url, nats_server.server.credentials(nats_users.STEWARD))
    async with Guest(nats_server, nats_users.STEWARD) as steward:
        with pytest.raises(NotFoundError):
            await steward.client.jetstream().stream_info("STATUS")


async def test_credentials_survive_a_restart_of_the_server(own_nats: Nats) -> None:
    credentials = {user: own_nats.creds(user) for user in ("goals-api", "partner")}
    old_partner = own_nats.server.credentials("partner").read_text()
    own_nats.process.kill()
    own_nats.restart()
    own_nats.server.credentials("partner").write_text(old_partner)
    for user in credentials:
        async with Guest(own_nats, user) as guest:
            await guest.client.flush()


def test_every_user_fits_into_a_standard_connect_line(own_nats: Nats) -> None:
    """Servers we do not configure cut a CONNECT off at 4,096 bytes."""
    for user in (*nats_users.city(), *nats_users.PARTNERS):
        assert own_nats.server.credentials(user).stat().st_size < 3_950
