"""The wire to a service's own PostgreSQL database, and the only place that commits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Context, Decimal
from typing import Any, Final, Literal, Self, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from tideline.errors import Unavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

ONE: Final = Decimal(1)
WIDE: Final = Context(prec=100)

# What says "the server is away or restarting", never "this statement is wrong".
AWAY: Final[tuple[type[Exception], ...]] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,  # a full disk, too many connections
    asyncpg.InternalClientError,  # what asyncpg says when the line broke between two of its own messages
)


def plain(cell: Any) -> Any:
    """A cell as it was stored: the driver gives 900000 back as 9.0E+5, which JSON would then carry as a float."""
    if isinstance(cell, Decimal) and not cell.is_zero() and "E+" in str(cell):
        return cell.quantize(ONE, context=WIDE)
    return cell


def is_away(error: BaseException) -> bool:
    """True when the server is away; asyncpg files a value it cannot encode under InterfaceError as well."""
    return isinstance(error, AWAY) and not isinstance(error, ValueError)


async def _keep_session(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Stands for asyncpg's reset query: nothing here changes session state, and the query costs a round trip."""


class Database:
    """A pool for statements written by hand and, beside it, SQLModel sessions; both commit at the end of a block."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", engine: AsyncEngine) -> None:
        self.pool = pool
        self._engine = engine
        self.after_commit: Callable[[], None] = lambda: None

    @classmethod
    async def open(cls, url: str, *, size: int = 10, name: str = "tideline", wait_seconds: float = 60) -> Self:
        """Waits for the server, at most `wait_seconds`, then raises Unavailable."""
        pool = await _wait_for_pool(url, size, name, wait_seconds)
        engine = create_async_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=size, pool_pre_ping=True
        )
        return cls(pool, engine)

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False, snapshot: bool = False) -> AsyncIterator[Connection]:
        """One transaction on one connection. With `snapshot` (and when `read_only`) all its statements see the
        database as it was at the first of them; a `lock table` before that one is waited for first."""
        isolation: Literal["repeatable_read", "read_committed"] = (
            "repeatable_read" if read_only or snapshot else "read_committed"
        )
        async with (
            self.pool.acquire(timeout=10) as connection,
            connection.transaction(isolation=isolation, readonly=read_only),
        ):
            yield connection
        if not read_only:
            self.after_commit()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction as an SQLModel session. Raises the driver's own error when the server goes away."""
        try:
            async with AsyncSession(self._engine, expire_on_commit=False) as session, session.begin():
                yield session
        except DBAPIError as wrapped:
            reason = wrapped.orig.__cause__ if wrapped.orig else None
            if isinstance(reason, AWAY):
                raise reason from wrapped
            raise
        self.after_commit()

    async def round_trip(self) -> None:
        """Raises what the server's absence raises."""
        async with asyncio.timeout(2), self.pool.acquire() as connection:
            await connection.fetchval("select 1")

    async def close(self) -> None:
        await self._engine.dispose()
        try:
            async with asyncio.timeout(5):
                await self.pool.close()
        except TimeoutError:
            self.pool.terminate()


async def driver(session: AsyncSession) -> Connection:
    """The asyncpg connection that this session's transaction runs on."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    await connection.execute(text("select 1"))  # the dialect begins at the first statement, not before
    found: Connection | None = raw.driver_connection
    assert found is not None
    return found


async def _wait_for_pool(url: str, size: int, name: str, seconds: float) -> "asyncpg.Pool[asyncpg.Record]":
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                reset=_keep_session,
                timeout=5,
                command_timeout=60,
                server_settings={"application_name": name, "timezone": "UTC", "jit": "off"},
            )
        except AWAY as reason:
            if time.monotonic() > deadline:
                raise Unavailable(f"no database after {seconds:.0f} s: {reason}") from reason
            await asyncio.sleep(0.2)
