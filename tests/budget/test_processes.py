"""Real processes that spend from one real Redis, through HTTP, and go on without it."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.cli.test_cli import settings_file
from tests.processes import running
from tests.redis import RedisServer, until

LISTING = "query L($n: Int) { products(first: $n) { edges { node { id variants { sku } } } } }"
SIZE, RATE = 400, 5
TASKS, ATTEMPTS = 4, 15
OURS = 30.0  # seconds: far below what waiting for Redis itself would take, which is for ever
PATIENT = """connector = "sandbox"
timeout = "PT60S"
"""


def gateway_file(folder: Path, **said: str) -> str:
    file = settings_file(folder, **{'connector = "sandbox"\n': PATIENT})
    sections = f"""
[budget]
size = {SIZE}
restore_rate = {RATE}
processes = 2
[redis]
url = {{ env = "REDIS_URL" }}
timeout = "{said.get("timeout", "PT0.05S")}"
[cache]
answers = false
[requests]
budget = "PT60S"
"""
    file.write_text(file.read_text() + sections)
    return str(file)


async def asked(http: httpx.AsyncClient, address: str, first: int) -> httpx.Response:
    return await http.post(address, json={"query": LISTING, "variables": {"n": first}})


async def spend(address: str, seed: int, told: Counter[str]) -> None:
    dice = random.Random(seed)
    async with httpx.AsyncClient(timeout=60) as http:
        for _ in range(ATTEMPTS):
            answer = await asked(http, address, dice.randint(1, 10))
            told[str(answer.status_code)] += 1
            cost = answer.json()["extensions"]["cost"]
            told["spent"] += cost["actual"] or 0
            assert cost["size"] == SIZE


async def test_two_processes_overspend_nothing(shared_server: RedisServer, tmp_path: Path) -> None:
    file, redis = gateway_file(tmp_path, timeout="PT20S"), shared_server.url
    told: Counter[str] = Counter()
    with (
        running("serve", "--config", file, cwd=tmp_path, REDIS_URL=redis) as (_, one),
        running("serve", "--config", file, cwd=tmp_path, REDIS_URL=redis) as (_, other),
    ):
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for seed in range(2 * TASKS):
                group.create_task(spend((one, other)[seed % 2], seed, told))
        async with httpx.AsyncClient() as http:
            answer = await http.post(one, json={"query": "{ __typename }"})
        seconds = time.monotonic() - started

    left = answer.json()["extensions"]["cost"]["available"]
    assert told["200"] + told["429"] == 2 * TASKS * ATTEMPTS
    assert told["429"] > 0
    assert told["spent"] > SIZE * 0.9  # they spent what there was
    assert told["spent"] + left <= SIZE + RATE * seconds


async def test_a_gateway_over_a_mute_a_frozen_and_a_dead_redis_goes_on_answering(
    server: RedisServer, tmp_path: Path
) -> None:
    server.freeze()
    with running(
        "serve", "--config", gateway_file(tmp_path), cwd=tmp_path, REDIS_URL=server.url
    ) as (_, address):
        async with httpx.AsyncClient(timeout=60) as http:

            async def cost() -> tuple[int, float]:
                started = time.monotonic()
                answer: Any = (await asked(http, address, 1)).json()
                size: int = answer["extensions"]["cost"]["size"]
                return size, time.monotonic() - started

            async def back() -> bool:
                return (await cost())[0] == SIZE

            mute = [await cost() for _ in range(5)]
            server.thaw()
            await until(back, within=30)
            server.freeze()
            frozen = [await cost() for _ in range(5)]
            server.thaw()
            await until(back, within=30)
            server.kill()
            dead = [await cost() for _ in range(5)]
            server.start_again()
            await until(back, within=30)

    assert [size for size, _ in (*mute, *frozen, *dead)] == 15 * [SIZE // 2]
    assert max(seconds for _, seconds in (*mute, *frozen, *dead)) < OURS
