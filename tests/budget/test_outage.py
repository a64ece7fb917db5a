"""A Redis that dies, freezes and comes back, under a gateway that goes on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.engine.budget import (
    Allowance,
    BudgetExceeded,
    Budgets,
    FallbackBudgets,
    MemoryBudgets,
    Patience,
    RedisBudgets,
    SharedRedis,
    open_redis,
)
from app.engine.budget.bucket import MILLIONTHS
from tests.budget.builders import Clock
from tests.redis import RedisServer, until

SLOW = Allowance(size=100, restore_rate=1)
WITHIN = 0.05
PATIENT = Patience(within=timedelta(seconds=5))  # for tests of what is said, not of when
BUSY_MACHINE = 0.25  # seconds that other processes may keep ours from noticing
ROUNDS = 3  # in one of them, they do not


@dataclass
class Gateway:
    budgets: Budgets
    store: FallbackBudgets
    shared: SharedRedis
    clock: Clock

    def rest(self) -> None:
        self.clock.seconds += self.shared.patience.rest.total_seconds()


@asynccontextmanager
async def gateway_over(
    server: RedisServer, *, processes: int = 2, patience: Patience = PATIENT
) -> AsyncIterator[Gateway]:
    clock = Clock()
    async with open_redis(server.url) as client:
        shared = SharedRedis(client, clock, patience)
        store = FallbackBudgets(RedisBudgets(shared), MemoryBudgets(clock), processes=processes)
        yield Gateway(Budgets(store), store, shared, clock)


async def charged_there(gateway: Gateway) -> bool:
    gateway.rest()
    return not (await gateway.budgets.charge("probe", 1, SLOW)).local


async def test_a_killed_redis_leaves_each_process_its_part_until_it_is_back(
    server: RedisServer,
) -> None:
    async with gateway_over(server) as gateway:
        budgets = gateway.budgets
        await until(lambda: charged_there(gateway))
        with capture_logs() as logs:
            before = await budgets.charge("ann", 80, SLOW)
            server.kill()
            during = [await budgets.charge("ann", 10, SLOW) for _ in range(5)]
            with pytest.raises(BudgetExceeded) as refused:
                await budgets.charge("ann", 10, SLOW)
            gateway.rest()  # and one more question goes to Redis, in vain
            lost_refund = await budgets.settle(before, 30)
            local_refund = await budgets.settle(during[0], 0)
            server.start_again()
            await until(lambda: charged_there(gateway))
            after = await budgets.charge("ann", 100, SLOW)

    assert (before.local, after.local) == (False, False)
    assert {(charge.local, charge.allowance.size) for charge in during} == {(True, 50)}
    assert refused.value.cost.size == 50
    assert lost_refund.available == 20
    assert local_refund.available == 11
    assert [entry["event"] for entry in logs] == ["redis.silent", "redis.back"]
    assert not gateway.shared.silent


async def test_a_frozen_redis_costs_fifty_milliseconds_three_times_and_then_nothing(
    server: RedisServer,
) -> None:
    rounds = []
    async with gateway_over(server) as gateway:
        for _ in range(ROUNDS):
            gateway.shared.patience = PATIENT
            await until(lambda: charged_there(gateway))
            gateway.shared.patience = Patience()
            server.freeze()
            try:
                rounds.append([await waited(gateway.budgets) for _ in range(5)])
            finally:
                server.thaw()
        gateway.shared.patience = PATIENT
        await until(lambda: charged_there(gateway))
        charges = await asyncio.gather(
            *(gateway.budgets.charge(f"principal {points}", points, SLOW) for points in range(40))
        )

    assert as_long_as_said([waits[:3] for waits in rounds])
    assert max(map(min, zip(*[waits[3:] for waits in rounds], strict=True))) < WITHIN / 2
    # No answer to a question that was given up on is taken for the answer to another.
    assert [(charge.local, charge.spent) for charge in charges] == [
        (False, points * MILLIONTHS) for points in range(40)
    ]


async def test_a_redis_that_accepts_and_never_answers_is_given_up_on_as_fast(
    server: RedisServer,
) -> None:
    rounds = []
    server.freeze()
    try:
        for _ in range(ROUNDS):
            async with gateway_over(server, patience=Patience()) as gateway:
                rounds.append([await waited(gateway.budgets) for _ in range(3)])
                assert gateway.shared.silent
    finally:
        server.thaw()

    assert as_long_as_said(rounds)


def as_long_as_said(rounds: list[list[float]]) -> bool:
    """Whether each wait was as long as it may be, in a round in which nothing else held it up."""
    least = map(min, zip(*rounds, strict=True))
    return all(WITHIN * 0.9 <= wait <= WITHIN + BUSY_MACHINE for wait in least)


async def waited(budgets: Budgets) -> float:
    started = time.perf_counter()
    charge = await budgets.charge("ann", 1, SLOW)
    assert charge.local
    return time.perf_counter() - started


async def test_one_of_many_finds_out_whether_it_is_back(server: RedisServer) -> None:
    async with gateway_over(server, patience=Patience(failures=1)) as gateway:

        async def charged() -> set[bool]:
            charges = [gateway.budgets.charge(f"principal {one}", 1, SLOW) for one in range(5)]
            return {charge.local for charge in await asyncio.gather(*charges)}

        server.freeze()
        try:
            first, asked_together = await charged(), gateway.shared.failed
            gateway.rest()
            second, one_by_one = await charged(), gateway.shared.failed - asked_together
        finally:
            server.thaw()

    assert (first, second) == ({True}, {True})
    assert (asked_together, one_by_one) == (1, 5)


async def test_a_redis_that_was_never_there_does_not_keep_the_gateway_from_answering(
    server: RedisServer,
) -> None:
    server.kill()
    async with gateway_over(server, processes=4) as gateway:
        charge = await gateway.budgets.charge("ann", 25, SLOW)
        with pytest.raises(BudgetExceeded) as larger:
            await gateway.budgets.charge("bob", 60, SLOW)
        with pytest.raises(BudgetExceeded) as never:
            await gateway.budgets.charge("bob", 101, SLOW)

    assert (charge.local, gateway.store.local_charges) == (True, 3)
    assert larger.value.retry_after == timedelta(seconds=1)  # more than a part: when it is back
    assert never.value.retry_after is None


async def test_all_parts_together_are_one_allowance(server: RedisServer) -> None:
    server.kill()
    spent = 0
    for _ in range(3):
        async with gateway_over(server, processes=3) as gateway:
            with suppress(BudgetExceeded):
                for _ in range(SLOW.size + 1):
                    spent += (await gateway.budgets.charge("ann", 1, SLOW)).points

    assert spent == 99
