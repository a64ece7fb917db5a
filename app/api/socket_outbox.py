"""What waits for a client that reads slowly?"""

import asyncio
from collections import deque


class Outbox:
    """A queue of at most so many messages and bytes; into an empty one any message goes."""

    def __init__(self, most_messages: int, most_bytes: int) -> None:
        self._most_messages = most_messages
        self._most_bytes = most_bytes
        self._waiting: deque[tuple[bytes, str | None]] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._turn = asyncio.Lock()
        self._sent = asyncio.Event()
        self._sent.set()
        self._taken: str | None = None
        self.cursor: str | None = None
        """Of the last message that was sent and has one."""

    @property
    def idle(self) -> bool:
        """Whether all that was put in has been sent."""
        return self._sent.is_set()

    def passed(self, cursor: str | None) -> None:
        """A message was sent past the queue, which was idle."""
        self.cursor = cursor or self.cursor

    async def put(self, message: bytes, patience: float, cursor: str | None = None) -> None:
        """Put a message in as soon as there is room for it, after those that came before.

        Raises:
            TimeoutError: there was none for `patience` seconds, once it was its turn.
        """
        async with self._turn:
            if not self._has_room(message):
                async with asyncio.timeout(patience):
                    while not self._has_room(message):
                        self._room.clear()
                        await self._room.wait()
            self._waiting.append((message, cursor))
            self._bytes += len(message)
            self._sent.clear()
            self._filled.set()

    async def take(self) -> bytes:
        """The oldest message; asking again says that the one before was sent."""
        self.cursor = self._taken or self.cursor
        while not self._waiting:
            self._sent.set()
            self._filled.clear()
            await self._filled.wait()
        message, self._taken = self._waiting.popleft()
        self._bytes -= len(message)
        self._room.set()
        return message

    async def sent(self) -> None:
        """Return when nothing waits any more."""
        await self._sent.wait()

    def _has_room(self, message: bytes) -> bool:
        if not self._waiting:
            return True
        small = self._bytes + len(message) <= self._most_bytes
        return small and len(self._waiting) < self._most_messages
