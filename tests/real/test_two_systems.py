"""One query over a live e-commerce platform and a live ERP at once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app import settings as config
from app.main import Gateway
from app.ports import find_connectors
from app.upstream.registry import plan
from connectors.kit.manifests import CONNECTORS
from tests.gateways import Asker, asking
from tests.real.assortment import ARTICLES, BOLOGNA, DEPOT, LYON, VERONA
from tests.real.tryton.server import TrytonServer
from tests.real.vendure.server import VendureServer

pytestmark = pytest.mark.xdist_group("real")
QUERY = """query Everything($skus: [Sku!]!, $locale: Locale) {
  variants(skus: $skus, locale: $locale) {
    sku gtin name product { handle name }
    price { amount { amount currency } source }
    availability {
      location { code kind } status onHand reserved availableToSell freshness source
    }
    availableToSell { availableToSell unknownLocations { code } }
  }
}"""


@pytest.fixture
def gateway(vendure: VendureServer, tryton: TrytonServer) -> Gateway:
    """The settings that the README shows, with the addresses of the live systems."""
    settings = config.parse(
        {
            "connections": {
                "shop": {
                    "connector": "vendure",
                    "timeout": "PT20S",
                    "settings": {
                        "url": vendure.url,
                        "username": vendure.username,
                        "password": {"env": "SHOP_PASSWORD"},
                        "languages": ["en", "it"],
                        "gtin_field": "gtin",
                    },
                    "locations": {DEPOT: "E-commerce depot"},
                },
                "erp": {
                    "connector": "tryton",
                    "timeout": "PT20S",
                    "settings": {
                        "url": tryton.url,
                        "database": tryton.database,
                        "username": tryton.username,
                        "password": {"env": "ERP_PASSWORD"},
                    },
                },
            },
            "bind": {
                "catalogue": "shop",
                "prices": "shop",
                "locations": ["erp", "shop"],
                "stock": {"shop": ["ECOM-*"], "erp": ["WH-*", "ST-*"]},
            },
            "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "it"}},
            "locations": {DEPOT: {"kind": "ECOM_DC"}},
            "requests": {"budget": "PT20S"},  # a cold system on a busy machine is slow
            "freshness": {"stock": {"fresh_for": "PT0S"}},
        }
    )
    secrets = {"SHOP_PASSWORD": vendure.password, "ERP_PASSWORD": tryton.password}
    return Gateway(settings, plan(settings, find_connectors(CONNECTORS), secrets))


@pytest.fixture
async def ask(gateway: Gateway) -> AsyncIterator[Asker]:
    app = gateway.app()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield await stack.enter_async_context(asking(app))


def calls(gateway: Gateway) -> dict[str, dict[str, int]]:
    """Requests that left the gateway, by connection and operation."""
    return {
        name: {o.name: o.calls for o in connection.health.operations.values()}
        for name, connection in gateway.services.connections.items()
    }


async def test_one_query_tells_names_prices_and_stock_of_both(gateway: Gateway, ask: Asker) -> None:
    data = await ask.data(QUERY, skus=["TRAIL-42", "JACKET-M"], locale="it")

    trail, jacket = data["variants"]
    assert (trail["name"], trail["gtin"], trail["product"]) == (
        "Scarpa da trail 42",
        "8001234000028",
        {"handle": "trail-runner", "name": "Scarpa da trail"},
    )
    assert trail["price"] == {"amount": {"amount": "99.00", "currency": "EUR"}, "source": "shop"}
    depot = {"location": {"code": DEPOT, "kind": "ECOM_DC"}, "source": "shop"}
    bologna = {"location": {"code": BOLOGNA, "kind": "WAREHOUSE"}, "source": "erp"}
    lyon = {"location": {"code": LYON, "kind": "WAREHOUSE"}, "source": "erp"}
    verona = {"location": {"code": VERONA, "kind": "STORE"}, "source": "erp"}
    live, none = {"freshness": "LIVE"}, {"status": "OUT_OF_STOCK", "availableToSell": 0}

    def stands(on_hand: int, reserved: int = 0) -> dict[str, object]:
        left = on_hand - reserved
        status = {"status": "IN_STOCK", "availableToSell": left}
        return {"onHand": on_hand, "reserved": reserved, **live, **(status if left else none)}

    # The till in Verona sold one pair; three jackets are assigned to an order in Bologna.
    assert trail["availability"] == [
        depot | stands(19),
        verona | stands(1),
        bologna | stands(33),
        lyon | stands(0),
    ]
    assert jacket["availability"] == [
        depot | stands(11),
        verona | stands(0),
        bologna | stands(16, reserved=3),
        lyon | stands(5),
    ]
    assert trail["availableToSell"] == {"availableToSell": 53, "unknownLocations": []}
    assert set(calls(gateway)) == {"shop", "erp"}


async def test_all_articles_cost_as_many_calls_as_one(gateway: Gateway, ask: Asker) -> None:
    await ask.data(QUERY, skus=["TRAIL-40"])  # logs in
    before = calls(gateway)
    await ask.data(QUERY, skus=[article.sku for article in ARTICLES])
    after = calls(gateway)

    spent = {
        name: {
            operation: count - before[name].get(operation, 0)
            for operation, count in operations.items()
            if count != before[name].get(operation, 0)
        }
        for name, operations in after.items()
    }
    assert sum(spent["shop"].values()) == 3  # products, prices, stock
    # Tryton counts a warehouse at a time: warehouses, products, open moves, then three counts.
    assert sum(spent["erp"].values()) == 6


async def test_a_listing_comes_in_both_languages(ask: Asker) -> None:
    query = """query L($locale: Locale) { products(locale: $locale) {
                 totalCount edges { node { handle name locale } } } }"""
    italian = (await ask.data(query, locale="it"))["products"]
    english = (await ask.data(query, locale="en"))["products"]

    named = {edge["node"]["handle"]: edge["node"]["name"] for edge in italian["edges"]}
    assert named["rain-jacket"] == "Giacca antipioggia"
    assert [edge["node"]["name"] for edge in english["edges"]] == sorted(
        edge["node"]["name"] for edge in english["edges"]
    )
    assert {edge["node"]["locale"] for edge in english["edges"]} == {"en"}
