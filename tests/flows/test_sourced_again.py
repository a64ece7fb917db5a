"""What a system has sold behind our back is sent by another one, and the buyer sees it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.sandbox.retailer.orders import Line
from tests.gateways import Sandbox, sandbox_gateway

SHOP = "ECOM-1"
MILAN = {"country": "IT", "postalCode": "20144"}
HOME = {"lines": ["Via Tortona 1"], "city": "Milano", "postalCode": "20144", "country": "IT"}
BUYER = {"name": "Ada Byron", "email": "ada@example.com"}
CART = "... on CartChanged { cart { id version lines { id } hold { units { locationCode } } } }"
ORDER = """number state late delivery { amount } total { amount }
  promised { earliest latest } expected { latest }
  lines { sku quantity locationCode } parts { source state } payment { captured { amount } }"""
OPTIONS = """query Options($input: PromiseOptionsInput!) { promiseOptions(input: $input) {
  ... on PromiseOptions { choices { options { token latest legs { location { code } } } } } } }"""
LOOK = f"""query Look($number: ID!, $token: String!) {{
  order(number: $number, accessToken: $token) {{ {ORDER} }} }}"""
FIRST = "{ products(first: 40) { edges { node { variants { sku } } } } }"


@dataclass
class Shopper:
    """Buys what both the shop and the warehouse have."""

    sandbox: Sandbox
    sku: str

    async def do(self, name: str, told: str = CART, /, **given: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:]
        text = f"mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{ {told} }} }}"
        done: dict[str, Any] = (await self.sandbox.ask.data(text, input=given))["done"]
        return done

    async def cart(self, name: str, cart: dict[str, Any], **given: Any) -> dict[str, Any]:
        done = await self.do(name, cartId=cart["id"], version=cart["version"], **given)
        changed: dict[str, Any] = done["cart"]
        return changed

    async def new(self) -> dict[str, Any]:
        lines = [{"sku": self.sku, "quantity": 1}]
        cart: dict[str, Any] = (await self.do("cartCreate", lines=lines))["cart"]
        return cart

    async def bought(self, cart: dict[str, Any]) -> dict[str, Any]:
        """The order once it is carried out, or not."""
        placed = await self.do(
            "orderPlace",
            f"... on OrderPlaced {{ accessToken order {{ {ORDER} }} }} ... on Problem {{ code }}",
            cartId=cart["id"],
            version=cart["version"],
            buyer=BUYER,
            method="SHIP_TO_HOME",
            address=HOME,
            paymentToken="tok_ok",
            idempotencyKey="a-key-of-this-order-only",
        )
        order: dict[str, Any] = placed["order"]
        while order["state"] not in {"CANCELLED", "SOURCED"}:
            await self.sandbox.gateway.services.order_worker.round()
            seen = {"number": order["number"], "token": placed["accessToken"]}
            order = (await self.sandbox.ask.data(LOOK, **seen))["order"]
        return order

    def sold_out(self) -> None:
        """Somebody buys the last pieces in the shop itself."""
        book = self.state("shop").book
        left = book.left(self.sku, SHOP) - book.kept(self.sku, SHOP, book.now())
        book.take("walk-in", (Line(self.sku, SHOP, left),), {})

    def state(self, name: str) -> Any:
        served: Any = self.sandbox.upstreams[name].served
        return served.state


@pytest.fixture
async def shopper() -> AsyncIterator[Shopper]:
    freshness = {"stock": {"fresh_for": "PT0S"}}
    async with sandbox_gateway(freshness=freshness, connection={"timeout": "PT20S"}) as sandbox:
        found = await sandbox.ask.data(FIRST)
        edges = found["products"]["edges"]
        for sku in [one["sku"] for edge in edges for one in edge["node"]["variants"]]:
            shopper = Shopper(sandbox, sku)
            systems = {"shop": SHOP, "warehouse": "WH-1"}
            if all(shopper.state(name).book.left(sku, at) > 3 for name, at in systems.items()):
                break
        yield shopper


async def promised_from_the_shop(shopper: Shopper) -> dict[str, Any]:
    """A cart with a promise that the shop is to keep, as late as there is one."""
    cart = await shopper.new()
    asked = {"lines": [{"sku": shopper.sku, "quantity": 1}], "destination": MILAN}
    found = (await shopper.sandbox.ask.data(OPTIONS, input=asked))["promiseOptions"]["choices"]
    options = [
        one
        for one in found[0]["options"]
        if [leg["location"]["code"] for leg in one["legs"]] == [SHOP]
    ]
    token = max(options, key=lambda one: str(one["latest"]))["token"]
    cart = await shopper.cart("cartPromiseSelect", cart, token=token, destination=MILAN)
    return await shopper.cart("cartHold", cart)


async def test_the_warehouse_sends_what_the_shop_has_no_more(shopper: Shopper) -> None:
    cart = await shopper.new()
    parts = [{"lineId": cart["lines"][0]["id"], "location": SHOP, "quantity": 1}]
    cart = await shopper.cart("cartHold", cart, parts=parts)
    shopper.sold_out()
    order = await shopper.bought(cart)

    assert order["state"] == "SOURCED"
    assert order["lines"] == [{"sku": shopper.sku, "quantity": 1, "locationCode": "WH-1"}]
    assert order["parts"] == [
        {"source": "shop", "state": "REPLACED"},
        {"source": "warehouse", "state": "TAKEN"},
    ]
    assert (order["promised"], order["expected"], order["late"]) == (None, None, False)
    assert list(shopper.state("warehouse").book.orders) == [f"{order['number']}-2"]
    assert list(shopper.state("shop").book.orders) == ["walk-in"]


async def test_a_promise_is_kept_by_others_or_its_delay_is_told(shopper: Shopper) -> None:
    cart = await promised_from_the_shop(shopper)
    shopper.sold_out()
    order = await shopper.bought(cart)

    assert [one["locationCode"] for one in order["lines"]] == ["WH-1"]
    assert order["promised"]["latest"] is not None
    assert order["late"] is (order["expected"]["latest"] > order["promised"]["latest"])
    paid = float(order["total"]["amount"])
    [charge] = shopper.state("payments").till.charges.values()
    assert float(charge.authorised) == paid


async def test_an_order_is_cancelled_once_nobody_has_it(shopper: Shopper) -> None:
    cart = await shopper.new()
    parts = [{"lineId": cart["lines"][0]["id"], "location": SHOP, "quantity": 1}]
    cart = await shopper.cart("cartHold", cart, parts=parts)
    shopper.sold_out()
    shopper.state("warehouse").book.left = lambda _sku, _place: 0
    order = await shopper.bought(cart)

    assert order["state"] == "CANCELLED"
    assert {"source": "warehouse", "state": "REFUSED"} in order["parts"]
