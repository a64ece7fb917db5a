"""A thousand who ask the same at once cost one question, in one process and in several."""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.engine.caching import listening, shared
from app.engine.caching.answers import Answers, Made, Order
from app.engine.caching.entries import Entry
from app.engine.caching.invalidations import Invalidations
from app.engine.caching.memory import Memory
from app.engine.caching.shared import Turn
from app.errors import UpstreamUnavailable
from tests.builders import NOON
from tests.caching.builders import Held, Shop, a_gateway, a_shop, kept_by_all, over
from tests.redis import RedisServer, until

ROOT = Path(__file__).parents[2]
PRODUCT = '{ product(handle: "shirt") { name } }'
NAMED = {"data": {"product": {"name": "Camicia"}}}
MANY = 1_000


async def asked_and_held(at: Shop, number: int) -> list["asyncio.Task[Any]"]:
    """Ask often, until the shop has been asked."""
    tasks = [asyncio.create_task(at.told(PRODUCT)) for _ in range(number)]

    async def waiting() -> bool:
        return at.calls("products") > 0

    await until(waiting)
    return tasks


async def test_a_thousand_at_once_are_one_question() -> None:
    held = Held()
    async with a_gateway(a_shop()) as at:
        at.shop.wait = held
        tasks = await asked_and_held(at, MANY)
        held.gate.set()
        bodies = await asyncio.gather(*tasks)

        assert at.calls("products") == 1
        assert {str(body["data"]) for body in bodies} == {str(NAMED["data"])}
        assert at.counts["miss"] == 1
        assert at.counts["miss"] + at.counts["joined"] + at.counts.get("hit", 0) == MANY


async def test_two_gateways_on_one_redis_are_one_question(
    client: Redis, shared_server: RedisServer, tmp_path: Path
) -> None:
    held, shop = Held(), a_shop()
    redis = over(shared_server, tmp_path, timeout="PT1M")  # a crowd keeps the loop busy
    async with (
        a_gateway(shop, redis=redis) as one,
        a_gateway(shop, redis=redis) as other,
    ):
        shop.wait = held
        here = await asked_and_held(one, MANY // 2)
        there = [asyncio.create_task(other.told(PRODUCT)) for _ in range(MANY // 2)]

        async def joined() -> bool:
            return len(other.gateway.caches.answers._flights) == 1

        await until(joined)
        held.gate.set()
        bodies = await asyncio.gather(*here, *there)

        assert one.calls("products") == 1
        assert {str(body["data"]) for body in bodies} == {str(NAMED["data"])}
        assert other.counts.get("miss", 0) == 0

        async def kept() -> bool:
            return await kept_by_all(client) == 1

        await until(kept)


async def test_processes_of_their_own_ask_once(client: Redis, shared_server: RedisServer) -> None:
    await client.flushall()
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(ROOT / "tests/caching/crowd.py"),
            shared_server.url,
            "200",
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    told = await asyncio.wait_for(
        asyncio.gather(*(worker.communicate() for worker in workers)), timeout=90
    )

    assert sum(int(output) for output, _ in told) == 1


async def test_who_goes_away_ends_nothing_for_the_others() -> None:
    held = Held()
    async with a_gateway(a_shop()) as at:
        at.shop.wait = held
        first, *others = await asked_and_held(at, 3)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        held.gate.set()

        bodies = await asyncio.gather(*others)
        assert [body["data"] for body in bodies] == [NAMED["data"]] * 2
        assert at.calls("products") == 1


async def test_a_failure_is_shared_by_those_who_waited_and_by_nobody_else() -> None:
    held = Held()
    async with a_gateway(a_shop()) as at:
        at.shop.wait, at.shop.error = held, UpstreamUnavailable("did not answer")
        tasks = await asked_and_held(at, 10)
        held.gate.set()
        bodies = await asyncio.gather(*tasks)
        assert at.calls("products") == 1
        assert all("errors" in body for body in bodies)

        at.shop.error = None
        assert (await at.ask(PRODUCT))["data"] == NAMED["data"]
        assert at.calls("products") == 2


async def test_a_redis_that_is_silent_is_a_miss(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PATIENCE", timedelta(minutes=1))
    redis = over(server, tmp_path, timeout="PT0.2S")
    async with a_gateway(redis=redis) as at:
        server.freeze()
        try:
            assert (await at.ask(PRODUCT))["data"] == NAMED["data"]
            assert (await at.ask(PRODUCT))["data"] == NAMED["data"]
        finally:
            server.thaw()

        assert (at.counts["miss"], at.counts["hit"]) == (1, 1)


async def test_where_one_fails_to_make_it_the_others_do_not_wait(
    client: Redis, shared_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "NOT_KEPT_FOR", timedelta(minutes=1))
    shop, redis = a_shop(), over(shared_server, tmp_path)
    shop.error = UpstreamUnavailable("did not answer")
    async with a_gateway(redis=redis) as other, a_gateway(shop, redis=redis) as one:
        shop.error = UpstreamUnavailable("did not answer")
        assert "errors" in await one.ask(PRODUCT)

        async def given_up() -> bool:
            return b"-" in [await client.get(key) for key in await client.keys("*:lease")]

        await until(given_up)
        assert (await other.ask(PRODUCT))["data"] == NAMED["data"]
        assert await client.keys("tessera:answer:*") != []


async def test_where_one_fails_to_make_it_nobody_waits_for_what_holds_no_more(
    empty_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "NOT_KEPT_FOR", timedelta(minutes=1))
    key, tags = b"k", frozenset({"T"})
    async with a_gateway(redis=over(empty_server, tmp_path)) as at:
        answers = at.gateway.caches.answers
        second = answers.shared
        assert second is not None
        entry = Entry(
            data=b"{}",
            facts=[],
            tags=tags,
            made_at=NOON,
            lifetime=timedelta(minutes=1),
            grace=timedelta(),
            etag="e",
            seen=answers.log.count,
        )
        await second.put(key, entry, answers.log.mark)
        assert await second.look(key) == entry
        answers.log.add(tags, at=NOON)

        turns = [await second.look(key), await second.look(key)]
        await second.give_up(key)
        turns += [await second.look(key), await second.claim(key)]

    assert turns == [Turn.LEAD, Turn.WAIT, Turn.ALONE, Turn.ALONE]


@pytest.mark.parametrize("tags", [frozenset({"T"}), frozenset({"U"})])
async def test_what_is_named_while_it_is_made_is_neither_kept_nor_told_to_who_came_later(
    tags: frozenset[str],
) -> None:
    log = Invalidations()
    answers: Answers[int] = Answers(
        memory=Memory(10_000, 10_000, log),
        log=log,
        now=lambda: NOON,
        within=timedelta(seconds=20),
    )
    gates = [asyncio.Event(), asyncio.Event()]
    begun: list[int] = []
    started = asyncio.Event()

    async def make(_order: Order) -> Made[int]:
        number = len(begun)
        begun.append(number)
        started.set()
        await gates[number].wait()
        return Made(number, None, frozenset({"T"}))

    early = asyncio.create_task(answers.get(b"k", make))
    await started.wait()
    await answers.invalidate(tags)
    later = asyncio.create_task(answers.get(b"k", make))
    await asyncio.sleep(0)
    for gate in gates:
        gate.set()

    assert (await early).answer == 0
    assert (await later).answer == (1 if "T" in tags else 0)
