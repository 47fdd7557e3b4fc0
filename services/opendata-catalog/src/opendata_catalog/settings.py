"""What this process is told from outside; every name is an environment variable."""

from datetime import datetime
from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
    nats_url: str
    nats_creds: str | None = None
    token_keys: Path
    host: str = "127.0.0.1"
    port: int = 0
    clock_start: datetime | None = None
