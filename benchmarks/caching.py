"""What does an answer cost that is kept, beside the same bytes from a bare ASGI application?

In process, on one core, without a socket: CPU of the application alone. `made` is the compiled
operation over readers that have everything; `hit` the same request answered from memory; `floor` an
application that sends the same bytes. `look` is the part of a hit that is the cache's own, without
HTTP, logs, metrics and the gate.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from statistics import median
from time import process_time
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app.api.admission import build_gate
from app.api.caching import Attempt
from app.api.callers import Caller
from app.api.outcomes import Outcome
from app.api.schema import build_schema
from benchmarks.executors import QUERIES
from tests.builders import a_level, a_location, a_price, a_product, a_variant
from tests.caching.builders import Shop, a_gateway
from tests.gateways import Retailer
from tests.redis import NoRedisError, running_redis

ROUNDS = 7
SECONDS_A_TURN = 0.2
KEEP = {"fresh_for": "PT1H", "if_error_for": "PT1H"}
Turn = Callable[[], Awaitable[int]]


def a_retailer() -> Retailer:
    """24 products of 3 variants, 10 locations, a price and a level for each."""
    products = [
        a_product(
            id=f"p{i}",
            handle=f"p{i}",
            variants=tuple(a_variant(f"S{i}-{n}", product_id=f"p{i}") for n in range(3)),
        )
        for i in range(24)
    ]
    skus = [variant.sku for product in products for variant in product.variants]
    codes = [f"ST-{i}" for i in range(10)]
    return Retailer(
        known_products=products,
        known_prices=[a_price(sku) for sku in skus],
        known_locations=[a_location(code) for code in codes],
        levels=[a_level(sku=sku, location=code) for sku in skus for code in codes],
    )


async def main() -> None:
    """Measure and print."""
    told = f"starlette {version('starlette')}, redis-py {version('redis')}"
    print(f"Kept answers: {told}; CPU ms a request, medians of {ROUNDS} interleaved rounds")
    windows = {"stock": KEEP, "prices": KEEP, "catalogue": KEEP}
    async with (
        a_gateway(a_retailer(), freshness=windows) as hits,
        a_gateway(a_retailer(), freshness=windows, cache={"answers": False}) as made,
    ):
        for name, (text, given) in QUERIES.items():
            variables = given()
            request = orjson.dumps({"query": text, "variables": variables})
            await asked(hits.app, request)
            body = await asked(hits.app, request)
            turns = {
                "made": turn(made.app, request),
                "hit": turn(hits.app, request),
                "look": look(hits, text, variables),
                "floor": turn(floor(body), request),
            }
            report(name, len(body), await measured(turns))
        assert hits.counts["miss"] == len(QUERIES), hits.counts
    await shared()


async def shared() -> None:
    """What a look into Redis costs, beside the answer itself."""
    try:
        with running_redis() as server:
            client = Redis.from_url(server.url)
            await client.set("answer", b"x" * 26_000)
            found = await measured({"redis": lambda: _length(client)})
            print(f"  a GET of 26 kB from Redis {found['redis'] * 1000:8.3f}")
            await client.aclose()
    except NoRedisError as error:
        print(f"  {error}")


async def _length(client: Redis) -> int:
    return len(await client.get("answer") or b"")


def look(at: Shop, text: str, variables: dict[str, Any]) -> Turn:
    """The cache alone."""
    schema = build_schema(tell=False)
    caching = at.gateway.caches.caching(schema)
    gate = build_gate(schema, at.gateway.settings.requests, introspection=False)
    admitted = gate.admit(text, operation_name=None, variables=variables)
    caller = Caller()

    async def never(_attempt: Attempt) -> Outcome:
        raise RuntimeError("it is not kept")

    async def once() -> int:
        outcome = await caching.answer(admitted, variables, caller, never)
        return len(outcome.data or b"")

    return once


def turn(app: ASGIApp, request: bytes) -> Turn:
    """One request."""

    async def once() -> int:
        return len(await asked(app, request))

    return once


async def asked(app: ASGIApp, request: bytes) -> bytes:
    """The body of the answer."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    bodies: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": request}

    async def send(message: Any) -> None:
        bodies.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(bodies)


def floor(body: bytes) -> ASGIApp:
    """Sends the same bytes, whatever is asked."""
    length = str(len(body)).encode()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


async def measured(turns: dict[str, Turn]) -> dict[str, float]:
    """CPU seconds a request for each way."""
    rounds: dict[str, list[float]] = {way: [] for way in turns}
    for _ in range(ROUNDS):
        for way, once in turns.items():
            count, started = 0, process_time()
            while process_time() - started < SECONDS_A_TURN:
                await once()
                count += 1
            rounds[way].append((process_time() - started) / count)
    return {way: median(times) for way, times in rounds.items()}


def report(name: str, size: int, found: dict[str, float]) -> None:
    """One row."""
    cells = [f"{way} {seconds * 1000:8.3f}" for way, seconds in found.items()]
    print(f"  {name:30} {size / 1000:6.1f} kB  {'  '.join(cells)}")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main())
