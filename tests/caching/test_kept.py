"""What is answered again without being made again, and what never is."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from app.errors import UpstreamUnavailable
from app.upkeep import refresh_locations
from app.values import Locale, Texts
from tests.builders import NOON, a_location, a_price, a_product, a_variant
from tests.caching.builders import Clock, Held, a_gateway, a_shop, kept_by_all, over
from tests.redis import RedisServer, until

PRODUCT = "query P($handle: String) { product(handle: $handle) { name freshness } }"
PRICE = '{ variants(skus: ["SHIRT-M"]) { sku price { amount { amount } freshness } } }'
STOCK = '{ variants(skus: ["SHIRT-M"]) { availability { availableToSell how: freshness } } }'
PLACES = "{ locations { edges { node { code } } } }"


@dataclass
class Ticking(Clock):
    """Goes on whenever it is looked at."""

    def __call__(self) -> datetime:
        self.passes(0.001)
        return self.at


def ages(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    told = body["extensions"]["freshness"]
    return [(one["port"], one["freshness"], one["age"]) for one in told]


async def test_a_kept_answer_says_how_old_it_is_now() -> None:
    async with a_gateway() as at:
        first = await at.ask(PRODUCT, handle="shirt")
        at.clock.passes(20)
        again = await at.ask(PRODUCT, handle="shirt")

        assert (first["data"], again["data"]) == (
            {"product": {"name": "Camicia", "freshness": "LIVE"}},
            {"product": {"name": "Camicia", "freshness": "CACHED"}},
        )
        assert ages(first) == [("CatalogSource", "LIVE", "PT0S")]
        assert ages(again) == [("CatalogSource", "CACHED", "PT20S")]
        assert at.counts == {"miss": 1, "hit": 1}
        assert again["extensions"]["freshness"][0]["asOf"] == NOON.isoformat()


async def test_an_answer_is_made_again_when_its_time_is_over() -> None:
    async with a_gateway() as at:
        for seconds in (0, 59.9, 0.1):
            at.clock.passes(seconds)
            await at.ask(PRODUCT, handle="shirt")

        assert at.counts == {"miss": 2, "hit": 1}


async def test_no_answer_is_kept_longer_than_the_oldest_value_in_it_is_fresh() -> None:
    async with a_gateway() as at:
        await at.ask(PRODUCT, handle="shirt")
        at.clock.passes(40)
        body = await at.ask('{ product(handle: "shirt") { brand } }')  # from the reader's memory
        at.clock.passes(19.9)
        await at.ask('{ product(handle: "shirt") { brand } }')
        at.clock.passes(0.1)
        await at.ask('{ product(handle: "shirt") { brand } }')

        assert ages(body) == [("CatalogSource", "CACHED", "PT40S")]
        assert at.counts == {"miss": 3, "hit": 1}
        assert at.calls("products") == 2


async def test_stock_is_kept_two_seconds_and_a_price_thirty() -> None:
    async with a_gateway() as at:
        for seconds in (0, 1.9, 0.1):
            at.clock.passes(seconds)
            await at.ask(STOCK)
        assert at.counts == {"miss": 2, "hit": 1}
        for seconds in (0, 29.9, 0.1):
            at.clock.passes(seconds)
            await at.ask(PRICE)
        assert at.counts == {"miss": 4, "hit": 2}


async def test_a_window_of_nothing_keeps_nothing() -> None:
    windows = {"stock": {"fresh_for": "PT0S"}}
    async with a_gateway(freshness=windows) as at:
        await at.ask(STOCK)
        await at.ask(STOCK)

        assert (at.counts, at.calls("stock_levels")) == ({"miss": 2}, 2)


async def test_what_differs_in_anything_that_matters_is_kept_apart() -> None:
    async with a_gateway() as at:
        channel = "query C($c: ChannelCode) { products(channel: $c) { totalCount } }"
        await at.ask(PRODUCT, handle="shirt")
        await at.ask(PRODUCT, handle="other")
        await at.ask(channel, c="WEB")
        await at.ask(channel, c="APP")
        english = await at.ask.http.post(
            "/graphql",
            json={"query": PRODUCT, "variables": {"handle": "shirt"}},
            headers={"accept-language": "en"},
        )
        two = f'query A {{ a: __typename product(handle: "shirt") {{ name }} }} {PRODUCT}'
        for name in ("A", "P"):
            body = {"query": two, "operationName": name, "variables": {"handle": "shirt"}}
            await at.ask.http.post("/graphql", json=body)

        assert at.counts == {"miss": 7}
        assert english.json()["data"]["product"]["name"] == "Shirt"


async def test_what_does_not_matter_is_not_kept_apart() -> None:
    async with a_gateway() as at:
        await at.ask(PRODUCT, handle="shirt")
        await at.ask(PRODUCT, handle="shirt", unheard_of=1)

        assert at.counts == {"miss": 1, "hit": 1}


async def test_who_may_see_something_else_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "app.api.caching.authorisation_of", lambda caller: ",".join(caller.accepted)
    )
    async with a_gateway() as at:
        caching_key = at.gateway.caches.answers.memory
        for language in ("it", "it", "en"):
            await at.ask.http.post(
                "/graphql", json={"query": PLACES}, headers={"accept-language": language}
            )
        assert len(caching_key) == 2


async def test_what_another_system_told_is_kept_apart(
    client: Redis, empty_server: RedisServer, tmp_path: Path
) -> None:
    redis, shop = over(empty_server, tmp_path), a_shop()
    shop.known_products = [a_product(name=Texts({"it": "Blusa"}))]
    moved = {"shop": {"connector": "made-up", "settings": {"url": "https://new.example"}}}
    async with a_gateway(redis=redis) as at, a_gateway(shop, redis=redis, connections=moved) as new:
        await at.ask(PRODUCT, handle="shirt")

        async def kept() -> bool:
            return await kept_by_all(client) == 1

        await until(kept)
        told = await new.ask(PRODUCT, handle="shirt")

    assert told["data"] == {"product": {"name": "Blusa", "freshness": "LIVE"}}


async def test_an_answer_with_errors_is_never_kept() -> None:
    shop = a_shop(error=UpstreamUnavailable("did not answer"))
    async with a_gateway(shop) as at:
        shop.error = UpstreamUnavailable("did not answer")
        failed = await at.ask(PRODUCT, handle="shirt")
        again = await at.ask(PRODUCT, handle="shirt")
        shop.error = None
        well = await at.ask(PRODUCT, handle="shirt")

        assert [body["errors"][0]["extensions"]["code"] for body in (failed, again)] == [
            "UPSTREAM_UNAVAILABLE"
        ] * 2
        assert well["data"] == {"product": {"name": "Camicia", "freshness": "LIVE"}}
        assert (at.counts, len(at.gateway.caches.answers.memory)) == ({"miss": 3}, 1)


async def test_a_note_about_the_input_is_never_kept() -> None:
    odd = STOCK.replace("availability", 'availability(locations: ["NOWHERE"])')
    async with a_gateway() as at:
        for _ in range(2):
            assert (await at.ask(odd))["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

        assert at.counts == {"miss": 2}


async def test_a_stale_value_is_never_kept() -> None:
    async with a_gateway(a_shop(as_of=NOON)) as at:
        await at.ask(PRODUCT, handle="shirt")
        at.clock.passes(61)  # past its window: told as STALE while it is asked for again
        stale = await at.ask(PRODUCT, handle="shirt")
        await at.ask(PRODUCT, handle="shirt")

        assert stale["data"]["product"]["freshness"] == "STALE"
        assert at.counts == {"miss": 3}


async def test_who_asks_for_newer_values_is_not_told_kept_ones() -> None:
    newer = STOCK.replace("availability {", 'availability(maxAge: "PT0S") {')
    async with a_gateway() as at:
        await at.ask(newer)
        await at.ask(newer)

        assert (at.calls("stock_levels"), at.counts) == (2, {})


async def test_for_a_grace_the_old_is_told_while_a_new_one_is_made() -> None:
    windows = {"catalogue": {"fresh_for": "PT10S", "revalidate_for": "PT1M"}}
    async with a_gateway(cache={"grace": "PT5S"}, freshness=windows) as at:
        await at.ask(PRODUCT, handle="shirt")
        at.clock.passes(12)
        late = await at.ask(PRODUCT, handle="shirt")
        at.clock.passes(4)
        gone = await at.ask(PRODUCT, handle="shirt")

        assert late["data"]["product"]["freshness"] == "STALE"
        assert ages(late) == [("CatalogSource", "STALE", "PT12S")]
        assert gone["data"]["product"]["freshness"] in {"CACHED", "STALE"}
        assert at.counts["stale"] == 1


async def test_the_windows_of_the_data_forbid_a_grace() -> None:
    async with a_gateway(cache={"grace": "PT1H"}) as at:
        await at.ask(STOCK)
        at.clock.passes(2)
        await at.ask(STOCK)

        assert (at.counts, at.calls("stock_levels")) == ({"miss": 2}, 2)


async def test_nothing_is_kept_where_it_is_switched_off() -> None:
    async with a_gateway(cache={"answers": False}) as at:
        await at.ask(PRODUCT, handle="shirt")
        await at.ask(PRODUCT, handle="shirt")

        assert (at.counts, len(at.gateway.caches.answers.memory)) == ({}, 0)


async def test_what_is_too_large_is_not_kept_and_the_last_used_stay() -> None:
    async with a_gateway(cache={"memory": 3_000, "largest": 2_000}) as at:
        memory = at.gateway.caches.answers.memory
        for number in range(20):
            await at.ask(PRODUCT, handle=f"{number}")
        assert 1 <= len(memory) <= 4
        assert memory.size <= 3_000
        await at.ask(PRODUCT, handle="19")
        assert at.counts == {"miss": 20, "hit": 1}
    many = [a_product(id=f"{n}", handle=f"h{n}", variants=()) for n in range(50)]
    async with a_gateway(a_shop(known_products=many), cache={"largest": 1_000}) as at:
        await at.ask("{ products(first: 50) { edges { node { id name } } } }")
        assert len(at.gateway.caches.answers.memory) == 0


async def test_a_change_of_a_location_is_told_at_once() -> None:
    shop = a_shop()
    async with a_gateway(shop) as at:
        locations = at.gateway.services.locations
        tell = at.gateway.caches.answers.invalidate
        before = await at.ask(PLACES)
        shop.known_locations = [a_location(), a_location("ST-ROM")]
        kept = await at.ask(PLACES)
        await refresh_locations(locations, tell)
        after = await at.ask(PLACES)
        await refresh_locations(locations, tell)
        again = await at.ask(PLACES)

        assert kept == before
        assert [one["node"]["code"] for one in after["data"]["locations"]["edges"]] == [
            "ST-MIL",
            "ST-ROM",
        ]
        assert again == after
        assert at.counts == {"miss": 2, "hit": 2, "invalidated": 1}


@pytest.mark.parametrize("tag", ["Product:1", "ProductVariant:SHIRT-M", "Product", "Price"])
async def test_what_is_said_to_be_out_of_date_is_asked_for_again(tag: str) -> None:
    shop = a_shop()
    query = '{ product(handle: "shirt") { name variants { sku price { amount { amount } } } } }'
    async with a_gateway(shop) as at:
        await at.ask(query)
        shop.known_prices = [a_price(amount="39.90")]
        at.clock.passes(1)
        await at.gateway.caches.answers.invalidate(frozenset({tag, "Product:2"}))
        after = await at.ask(query)

        said = after["data"]["product"]["variants"][0]["price"]["amount"]["amount"]
        newer = tag not in {"Product:1", "Product"}  # which say nothing of prices
        assert said == ("39.90" if newer else "49.90")
        assert at.counts["miss"] == 2
        asked_again = at.calls("products")
        assert asked_again == (1 if tag == "Price" else 2)


@pytest.mark.parametrize(
    ("query", "port", "tag"),
    [
        ('{ product(handle: "shirt") { name } }', "products", "Product:1"),
        ("{ products { edges { node { name } } } }", "browse", "ProductVariant:SHIRT-M"),
        ('{ variants(skus: ["SHIRT-M"]) { price { amount { amount } } } }', "prices", "Price"),
        (STOCK, "stock_levels", "Stock:shop"),
    ],
)
async def test_what_was_asked_for_before_a_change_is_asked_for_again(
    query: str, port: str, tag: str
) -> None:
    shop, before, after = a_shop(), Held(), Held()
    patient = {"connector": "made-up", "timeout": "PT60S"}
    async with a_gateway(shop, connections={"shop": patient}, requests={"budget": "PT60S"}) as at:

        async def ask_held(by: Held, *, calls: int) -> asyncio.Task[Any]:
            async def called() -> bool:
                return at.calls(port) == calls

            shop.wait = by
            asked = asyncio.create_task(at.told(f"query Number{calls} {query}"))
            await until(called, within=10)
            return asked

        if port in {"prices", "stock_levels"}:
            await at.ask("{ products { edges { node { variants { sku } } } } }")
        early = await ask_held(before, calls=1)
        await at.gateway.caches.answers.invalidate(frozenset({tag}))
        at.clock.passes(1)
        later = await ask_held(after, calls=2)
        after.gate.set()
        newer = await later
        before.gate.set()
        told = [newer, await early, await at.told(query)]

        assert all("errors" not in one for one in told)
        assert at.calls(port) == 2


async def test_who_waits_for_what_was_asked_before_a_change_is_told_it_once() -> None:
    shop, held = a_shop(), Held()
    query = '{ product(handle: "shirt") { name } }'
    async with a_gateway(shop) as at:
        shop.wait = held
        early = asyncio.create_task(at.told(query))

        async def called() -> bool:
            return at.calls("products") == 1

        await until(called, within=10)
        at.clock.passes(1)
        await at.gateway.caches.answers.invalidate(frozenset({"Product:1"}))
        held.gate.set()
        assert (await early)["data"]["product"]["name"] == "Camicia"
        shop.known_products = [a_product(name=Texts({Locale("it"): "Blusa"}))]

        assert (await at.told(query))["data"]["product"]["name"] == "Blusa"


async def test_prices_that_are_out_of_date_together_are_asked_for_together() -> None:
    skus = ["SHIRT-S", "SHIRT-M", "SHIRT-L"]
    shop = a_shop(
        known_products=[a_product(variants=tuple(a_variant(sku) for sku in skus))],
        known_prices=[a_price(sku) for sku in skus],
    )
    query = '{ product(handle: "shirt") { variants { price { amount { amount } } } } }'
    async with a_gateway(shop, Ticking()) as at:
        await at.ask(query)
        await at.gateway.caches.answers.invalidate(frozenset({"Price"}))
        await at.ask(query)

        assert at.calls("prices") == 2


async def test_another_product_is_left_alone() -> None:
    async with a_gateway() as at:
        await at.ask(PRODUCT, handle="shirt")
        await at.gateway.caches.answers.invalidate(frozenset({"Product:2", "Location:ST-MIL"}))
        await at.ask(PRODUCT, handle="shirt")

        assert at.counts == {"miss": 1, "hit": 1, "invalidated": 1}


async def test_caches_are_counted_by_name() -> None:
    async with a_gateway(server={"metrics": True}) as at:
        await at.ask(PRODUCT, handle="shirt")
        await at.ask(PRODUCT, handle="shirt")
        text = (await at.ask.http.get("/metrics")).text

    assert 'tessera_cache_events_total{cache="answers",event="hit"} 1.0' in text
    assert 'tessera_cache_events_total{cache="answers",event="miss"} 1.0' in text
    assert "tessera_cache_entries 1.0" in text
