"""Where are the documents kept that clients teach us? In memory by bytes, and in a shared Redis."""

from datetime import timedelta
from typing import Protocol

from cachetools import LRUCache
from redis.asyncio import Redis

from app.engine.budget.shared import SharedRedis, SilentRedis
from app.engine.documents.asked import hash_of

PREFIX = "tessera:document:"
MEGABYTE = 1_000_000
OVERHEAD = 300  # bytes an entry takes beside its text: key, hash, links


class DocumentStore(Protocol):
    """Texts by their sha256. It may forget; clients send the text again."""

    async def get(self, sha256: str) -> str | None:
        """The text, if it is still known."""

    async def put(self, sha256: str, text: str) -> None:
        """Keep a text."""


class MemoryDocuments:
    """The texts used last, as many as go into `most` bytes."""

    def __init__(self, *, most: int = 10 * MEGABYTE) -> None:
        self._texts: LRUCache[str, bytes] = LRUCache(most, getsizeof=_size)

    async def get(self, sha256: str) -> str | None:
        """The text, if it is still known."""
        text = self._texts.get(sha256)
        return None if text is None else text.decode()

    async def put(self, sha256: str, text: str) -> None:
        """Keep a text; one that would not fit at all is not kept."""
        encoded = text.encode()
        if _size(encoded) <= self._texts.maxsize:
            self._texts[sha256] = encoded


class SharedDocuments:
    """A `near` store in front of a Redis that processes share.

    Redis keeps a text for `keep` after it was last used. While it is silent it knows nothing, and
    what is learnt is known to this process alone.
    """

    def __init__(
        self, near: DocumentStore, shared: SharedRedis, *, keep: timedelta = timedelta(days=1)
    ) -> None:
        self._near = near
        self._shared = shared
        self._keep = keep

    async def get(self, sha256: str) -> str | None:
        """The text, if it is still known."""
        if (text := await self._near.get(sha256)) is not None:
            return text

        async def fetch(redis: Redis) -> bytes | None:
            kept = await redis.getex(PREFIX + sha256, ex=self._keep)
            return kept if isinstance(kept, bytes) else None

        try:
            kept = await self._shared.ask(fetch)
        except SilentRedis:
            return None
        text = "" if kept is None else kept.decode(errors="replace")
        if hash_of(text) != sha256:  # others may write there: what it says is checked
            return None
        await self._near.put(sha256, text)
        return text

    async def put(self, sha256: str, text: str) -> None:
        """Keep a text, here and there."""
        await self._near.put(sha256, text)

        async def keep(redis: Redis) -> None:
            await redis.set(PREFIX + sha256, text.encode(), ex=self._keep)

        try:
            await self._shared.ask(keep)
        except SilentRedis:
            return


def _size(text: bytes) -> int:
    return len(text) + OVERHEAD
