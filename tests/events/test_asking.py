"""Thousands ask at once, and the store is asked a few times."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from app.events.asking import Asking
from app.store import Store, StoreUnavailable


async def test_those_who_ask_at_once_share_a_question(store: Store) -> None:
    asked: list[Collection[str]] = []

    def question(_db: Any, keys: Collection[str]) -> Mapping[str, str]:
        asked.append(keys)
        return {key: key.upper() for key in keys if key != "nobody"}

    asking = Asking(store, question)
    answers = await asyncio.gather(*map(asking.answer, ["a", "b", "a", "nobody"]))

    assert answers == ["A", "B", "A", None]
    assert asked == [{"a", "b", "nobody"}]
    assert await asking.answer("a") == "A"
    assert asked[1:] == [{"a"}]


async def test_one_who_asks_meanwhile_is_told_what_is_so_afterwards(store: Store) -> None:
    asked: list[Collection[str]] = []

    class Slow:
        """A store that is at a question when the next one comes."""

        def __init__(self) -> None:
            self.at_it, self.let = asyncio.Event(), asyncio.Event()

        async def read(self, question: Any) -> Any:
            answer = await store.read(question)
            self.at_it.set()
            await self.let.wait()
            return answer

        async def act(self, *arguments: Any, **options: Any) -> Any:
            raise AssertionError(arguments, options)

    def question(_db: Any, keys: Collection[str]) -> Mapping[str, int]:
        asked.append(keys)
        return dict.fromkeys(keys, len(asked))

    slow = Slow()
    asking = Asking(slow, question)
    first = asyncio.create_task(asking.answer("a"))
    await slow.at_it.wait()
    later = asyncio.create_task(asking.answer("a"))
    await asyncio.sleep(0)
    slow.let.set()

    assert (await first, await later) == (1, 2)


async def test_a_store_that_does_not_answer_is_told_to_all(store: Store) -> None:
    silent = True

    def question(_db: Any, keys: Collection[str]) -> Mapping[str, int]:
        if silent:
            raise StoreUnavailable("silent")
        return dict.fromkeys(keys, 1)

    asking = Asking(store, question)
    both = await asyncio.gather(asking.answer("a"), asking.answer("b"), return_exceptions=True)
    silent = False

    assert [type(one) for one in both] == [StoreUnavailable] * 2
    assert await asking.answer("a") == 1
