"""Where do processes keep values that they read for one another? In one Redis, one value a name."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from app.engine.budget import SharedRedis, SilentRedis

PREFIX = "tessera:value:"


@dataclass(slots=True)
class Vault:
    """Values by name. A Redis that is silent knows nothing. `counts` is a metric."""

    redis: SharedRedis
    largest: int
    counts: Counter[str] = field(default_factory=Counter)
    _background: set["asyncio.Task[None]"] = field(default_factory=set)

    async def get(self, names: Sequence[str]) -> Sequence[bytes | None]:
        """The values, in order."""
        keys = [PREFIX + name for name in names]
        try:
            found = await self.redis.ask(lambda client: _read(client, keys))
        except SilentRedis:
            found = [None] * len(names)
        hits = sum(value is not None for value in found)
        self.counts["hit"] += hits
        self.counts["miss"] += len(names) - hits
        return found

    def put(self, values: Mapping[str, bytes], keep: timedelta) -> None:
        """Keep values for a while; nobody waits for it."""
        milliseconds = round(keep / timedelta(milliseconds=1))
        small = {n: value for n, value in values.items() if len(value) <= self.largest}
        if small and milliseconds > 0:
            task = asyncio.create_task(self._put(small, milliseconds))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Wait for what is still being kept."""
        await asyncio.gather(*self._background)

    async def _put(self, values: Mapping[str, bytes], milliseconds: int) -> None:
        async def put(client: Redis) -> None:
            pipeline = client.pipeline(transaction=False)
            for name, value in values.items():
                pipeline.set(PREFIX + name, value, px=milliseconds)
            await pipeline.execute()

        try:
            await self.redis.ask(put)
        except SilentRedis:
            self.counts["lost"] += len(values)


async def _read(client: Redis, keys: list[str]) -> Sequence[bytes | None]:
    found: Any = await client.mget(keys)
    values: Sequence[bytes | None] = found
    return values
