"""An order placed through the gateway: a live shop and a live ERP each carry out their part."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app import settings as config
from app.main import Gateway
from app.ports import find_connectors
from app.upstream.registry import plan
from connectors.kit.manifests import CONNECTORS
from tests.gateways import Asker, asking
from tests.real.assortment import BOLOGNA, DEPOT
from tests.real.tryton.orders_user import SELLER, seller
from tests.real.tryton.rpc import TrytonRpc
from tests.real.tryton.server import TrytonServer, tryton_server
from tests.real.vendure.live import live
from tests.real.vendure.server import VendureServer
from tests.real.vendure.visitors import administrator

pytestmark = pytest.mark.xdist_group("real")
Spot = tuple[str, str]
LINES = (("TRAIL-42", 1, DEPOT), ("JACKET-L", 2, BOLOGNA))
PROBLEM = "__typename ... on Problem { code message }"
CREATE = f"""mutation ($input: CartCreateInput!) {{ done: cartCreate(input: $input) {{
  {PROBLEM} ... on CartChanged {{ cart {{ id version lines {{ id sku }} }} }} }} }}"""
HOLD = f"""mutation ($input: CartHoldInput!) {{ done: cartHold(input: $input) {{
  {PROBLEM} ... on CartChanged {{ cart {{ id version }} }} }} }}"""
PLACE = f"""mutation ($input: OrderPlaceInput!) {{ done: orderPlace(input: $input) {{
  {PROBLEM} ... on OrderPlaced {{ accessToken order {{ number }} }} }} }}"""
CANCEL = f"""mutation ($input: OrderCancelInput!) {{ done: orderCancel(input: $input) {{
  {PROBLEM} ... on OrderCancelled {{ order {{ number }} }} }} }}"""
LOOK = """query ($number: ID!, $token: String!) { order(number: $number, accessToken: $token) {
  state parts { source state } } }"""
STOCK = """query { variants(skus: ["TRAIL-42", "JACKET-L"]) { sku
  availability(locations: ["ECOM-1", "WH-BLQ"]) {
    location { code } onHand reserved availableToSell freshness } } }"""
IN_VENDURE = """query($key: String!) { orders(options: { filter: { orderKey: { eq: $key } } }) {
  items { state lines { quantity productVariant { sku } } } } }"""


@pytest.fixture(scope="module")
def shop() -> Iterator[VendureServer]:
    """Systems of these tests' own: they change their stock."""
    with live() as running:
        yield running


@pytest.fixture(scope="module")
def erp() -> Iterator[TrytonServer]:
    with tryton_server() as running:
        seller(TrytonRpc(running.url, running.database, *running.admin))
        yield running


@pytest.fixture
def gateway(shop: VendureServer, erp: TrytonServer) -> Gateway:
    told: dict[str, Any] = {
        "connections": {
            "shop": {
                "connector": "vendure",
                "timeout": "PT20S",
                "settings": {
                    "url": shop.url,
                    "username": shop.username,
                    "password": {"env": "SHOP_PASSWORD"},
                    "orders": {
                        "key_field": "orderKey",
                        "location_field": "location",
                        "shipping_methods": {"SHIP_TO_HOME": "standard-shipping"},
                    },
                },
                "locations": {DEPOT: "E-commerce depot"},
            },
            "erp": {
                "connector": "tryton",
                "timeout": "PT20S",
                "settings": {
                    "url": erp.url,
                    "database": erp.database,
                    "username": SELLER[0],
                    "password": {"env": "ERP_PASSWORD"},
                    "orders": True,
                },
            },
        },
        "bind": {
            "catalogue": "shop",
            "prices": "shop",
            "locations": ["erp", "shop"],
            "stock": {"shop": ["ECOM-*"], "erp": ["WH-*", "ST-*"]},
            "orders": {"shop": ["ECOM-*"], "erp": ["WH-*", "ST-*"]},
        },
        "channels": {"WEB": {"currency": "EUR", "country": "IT", "locale": "en"}},
        "locations": {DEPOT: {"kind": "ECOM_DC"}},
        "requests": {"budget": "PT20S"},  # a cold system on a busy machine is slow
        "freshness": {"stock": {"fresh_for": "PT0S"}},
    }
    secrets = {"SHOP_PASSWORD": shop.password, "ERP_PASSWORD": SELLER[1]}
    settings = config.parse(told)
    return Gateway(settings, plan(settings, find_connectors(CONNECTORS), secrets))


