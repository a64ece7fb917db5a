"""A schema whose slow fields answer when a test lets them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import strawberry
from strawberry.schema.config import StrawberryConfig

from app.api.batching import batched
from app.api.context import Context
from app.api.schema import GivenDocument, Schema
from app.errors import InvalidInputError


@dataclass
class Desk:
    """`open` lets what is slow answer; `asked` are the batches, `dropped` what was cancelled."""

    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[list[int]] = field(default_factory=list)
    waiting: int = 0
    dropped: int = 0
    changed: list[str] = field(default_factory=list)

    async def wait(self) -> None:
        self.waiting += 1
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.dropped += 1
            raise
        finally:
            self.waiting -= 1


async def stock(parents: Sequence["Thing"], _context: Context) -> list[int]:
    desk = parents[0].desk
    desk.asked.append([parent.number for parent in parents])
    await desk.wait()
    return [parent.number * 10 for parent in parents]


@strawberry.type
class Thing:
    desk: strawberry.Private[Desk]
    number: int
    stock: int = batched(stock, description="How many there are.")

    @strawberry.field
    async def slow(self) -> int:
        await self.desk.wait()
        return self.number

    @strawberry.field
    async def refused(self) -> int | None:
        raise InvalidInputError("Not that.", argument="of")

    @strawberry.field
    async def broken(self) -> int:
        raise RuntimeError("secret")

    @strawberry.field
    async def later(self) -> int:
        """Slow, but for the first."""
        if self.number > 1:
            await self.desk.wait()
        return self.number

    @strawberry.field
    async def fragile(self) -> int:
        """Broken, but for the first."""
        if self.number > 1:
            raise RuntimeError("secret")
        return self.number

    @strawberry.field
    def things(self, count: int = 3) -> list["Thing"]:
        return some(self.desk, count)


def some(desk: Desk, count: int) -> list[Thing]:
    return [Thing(desk=desk, number=number) for number in range(1, count + 1)]


def a_schema(desk: Desk) -> Schema:
    """The schema over that desk."""

    @strawberry.type
    class Query:
        @strawberry.field
        def things(self, count: int = 3) -> list[Thing]:
            return some(desk, count)

        @strawberry.field
        def thing(self) -> Thing | None:
            return some(desk, 1)[0]

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def change(self, to: str) -> Thing:
            await desk.wait()
            desk.changed.append(to)
            return some(desk, 1)[0]

    config = StrawberryConfig(enable_experimental_incremental_execution=True)
    return Schema(Query, Mutation, extensions=[GivenDocument], config=config)
