"""One process that spends as fast as it can: `python hammer.py URL SIZE RATE ATTEMPTS SEED`."""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from datetime import timedelta

from app.engine.budget import (
    Allowance,
    BudgetExceeded,
    Budgets,
    Patience,
    RedisBudgets,
    SharedRedis,
    open_redis,
)

TASKS = 8
PATIENT = Patience(within=timedelta(seconds=20))  # what is measured is spending, not waiting


async def main(url: str, size: int, rate: int, attempts: int, seed: int) -> None:
    told = Counter(spent=0, refused=0)
    async with open_redis(url) as client:
        budgets = Budgets(RedisBudgets(SharedRedis(client, time.monotonic, PATIENT)))
        async with asyncio.TaskGroup() as group:
            for task in range(TASKS):
                dice = random.Random(seed * TASKS + task)
                allowance = Allowance(size=size, restore_rate=rate)
                group.create_task(_spend(budgets, allowance, attempts // TASKS, dice, told))
    print(json.dumps(told))  # noqa: T201  for the test that started us


async def _spend(
    budgets: Budgets, allowance: Allowance, attempts: int, dice: random.Random, told: Counter[str]
) -> None:
    for _ in range(attempts):
        estimate = dice.randint(1, 20)
        try:
            charge = await budgets.charge("the same principal", estimate, allowance)
        except BudgetExceeded:
            told["refused"] += 1
            continue
        actual = dice.randint(0, estimate)
        await budgets.settle(charge, actual)
        told["spent"] += actual


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *(int(argument) for argument in sys.argv[2:6])))
