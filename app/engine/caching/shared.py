"""Which answers do all processes keep together, and whose turn is it to make one? In one Redis.

One packed value a key, and beside it for a moment a lease: who has it makes the answer, the others
wait for it or, when nothing can be kept, make their own. A Redis that is silent is a miss.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from enum import Enum, auto
from typing import Any, TypeVar

import orjson
from redis.asyncio import Redis

from app.engine.budget import SharedRedis, SilentRedis
from app.engine.caching.entries import Entry, unpack
from app.engine.caching.invalidations import Invalidations, Mark

T = TypeVar("T")
PREFIX = "tessera:answer:"
EVENTS = "tessera:invalidations"
MOST_EVENTS = 10_000
NOT_KEPT_FOR = timedelta(seconds=1)  # after an answer that cannot be kept nobody waits for another
CLAIM = """
if redis.call('SET', KEYS[2], 'x', 'NX', 'PX', ARGV[1]) then return 1 end
if redis.call('GET', KEYS[2]) == '-' then return 2 end
return 3
"""
LOOK = f"""
local kept = redis.call('GET', KEYS[1])
if kept then return kept end
{CLAIM}
"""


class Turn(Enum):
    """What to do where there is no answer: make one for all, make one for oneself, or wait."""

    LEAD = auto()
    ALONE = auto()
    WAIT = auto()


TURNS = {1: Turn.LEAD, 2: Turn.ALONE, 3: Turn.WAIT}


@dataclass(slots=True)
class SharedAnswers:
    """The answers in a Redis. `lease` is how long somebody may take to make one."""

    redis: SharedRedis
    log: Invalidations
    zone: tzinfo
    lease: timedelta
    largest: int
    unsent: set[str] = field(default_factory=set)
    """Tags that nobody else has heard of yet."""

    async def look(self, key: bytes) -> Entry | Turn:
        """The answer under a key that all processes keep, or whose turn it is."""
        if self.log.heard is None:
            return Turn.ALONE
        found = await self._run(LOOK, key)
        if isinstance(found, bytes):
            return self._held(found) or await self.claim(key)
        return TURNS.get(found, Turn.ALONE)

    async def claim(self, key: bytes) -> Turn:
        """Whose turn it is to make a new answer while there is an old one."""
        if self.log.heard is None:
            return Turn.ALONE
        return TURNS.get(await self._run(CLAIM, key), Turn.ALONE)

    async def put(self, key: bytes, entry: Entry, mark: Mark) -> None:
        """Keep an answer that was begun at `mark`."""
        if mark.heard is None or entry.size > self.largest:
            await self.give_up(key)
            return
        packed = entry.pack(mark.heard)
        kept, lease = _names(key)
        last = _milliseconds(entry.lifetime + entry.grace)

        async def put(client: Redis) -> None:
            pipeline = client.pipeline(transaction=False)
            pipeline.set(kept, packed, px=last)
            pipeline.delete(lease)
            await pipeline.execute()

        await self._asked(put)

    async def give_up(self, key: bytes) -> None:
        """Let nobody wait: what was made cannot be kept."""
        _, lease = _names(key)
        pause = _milliseconds(NOT_KEPT_FOR)
        await self._asked(lambda client: client.set(lease, "-", px=pause))

    async def invalidate(self, tags: frozenset[str]) -> None:
        """Tell all processes; what Redis does not hear now, it will hear when it is back."""
        self.unsent |= tags
        await self._asked(self.send)

    async def send(self, client: Redis) -> None:
        """Tell what is not told yet."""
        if tags := frozenset(self.unsent):
            await publish(client, tags)
            self.unsent -= tags

    def _held(self, packed: bytes) -> Entry | None:
        try:
            entry, heard = unpack(packed, self.zone, self.log.count)
        except ValueError:
            return None
        return entry if self.log.holds_for(entry.tags, heard, entry.made_at) else None

    async def _run(self, script: str, key: bytes) -> Any:
        names, lease = _names(key), _milliseconds(self.lease)
        return await self._asked(lambda client: client.eval(script, 2, *names, lease))

    async def _asked(self, question: Callable[[Redis], Awaitable[T]]) -> T | None:
        try:
            return await self.redis.ask(question)
        except SilentRedis:
            return None


async def publish(client: Redis, tags: frozenset[str]) -> None:
    """Tell every process that listens that tags are out of date."""
    told: dict[Any, Any] = {"tags": orjson.dumps(sorted(tags))}
    await client.xadd(EVENTS, told, maxlen=MOST_EVENTS, approximate=True)


def _names(key: bytes) -> tuple[str, str]:
    """Of the answer and of its lease; the braces keep both in one slot of a cluster."""
    name = f"{PREFIX}{{{key.hex()}}}"
    return name, f"{name}:lease"


def _milliseconds(length: timedelta) -> int:
    return max(1, round(length / timedelta(milliseconds=1)))
