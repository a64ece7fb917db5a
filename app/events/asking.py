"""How do thousands ask the same kind of question at once, without a question to the store each?"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Generic, TypeVar

from sqlalchemy import Connection

from app.store import Store

T = TypeVar("T")


class Asking(Generic[T]):
    """Asks about all keys that came while the question before was under way.

    What is answered is never older than the asking. One question is asked at a time, so the more
    ask, the fewer questions there are to each of them.
    """

    def __init__(
        self, store: Store, question: Callable[[Connection, Collection[str]], Mapping[str, T]]
    ) -> None:
        self._store = store
        self._question = question
        self._keys: set[str] = set()
        self._next: asyncio.Task[Mapping[str, T]] | None = None
        self._turn = asyncio.Lock()

    async def answer(self, key: str) -> T | None:
        """What the store has about a key now; None where it has nothing.

        Raises:
            StoreUnavailable: it does not say.
        """
        self._keys.add(key)
        if self._next is None:
            self._next = asyncio.create_task(self._asked())
        return (await asyncio.shield(self._next)).get(key)

    async def _asked(self) -> Mapping[str, T]:
        async with self._turn:
            keys, self._keys, self._next = frozenset(self._keys), set(), None
            return await self._store.read(lambda db: self._question(db, keys))
