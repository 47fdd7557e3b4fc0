"""The second job: every service's role and database exist, and their schemas are the newest."""

import asyncio
import os
import sys
from pathlib import Path

from deploy.compose.places import KEPT, database_url
from deploy.compose.waiting import WAIT_SECONDS, end_when_asked, until
from deploy.local import credentials, postgres
from deploy.local.layout import ROOT, Layout
from deploy.local.parts import DATABASES
from deploy.local.process import PartFailed
from tideline import migrations
from tideline.database import Database
from tideline.errors import Unavailable


def main() -> int:
    end_when_asked()
    try:
        until("bootstrap to make passwords", Path(os.environ["PGPASSFILE"]).exists)
        asyncio.run(provide_all())
    except (PartFailed, Unavailable, *postgres.REFUSED) as reason:
        print(f"PostgreSQL did not give the databases: {reason}", file=sys.stderr)
        return 1
    for service, role in DATABASES.items():
        folder = ROOT / "services" / service
        if folder.exists():
            print(f"migrating {service}", flush=True)
            migrations.upgrade(folder, database_url(role))
    return 0


async def provide_all() -> None:
    """Waits for the server. The roles get the passwords that were made for them."""
    admin_url = database_url(postgres.ADMIN)
    await (await Database.open(admin_url, size=1, name="migrate", wait_seconds=WAIT_SECONDS)).close()
    roles = list(dict.fromkeys(DATABASES.values()))
    for role, password in credentials.passwords(Layout(KEPT), roles).items():
        if role in roles:
            await postgres.provide(admin_url, role, password)


if __name__ == "__main__":
    sys.exit(main())
