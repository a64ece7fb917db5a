"""What do other processes say to be out of date? Heard from a Redis stream, one connection.

Whoever could not listen for a while starts from nothing: what it kept may have been named since.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.engine.caching.shared import EVENTS, SharedAnswers

log = structlog.get_logger(__name__)
WAIT = timedelta(seconds=1)  # for one event; then it is asked again, to notice a dead connection
REST = timedelta(seconds=1)  # after a failure
AT_ONCE = 1_000  # events


async def listen(client: Redis, answers: SharedAnswers) -> None:
    """Hear what is said until cancelled."""
    while True:
        try:
            await _heard(client, answers)
        except (RedisError, OSError, TimeoutError) as error:
            if answers.log.heard is not None:
                log.warning("cache.deaf", kind=type(error).__name__)
            answers.log.heard = None
            await asyncio.sleep(REST.total_seconds())


async def _heard(client: Redis, answers: SharedAnswers) -> None:
    _end_if_cancelled()
    async with asyncio.timeout(WAIT.total_seconds() * 2):
        await answers.send(client)
        latest: Any = await client.xrevrange(EVENTS, count=1)
    last = latest[0][0].decode() if latest else "0-0"
    answers.log.listen(last)
    log.info("cache.listening")
    while True:
        _end_if_cancelled()
        async with asyncio.timeout(WAIT.total_seconds() * 2):
            block = round(WAIT / timedelta(milliseconds=1))
            streams: Any = await client.xread({EVENTS: last}, count=AT_ONCE, block=block)
        for name, fields in (event for _, events in streams or () for event in events):
            last = name.decode()
            answers.log.add(_tags(fields), last)


def _end_if_cancelled() -> None:
    """While it connects, and between questions, redis-py may swallow a cancellation."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _tags(fields: dict[bytes, bytes]) -> frozenset[str]:
    try:
        told: Iterable[object] = orjson.loads(fields[b"tags"])
        return frozenset(str(tag) for tag in told)
    except (KeyError, TypeError, ValueError):
        return frozenset()
