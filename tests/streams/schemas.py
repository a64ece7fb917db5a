"""A schema with subscriptions whose events the tests give."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import strawberry

from app.api.context import Info
from app.api.schema import GivenDocument, Schema
from app.errors import InvalidInputError

END = object()


@dataclass
class Feeds:
    """Sources of events by name; `opened` and `closed` count them."""

    listeners: dict[str, list[asyncio.Queue[Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    opened: int = 0
    closed: int = 0
    changed: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return self.opened - self.closed

    def give(self, name: str, event: Any) -> None:
        """An event, a failure or the `END` to all who listen."""
        for queue in self.listeners[name]:
            queue.put_nowait(event)

    async def listen(self, name: str) -> AsyncGenerator[Any, None]:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self.listeners[name].append(queue)
        self.opened += 1
        try:
            while (event := await queue.get()) is not END:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            await asyncio.sleep(0)  # cleaning up may wait
            self.listeners[name].remove(queue)
            self.closed += 1


@strawberry.type
class News:
    """An event; its `cursor` is not part of the schema."""

    number: int
    text: str = ""
    cursor: strawberry.Private[str | None] = None

    @strawberry.field
    async def twice(self) -> int:
        await asyncio.sleep(0)
        return self.number * 2

    @strawberry.field
    async def odd(self) -> int:
        if self.number % 2 == 0:
            raise InvalidInputError("It is even.", argument="number")
        return self.number

    @strawberry.field
    async def asked_at(self, info: Info) -> str:
        return info.context.now.isoformat()

    @strawberry.field
    async def stuck(self) -> int:
        await asyncio.Event().wait()
        return 0


def a_schema(feeds: Feeds) -> Schema:  # noqa: C901  one schema, one place
    """The schema over those feeds."""

    @strawberry.type
    class Query:
        @strawberry.field
        async def hello(self, name: str = "you") -> str:
            return f"Hello, {name}!"

        @strawberry.field
        async def waiting(self) -> str:
            await feeds.gate.wait()
            return "It came."

        @strawberry.field
        async def broken(self) -> str:
            raise RuntimeError("secret")

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def change(self, to: str) -> str:
            await feeds.gate.wait()
            feeds.changed.append(to)
            return to

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def news(self, of: str = "all") -> AsyncIterator[News]:
            async with aclosing(feeds.listen(of)) as events:
                async for event in events:
                    yield event

        @strawberry.subscription
        async def count(self, to: int, text: str = "") -> AsyncIterator[News]:
            """A source that never waits."""
            feeds.opened += 1
            try:
                for number in range(1, to + 1):
                    yield News(number=number, text=text)
            finally:
                feeds.closed += 1

        @strawberry.subscription
        async def after(self, info: Info) -> AsyncIterator[str]:
            """Where a caller that comes back goes on."""
            yield info.context.last_event or "the beginning"

        @strawberry.subscription
        async def refused(self) -> AsyncIterator[int]:
            raise InvalidInputError("Not that.", argument="of")
            yield 1

        @strawberry.subscription
        async def other(self) -> AsyncIterator[News]:
            """A source that is no generator."""
            source: AsyncIterator[News] = feeds.others["source"]
            return source

        @strawberry.subscription
        async def slow_to_open(self) -> AsyncIterator[int]:
            await asyncio.Event().wait()
            return feeds.listen("all")

    return Schema(Query, Mutation, Subscription, extensions=[GivenDocument])
