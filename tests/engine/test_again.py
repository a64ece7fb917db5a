"""A question that is asked again is priced once, and its variables are read once."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from graphql import GraphQLScalarType, build_schema, parse

from app.engine.again import Again
from app.engine.execution import Engine, Executed, Request
from app.engine.gate import ANYTHING, Documents, Gate, Limits, ListSizes, Validator
from app.engine.gate.costs import Program
from app.engine.plans import Description, Each

SCHEMA = build_schema(
    """
    type Query { things(first: Int): [Thing!]!  places: [Thing!]!  sum(of: [Few!]): Few }
    type Thing { name: String }
    scalar Few
    """
)
TEXT = "query A($n: Int) { things(first: $n) { name } } query B { things(first: 3) { name } }"


def a_gate(places: Callable[[], int] = lambda: 1, *, most_bytes: int = 1_000_000) -> Gate:
    sizes = ListSizes(keys=frozenset(), assumed={"Query.places": places}, page=20, unsliced=10)
    return Gate(
        SCHEMA,
        limits=Limits(cost=1_000),
        sizes=sizes,
        access=ANYTHING,
        validator=Validator(SCHEMA, rules=(), most=10, introspection=True),
        documents=Documents(most_bytes=most_bytes),
    )


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The variables of everything that was priced."""
    seen: list[Mapping[str, Any]] = []
    value = Program.value

    def counted(self: Program, cost: Any, variables: Mapping[str, Any]) -> int:
        seen.append(variables)
        return value(self, cost, variables)

    monkeypatch.setattr(Program, "value", counted)
    return seen


def test_the_same_question_is_priced_once_and_every_other_by_itself(priced: list[Any]) -> None:
    gate = a_gate()
    two, nine, other = Again(), Again(), Again()

    def ask(name: str, again: Again, **variables: Any) -> int:
        return gate.admit(TEXT, operation_name=name, variables=variables, again=again).cost

    first = [ask("A", two, n=2), ask("A", nine, n=9), ask("B", other)]
    many = len(priced)
    for _ in range(3):
        assert [ask("A", two, n=2), ask("A", nine, n=9), ask("B", other)] == first == [2, 9, 3]
    # The first one was priced when its document was looked at, before it was known.
    assert len(priced) == many + 1
    for _ in range(3):
        assert gate.admit(TEXT, operation_name="A", variables={"n": 5}).cost == 5


def test_what_depends_on_more_than_variables_is_priced_each_time() -> None:
    places = [3]
    gate, again = a_gate(lambda: places[0]), Again()

    def ask() -> int:
        text = "{ places { name } }"
        return gate.admit(text, operation_name=None, variables={}, again=again).cost

    assert [ask(), ask()] == [3, 3]
    places[0] = 7
    assert [ask(), ask()] == [7, 7]


def test_a_document_that_was_forgotten_is_priced_anew(priced: list[Any]) -> None:
    gate, again = a_gate(most_bytes=1), Again()
    for _ in range(3):
        before = len(priced)
        admitted = gate.admit(TEXT, operation_name="A", variables={"n": 4}, again=again)
        assert (admitted.cost, len(priced) > before) == (4, True)


def an_engine() -> tuple[Engine, list[Any]]:
    """An engine that adds, and what its scalar has read."""
    read: list[Any] = []

    def few(value: Any) -> Any:
        read.append(value)
        if value == "many":
            raise ValueError("That is not few.")
        return value

    scalars: dict[str, Any] = dict(SCHEMA.type_map)
    scalar: GraphQLScalarType = scalars["Few"]
    scalar.coerce_input_value = few
    how = Each(lambda call: lambda _root: sum(call.arguments["of"]))
    return Engine(SCHEMA, Description(lambda *_: how), at_first_sight=True), read


async def executed(engine: Engine, text: str, again: Again | None, **variables: Any) -> Executed:
    return await engine.execute(Request(parse(text), text, None, variables, again=again))


async def test_variables_are_read_once_for_the_same_question() -> None:
    engine, read = an_engine()
    text = "query ($a: Few!) { sum(of: [$a, $a]) }"
    again, other = Again(), Again()

    for _ in range(3):
        assert await executed(engine, text, again, a=2) == Executed({"sum": 4}, [], objects=0)
    assert read.count(2) == 1
    assert (await executed(engine, text, other, a=3)).data == {"sum": 6}
    assert (await executed(engine, text, None, a=2)).data == {"sum": 4}
    assert read.count(2) == 2


async def test_wrong_variables_are_told_each_time() -> None:
    engine, _ = an_engine()
    text = "query ($a: Few!) { sum(of: [$a]) }"
    again = Again()

    for _ in range(3):
        told = await executed(engine, text, again, a="many")
        assert (told.data, len(told.errors)) == (None, 1)


async def test_values_that_could_be_changed_are_read_each_time() -> None:
    engine, read = an_engine()
    text = "query ($all: [Few!]) { sum(of: $all) }"
    again = Again()

    for _ in range(3):
        assert (await executed(engine, text, again, all=[1, 5])).data == {"sum": 6}
    assert read.count(5) == 3


async def test_a_plan_that_was_forgotten_is_made_for_the_variables_of_now() -> None:
    engine, read = an_engine()
    text = "query ($a: Few!) { sum(of: [$a]) }"
    again = Again()

    for _ in range(3):
        engine.cache.keep((text, None), engine._new(Request(parse(text), text)))
        assert (await executed(engine, text, again, a=2)).data == {"sum": 2}
    assert read.count(2) == 3
