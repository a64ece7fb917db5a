"""The reference clients of GraphQL over WebSocket and over SSE, against the gateway."""

import asyncio
import os
from pathlib import Path
from typing import Any

import anyio.to_thread
import orjson
import pytest
from structlog.testing import capture_logs

from tests.node import Engine, NoNodeError, absent, find_engine, installed, run
from tests.streams.schemas import END, News
from tests.streams.served import Served, served, until

RECIPE = Path(__file__).parent / "streams"
WITHIN = 60.0  # seconds
HASTY = {"init_within": "PT3S", "ping_every": "PT3S", "pong_within": "PT30S"}
MANY = {"burst": 1000, "operations_per_second": 1000}


@pytest.fixture(scope="module")
def packages() -> tuple[Engine, Path]:
    try:
        engine = find_engine()
        return engine, installed(RECIPE, engine)
    except NoNodeError as error:
        absent("the reference clients of streams", error)


async def results_of(packages: tuple[Engine, Path], script: str, gateway: Served) -> dict[str, Any]:
    engine, home = packages
    gateway.feeds.gate.set()
    reporting = asyncio.ensure_future(report(gateway))
    try:
        command = [*engine.node, script, gateway.url.replace("http", scheme(script), 1)]
        told = await anyio.to_thread.run_sync(run, command, home, os.environ, WITHIN)
    finally:
        reporting.cancel()
    results: dict[str, Any] = orjson.loads(told)
    return results


def scheme(script: str) -> str:
    return "ws" if script == "sockets.mjs" else "http"


async def report(gateway: Served) -> None:
    """News for whoever listens first; for whoever listens to the second feed, after a break."""
    feeds = gateway.feeds
    await until(lambda: len(feeds.listeners["all"]) == 1)
    feeds.give("all", News(number=1))
    first = await listening(gateway)
    before = gateway.gateway.lasting.answers["events"]
    feeds.give("second", News(number=1))
    if scheme_is_events(gateway):
        await until(lambda: gateway.gateway.lasting.answers["events"] > before)
        await gateway.gateway.lasting.leave(10)
        gateway.gateway.lasting.leaving.clear()
    await listening(gateway, but=first)
    feeds.give("second", News(number=2))
    feeds.give("second", END)


async def listening(gateway: Served, *, but: object = None) -> object:
    """Who listens to the second feed, `but` one: who comes back may be there before that has gone.

    The script takes its time.
    """
    while True:
        for one in gateway.feeds.listeners["second"]:
            if one is not but:
                return one
        await asyncio.sleep(0.005)


def scheme_is_events(gateway: Served) -> bool:
    return gateway.gateway.lasting.open["events"] > 0


HELLO = [{"data": {"hello": "Hello, Ada!"}}]
COUNT = [{"data": {"count": {"number": n, "twice": 2 * n}}} for n in (1, 2, 3)]
SECOND = [{"data": {"news": {"number": n}}} for n in (1, 2)]
UNKNOWN = "The document does not fit the schema here, which is not told: ask for the schema."


async def test_graphql_ws_speaks_with_the_gateway(packages: tuple[Engine, Path]) -> None:
    with capture_logs() as logs:
        async with served(streams=HASTY | MANY) as gateway:
            results = await results_of(packages, "sockets.mjs", gateway)
            await until(lambda: gateway.gateway.lasting.open.total() == 0)
            assert gateway.feeds.open == 0
            assert gateway.feeds.changed == ["blue"]

    broken = results.pop("broken")
    assert broken["complete"]
    assert broken["told"][0]["errors"][0]["extensions"]["code"] == "INTERNAL"
    for number in (1, 2, 3):
        many = results.pop(f"many{number}")
        assert many == [f"Hello, {number}.{n}!" for n in range(20)]
    assert results == {
        "query": {"told": HELLO, "complete": True},
        "mutation": {"told": [{"data": {"change": "blue"}}], "complete": True},
        "count": {"told": COUNT, "complete": True},
        "stopped": {"told": [{"data": {"news": {"number": 1}}}], "complete": True},
        "invalid": {
            "told": [],
            "error": [{"message": UNKNOWN, "code": "GRAPHQL_VALIDATION_FAILED"}],
        },
        "refused": {"told": [], "error": [{"message": "Not that.", "code": "BAD_USER_INPUT"}]},
        "sockets": 1,
        "forbidden": {"told": [], "error": {"code": 4403, "reason": "Forbidden"}},
        "pings": True,
        "again": {"told": SECOND, "complete": True},
        "reconnected": 2,
    }
    assert [line["kind"] for line in logs if line["event"] == "operation.bug"] == ["RuntimeError"]


async def test_graphql_sse_speaks_with_the_gateway(packages: tuple[Engine, Path]) -> None:
    async with served() as gateway:
        results = await results_of(packages, "events.mjs", gateway)
        await until(lambda: gateway.gateway.lasting.open.total() == 0)
        assert gateway.feeds.open == 0
        assert gateway.feeds.changed == ["blue"]

    (invalid,), (refused,) = (results.pop(name)["told"] for name in ("invalid", "refused"))
    assert invalid["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert refused["errors"][0]["message"] == "Not that."
    assert results == {
        "query": {"told": HELLO, "complete": True},
        "mutation": {"told": [{"data": {"change": "blue"}}], "complete": True},
        "count": {"told": COUNT, "complete": True},
        "stopped": {"told": [{"data": {"news": {"number": 1}}}], "complete": True},
        "malformed": {"told": [], "error": {"status": 400}},
        "many": [f"Hello, {n}!" for n in range(30)],
        "again": {"told": SECOND, "complete": True},
        "reconnected": 2,
    }
