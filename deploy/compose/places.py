"""What docker-compose.yml calls the containers and where it mounts their volumes."""

from pathlib import Path
from typing import Final

KEPT: Final = Path("/var/lib/tideline")  # keys, passwords and credentials.json; mounted by the jobs alone
HANDED: Final = Path("/handed")  # one folder per container that needs secrets; each sees only its own
SERVICE_PORT: Final = 8000
GATEWAY_PORT: Final = 8080
INGEST_URL: Final = f"http://measures-ingest:{SERVICE_PORT}"
SIDE_DOOR_URL: Final = f"http://side-door:{GATEWAY_PORT}"
NATS_URL: Final = "nats://nats:4222"


def database_url(role: str, database: str | None = None) -> str:
    """Without the password, which every client finds in its PGPASSFILE."""
    return f"postgresql://{role}@postgres:5432/{database or role}"
