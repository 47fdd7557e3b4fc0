"""What the two processes are told from outside; every name is an environment variable."""

from datetime import datetime
from pathlib import Path

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    """`peers` are the other processes by name, as base URLs, for the merged readiness and OpenAPI.

    `poll_seconds` is the slow poll that guarantees what hints only hasten; `tick_seconds` how often the worker
    looks whether a day has begun.
    """

    database_url: str
    nats_url: str
    nats_creds: str | None = None
    token_keys: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    clock_start: datetime | None = None
    peers: dict[str, str] = {}
    poll_seconds: float = 1.0
    tick_seconds: float = 30.0
