"""What becomes of a subscription, whatever transport brought it?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from graphql import OperationDefinitionNode, parse
from starlette.routing import Route
from structlog.testing import capture_logs

from app.api.asking import asked
from app.api.callers import Caller
from app.api.http import GraphQLEndpoint
from app.api.operations import Operations
from app.api.outcomes import Fate, Outcome
from app.api.subscribing import Outcomes
from app.engine.subscribing import used_by_events
from tests.builders import NOON
from tests.streams.schemas import END, Feeds, News, a_schema
from tests.streams.served import a_gateway, until

NEWS = "subscription News($of: String!) { news(of: $of) { number %s } }"


@dataclass
class Bench:
    """The operations of a gateway, asked without a transport."""

    operations: Operations
    feeds: Feeds = field(default_factory=Feeds)

    async def ask(self, query: str, caller: Caller | None = None, **variables: Any) -> Outcomes:
        answers = await self.operations.answers(
            asked({"query": query, "variables": variables}), caller or Caller()
        )
        assert not isinstance(answers, Outcome)
        return answers

    async def told(self, query: str, *events: Any) -> list[Outcome]:
        """The answers to those events of the feed."""
        answers = await self.ask(query, of="all")
        telling = asyncio.ensure_future(_all(answers))
        await until(lambda: self.feeds.open == 1)
        for event in (*events, END):
            self.feeds.give("all", event)
        return await telling


async def _all(answers: Outcomes) -> list[Outcome]:
    return [outcome async for outcome in answers]


async def a_bench(**options: Any) -> Bench:
    gateway, feeds = await a_gateway(**options), Feeds()
    (operations,) = [
        route.app._operations
        for route in gateway.app(a_schema(feeds)).routes
        if isinstance(route, Route) and isinstance(route.app, GraphQLEndpoint)
    ]
    return Bench(operations, feeds)


def data(outcome: Outcome) -> Any:
    return orjson.loads(outcome.data or b"")


async def test_every_event_is_executed_at_its_own_time() -> None:
    minutes = 0

    def now() -> Any:
        nonlocal minutes
        minutes += 1
        return NOON + timedelta(minutes=minutes)

    bench = await a_bench(now=now)
    told = await bench.told(NEWS % "askedAt", *(News(number=number) for number in range(3)))

    times = [data(outcome)["news"]["askedAt"] for outcome in told]
    assert len(set(times)) == 3
    assert times == sorted(times)


async def test_the_errors_of_an_event_are_its_own() -> None:
    bench = await a_bench()
    told = await bench.told(NEWS % "odd", *(News(number=number) for number in (1, 2, 3)))

    assert [data(outcome) for outcome in told] == [
        {"news": {"number": 1, "odd": 1}},
        None,
        {"news": {"number": 3, "odd": 3}},
    ]
    assert [outcome.kind for outcome in told] == ["complete", "refused", "complete"]
    assert told[1].errors == [
        {
            "message": "It is even.",
            "locations": [{"line": 1, "column": 58}],
            "path": ["news", "odd"],
            "extensions": {"code": "BAD_USER_INPUT", "argument": "number"},
        }
    ]


async def test_an_event_that_takes_too_long_is_late_and_the_next_is_told() -> None:
    bench = await a_bench(requests={"budget": "PT0.05S", "reserve": "PT0.01S"})
    stuck = await bench.ask(NEWS % "stuck", of="all")
    reading = asyncio.ensure_future(anext(stuck))
    await until(lambda: bench.feeds.open == 1)
    bench.feeds.give("all", News(number=1))
    first = await reading
    bench.feeds.give("all", News(number=2))
    second = await anext(stuck)
    await stuck.aclose()

    assert [first.fate, second.fate] == [Fate.LATE, Fate.LATE]
    assert first.errors[0]["extensions"] == {"code": "TIMEOUT"}
    assert bench.feeds.open == 0


async def test_a_source_that_is_not_opened_in_time_is_given_up() -> None:
    bench = await a_bench(requests={"budget": "PT0.05S", "reserve": "PT0.01S"})
    (outcome,) = await _all(await bench.ask("subscription { slowToOpen }"))

    assert outcome.fate is Fate.INTERRUPTED
    assert outcome.errors[0]["extensions"] == {"code": "TIMEOUT"}


async def test_events_are_executed_by_a_plan() -> None:
    bench = await a_bench(execution={"compiled": True, "at_first_sight": False})
    await bench.told(NEWS % "twice", *(News(number=number) for number in range(5)))

    engine = bench.operations._executions._engine
    assert engine is not None
    assert engine.counts == {"first sight": 1, "compiled": 4}


async def test_wrong_variables_are_told_before_anything_is_opened() -> None:
    bench = await a_bench()
    (outcome,) = await _all(await bench.ask(NEWS % ""))

    assert outcome.fate is Fate.UNEXECUTED
    assert bench.feeds.opened == 0


async def test_a_subscription_passes_the_gate() -> None:
    bench = await a_bench(requests={"max_aliases": 1})
    query = "subscription { news { a: number b: number } }"
    outcome = await bench.operations.answers(asked({"query": query}), Caller())

    assert isinstance(outcome, Outcome)
    assert outcome.errors[0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"


async def test_who_stops_listening_closes_the_source_whatever_it_waits_for() -> None:
    bench = await a_bench()
    waiting = asyncio.ensure_future(_all(await bench.ask(NEWS % "", of="all")))
    await until(lambda: bench.feeds.open == 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert bench.feeds.open == 0

    told = await bench.ask("subscription { count(to: 9) { number } }")
    async with aclosing(told):
        await anext(told)
        assert bench.feeds.open == 1
    assert bench.feeds.open == 0


async def test_a_source_that_is_no_generator_is_closed_too() -> None:
    closed = []

    class Source:
        def __aiter__(self) -> AsyncIterator[News]:
            return self

        async def __anext__(self) -> News:
            return News(number=1)

        async def aclose(self) -> None:
            closed.append(True)
            raise RuntimeError("it cannot be closed")

    bench = await a_bench()
    bench.feeds.others["source"] = Source()
    told = await bench.ask("subscription { other { number } }")
    assert data(await anext(told)) == {"other": {"number": 1}}
    await told.aclose()

    assert closed == [True]


async def test_a_subscription_has_one_line_in_the_log_when_it_ends() -> None:
    bench = await a_bench()
    with capture_logs() as logs:
        await bench.told(NEWS % "", News(number=1), News(number=2), RuntimeError("secret"))

    (line,) = [line for line in logs if line["event"] == "subscription"]
    assert (line["name"], line["outcome"], line["answers"]) == ("News", "failed", 3)
    assert "secret" not in str(logs)


def test_those_who_began_elsewhere_have_the_same_answer_to_an_event() -> None:
    """What is given to the field of a subscription alone is nothing to its events."""
    query = """subscription($of: String!, $name: Boolean!) {
      news(of: $of) { number ...Name @include(if: $name) } } fragment Name on News { twice }"""
    document = parse(query)
    [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]

    assert used_by_events(document, operation) == {"name"}
