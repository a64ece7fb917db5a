"""What does an operation cost, compiled and interpreted, over connections that answer at once?

In process, on one core: no HTTP. `plain` is strawberry as it comes (parse, validate, graphql-core's
executor, json); `graphql-core` is its executor alone, over a document that was parsed and validated
before, and orjson; `compiled` is the engine over the same document, and orjson. The three must say
the same. What the services do is in all three. A second line tells where the compiled way spends
its time: making the context, coercing, resolving, completing, writing JSON.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from importlib.metadata import version
from statistics import median
from time import monotonic, process_time, thread_time_ns
from typing import Any

import orjson
from graphql import ExecutionResult, experimental_execute_incrementally, parse

from app import settings as config
from app.api.caches import Caches
from app.api.context import Context, Services
from app.api.execution import build_engine
from app.api.schema import Schema, build_schema
from app.assembling import assemble
from app.engine.execution import Engine, Request, completed
from app.engine.resolving import resolve
from app.engine.runs import Run
from app.ports import Image
from app.upstream.deadline import Deadline
from app.upstream.health import Health
from app.upstream.reader import Inquiry
from app.upstream.registry import OpenConnection
from app.upstream.report import Report
from app.values import LocationCode, ProductId, Sku, Texts
from tests.builders import NOON, a_level, a_location, a_price, a_product, a_variant
from tests.gateways import MADE_UP, Retailer

ROUNDS = 9
SECONDS_A_TURN = 0.25
CARD = "fragment Card on Product { id handle name images(first: 2) { url alt width height } }"
OPTIONS = "id sku name options { name value }"
PRICE = "price { amount { amount currency } freshness }"
STOCK = """
    availability(first: 10) {
        location { id code name } status availableToSell onHand freshness
    }
"""
PARTS_TIMED = 300
Variables = Callable[[], dict[str, Any]]


def page(variant: str) -> str:
    """A product page."""
    return f"""
        query Page($handle: String) {{
            product(handle: $handle) {{ ...Card brand description variants {{ {variant} }} }}
        }} {CARD}
    """


def listing(variant: str) -> str:
    """A listing."""
    return f"""
        query List($first: Int) {{
            products(first: $first) {{
                totalCount
                pageInfo {{ endCursor hasNextPage }}
                edges {{ cursor node {{ ...Card variants {{ {variant} }} }} }}
            }}
        }} {CARD}
    """


def nearest() -> str:
    """A listing with the locations near a shopper."""
    near = STOCK.replace("first: 10", "first: 10, near: $near")
    text = listing(f"{OPTIONS} {PRICE} {near}")
    return text.replace("($first: Int)", "($first: Int, $near: GeoPointInput)")


def always(**variables: Any) -> Variables:
    """The same for every request."""
    return lambda: variables


def from_everywhere() -> Variables:
    """Every request is that of a shopper who stands somewhere else."""

    def places() -> Iterator[dict[str, Any]]:
        step = 0
        while True:
            step += 1
            yield {"latitude": 45 + step % 9973 / 10_000, "longitude": 9.19}

    somewhere = places()
    return lambda: {"first": 24, "near": next(somewhere)}


QUERIES: dict[str, tuple[str, Variables]] = {
    "product page, catalogue only": (page(OPTIONS), always(handle="p7")),
    "product page, 10 locations": (page(f"{OPTIONS} {PRICE} {STOCK}"), always(handle="p7")),
    "listing of 24": (listing(f"{OPTIONS} {PRICE}"), always(first=24)),
    "listing of 24, 10 locations": (listing(f"{OPTIONS} {PRICE} {STOCK}"), always(first=24)),
    "listing of 24, 10 nearest": (nearest(), from_everywhere()),
}
Turn = Callable[[], Awaitable[bytes]]


async def main() -> None:
    """Measure and print."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("strawberry-graphql", "graphql-core", "orjson")
    )
    print(f"Executors: {packages}; CPU ms a request, medians of {ROUNDS} interleaved rounds")
    services = a_retailer()
    await services.locations.refresh()
    schema = build_schema()
    engine = build_engine(schema, at_first_sight=True)
    for name, (text, variables) in QUERIES.items():
        turns = ways(schema, engine, services, text, variables)
        await turns["plain"]()  # fills the caches of the readers: the next answers are all CACHED
        said = {way: json.loads(await turn()) for way, turn in turns.items()}
        assert len({orjson.dumps(one) for one in said.values()}) == 1, f"{name}: answers differ"
        size = len(await turns["compiled"]())
        report(name, size, await measured(turns))
        report_parts(await parts(engine, services, text, variables))


