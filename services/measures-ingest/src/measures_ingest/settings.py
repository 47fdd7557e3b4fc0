"""What the service is told from outside; every name is an environment variable."""

from datetime import datetime
from pathlib import Path

from pydantic_settings import BaseSettings

MIB = 1024 * 1024


class Settings(BaseSettings):
    """`json_bytes_max` and `stream_bytes_max` bound the decoded body, `expansion_max` decoded to sent bytes.

    A sender may have `pushes_per_sender_max` pushes under way at once; the service `streams_max` large ones, each of
    which holds a connection. `quarantine`: rows of undefined measures wait instead of being rejected.
    """

    database_url: str
    nats_url: str
    nats_creds: str | None = None
    token_keys: Path
    host: str = "127.0.0.1"
    port: int = 0
    clock_start: datetime | None = None
    json_bytes_max: int = 32 * MIB
    stream_bytes_max: int = 4096 * MIB
    expansion_max: int = 250
    pushes_per_sender_max: int = 2_000
    streams_max: int = 3
    quarantine: bool = True
    pool_size: int = 10
