"""How is PostgreSQL used? A pool, time limits everywhere; who lost a deadlock runs again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from app.store.trouble import told_as_unavailable
from app.store.work import Work

T = TypeVar("T")
POOL = 10
PATIENCE = timedelta(seconds=2)  # for a connection
LIMITS = {  # milliseconds; all three are off unless they are set
    "statement_timeout": "5000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
}
TRY_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock
ATTEMPTS = 4


class PostgresStore:
    """A `Store` in a PostgreSQL database."""

    def __init__(self, url: str, patience: timedelta = PATIENCE) -> None:
        self.engine = postgres_engine(url, patience)

    async def act(self, change: Callable[[Work], T], *, now: datetime) -> T:
        """What a change returns, once it is committed."""

        def run(connection: Connection) -> T:
            work = Work(connection, now)
            result = change(work)
            work.write_facts()
            return result

        with told_as_unavailable():
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(_worth_another_try),
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_random_exponential(0.01, max=0.2),
                reraise=True,
            ):
                with attempt:
                    async with self.engine.begin() as connection:
                        return await connection.run_sync(run)
        raise AssertionError("an attempt returns or raises")

    async def read(self, question: Callable[[Connection], T]) -> T:
        """The answer to a question about one state."""
        with told_as_unavailable():
            async with self.engine.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                return await connection.run_sync(question)

    async def close(self) -> None:
        """End its connections."""
        await self.engine.dispose()


def postgres_engine(url: str, patience: timedelta = PATIENCE) -> AsyncEngine:
    """An engine whose sessions never wait without a limit; `patience` is for a connection."""
    return create_async_engine(
        url,
        pool_size=POOL,
        max_overflow=0,
        pool_timeout=patience.total_seconds(),
        pool_pre_ping=True,
        connect_args={"server_settings": LIMITS, "timeout": patience.total_seconds()},
    )


def _worth_another_try(error: BaseException) -> bool:
    """Nothing took place, and doing it again may succeed."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in TRY_AGAIN
