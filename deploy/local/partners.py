"""The durable consumers that partners pull from: made by the steward, because a partner may create nothing."""

from pathlib import Path

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from deploy.local.nats_users import PARTNER_STREAMS, PARTNERS, STEWARD, public_subjects


async def make_consumers(url: str, steward_credentials: Path | None) -> bool:
    """One per partner and stream, on public subjects only. False when a stream is not there yet."""
    credentials = str(steward_credentials) if steward_credentials else None
    client = await nats.connect(
        url, user_credentials=credentials, name=STEWARD, connect_timeout=2, allow_reconnect=False, error_cb=_ignore
    )
    try:
        for stream in PARTNER_STREAMS:
            for name in PARTNERS:
                await client.jetstream(timeout=3).add_consumer(stream, consumer(stream, name))
    except NotFoundError:
        return False
    finally:
        await client.close()
    return True


def consumer(stream: str, partner: str) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=partner,
        filter_subjects=public_subjects(stream),
        ack_policy=AckPolicy.EXPLICIT,
        deliver_policy=DeliverPolicy.ALL,
        ack_wait=60,
        max_ack_pending=10_000,
    )


async def _ignore(_: Exception) -> None:
    """The request that failed says so itself."""
