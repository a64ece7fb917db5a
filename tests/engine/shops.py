"""A shop whose answers are counted, and an engine that asks it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, build_schema, parse
from msgspec import structs

from app.engine.execution import Engine, Executed, Request
from app.engine.plans import Attribute, Batch, Description, Each, How
from app.engine.runs import Call
from app.engine.unchanging import Unchanging
from tests.engine.plain import plain, walked

SCHEMA = build_schema(
    """
    type Query { shop: Shop  a: Int  b: Int  c: Int }
    type Shop {
      name: String  open: Boolean  near: [Shop!]  best: Shop  price: Int
      nearest(first: Int): [Shop!]
    }
    """
)
Answer = Callable[[], Awaitable[int]]


class Reading:
    """Counts how often an attribute of it was read."""

    def __init__(self, **values: Any) -> None:
        self.values, self.read = values, 0
        self.by_name: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in {"forms", "frames"}:
            raise AttributeError(name)
        self.read += 1
        self.by_name[name] += 1
        return self.values[name]

    def attributes(self, *names: str) -> int:
        """How often any of these was read."""
        return sum(self.by_name[name] for name in names)


class Shop(Reading):
    pass


class KeptShop(Unchanging, Reading):
    pass


class FramedShop(KeptShop):
    """One from which all that hangs is found once."""

    framed = True


class PassingShop(KeptShop):
    """One that may be open in one copy and closed in another."""

    passing = frozenset({"open"})


@dataclass
class Desk:
    """Answers `shop` with what it holds, and the numbers of the root by batch functions."""

    shop: Any = None
    numbers: dict[str, Answer] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)
    tasks: set[Any] = field(default_factory=set)
    price: Any = 7
    prices: int = 0  # how often it was asked
    nearests: int = 0
    later: bool = False  # whether one waits for what is nearest
    listed: dict[str, int] = field(default_factory=dict)  # prices of shops by name

    def engine(self) -> Engine:
        return Engine(SCHEMA, Description(self.how, self.classes), at_first_sight=True)

    def how(self, _parent: GraphQLObjectType, name: str, _field: GraphQLField) -> How:
        if name == "shop":
            return Each(lambda _call: lambda _root: self.shop)
        if name in {"a", "b", "c"}:
            return Batch(lambda call: lambda parents: self.number(call, parents), eager=True)
        if name == "price":
            return Each(lambda _call: self.priced)
        if name == "nearest":
            return Each(self.nearest, follows=True)
        return Attribute(name)

    def priced(self, shop: Any) -> Any:
        self.prices += 1
        return self.listed.get(shop.values["name"], self.price) if self.listed else self.price

    def nearest(self, call: Call) -> Callable[[Any], Any]:
        async def later(near: Any) -> Any:
            return near

        def answer(shop: Any) -> Any:
            self.nearests += 1
            near = shop.values["near"][: call.arguments["first"]]
            return later(near) if self.later else near

        return answer

    async def number(self, call: Call, parents: Sequence[Any]) -> list[int]:
        self.tasks.add(asyncio.current_task())
        found = await self.numbers[call.field.definition.ast_node.name.value]()  # type: ignore[union-attr]  # built from text
        self.tasks.add(asyncio.current_task())
        return [found] * len(parents)

    async def ask(self, text: str, engine: Engine | None = None) -> Executed:
        executed = await (engine or self.engine()).execute(Request(parse(text), text))
        data = plain(executed.data)
        assert executed.objects in {None, walked(data) - 1}
        return structs.replace(executed, data=data, objects=None)
