"""Short ways of the engine: no task where nobody waits, nothing completed or coerced twice."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLField, GraphQLObjectType, build_schema, parse
from graphql.execution.values import get_argument_values, get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from app.engine.arguments import Arguments, Variables
from app.engine.execution import Engine, Executed, Request
from app.engine.plans import Attribute, Batch, Description, Each, How
from app.engine.runs import Call
from app.engine.unchanging import MOST_FORMS, Unchanging, UnchangingList
from tests.engine.plain import plain

SCHEMA = build_schema(
    """
    type Query { shop: Shop  a: Int  b: Int  c: Int }
    type Shop { name: String  open: Boolean  near: [Shop!]  best: Shop  price: Int }
    """
)
Answer = Callable[[], Awaitable[int]]


class Reading:
    """Counts how often an attribute of it was read."""

    def __init__(self, **values: Any) -> None:
        self.values, self.read = values, 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "forms":
            raise AttributeError(name)
        self.read += 1
        return self.values[name]


class Shop(Reading):
    pass


class KeptShop(Unchanging, Reading):
    pass


@dataclass
class Desk:
    """Answers `shop` with what it holds, and the numbers of the root by batch functions."""

    shop: Any = None
    numbers: dict[str, Answer] = field(default_factory=dict)
    classes: dict[str, type] = field(default_factory=dict)
    tasks: set[Any] = field(default_factory=set)

    def engine(self) -> Engine:
        return Engine(SCHEMA, Description(self.how, self.classes), at_first_sight=True)

    def how(self, _parent: GraphQLObjectType, name: str, _field: GraphQLField) -> How:
        if name == "shop":
            return Each(lambda _call: lambda _root: self.shop)
        if name in {"a", "b", "c"}:
            return Batch(lambda call: lambda parents: self.number(call, parents), eager=True)
        if name == "price":
            return Each(lambda _call: lambda _shop: 7)
        return Attribute(name)

    async def number(self, call: Call, parents: Sequence[Any]) -> list[int]:
        self.tasks.add(asyncio.current_task())
        found = await self.numbers[call.field.definition.ast_node.name.value]()  # type: ignore[union-attr]  # built from text
        self.tasks.add(asyncio.current_task())
        return [found] * len(parents)

    async def ask(self, text: str, engine: Engine | None = None) -> Executed:
        executed = await (engine or self.engine()).execute(Request(parse(text), text))
        return replace(executed, data=plain(executed.data))


async def at_once() -> int:
    return 1


async def test_no_task_is_made_for_what_does_not_wait() -> None:
    desk = Desk(numbers={"a": at_once, "b": at_once})

    executed = await desk.ask("{ a b }")

    assert executed == Executed({"a": 1, "b": 1}, [])
    assert desk.tasks == {asyncio.current_task()}


async def test_those_that_wait_wait_together_and_go_on_each_by_itself() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def opens_first() -> int:
        first.set()
        await asyncio.wait_for(second.wait(), 5)
        return 1

    async def opens_second() -> int:
        await asyncio.wait_for(first.wait(), 5)
        second.set()
        await asyncio.sleep(0)
        return 2

    desk = Desk(numbers={"a": opens_first, "b": opens_second, "c": at_once})

    assert await desk.ask("{ a b c }") == Executed({"a": 1, "b": 2, "c": 1}, [])


async def test_a_failure_is_located_before_and_after_the_first_wait() -> None:
    async def fails_at_once() -> int:
        raise ValueError("at once")

    async def fails_later() -> int:
        await asyncio.sleep(0)
        raise ValueError("later")

    executed = await Desk(numbers={"a": fails_at_once, "b": fails_later, "c": at_once}).ask(
        "{ a b c }"
    )

    assert executed.data == {"a": None, "b": None, "c": 1}
    assert sorted((error.message, error.path) for error in executed.errors) == [
        ("at once", ["a"]),
        ("later", ["b"]),
    ]


@pytest.mark.parametrize("text", ["{ a }", "{ a b }"])
async def test_who_goes_away_is_gone_where_the_function_waits(text: str) -> None:
    waiting, ended = asyncio.Event(), asyncio.Event()

    async def waits() -> int:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # cleaning up may wait as well
            ended.set()
            raise
        return 1

    going = asyncio.create_task(Desk(numbers={"a": waits, "b": waits}).ask(text))
    await asyncio.wait_for(waiting.wait(), 5)
    going.cancel()

    with pytest.raises(asyncio.CancelledError):
        await going
    assert ended.is_set()


async def test_what_never_changes_is_completed_twice_at_most_for_each_place() -> None:
    shop = KeptShop(name="A", open=True)
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()

    answers = [await desk.ask("{ shop { name open } }", engine) for _ in range(4)]
    other = await desk.ask("{ shop { label: name } }", engine)

    assert answers == [Executed({"shop": {"name": "A", "open": True}}, [])] * 4
    assert other == Executed({"shop": {"label": "A"}}, [])
    assert shop.read == 2 * 2 + 1


async def test_a_list_that_never_changes_is_completed_twice_at_most() -> None:
    shops = [Shop(name="A"), Shop(name="B")]
    desk = Desk(Shop(near=UnchangingList(shops)), classes={"Shop": Shop})
    engine = desk.engine()

    answers = [await desk.ask("{ shop { near { name } } }", engine) for _ in range(4)]

    assert answers == [Executed({"shop": {"near": [{"name": "A"}, {"name": "B"}]}}, [])] * 4
    assert [shop.read for shop in shops] == [2, 2]


async def test_what_has_to_be_asked_is_asked_again_also_of_what_never_changes() -> None:
    shop = KeptShop(name="A", best=KeptShop(name="B"))
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    text = "{ shop { best { name price } } }"

    answers = [await desk.ask(text, engine) for _ in range(2)]

    assert answers == [Executed({"shop": {"best": {"name": "B", "price": 7}}}, [])] * 2
    assert shop.values["best"].read == 2


async def test_a_failure_is_never_kept() -> None:
    shop = KeptShop(name=ValueError("closed"))
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()

    first = await desk.ask("{ shop { name } }", engine)
    shop.values["name"] = "A"

    assert (first.data, [error.message for error in first.errors]) == (
        {"shop": {"name": None}},
        ["closed"],
    )
    assert await desk.ask("{ shop { name } }", engine) == Executed({"shop": {"name": "A"}}, [])


async def test_few_forms_are_kept_of_one_value() -> None:
    shop = KeptShop(name="A")
    desk = Desk(shop, classes={"Shop": KeptShop})
    engine = desk.engine()
    for number in range(3 * MOST_FORMS):
        await desk.ask(f"{{ shop {{ a{number}: name }} }}", engine)

    assert shop.forms is not None
    assert 0 < len(shop.forms) <= MOST_FORMS


COERCED = build_schema(
    """
    enum Colour { RED GREEN }
    input Wish { size: Int! = 3, colour: Colour }
    type Query {
        ask(i: Int, n: Int!, d: Int! = 4, f: Float, s: String = "x", b: Boolean, id: ID,
            c: Colour = RED, many: [Int!] = [1], wish: Wish): String
    }
    """
)
LITERALS = {
    "i": ["1", "null", "$i", "$n", "$k"],
    "n": ["2", "$n", "$k", "$i"],
    "d": ["5", "$n", "$i", "$k"],
    "f": ["1", "2.5", "$f"],
    "s": ['"y"', "$s", "$t"],
    "b": ["true", "$b"],
    "id": ["7", '"7"', "$id"],
    "c": ["GREEN", "$c", "$e"],
    "many": ["[1, 2]", "3", "[$n]"],
    "wish": ["{size: 1}", "{colour: $c}", "$w"],
}
DECLARED = {
    "i": "Int",
    "n": "Int!",
    "k": "Int = 8",
    "f": "Float",
    "s": "String",
    "t": "String! = null",
    "b": "Boolean",
    "id": "ID",
    "c": "Colour",
    "e": 'Colour = "RED"',
    "w": "Wish",
}
VALUES: list[Any] = [None, 0, 7, 2**40, 1.5, True, "x", "RED", [], [1], {}, {"size": 2}]


@given(st.data())
def test_variables_and_arguments_are_coerced_as_by_the_reference(data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.sampled_from(sorted(LITERALS))))
    written = {name: data.draw(st.sampled_from(LITERALS[name])) for name in sorted(chosen)}
    used = [name for name in DECLARED if any(f"${name}" in text for text in written.values())]
    given_ = {name: data.draw(st.sampled_from(VALUES)) for name in used if data.draw(st.booleans())}
    declared = ", ".join(f"${name}: {DECLARED[name]}" for name in used)
    arguments = ", ".join(f"{name}: {text}" for name, text in written.items())
    document: Any = parse(
        f"query {f'({declared})' if used else ''} {{ ask{f'({arguments})' if written else ''} }}"
    )
    operation = document.definitions[0]
    definitions = operation.variable_definitions or ()
    node = operation.selection_set.selections[0]
    definition = COERCED.query_type.fields["ask"]  # type: ignore[union-attr]  # it has one

    expected = get_variable_values(COERCED, definitions, given_, max_errors=50)
    found = Variables.of(COERCED, operation).coerced(given_)

    assert _told(found) == _told(expected)
    if not isinstance(found, list) and not isinstance(expected, list):
        assert _outcome(lambda: Arguments.of(definition, node).values(found)) == _outcome(
            lambda: get_argument_values(definition, node, expected)
        )


def _told(coerced: Any) -> Any:
    if isinstance(coerced, list):
        return [repr(error) for error in coerced]
    sources = {
        name: (str(source.signature.type), repr(source.value))
        for name, source in coerced.sources.items()
    }
    return sources, {name: (type(value), value) for name, value in coerced.coerced.items()}


def _outcome(coerce: Callable[[], Any]) -> Any:
    try:
        return dict(coerce())
    except GraphQLError as error:
        return str(error)
