"""What the engine is told of a strawberry schema."""

from collections.abc import Callable
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.extensions import FieldExtension, SchemaExtension

from app.api.execution import build_engine
from app.engine.execution import Executed, Request


class Guard(FieldExtension):
    """Sees the field it stands on."""

    def resolve(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info, **arguments: Any
    ) -> Any:
        return next_(source, info, **arguments)


class Watch(SchemaExtension):
    """Sees every field."""

    def resolve(self, _next: Any, root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        return _next(root, info, *args, **kwargs)


def parents_name(parent: strawberry.Parent["Thing"], info: strawberry.Info) -> str:
    return f"{info.field_name} of {parent.name}"


@strawberry.input
class Wish:
    many: list[int]
    word: str = "x"


@strawberry.type
class Thing:
    name: str
    whole_name: str = strawberry.field(resolver=parents_name)

    @strawberry.field
    def with_wish(self, wish: Wish, times: int = 2) -> str:
        return f"{self.name} {wish.word} {sum(wish.many) * times}"

    guarded: str = strawberry.field(resolver=parents_name, extensions=[Guard()])


@strawberry.type
class Query:
    @strawberry.field
    async def thing(self, name: str) -> Thing:
        return Thing(name=name)

    @strawberry.field
    def nothing(self) -> str:
        return "nothing"


async def ask(text: str, **options: Any) -> Executed:
    engine = build_engine(strawberry.Schema(Query, **options), at_first_sight=True)
    return await engine.execute(Request(parse(text), text))


async def test_resolvers_are_given_what_they_ask_for() -> None:
    executed = await ask(
        '{ nothing thing(name: "T") { wholeName withWish(wish: {many: [1, 2], word: "w"}) } }'
    )

    thing = {"wholeName": "wholeName of T", "withWish": "T w 6"}
    assert executed == Executed({"nothing": "nothing", "thing": thing}, [], objects=1)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('{ thing(name: "T") { guarded } }', {}),
        ('{ thing(name: "T") { name } }', {"extensions": [Watch]}),
    ],
)
async def test_a_field_that_is_watched_is_left_to_strawberry(
    text: str, options: dict[str, Any]
) -> None:
    executed = await ask(text, **options)

    assert (executed.interpreted, executed.errors) == ("resolver", [])
