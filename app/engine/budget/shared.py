"""How is a shared Redis asked so that nobody ever waits for it?

redis-py's own time limits are per read and per attempt; the only deadline here is ours, around the
whole question: waiting for a connection, connecting, asking, answering. Its retries are off, since
a charge that is sent twice is taken twice.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.errors import MisconfiguredError

log = structlog.get_logger(__name__)
T = TypeVar("T")


class SilentRedis(Exception):  # noqa: N818  a state of the outside, handled by who asked
    """Redis did not answer in time, or is not asked at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Give up one question after `within`; after `failures` in a row ask nothing for `rest`.

    A single late answer may be our own fault (a busy loop), so one failure is not an outage.
    """

    within: timedelta = timedelta(milliseconds=50)
    failures: int = 3
    rest: timedelta = timedelta(seconds=1)


@dataclass(slots=True)
class SharedRedis:
    """One Redis, and what is known of its health by `clock` (seconds, monotonic)."""

    client: Redis
    clock: Callable[[], float]
    patience: Patience = field(default_factory=Patience)
    failed: int = 0
    """Questions without an answer since the start, those not asked included: a metric."""
    _in_a_row: int = 0
    _ask_again_at: float | None = None

    @property
    def silent(self) -> bool:
        """Whether it is taken for dead: a metric."""
        return self._ask_again_at is not None

    async def aclose(self) -> None:
        """Close every connection."""
        await self.client.aclose()
        await self.client.connection_pool.aclose()

    async def ask(self, question: Callable[[Redis], Awaitable[T]]) -> T:
        """The answer to one question.

        Raises:
            SilentRedis: there is none, at most `within` later.
        """
        self._admit()
        try:
            async with asyncio.timeout(self.patience.within.total_seconds()):
                answer = await question(self.client)
        except (RedisError, OSError, TimeoutError) as error:
            self._lost(error)
            raise SilentRedis from error
        self._answered()
        return answer

    def _admit(self) -> None:
        """Let a question through; while silent, one a `rest`."""
        if self._ask_again_at is None:
            return
        now = self.clock()
        if now < self._ask_again_at:
            self.failed += 1
            raise SilentRedis
        self._ask_again_at = now + self.patience.rest.total_seconds()

    def _lost(self, error: Exception) -> None:
        self.failed += 1
        self._in_a_row += 1
        if self._in_a_row < self.patience.failures:
            return
        if self._ask_again_at is None:
            log.error("redis.silent", kind=type(error).__name__)
        self._ask_again_at = self.clock() + self.patience.rest.total_seconds()

    def _answered(self) -> None:
        if self._ask_again_at is not None:
            log.info("redis.back", failed=self.failed)
        self._in_a_row, self._ask_again_at = 0, None


def redis_client(url: str, *, connections: int = 32) -> Redis:
    """A client that connects when it is first asked.

    Raises:
        MisconfiguredError: the address cannot be one of a Redis; it is not repeated.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=connections, timeout=None, retry=Retry(NoBackoff(), 0)
        )
    except ValueError as error:
        raise MisconfiguredError(
            "the address of Redis must look like redis://host:6379/0 or rediss://host:6379/0"
        ) from error
    return Redis(connection_pool=pool)


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """A client for as long as the block lasts.

    Raises:
        MisconfiguredError: as above.
    """
    shared = SharedRedis(redis_client(url), monotonic)
    async with aclosing(shared):
        yield shared.client
