"""`python -m deploy.compose.enter rollup-worker rollup_worker.api`: waits for secrets and schema, then is the service.

The schema is waited for, not only the server: after an upgrade a process must not meet yesterday's tables.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final, NoReturn

import asyncpg
from alembic.script import ScriptDirectory

from deploy.compose.waiting import end_when_asked, until
from deploy.local.layout import ROOT
from deploy.local.postgres import REFUSED
from deploy.local.process import PartFailed

SECRETS: Final = ("PGPASSFILE", "NATS_CREDS", "TOKEN_KEYS")


def main(service: str, module: str) -> NoReturn:
    end_when_asked()
    files = [Path(os.environ[name]) for name in SECRETS]
    url = os.environ["DATABASE_URL"]
    newest = ScriptDirectory(str(ROOT / "services" / service / "migrations")).get_current_head()
    try:
        until("bootstrap to hand out secrets", lambda: all(path.exists() for path in files))
        until("migrate to bring the schema", lambda: asyncio.run(schema(url)) == newest)
    except PartFailed as reason:
        sys.exit(str(reason))
    os.execv(sys.executable, [sys.executable, "-m", module])  # noqa: S606 - the arguments are our own


async def schema(url: str) -> str | None:
    """The revision a database stands at; None when it has none or does not answer."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, TimeoutError, *REFUSED):
        return None
    try:
        found: str | None = await connection.fetchval("select version_num from alembic_version")
    except (OSError, TimeoutError, *REFUSED):
        return None
    finally:
        connection.terminate()
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