@asynccontextmanager
async def opened(gateway: Gateway) -> AsyncIterator[Asker]:
    app = gateway.app()
    async with app.router.lifespan_context(app), asking(app) as ask:
        yield ask


async def done(ask: Asker, document: str, **given: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await ask.data(document, input=given))["done"]
    return found


async def placed(ask: Asker) -> dict[str, Any]:
    """Each line held where it is to come from, and bought."""
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity, _ in LINES]
    cart = (await done(ask, CREATE, channel="WEB", lines=lines))["cart"]
    ids = {line["sku"]: line["id"] for line in cart["lines"]}
    parts = [
        {"lineId": ids[sku], "location": place, "quantity": quantity}
        for sku, quantity, place in LINES
    ]
    held = (await done(ask, HOLD, cartId=cart["id"], version=cart["version"], parts=parts))["cart"]
    return await done(
        ask,
        PLACE,
        cartId=held["id"],
        version=held["version"],
        buyer={"name": "Ada Byron", "email": "ada@example.com"},
        method="SHIP_TO_HOME",
        address={
            "lines": ["Via Roma 1"],
            "city": "Verona",
            "postalCode": "37121",
            "country": "IT",
        },
        idempotencyKey="a-key-of-this-order-only",
    )


async def until(gateway: Gateway, ask: Asker, order: dict[str, Any], state: str) -> dict[str, Any]:
    """The order, once the worker has brought it so far."""
    number, token = order["order"]["number"], order["accessToken"]
    while True:
        told = (await ask.data(LOOK, number=number, token=token))["order"]
        if told["state"] == state:
            found: dict[str, Any] = told
            return found
        await gateway.services.order_worker.round()


async def sellable(ask: Asker) -> dict[Spot, int]:
    rows = (await ask.data(STOCK))["variants"]
    spots = [(one["sku"], spot) for one in rows for spot in one["availability"]]
    assert {spot["freshness"] for _, spot in spots} == {"LIVE"}
    return {(sku, spot["location"]["code"]): spot["availableToSell"] for sku, spot in spots}


async def sold_once(ask: Asker, expected: Mapping[Spot, int]) -> None:
    """What may be sold becomes this, and is never more: for a moment units may count twice."""
    while (found := await sellable(ask)) != expected:
        assert all(found[spot] <= expected[spot] for spot in expected)


async def test_each_system_carries_out_its_part_and_stock_follows(
    gateway: Gateway, shop: VendureServer, erp: TrytonServer
) -> None:
    async with opened(gateway) as ask:
        before = await sellable(ask)
        order = await placed(ask)
        assert order["__typename"] == "OrderPlaced", order
        taken = {(sku, place): quantity for sku, quantity, place in LINES}
        less = {spot: left - taken.get(spot, 0) for spot, left in before.items()}
        await sold_once(ask, less)  # promised, whoever knows of it by now
        sourced = await until(gateway, ask, order, "SOURCED")
        await sold_once(ask, less)
        number = order["order"]["number"]
        assert sorted((one["source"], one["state"]) for one in sourced["parts"]) == [
            ("erp", "TAKEN"),
            ("shop", "TAKEN"),
        ]
        assert in_vendure(shop, number) == [("PaymentSettled", [("TRAIL-42", 1)])]
        assert in_tryton(erp, number) == [("processing", BOLOGNA)]

        cancelled = await done(ask, CANCEL, number=number, accessToken=order["accessToken"])
        assert cancelled["__typename"] == "OrderCancelled"
        await until(gateway, ask, order, "CANCELLED")
        await sold_once(ask, before)
    assert [state for state, _ in in_vendure(shop, number)] == ["Cancelled"]


def in_vendure(server: VendureServer, key: str) -> list[tuple[str, list[tuple[str, int]]]]:
    visitor = administrator(server)
    items = visitor.ask(IN_VENDURE, {"key": key})["orders"]["items"]
    visitor.close()
    return [
        (
            one["state"],
            [(line["productVariant"]["sku"], line["quantity"]) for line in one["lines"]],
        )
        for one in items
    ]


def in_tryton(server: TrytonServer, key: str) -> list[tuple[str, str]]:
    admin = TrytonRpc(server.url, server.database, *server.admin)
    fields = ["state", "warehouse.code"]
    rows = admin.call("model.sale.sale.search_read", [("reference", "=", key)], 0, None, [], fields)
    return [(row["state"], row["warehouse."]["code"]) for row in rows]
