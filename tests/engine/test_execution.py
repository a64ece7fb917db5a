"""What is compiled and what is not, what is asked and when."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, build_schema, parse

from app.engine.execution import Engine, Executed, Request
from app.engine.planning import Uncompilable
from app.engine.plans import Attribute, Batch, Description, Each, How
from app.engine.runs import Call

SCHEMA = build_schema(
    """
    directive @mark on FIELD
    type Query { shop(name: String = "A"): Shop  shops: [Shop!]!  slow: Int  foreign: Int }
    type Shop { name: String!  stock(least: Int! = 1): Int  sure: Int!  next: Shop  near: [Shop] }
    type Mutation { add(by: Int!): Counter  fail: Int! }
    type Counter { total: Int }
    """
)


@dataclass
class Shop:
    name: str | None = "A"
    next: "Shop | None" = None
    near: "list[Shop]" = field(default_factory=list)


@dataclass
class Desk:
    """Answers the fields of the schema and remembers what it was asked."""

    answers: Mapping[str, Callable[[Any, Call], Any]] = field(default_factory=dict)
    batches: Mapping[str, Callable[[list[Any], Call], Any]] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def how(self, _parent: GraphQLObjectType, name: str, _field: GraphQLField) -> How | None:
        if name == "foreign":
            return None
        if (answer := self.answers.get(name)) is not None:
            return Each(lambda call: lambda parent: answer(parent, call))
        if (batch := self.batches.get(name)) is not None:
            return Batch(lambda call: lambda parents: self._batch(batch, list(parents), call))
        return Attribute(name)

    async def _batch(self, batch: Callable[..., Any], parents: list[Any], call: Call) -> Any:
        self.asked.append((call.field.key, [parent.name for parent in parents]))
        await asyncio.sleep(0)
        return batch(parents, call)

    def engine(self, **options: Any) -> Engine:
        options = {"at_first_sight": True, **options}
        return Engine(SCHEMA, Description(self.how), **options)

    async def ask(self, text: str, **variables: Any) -> Executed:
        return await self.engine().execute(Request(parse(text), text, None, variables))


def told(executed: Executed) -> list[tuple[str, list[str | int] | None]]:
    return [(error.message, error.path) for error in executed.errors]


def three_shops(_parent: Any, _call: Call) -> list[Shop]:
    c = Shop("C")
    return [Shop("A", next=c), Shop("B", next=c), Shop("D")]


async def test_a_batch_function_is_called_once_for_each_field_path() -> None:
    desk = Desk(
        {"shops": three_shops}, {"stock": lambda parents, _: [ord(p.name) for p in parents]}
    )

    executed = await desk.ask("{ shops { stock next { name stock } more: stock(least: 2) } }")

    assert executed == Executed(
        {
            "shops": [
                {"stock": 65, "next": {"name": "C", "stock": 67}, "more": 65},
                {"stock": 66, "next": {"name": "C", "stock": 67}, "more": 66},
                {"stock": 68, "next": None, "more": 68},
            ]
        },
        [],
        objects=5,
    )
    assert sorted(desk.asked) == [
        ("more", ["A", "B", "D"]),
        ("stock", ["A", "B", "D"]),
        ("stock", ["C", "C"]),
    ]


async def test_a_surprise_fetches_nothing_twice() -> None:
    desk = Desk({"shops": three_shops}, {"sure": lambda *_: [1, None, "many"], "stock": _fives})

    executed = await desk.ask("{ shops { name } a: shops { stock } shop: shops { name sure } }")

    assert executed.data is None
    assert told(executed) == [
        ("Cannot return null for non-nullable field Shop.sure.", ["shop", 1, "sure"])
    ]
    assert sorted(desk.asked) == [("stock", ["A", "B", "D"]), ("sure", ["A", "B", "D"])]


async def test_what_fails_after_its_parent_is_known_to_be_null_is_not_told() -> None:
    def fail(_parents: list[Any], _call: Call) -> list[int]:
        raise ValueError("no stock today")

    desk = Desk({"shop": lambda *_: Shop()}, {"sure": lambda *_: [None], "stock": fail})

    after = await desk.ask("{ shop { sure stock } }")
    before = await desk.ask("{ shop { stock sure } }")

    no_null = ("Cannot return null for non-nullable field Shop.sure.", ["shop", "sure"])
    assert after.data == before.data == {"shop": None}
    assert told(after) == [no_null]
    assert told(before) == [("no stock today", ["shop", "stock"]), no_null]


async def test_a_failure_that_is_returned_is_no_object() -> None:
    executed = await Desk({"shop": lambda *_: ValueError("closed")}).ask("{ shop { __typename } }")

    assert executed.data == {"shop": None}
    assert told(executed) == [("closed", ["shop"])]


def _fives(parents: list[Any], _call: Call) -> list[int]:
    return [5] * len(parents)


async def test_a_failing_batch_fails_each_of_its_parents() -> None:
    def fail(_parents: list[Any], _call: Call) -> list[int]:
        raise ValueError("no stock today")

    executed = await Desk({"shops": three_shops}, {"stock": fail}).ask("{ shops { stock } }")

    assert executed.data == {"shops": [{"stock": None}] * 3}
    assert told(executed) == [("no stock today", ["shops", i, "stock"]) for i in range(3)]
    assert {type(error.original_error) for error in executed.errors} == {ValueError}


async def test_a_batch_that_answers_too_few_answers_nobody() -> None:
    desk = Desk({"shops": three_shops}, {"stock": lambda *_: [1, 2]})

    executed = await desk.ask("{ shops { stock } }")

    assert executed.data == {"shops": [{"stock": None}] * 3}
    assert told(executed) == [("3 parents had 2 answers.", ["shops", i, "stock"]) for i in range(3)]


async def test_a_slow_field_holds_back_only_what_hangs_from_it() -> None:
    released = asyncio.Event()

    async def slow(_parent: Any, _call: Call) -> int:
        await asyncio.wait_for(released.wait(), 5)
        return 1

    def stock(parents: list[Any], _call: Call) -> list[int]:
        released.set()
        return [2] * len(parents)

    desk = Desk({"slow": slow, "shops": three_shops}, {"stock": stock})

    executed = await desk.ask("{ slow shops { next { stock } } }")

    assert executed.errors == []
    assert executed.data == {
        "slow": 1,
        "shops": [{"next": {"stock": 2}}, {"next": {"stock": 2}}, {"next": None}],
    }


async def test_who_goes_away_takes_the_question_back() -> None:
    asking, ended = asyncio.Event(), asyncio.Event()

    async def slow(_parent: Any, _call: Call) -> None:
        asking.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    going = asyncio.create_task(Desk({"slow": slow}).ask("{ slow again: slow }"))
    await asyncio.wait_for(asking.wait(), 5)
    going.cancel()

    with pytest.raises(asyncio.CancelledError):
        await going
    assert ended.is_set()


@dataclass
class Counter:
    total: int = 0

    async def add(self, _parent: Any, call: Call) -> "Counter":
        before = self.total
        await asyncio.sleep(0)
        self.total = before + call.arguments["by"]
        return self

    def fail(self, _parent: Any, _call: Call) -> int:
        raise ValueError("no")


async def test_mutations_run_one_after_another_each_answered_before_the_next() -> None:
    counter = Counter()

    executed = await Desk({"add": counter.add}).ask(
        "mutation { a: add(by: 1) { total } b: add(by: 2) { total } c: add(by: 4) { total } }"
    )

    assert executed == Executed(
        {"a": {"total": 1}, "b": {"total": 3}, "c": {"total": 7}}, [], objects=3
    )


async def test_no_mutation_runs_after_one_whose_failure_ends_the_operation() -> None:
    counter = Counter()
    desk = Desk({"add": counter.add, "fail": counter.fail})

    executed = await desk.ask("mutation { a: add(by: 1) { total } fail b: add(by: 2) { total } }")

    assert executed.data is None
    assert told(executed) == [("no", ["fail"])]
    assert counter.total == 1


async def test_an_operation_is_compiled_when_it_is_seen_again() -> None:
    engine = Desk().engine(at_first_sight=False)
    text = "{ shops { name } }"
    request = Request(parse(text), text, root={"shops": [Shop()]})

    first = await engine.execute(request)
    assert (first.data, first.interpreted) == ({"shops": [{"name": "A"}]}, "first sight")
    engine.description = Description(Desk({"shops": lambda *_: [Shop()]}).how)
    second, third = await engine.execute(request), await engine.execute(request)

    assert second == third == Executed({"shops": [{"name": "A"}]}, [], objects=1)
    assert dict(engine.counts) == {"first sight": 1, "compiled": 2}


async def test_what_is_prepared_is_compiled_at_its_first_sight_whatever_its_conditions() -> None:
    engine = Desk({"shops": three_shops}).engine(at_first_sight=False)
    text = "query Q($a: Boolean!) { shops @include(if: $a) { name } __typename @skip(if: $a) }"
    engine.prepare(parse(text), text, "Q")

    asked = [
        await engine.execute(Request(parse(text), text, "Q", {"a": value}))
        for value in (True, False)
    ]

    assert [one.data for one in asked] == [
        {"shops": [{"name": "A"}, {"name": "B"}, {"name": "D"}]},
        {"__typename": "Query"},
    ]
    assert dict(engine.counts) == {"compiled": 2}


def doubled(number: int) -> str:
    root = "{ ...F0 } fragment F0 on Query { a: shop { ...F1 } b: shop { ...F1 } }"
    below = (
        f" fragment F{i} on Shop {{ a: next {{ ...F{i + 1} }} b: next {{ ...F{i + 1} }} }}"
        for i in range(1, number)
    )
    return f"{root}{''.join(below)} fragment F{number} on Shop {{ name }}"


CONDITIONS = "query (" + " ".join(f"$c{i}: Boolean = true" for i in range(7)) + ") { slow " + (
    " ".join(f"a{i}: slow @skip(if: $c{i})" for i in range(7)) + " }"
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{ __schema { queryType { name } } }", "introspection"),
        ("{ slow @mark }", "@mark"),
        ("{ foreign }", "resolver"),
        (CONDITIONS, "many conditions"),
        (doubled(30), "too large"),
        ("{ shops { " + "near { " * 25 + "name" + " }" * 27, "too deep"),
        ("{ shop { " + "next { " * 90 + "name" + " }" * 92, "too deep"),
        ("query A { slow } query B { slow }", "no operation"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
async def test_what_cannot_be_compiled_is_interpreted_and_counted(text: str, reason: str) -> None:
    engine = Desk().engine()
    request = Request(parse(text), text, root={"shops": []})

    first, again = await engine.execute(request), await engine.execute(request)

    assert first.interpreted == again.interpreted == reason
    assert dict(engine.counts) == {reason: 2}
    with pytest.raises(Uncompilable, match=reason):
        engine.prepare(parse(text), text, None)


async def test_a_condition_without_a_value_is_told_as_the_reference_tells_it() -> None:
    executed = await Desk().ask("query ($a: Boolean) { slow @skip(if: $a) }")

    assert executed.interpreted == "condition without a value"
    (error,) = executed.errors
    assert error.message.startswith("Argument 'if' has invalid value: Expected variable '$a'")


async def test_wrong_variables_end_the_operation_before_anything_is_asked() -> None:
    desk = Desk({"shop": lambda *_: Shop()})

    executed = await desk.ask("query ($name: String!) { shop(name: $name) { name } }", name=[])

    assert (executed.data, executed.interpreted) == (None, None)
    assert [error.message for error in executed.errors] == [
        "Variable '$name' has invalid value: String cannot represent a non string value: []"
    ]


async def test_the_cache_keeps_within_its_bytes_what_was_used_last() -> None:
    engine = Desk({"shop": lambda *_: Shop()}).engine(most_bytes=60_000)

    async def ask(number: int) -> None:
        text = f"{{ a{number}: shop {{ name next {{ name }} }} }}"
        assert (await engine.execute(Request(parse(text), text))).errors == []
        assert engine.cache.size <= 60_000

    for number in range(40):
        await ask(number)
        await ask(0)

    assert 3 < len(engine.cache) < 40
    assert engine.cache.get(("{ a0: shop { name next { name } } }", None)) is not None
    assert engine.cache.get(("{ a1: shop { name next { name } } }", None)) is None


async def test_a_plan_larger_than_the_cache_is_used_and_not_kept() -> None:
    engine = Desk({"shop": lambda *_: Shop()}).engine(most_bytes=2_500)
    text = "{ shop { name } }"

    executed = await engine.execute(Request(parse(text), text))

    assert executed == Executed({"shop": {"name": "A"}}, [], objects=1)
    assert len(engine.cache) == 0
