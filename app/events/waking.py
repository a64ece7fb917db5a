"""Who tells the readers of other processes that there is something new? Redis, where there is one.

It carries no facts: whatever becomes of it, the log has them, and is looked at soon in any case.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from secrets import token_bytes
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.events.tail import Tail

log = structlog.get_logger(__name__)
CHANNEL = "tessera:events"
WAIT = timedelta(milliseconds=250)  # for one message; an end of ours is noticed as soon
PATIENCE = timedelta(seconds=2)  # with a connection that says nothing
REST = timedelta(seconds=1)  # after a failure


class Waking:
    """Wakes the reader here, and those elsewhere."""

    def __init__(self, tail: Tail, client: Redis | None = None) -> None:
        self._tail = tail
        self._client = client
        self._name = token_bytes(8)
        self._something = asyncio.Event()
        self._ended = asyncio.Event()
        self._deaf = False

    def told(self) -> None:
        """Something was told here, and is committed."""
        self._tail.wake()
        self._something.set()

    async def run(self) -> None:
        """Tell others and hear them until cancelled.

        A question to Redis that is under way is never cancelled: redis-py may swallow that, or lose
        the connection. It ends by itself, soon.
        """
        if self._client is None:
            return
        work = [asyncio.create_task(one(self._client)) for one in (self._telling, self._hearing)]
        try:
            await asyncio.shield(asyncio.gather(*work))
        finally:
            self._ended.set()
            self._something.set()
            await asyncio.gather(*work, return_exceptions=True)

    async def _telling(self, client: Redis) -> None:
        while not self._ended.is_set():
            await self._something.wait()
            self._something.clear()
            if not await self._tried(client.publish(CHANNEL, self._name)):
                await self._rested()

    async def _hearing(self, client: Redis) -> None:
        while not self._ended.is_set():
            hearing = client.pubsub(ignore_subscribe_messages=True)
            heard = await self._tried(hearing.subscribe(CHANNEL))
            self._tail.wake()  # who knows what was said before
            while heard and not self._ended.is_set():
                heard = await self._tried(self._heard(hearing))
            with suppress(RedisError, OSError):
                await hearing.aclose()  # type: ignore[no-untyped-call]  # redis has no type for it
            await self._rested()

    async def _heard(self, hearing: Any) -> None:
        message = await hearing.get_message(timeout=WAIT.total_seconds())
        if message is not None and message["data"] != self._name:
            self._tail.wake()

    async def _tried(self, question: Any) -> bool:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await question
        except (RedisError, OSError, TimeoutError) as error:
            if not self._deaf:
                log.warning("events.deaf", kind=type(error).__name__)
            self._deaf = True
            return False
        if self._deaf:
            log.info("events.heard")
        self._deaf = False
        return True

    async def _rested(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(REST.total_seconds()):
                await self._ended.wait()
