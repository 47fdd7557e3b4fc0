"""What the service is told by its environment."""

from datetime import datetime
from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str
    nats_url: str
    nats_creds: str | None = None
    token_keys: Path
    host: str = "127.0.0.1"
    port: int = 8000
    clock_start: datetime | None = None
    document_bytes_max: int = 32 * 1024 * 1024
