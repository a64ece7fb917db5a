"""How is PostgreSQL used? A pool, time limits everywhere; who lost a deadlock runs again."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from app.store.auditing import Actor, acting_now
from app.store.together import Queues, Ran, Waiting, run, worth_another_try
from app.store.trouble import told_as_unavailable
from app.store.work import Work, conclude

T = TypeVar("T")
POOL = 10
PATIENCE = timedelta(seconds=2)  # for a connection
PARTING = timedelta(milliseconds=100)  # for a word at the end of one that was given up
LIMITS = {  # milliseconds; all three are off unless they are set
    "statement_timeout": "5000",
    "lock_timeout": "3000",
    "idle_in_transaction_session_timeout": "10000",
}
ATTEMPTS = 4
READ_ONLY = "25006"


class _Brisk(asyncpg.Connection):  # type: ignore[misc]  # it has no types
    """A connection that parts at once from a server that does not answer.

    Who gave a statement up at its deadline would else wait for two more seconds.
    """

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  as it has it
        """End it; a `timeout` in seconds is given when it may not work any more."""
        await super().close(timeout=PARTING.total_seconds() if timeout else None)


class PostgresStore:
    """A `Store` in a PostgreSQL database."""

    def __init__(self, url: str, patience: timedelta = PATIENCE) -> None:
        self.engine = postgres_engine(url, patience)
        self._queues = Queues(self._together)

    async def act(
        self, change: Callable[[Work], T], *, now: datetime, queue: Hashable | None = None
    ) -> T:
        """What a change returns, once it is committed; with others where it is of a `queue`."""
        if queue is not None:
            return await self._queues.act(queue, change, now)
        return await self._committed(partial(_alone, change, now, acting_now()))

    async def _together(self, group: list[Waiting]) -> list[Ran]:
        if len(group) > 1:
            return await self._committed(partial(run, group=group))
        [one] = group
        return [Ran(await self._committed(partial(_alone, one.change, one.now, one.by)))]

    async def _committed(self, run: Callable[[Connection], T]) -> T:
        with told_as_unavailable():
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(worth_another_try),
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
        with told_as_unavailable(but=_changes_something):
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
        connect_args={
            "connection_class": _Brisk,
            "server_settings": LIMITS,
            "timeout": patience.total_seconds(),
        },
    )


def _changes_something(error: Exception) -> bool:
    """Of a question that is a bug, however it is with the server."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == READ_ONLY


def _alone(
    change: Callable[[Work], T], now: datetime, by: Actor | None, connection: Connection
) -> T:
    work = Work(connection, now, by)
    result = change(work)
    conclude(connection, [work])
    return result
