"""Short ways of the engine: no task where nobody waits, nothing coerced twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from graphql import GraphQLError, build_schema, parse
from graphql.execution.values import get_argument_values, get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from app.engine.arguments import Arguments, Variables
from app.engine.execution import Executed
from tests.engine.shops import Desk


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


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("text", ["{ a }", "{ a b }"])
async def test_who_goes_away_is_gone_where_the_function_waits(text: str, turns: int) -> None:
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
    await waiting.wait()
    for _ in range(turns):
        await asyncio.sleep(0)
    going.cancel()

    with pytest.raises(asyncio.CancelledError):
        await going
    assert ended.is_set()


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
