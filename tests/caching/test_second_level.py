"""What one process read, the others need not ask for."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from app.ports import Category, Image, Product, ProductEdge, ProductPage, VariantOption
from app.products import written
from app.upstream.second_level import _plain
from app.values import Locale, Texts
from tests.builders import NOON, a_price, a_product, a_variant
from tests.caching.builders import Clock, Shop, a_gateway, a_shop, over
from tests.redis import RedisServer, until

SHIRT = '{ product(handle: "shirt") { name freshness asOf } }'
LIST = "{ products(first: 5) { totalCount freshness edges { cursor node { name } } } }"
PRICE = '{ variants(skus: ["SHIRT-M"]) { price { amount { amount } freshness } } }'
NO_ANSWERS = {"answers": False}


async def shared(client: Redis, number: int) -> None:
    async def there() -> bool:
        return len(await client.keys("tessera:value:*")) == number

    await until(there)


async def one_value(at: Shop, query: str) -> Any:
    body = await at.ask(query)
    assert "errors" not in body
    [value] = body["data"].values()
    return value


@pytest.mark.parametrize(
    ("query", "question", "values"), [(SHIRT, "products", 1), (LIST, "browse", 1)]
)
async def test_a_value_is_read_once_for_all_and_keeps_its_times(
    client: Redis, empty_server: RedisServer, tmp_path: Path, query: str, question: str, values: int
) -> None:
    shop, redis = a_shop(), over(empty_server, tmp_path)
    async with (
        a_gateway(shop, redis=redis, cache=NO_ANSWERS) as one,
        a_gateway(shop, one.clock, redis=redis, cache=NO_ANSWERS) as other,
    ):
        here = await one_value(one, query)
        await shared(client, values)
        one.clock.passes(40)
        there = await one_value(other, query)
        calls = one.calls(question)
        one.clock.passes(20)  # a minute after it was read, whoever read it
        late = await one_value(other, query)

    assert (here["freshness"], there["freshness"], late["freshness"]) == ("LIVE", "CACHED", "STALE")
    assert here == there | {"freshness": "LIVE"}
    assert calls == 1


async def test_a_price_comes_back_exact(
    client: Redis, empty_server: RedisServer, tmp_path: Path
) -> None:
    shop = a_shop(known_prices=[a_price(amount="1234567890.10")])
    redis = over(empty_server, tmp_path)
    async with (
        a_gateway(shop, redis=redis, cache=NO_ANSWERS) as one,
        a_gateway(shop, one.clock, redis=redis, cache=NO_ANSWERS) as other,
    ):
        [here] = await one_value(one, PRICE)
        await shared(client, 2)
        one.clock.passes(1)
        [there] = await one_value(other, PRICE)

        assert here["price"]["amount"] == there["price"]["amount"] == {"amount": "1234567890.10"}
        assert (one.calls("prices"), there["price"]["freshness"]) == (1, "CACHED")


async def test_what_has_changed_is_not_taken_from_others(
    client: Redis, empty_server: RedisServer, tmp_path: Path
) -> None:
    shop, redis = a_shop(), over(empty_server, tmp_path)
    async with (
        a_gateway(shop, redis=redis, cache=NO_ANSWERS) as one,
        a_gateway(shop, one.clock, redis=redis, cache=NO_ANSWERS) as other,
    ):
        await one_value(one, SHIRT)
        await shared(client, 1)
        one.clock.passes(5)
        shop.known_products = [a_product(name=Texts({"it": "Blusa"}))]
        await other.gateway.caches.answers.invalidate(frozenset({"Product:1"}))
        there = await one_value(other, SHIRT)

        assert (there["name"], there["freshness"]) == ("Blusa", "LIVE")


async def test_what_another_process_dates_in_the_future_is_asked_for_again(
    client: Redis, empty_server: RedisServer, tmp_path: Path
) -> None:
    redis, ahead = over(empty_server, tmp_path), Clock(NOON + timedelta(minutes=5))
    async with (
        a_gateway(clock=ahead, redis=redis, cache=NO_ANSWERS) as one,
        a_gateway(redis=redis, cache=NO_ANSWERS) as other,
    ):
        await one_value(one, SHIRT)
        await shared(client, 1)
        told = await one_value(other, SHIRT)

    assert (told["freshness"], other.calls("products")) == ("LIVE", 1)


@pytest.mark.parametrize("rubbish", [b"", b"[]", b"{}", b'["x","y",{}]', b"\xff"])
async def test_rubbish_in_redis_is_a_miss(
    client: Redis, empty_server: RedisServer, tmp_path: Path, rubbish: bytes
) -> None:
    redis = over(empty_server, tmp_path)
    async with a_gateway(redis=redis, cache=NO_ANSWERS) as one:
        await one_value(one, SHIRT)
        await shared(client, 1)
        [key] = await client.keys("tessera:value:*")
        await client.set(key, rubbish)
        async with a_gateway(redis=redis, cache=NO_ANSWERS) as other:
            assert (await one_value(other, SHIRT))["name"] == "Camicia"
            assert other.calls("products") == 1


async def test_a_silent_redis_costs_its_time_limit_and_nothing_else(
    server: RedisServer, tmp_path: Path
) -> None:
    async with a_gateway(redis=over(server, tmp_path, timeout="PT0.1S"), cache=NO_ANSWERS) as at:
        server.freeze()
        try:
            value = await one_value(at, SHIRT)
        finally:
            server.thaw()
        assert value["freshness"] == "LIVE"
        assert at.gateway.caches.vault is not None
        assert at.gateway.caches.vault.counts["miss"] == 1


FULL = a_product(
    brand="B",
    categories=(Category(id="c", handle="h", name=Texts({"it": "Capi"})),),
    images=(Image(url="u", alt=Texts({"it": "a"}), width=1, height=None),),
    variants=(
        a_variant(
            options=(VariantOption(name=Texts({"it": "taglia"}), value=Texts({"it": "M"})),),
            gtin="4006381333931",
        ),
    ),
    updated_at=NOON - timedelta(days=1),
)


@pytest.mark.parametrize("product", [a_product(), FULL])
def test_a_product_is_read_back_as_it_was_written(product: Product) -> None:
    page = ProductPage(edges=(ProductEdge("x", product),), has_next=True, as_of=NOON, total=None)

    read = written.page(orjson.loads(orjson.dumps(page, default=_plain)))

    assert read == page
    assert read.edges[0].product.name.best([Locale("it")]) == ("Camicia", "it")
