"""The budget that processes share, on a real Redis."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from app.engine.budget import (
    Allowance,
    BudgetExceeded,
    Budgets,
    Charge,
    Patience,
    RedisBudgets,
    SharedRedis,
    SilentRedis,
    open_redis,
    redis,
)
from app.engine.budget.bucket import MILLIONTHS, MOST_POINTS, Bucket
from app.engine.budget.redis import SCRIPT, key_of
from app.errors import MisconfiguredError
from tests.budget.builders import SMALL
from tests.redis import RedisServer, until

ROOT = Path(__file__).parents[2]
WORKERS_END_WITHIN = 60.0  # seconds
PATIENT = Patience(within=timedelta(seconds=10))
MINE: ContextVar[str] = ContextVar("mine")
T = TypeVar("T")


def shared(client: Redis) -> SharedRedis:
    return SharedRedis(client, time.monotonic, PATIENT)


async def test_a_charge_is_seen_by_every_process_and_refunded_to_the_actual_cost(
    client: Redis, shared_server: RedisServer
) -> None:
    slow = Allowance(size=100, restore_rate=1)
    async with open_redis(shared_server.url) as other:
        here, there = Budgets(RedisBudgets(shared(client))), Budgets(RedisBudgets(shared(other)))

        charge = await here.charge("ann", 90, slow)
        with pytest.raises(BudgetExceeded) as refused:
            await there.charge("ann", 50, slow)
        await here.settle(charge, 10)
        taken = await there.charge("ann", 50, slow)

    assert 10 <= refused.value.cost.available <= 20  # 1 a second is restored meanwhile
    assert 40 <= taken.allowance.available(taken.spent) <= 50


async def test_a_bucket_goes_when_it_is_full_again_and_names_nobody(client: Redis) -> None:
    slow, fast = Allowance(size=100, restore_rate=1), Allowance(size=100, restore_rate=100)
    budgets = Budgets(RedisBudgets(shared(client)))
    await budgets.charge("ann@example.com", 100, slow)

    keys = await client.keys()
    assert keys == [key_of("ann@example.com").encode()]
    assert b"ann" not in keys[0]
    assert 40_000 <= await client.pttl(keys[0]) <= 100_001
    await client.flushall()
    await budgets.charge("ann@example.com", 100, fast)
    await until(lambda: _empty(client))


async def _empty(client: Redis) -> bool:
    return await client.dbsize() == 0


async def test_a_bucket_that_was_refunded_whole_is_not_kept(client: Redis) -> None:
    budgets = Budgets(RedisBudgets(shared(client)))

    cost = await budgets.settle(await budgets.charge("ann", 100, SMALL), 0)

    assert (cost.available, await client.dbsize()) == (100, 0)


# The script under the test's clock instead of that of Redis; nothing else is changed.
TOLD_TIME = SCRIPT.replace("redis.call('TIME')", "{ARGV[#KEYS * 4 + 1], ARGV[#KEYS * 4 + 2]}")

steps = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.integers(-150, 150) | st.integers(-MOST_POINTS, MOST_POINTS),
    st.booleans(),
)
calls = st.lists(
    st.tuples(
        st.integers(-2_000_000, 50_000_000),  # microseconds that pass
        st.lists(steps, min_size=1, max_size=4),
    ),
    max_size=15,
)
sizes = st.integers(1, 200) | st.integers(1, MOST_POINTS)


@given(story=calls, size=sizes, rate=sizes)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_script_counts_exactly_as_the_bucket_does(
    client: Redis, story: list[tuple[int, list[tuple[str, int, bool]]]], size: int, rate: int
) -> None:
    assert TOLD_TIME != SCRIPT
    await client.flushall()
    script = client.register_script(TOLD_TIME)
    allowance = Allowance(size=size, restore_rate=rate)
    now = 1_800_000_000 * MILLIONTHS
    buckets, told, expected = dict[str, Bucket](), [], []

    for passed, wanted in story:
        now += passed
        arguments = []
        for principal, points, all_or_nothing in wanted:
            whole = all_or_nothing and points >= 0
            bucket = buckets.get(principal, Bucket(0, now)).restored(now, allowance)
            charged = (
                bucket.charged(points, allowance) if whole else bucket.settled(points, allowance)
            )
            bucket = buckets[principal] = charged or bucket
            expected += [int(charged is not None), bucket.spent]
            arguments += [allowance.whole, rate, points * MILLIONTHS, int(whole)]
        keys = [principal for principal, *_ in wanted]
        told += await script(keys, [*arguments, *divmod(now, MILLIONTHS)])
        for key in keys:
            await client.persist(key)  # its time to live runs by the clock of Redis

    assert told == expected


async def test_what_is_asked_for_at_once_goes_in_calls_of_so_many(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "MOST", 2)
    budgets, slow = RedisBudgets(shared(client)), Allowance(size=10, restore_rate=1)
    await budgets.charge("nobody", 1, slow)  # the script is known there
    before = await _calls_of(client)

    charges = await asyncio.gather(*(budgets.charge("ann", 3, slow) for _ in range(5)))

    assert await _calls_of(client) - before == 3
    assert sum(charge.taken for charge in charges) == 3  # calls may overtake each other


async def test_what_nobody_waits_for_any_more_is_not_charged(client: Redis) -> None:
    budgets, slow = RedisBudgets(shared(client)), Allowance(size=1_000, restore_rate=1)
    await budgets.charge("bob", 500, slow)  # it is kept for so many seconds
    before, tasks = await _calls_of(client), asyncio.all_tasks()
    gone = asyncio.create_task(budgets.charge("ann", 3, slow))
    await asyncio.sleep(0)  # it asks
    gone.cancel()
    await asyncio.wait(asyncio.all_tasks() - tasks)

    assert gone.cancelled()
    assert await _calls_of(client) == before
    assert await client.keys() == [key_of("bob").encode()]


async def test_who_asks_first_lends_the_call_nothing_of_its_own(client: Redis) -> None:
    lent = []

    class Noting(SharedRedis):
        async def ask(self, question: Callable[[Redis], Awaitable[T]]) -> T:
            lent.append(MINE.get(None))
            return await super().ask(question)

    budgets = RedisBudgets(Noting(client, time.monotonic, PATIENT))
    MINE.set("ann's")
    await budgets.charge("ann", 3, SMALL)

    assert lent == [None]


@pytest.mark.parametrize("dies", [False, True])
async def test_who_leaves_while_charged_is_no_matter_of_others(
    server: RedisServer, *, dies: bool
) -> None:
    slow = Allowance(size=10, restore_rate=1)
    async with open_redis(server.url) as client:
        budgets = RedisBudgets(shared(client))
        await budgets.charge("nobody", 1, slow)
        server.freeze()
        try:
            gone, other = [
                asyncio.create_task(budgets.charge(one, 3, slow)) for one in ("ann", "bob")
            ]
            for _ in range(10):
                await asyncio.sleep(0)
            gone.cancel()
            await asyncio.wait([gone])
            if dies:
                server.kill()
        finally:
            server.thaw()
        [told] = await asyncio.gather(other, return_exceptions=True)

    assert type(told) is (SilentRedis if dies else Charge)


async def _calls_of(client: Redis) -> int:
    calls: int = (await client.info("commandstats"))["cmdstat_evalsha"]["calls"]
    return calls


async def test_two_processes_on_one_redis_overspend_nothing(
    client: Redis, shared_server: RedisServer
) -> None:
    size, rate = 6_000, 200
    allowance = Allowance(size=size, restore_rate=rate)
    before = await _clock_of(client)

    workers = [await _hammer(shared_server, size, rate, seed) for seed in range(2)]
    told = [await _told(worker) for worker in workers]

    after = await _clock_of(client)
    kept = await RedisBudgets(shared(client)).charge("the same principal", 0, allowance)
    end = await _clock_of(client)
    spent = sum(one["spent"] for one in told)
    restored = (after - before) * rate / MILLIONTHS
    assert spent <= size + restored
    assert spent >= size  # or the budget was never the limit
    assert all(one["refused"] > 0 and one["spent"] > 0 for one in told)
    assert kept.spent >= spent * MILLIONTHS - (end - before) * rate  # nothing spent was forgotten


async def _clock_of(client: Redis) -> int:
    seconds, microseconds = await client.time()
    return int(seconds) * MILLIONTHS + int(microseconds)


async def _hammer(
    server: RedisServer, size: int, rate: int, seed: int
) -> asyncio.subprocess.Process:
    numbers = [str(number) for number in (size, rate, 2_400, seed)]
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *(str(ROOT / "tests/budget/hammer.py"), server.url, *numbers),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )


async def _told(worker: asyncio.subprocess.Process) -> dict[str, int]:
    try:
        async with asyncio.timeout(WORKERS_END_WITHIN):
            output, _ = await worker.communicate()
    except TimeoutError:
        worker.kill()
        await worker.wait()
        raise
    told: dict[str, int] = json.loads(output)
    return told


async def test_an_address_that_is_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(MisconfiguredError) as refused:
        async with open_redis("secret-thing://user:password@host"):
            pass

    assert refused.value.problems == (
        "the address of Redis must look like redis://host:6379/0 or rediss://host:6379/0",
    )
