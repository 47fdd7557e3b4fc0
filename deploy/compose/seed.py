"""The last job before the gateway opens: credentials for people and feeds, partners' consumers, the first city."""

import asyncio
import os
import sys
import time
from pathlib import Path

import httpx
import nats.errors
from nats.js.errors import Error as JetStreamError

from deploy.compose.places import INGEST_URL, KEPT, NATS_URL, SIDE_DOOR_URL
from deploy.compose.waiting import end_when_asked, until
from deploy.local import credentials, nats_users
from deploy.local.layout import Layout
from deploy.local.partners import make_consumers
from deploy.local.process import PartFailed
from deploy.seed.loading import SeedFault, load


def main() -> int:
    end_when_asked()
    layout = Layout(KEPT)
    try:
        until("the services to be ready", services_are_ready)
        staff, feed = write_credentials(layout)
        steward = layout.secrets / "nats" / f"{nats_users.STEWARD}.creds"
        until("the streams that partners read", lambda: partners_are_served(steward))
        if os.environ.get("CITY") != "none" and not layout.seeded.exists():
            print(load(SIDE_DOOR_URL, staff, feed), flush=True)
            layout.seeded.write_text(time.strftime("%Y-%m-%dT%H:%M:%SZ\n", time.gmtime()))
    except (PartFailed, SeedFault, httpx.HTTPError) as reason:
        print(reason, file=sys.stderr)
        return 1
    print(f"{layout.credentials} is written; the gateway opens on {os.environ['BASE_URL']}")
    return 0


def services_are_ready() -> bool:
    try:
        return httpx.get(f"{SIDE_DOOR_URL}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def partners_are_served(steward: Path) -> bool:
    try:
        return asyncio.run(asyncio.wait_for(make_consumers(NATS_URL, steward), 10))
    except (OSError, TimeoutError, nats.errors.Error, JetStreamError):
        return False


def write_credentials(layout: Layout) -> tuple[str, str]:
    """The staff token and the feed key, which stand in the file with the rest."""
    tokens = credentials.sign_tokens(layout)
    staff = tokens["administrator"]
    feeds = credentials.make_feeds(layout, INGEST_URL, staff)
    partner = layout.secrets / "nats" / f"{nats_users.PARTNERS[0]}.creds"
    found = {"staff_token": staff, "tokens_by_role": tokens, **feeds, "partner_nats_creds": partner.read_text()}
    credentials.write_credentials(layout, os.environ["BASE_URL"], os.environ["PUBLIC_NATS_URL"], found)
    return staff, feeds["feed_key"]


if __name__ == "__main__":
    sys.exit(main())
