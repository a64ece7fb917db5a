"""What arrives together is charged together, where processes share their points in one Redis."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.api.prompt import PromptOperations
from app.api.spending import Spending
from app.engine.budget import SharedRedis
from tests.api.wired import NAMES, Answer, Server, noted, question, served, wire
from tests.redis import RedisServer, redis_for_tests, until
from tests.streams.served import until as until_now

SIZE = 10**6
ASKED = question(NAMES)
STEPS = "admitted", "trace", "prepare", "execute", "settle", "answered", "tell"


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_for_tests() as server:
        yield server


@dataclass
class Sharing:
    """A gateway whose points are in a Redis."""

    server: Server
    shared: SharedRedis

    async def calls(self) -> int:
        """How often a script was run there."""
        told: dict[str, Any] = await self.shared.client.info("commandstats")
        calls: int = told.get("cmdstat_evalsha", {"calls": 0})["calls"]
        return calls


@asynccontextmanager
async def sharing(redis: RedisServer, folder: Path, **points: Any) -> AsyncIterator[Sharing]:
    address = folder / "redis"
    address.write_text(redis.url)
    server = await served(
        redis={"url": {"file": str(address)}, "timeout": "PT20S"},
        budget={"size": SIZE, "restore_rate": 1, "processes": 2, **points},
        cache={"answers": False},
    )
    shared = server.gateway.shared
    assert shared is not None
    try:
        await shared.client.flushall()
        await server.known(ASKED)
        yield Sharing(server, shared)
    finally:
        await shared.aclose()


def cost(answer: Answer) -> dict[str, int]:
    told: dict[str, int] = answer.json["extensions"]["cost"]
    return told


async def test_all_are_charged_in_one_call_and_settled_in_another(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with sharing(redis, tmp_path) as there:
        before, [first] = await there.calls(), await there.server.ask(wire(ASKED))
        one = await there.calls() - before
        answers = await there.server.ask(*[wire(ASKED)] * 10)
        ten = await there.calls() - before - one

    assert (one, ten) == (2, 2)
    assert there.server.counts == {"together": 11}
    assert {answer.status for answer in answers} == {200}
    assert 0 < cost(first)["actual"] < cost(first)["requested"]
    spent = 14 * cost(first)["actual"]  # and a point a second was restored meanwhile
    assert SIZE - spent <= cost(answers[-1])["available"] <= SIZE - spent + 30


async def test_each_step_is_taken_by_all_before_the_next(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    async with sharing(redis, tmp_path) as there:
        for name in STEPS:
            monkeypatch.setattr(PromptOperations, name, noted(taken, name))
        await there.server.ask(*[wire(ASKED)] * 3)
    assert taken == [name for name in STEPS for _ in range(3)]


async def test_nobody_overspends_and_who_has_not_enough_is_told_by_the_endpoint(
    redis: RedisServer, tmp_path: Path
) -> None:
    costly = question("query Many { products(first: 100) { edges { node { handle } } } }")
    async with sharing(redis, tmp_path) as there:
        await there.server.known(costly)
        [first] = await there.server.ask(wire(costly))
    requested, actual = cost(first)["requested"], cost(first)["actual"]
    may = 5  # and as much as half of one more is restored meanwhile
    async with sharing(redis, tmp_path, size=may * requested + requested // 2) as there:
        await there.server.known(costly)
        await there.shared.client.flushall()
        with capture_logs() as lines:
            answers = await there.server.ask(*[wire(costly)] * 12)
        [last] = await there.server.ask(wire(question("{ __typename }")))

    assert {line["event"] for line in lines} == {"operation", "operation.refused"}
    taken = Counter(answer.status for answer in answers)
    assert there.server.counts == {"together": may, "endpoint": 12 - may}
    assert taken[200] + taken[429] == 12
    assert taken[429] > 0
    left = may * requested + requested // 2 - taken[200] * actual
    assert left <= cost(last)["available"] <= left + requested // 2


async def test_a_redis_that_is_dead_leaves_each_process_its_part(tmp_path: Path) -> None:
    with redis_for_tests() as redis:
        async with sharing(redis, tmp_path) as there:
            redis.kill()
            answers = await there.server.ask(*[wire(ASKED)] * 4)
            redis.start_again()

            async def back() -> bool:
                [answer] = await there.server.ask(wire(ASKED))
                return cost(answer)["size"] == SIZE

            await until(back)

    assert [(answer.status, cost(answer)["size"]) for answer in answers] == [(200, SIZE // 2)] * 4
    assert set(there.server.counts) == {"together"}


async def test_no_task_is_kept_for_longer_than_it_runs(redis: RedisServer, tmp_path: Path) -> None:
    async with sharing(redis, tmp_path) as there:
        kept = []
        gc.disable()
        try:
            for _ in range(2):
                for _ in range(20):
                    await there.server.ask(wire(ASKED))
                # `type`: `isinstance` fails at a weak proxy of what has gone
                kept.append(sum(type(one) is asyncio.Task for one in gc.get_objects()))
        finally:
            gc.enable()
    assert kept[1] - kept[0] < 20  # of 60 that ran meanwhile


async def test_who_leaves_while_charged_is_no_matter_of_others(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with sharing(redis, tmp_path) as there:
        before = asyncio.all_tasks()
        gone, other = there.server.client(), there.server.client()
        redis.freeze()
        try:
            gone.say(wire(ASKED))
            other.say(wire(ASKED))
            for _ in range(10):
                await asyncio.sleep(0)
            gone.protocol.connection_lost(None)
        finally:
            redis.thaw()
        [answer] = await other.answers()
        await until_now(lambda: not asyncio.all_tasks() - before)

    assert (answer.status, gone.transport.said) == (200, b"")


async def test_requests_in_line_are_answered_in_line(redis: RedisServer, tmp_path: Path) -> None:
    async with sharing(redis, tmp_path) as there:
        client, ids = there.server.client(), [f"id-{number}" for number in range(3)]
        for one in ids:
            client.say(wire(ASKED, ("x-request-id", one)))
        answers = await client.answers(3)

    assert [one.headers["x-request-id"] for one in answers] == ids


@pytest.mark.parametrize("step", ["charge", "settle"])
async def test_a_bug_that_one_meets_while_waiting_is_no_matter_of_others(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    usual, asked = getattr(Spending, step), []

    async def weak(self: Spending, *given: Any) -> Any:
        asked.append(given)
        first = len(asked) == 1
        done = await usual(self, *given)
        if first:
            raise ZeroDivisionError("secret")
        return done

    async with sharing(redis, tmp_path) as there:
        monkeypatch.setattr(Spending, step, weak)
        with capture_logs() as lines:
            answers = await there.server.ask(*[wire(ASKED)] * 3)

    assert [one.status for one in answers] == [200] * 3
    assert there.server.counts == {"endpoint": 1, "together": 2}
    assert [line for line in lines if line["event"] == "cohort.failed"] == [
        {"event": "cohort.failed", "error": "ZeroDivisionError", "log_level": "warning"}
    ]
