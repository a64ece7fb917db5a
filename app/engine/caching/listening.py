"""What do other processes say to be out of date? Heard from a Redis stream, one connection.

Whoever could not listen for a while, or was too slow, starts from nothing: what it kept may have
been named since.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.engine.caching.invalidations import before
from app.engine.caching.shared import EVENTS, SharedAnswers

log = structlog.get_logger(__name__)
WAIT = timedelta(milliseconds=250)  # for one event; an end of ours is noticed as soon
PATIENCE = timedelta(seconds=2)  # with a connection that says nothing
REST = timedelta(seconds=1)  # after a failure
AT_ONCE = 1_000  # events


async def listen(client: Redis, answers: SharedAnswers) -> None:
    """Hear what is said until cancelled.

    A question to Redis that is under way is never cancelled: redis-py may swallow that, or lose the
    connection. It ends by itself, soon.
    """
    ended = asyncio.Event()
    work = asyncio.create_task(_listen(client, answers, ended))
    try:
        await asyncio.shield(work)
    finally:
        ended.set()
        await work


async def _listen(client: Redis, answers: SharedAnswers, ended: asyncio.Event) -> None:
    while not ended.is_set():
        try:
            await _heard(client, answers, ended)
        except (RedisError, OSError, TimeoutError) as error:
            if answers.log.heard is not None:
                log.warning("cache.deaf", kind=type(error).__name__)
            answers.log.miss()
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), REST.total_seconds())


async def _heard(client: Redis, answers: SharedAnswers, ended: asyncio.Event) -> None:
    """Hear until the end, or until something was missed."""
    async with asyncio.timeout(PATIENCE.total_seconds()):
        await answers.send(client)
        latest: Any = await client.xrevrange(EVENTS, count=1)
    last = latest[0][0].decode() if latest else "0-0"
    answers.log.listen(last)
    log.info("cache.listening")
    while not ended.is_set():
        async with asyncio.timeout(PATIENCE.total_seconds()):
            block = round(WAIT / timedelta(milliseconds=1))
            streams: Any = await client.xread({EVENTS: last}, count=AT_ONCE, block=block)
            events = streams[0][1] if streams else ()
            if len(events) == AT_ONCE and await _trimmed(client, last):
                log.warning("cache.behind")
                answers.log.miss()
                return
        for name, fields in events:
            last = name.decode()
            answers.log.add(_tags(fields), last)


async def _trimmed(client: Redis, last: str) -> bool:
    """Whether the stream begins after `last`: it keeps more events than are heard at once."""
    first: Any = await client.xrange(EVENTS, count=1)
    return not first or before(last, first[0][0].decode())


def _tags(fields: dict[bytes, bytes]) -> frozenset[str]:
    try:
        told: Iterable[object] = orjson.loads(fields[b"tags"])
        return frozenset(str(tag) for tag in told)
    except (KeyError, TypeError, ValueError):
        return frozenset()