def ways(
    schema: Schema, engine: Engine, services: Services, text: str, variables: Variables
) -> dict[str, Turn]:
    """The three ways to answer."""
    document = parse(text)

    def context() -> Context:
        inquiry = Inquiry(Deadline.after(timedelta(seconds=60)), Report())
        return Context(document=parse(text), services=services, inquiry=inquiry, now=NOON)

    def quick_context() -> Context:
        inquiry = Inquiry(Deadline.after(timedelta(seconds=60)), Report())
        return Context(document=document, services=services, inquiry=inquiry, now=NOON)

    async def plain() -> bytes:
        result = await schema.execute(text, variable_values=variables(), context_value=context())
        assert not result.errors, result.errors
        return json.dumps(result.data).encode()

    async def interpreted() -> bytes:
        running: Any = experimental_execute_incrementally(
            engine.schema, document, None, quick_context(), variables()
        )
        result: ExecutionResult = await running
        return orjson.dumps(result.data)

    async def compiled() -> bytes:
        request = Request(document, text, variables=variables(), context=quick_context())
        executed = await engine.execute(request)
        assert executed.interpreted is None, executed.interpreted
        assert not executed.errors, executed.errors
        return orjson.dumps(executed.data)

    return {"plain": plain, "graphql-core": interpreted, "compiled": compiled}


async def measured(turns: dict[str, Turn]) -> dict[str, float]:
    """CPU seconds a request for each way."""
    rounds: dict[str, list[float]] = {way: [] for way in turns}
    for _ in range(ROUNDS):
        for way, turn in turns.items():
            count, started = 0, process_time()
            while process_time() - started < SECONDS_A_TURN:
                await turn()
                count += 1
            rounds[way].append((process_time() - started) / count)
    return {way: median(times) for way, times in rounds.items()}


async def parts(
    engine: Engine, services: Services, text: str, variables: Variables
) -> dict[str, float]:
    """CPU seconds of each part of the compiled way."""
    prepared = engine.cache.get((text, None))
    assert prepared is not None
    assert prepared.operation is not None
    operation, document = prepared.operation, parse(text)
    [[plan]] = prepared.plans.values()
    times: dict[str, list[int]] = {}

    def passed(part: str, started: int) -> int:
        times.setdefault(part, []).append(thread_time_ns() - started)
        return thread_time_ns()

    for _ in range(PARTS_TIMED):
        given, clock = variables(), thread_time_ns()
        inquiry = Inquiry(Deadline.after(timedelta(seconds=60)), Report())
        context = Context(document=document, services=services, inquiry=inquiry, now=NOON)
        clock = passed("context", clock)
        coerced = operation.variables.coerced(given)
        assert not isinstance(coerced, list)
        clock = passed("coerce", clock)
        run = Run(operation, plan, coerced, context, None)
        await resolve(run)
        clock = passed("resolve", clock)
        data = completed(run, [])
        clock = passed("complete", clock)
        orjson.dumps(data)
        passed("write", clock)
    return {part: median(found) / 1e9 for part, found in times.items()}


def report_parts(found: dict[str, float]) -> None:
    """One row below."""
    told = "  ".join(f"{part} {seconds * 1e6:.1f}" for part, seconds in found.items())
    print(f"  {'':40}  compiled, in µs: {told}")


def report(name: str, size: int, found: dict[str, float]) -> None:
    """One row."""
    best = found["compiled"]
    cells = [
        f"{way} {seconds * 1000:8.3f} ({seconds / best:5.1f}x)" for way, seconds in found.items()
    ]
    print(f"  {name:30} {size / 1000:6.1f} kB  {'  '.join(cells)}")


def a_retailer() -> Services:
    """24 products of 3 variants, 10 locations, a price and a level for each."""
    codes = [LocationCode(f"ST-{i}") for i in range(10)]
    products = [
        a_product(
            id=ProductId(f"p{i}"),
            handle=f"p{i}",
            images=tuple(
                Image(url=f"https://img/{i}/{n}", alt=Texts({"it": "a"}), width=800, height=600)
                for n in range(2)
            ),
            variants=tuple(a_variant(f"S{i}-{n}", product_id=ProductId(f"p{i}")) for n in range(3)),
        )
        for i in range(24)
    ]
    skus: list[Sku] = [variant.sku for product in products for variant in product.variants]
    shop = Retailer(
        known_products=products,
        known_prices=[a_price(sku) for sku in skus],
        known_locations=[a_location(code) for code in codes],
        levels=[a_level(sku=sku, location=code) for sku in skus for code in codes],
    )
    keep = {"fresh_for": "PT1H", "if_error_for": "PT1H"}
    settings = config.parse(
        {
            "connections": {"shop": {"connector": "made-up"}},
            "bind": {
                "catalogue": "shop",
                "prices": "shop",
                "locations": ["shop"],
                "stock": {"shop": ["*"]},
            },
            "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
            "freshness": {"stock": keep, "prices": keep, "catalogue": keep},
        }
    )
    health = Health(connection="shop", now=lambda: NOON, clock=monotonic)
    opened = OpenConnection("shop", MADE_UP, settings.connections["shop"], shop, health)
    return assemble(settings, {"shop": opened}, Caches(settings, None, lambda: NOON))


if __name__ == "__main__":
    asyncio.run(main())
