"""From a cart to an order and back, over HTTP and the whole embedded retailer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.api.paging import encode_cursor
from app.orders.service import Placed
from app.store.keys import Once
from tests.gateways import Sandbox, sandbox_gateway

ORDER = """number state reason total { amount currency } method
  lines { sku quantity unitPrice { amount } locationCode location { code } }
  payment { status amount { amount } captured { amount } refunded { amount } }
  parts { source state reference }"""
PLACE = f"""mutation Place($input: OrderPlaceInput!) {{ done: orderPlace(input: $input) {{
  __typename
  ... on Problem {{ code path }}
  ... on CartClosed {{ orderNumber }}
  ... on OrderPlaced {{ accessToken order {{ {ORDER} }} }}
  ... on PaymentNeeded {{ message due {{ amount currency }} }}
  ... on PaymentDeclined {{ order {{ state reason }} }} }} }}"""
LOOK = f"""query Look($number: ID!, $token: String!) {{
  order(number: $number, accessToken: $token) {{ {ORDER} }} }}"""
LIST = """query List($first: Int, $after: String, $tokens: [String!], $states: [OrderState!]) {
  orders(first: $first, after: $after, accessTokens: $tokens, states: $states) {
    edges { cursor node { number state lines { sku } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
CANCEL = """mutation Cancel($input: OrderCancelInput!) { done: orderCancel(input: $input) {
  __typename ... on Problem { code } ... on OrderCancelled { order { state } } } }"""
CREATE = """mutation Create($input: CartCreateInput!) { done: cartCreate(input: $input) {
  ... on CartChanged { cart { id version subtotal { amount } } } } }"""
HOLD = """mutation Hold($input: CartHoldInput!) { done: cartHold(input: $input) {
  __typename ... on CartChanged { cart { id version subtotal { amount }
    hold { units { sku quantity locationCode } } } } } }"""
CART = """query Cart($id: ID!) { cart(id: $id) {
  status orderNumber version hold { expiresAt } problems { code } } }"""
CLOSED = "__typename ... on Problem { code } ... on CartClosed { orderNumber }"
HAND_OVER = f"""mutation HandOver($input: CartHandOverInput!) {{
  done: cartHandOver(input: $input) {{ {CLOSED} ... on CartHandedOver {{ takeOverCode }} }} }}"""
TAKE_OVER = """mutation TakeOver($input: CartTakeOverInput!) {
  done: cartTakeOver(input: $input) { ... on CartChanged { cart { status orderNumber } } } }"""
SELLABLE = """query Sellable($skus: [Sku!]!) { variants(skus: $skus) {
  availability(locations: ["ECOM-1"]) { availableToSell } } }"""
BUYER = {"name": "Ada Byron", "email": "ada@example.com"}
VERONA = {"lines": ["Via Roma 1"], "city": "Verona", "postalCode": "37121", "country": "IT"}


@dataclass
class Shopper:
    """Buys at the sandbox."""

    sandbox: Sandbox
    sku: str

    async def do(self, document: str, **given: Any) -> dict[str, Any]:
        data = await self.sandbox.ask.data(document, input=given)
        done: dict[str, Any] = data["done"]
        return done

    async def cart(self, quantity: int = 1) -> dict[str, Any]:
        lines = [{"sku": self.sku, "quantity": quantity}]
        cart: dict[str, Any] = (await self.do(CREATE, channel="WEB", lines=lines))["cart"]
        return cart

    async def held(self, quantity: int = 1) -> dict[str, Any]:
        cart = await self.cart(quantity)
        held = await self.do(HOLD, cartId=cart["id"], version=cart["version"])
        assert held["__typename"] == "CartChanged"
        found: dict[str, Any] = held["cart"]
        return found

    async def place(self, cart: dict[str, Any], **more: Any) -> dict[str, Any]:
        given = {
            "cartId": cart["id"],
            "version": cart["version"],
            "buyer": BUYER,
            "method": "SHIP_TO_HOME",
            "address": VERONA,
            "paymentToken": "tok_ok",
            "idempotencyKey": "a-key-of-this-order-only",
        }
        return await self.do(PLACE, **{**given, **more})

    async def look(self, placed: dict[str, Any]) -> dict[str, Any]:
        token = placed["accessToken"]
        number = placed["order"]["number"]
        data = await self.sandbox.ask.data(LOOK, number=number, token=token)
        order: dict[str, Any] = data["order"]
        return order

    async def until(self, placed: dict[str, Any], state: str) -> dict[str, Any]:
        """The order once the worker has brought it so far."""
        gateway = self.sandbox.gateway
        while (order := await self.look(placed))["state"] != state:
            await gateway.services.order_worker.round()
        return order

    async def changed(self, name: str, /, **given: Any) -> dict[str, Any]:
        kind = name[0].upper() + name[1:]
        text = f"mutation Do($input: {kind}Input!) {{ done: {name}(input: $input) {{ {CLOSED} }} }}"
        return await self.do(text, **given)

    async def cart_now(self, cart: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (await self.sandbox.ask.data(CART, id=cart["id"]))["cart"]
        return found

    async def list(self, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = (await self.sandbox.ask.data(LIST, **given))["orders"]
        return found

    async def sellable(self) -> int:
        data = await self.sandbox.ask.data(SELLABLE, skus=[self.sku])
        ((spot,),) = [one["availability"] for one in data["variants"]]
        return int(spot["availableToSell"])


@pytest.fixture
async def shopper() -> AsyncIterator[Shopper]:
    settings: dict[str, Any] = {
        "freshness": {"stock": {"fresh_for": "PT0S"}},
        "connection": {"timeout": "PT20S"},
        "requests": {"budget": "PT60S"},  # how busy the machine is, is no matter
    }
    async with sandbox_gateway(**settings) as sandbox:
        found = await sandbox.ask.data(
            "{ products(first: 5) { edges { node { variants { sku } } } } }"
        )
        skus = [
            one["sku"] for edge in found["products"]["edges"] for one in edge["node"]["variants"]
        ]
        for sku in skus:
            shopper = Shopper(sandbox, sku)
            if await shopper.sellable() > 5:
                break
        yield shopper


async def test_what_is_held_is_bought_paid_and_carried_out(shopper: Shopper) -> None:
    cart = await shopper.held(2)
    placed = await shopper.place(cart)
    order = await shopper.until(placed, "SOURCED")
    while order["payment"]["captured"]["amount"] != order["total"]["amount"]:
        order = await shopper.look(placed)

    assert placed["__typename"] == "OrderPlaced"
    assert order["total"] == {"amount": cart["subtotal"]["amount"], "currency": "EUR"}
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [(shopper.sku, 2)]
    assert order["payment"]["status"] == "AUTHORISED"
    (part,) = order["parts"]
    assert part["state"] == "TAKEN"
    assert part["source"] in {"shop", "warehouse"}
    served: Any = shopper.sandbox.upstreams[part["source"]].served
    assert [one.key for one in served.state.book.orders.values()] == [order["number"]]


async def test_the_same_key_is_the_same_order(shopper: Shopper) -> None:
    cart = await shopper.held()
    first, second = [await shopper.place(cart) for _ in range(2)]
    other = await shopper.place(cart, buyer={**BUYER, "name": "Grace"})

    assert second["order"]["number"] == first["order"]["number"]
    assert second["accessToken"] == first["accessToken"]
    assert (other["__typename"], other["code"]) == (
        "IdempotencyKeyRefused",
        "IDEMPOTENCY_KEY_REUSED",
    )


async def test_who_asks_twice_at_once_is_told_the_same(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one is done just when the other has seen that there is no order yet."""
    cart, orders = await shopper.held(), shopper.sandbox.gateway.services.orders
    look, first = orders.again, list[dict[str, Any]]()

    async def overtaken(once: Once, token: str | None) -> Placed | None:
        found = await look(once, token)
        monkeypatch.setattr(orders, "again", look)
        first.append(await shopper.place(cart))
        return found

    monkeypatch.setattr(orders, "again", overtaken)
    second = await shopper.place(cart)

    assert second["__typename"] == "OrderPlaced"
    assert second["order"]["number"] == first[0]["order"]["number"]
    assert second["accessToken"] == first[0]["accessToken"]


async def test_a_declined_card_is_a_problem_and_the_goods_are_free(shopper: Shopper) -> None:
    before = await shopper.sellable()
    declined = await shopper.place(await shopper.held(), paymentToken="tok_declined")

    assert declined["__typename"] == "PaymentDeclined"
    assert declined["order"] == {"state": "REFUSED", "reason": "PAYMENT_DECLINED"}
    assert await shopper.sellable() == before


async def test_what_is_not_held_cannot_be_bought(shopper: Shopper) -> None:
    loose = await shopper.place(await shopper.cart())
    held = await shopper.held()
    await shopper.place(held)
    again = await shopper.place(held, idempotencyKey="another-key-for-the-same-cart")
    late = await shopper.place(held, version=held["version"] + 1, idempotencyKey="a" * 16)

    assert (loose["__typename"], loose["code"]) == ("HoldLost", "ORDER_NOT_HELD")
    assert (again["__typename"], again["code"]) == ("CartClosed", "CART_CLOSED")
    assert late["__typename"] == "CartClosed"


async def test_another_version_of_a_cart_is_not_bought(shopper: Shopper) -> None:
    held = await shopper.held()
    late = await shopper.place(held, version=held["version"] + 1)
    placed = await shopper.place(held)

    assert late["__typename"] == "CartVersionConflict"
    assert placed["__typename"] == "OrderPlaced"


async def test_an_order_closes_its_cart_for_good(shopper: Shopper) -> None:
    cart, guest = await shopper.held(), await shopper.cart()
    handed = await shopper.do(HAND_OVER, cartId=cart["id"])
    placed = await shopper.place(cart)
    number = placed["order"]["number"]
    seen = await shopper.cart_now(cart)
    version = cart["version"] + 1
    one = [{"sku": shopper.sku, "quantity": 1}]
    into = {"from": guest["id"], "into": cart["id"], "version": version}
    out = {"from": cart["id"], "into": guest["id"], "version": 1}
    refused = [
        await shopper.changed("cartHold", cartId=cart["id"], version=version),
        await shopper.changed("cartHold", cartId=cart["id"], version=cart["version"]),
        await shopper.changed("cartLinesAdd", cartId=cart["id"], version=version, lines=one),
        await shopper.changed("cartMerge", **into),
        await shopper.changed("cartMerge", **out),
        await shopper.do(HAND_OVER, cartId=cart["id"]),
        await shopper.place(cart, idempotencyKey="another-key-for-the-same-cart"),
    ]
    taken = await shopper.do(TAKE_OVER, code=handed["takeOverCode"])

    assert seen == {
        "status": "ORDERED",
        "orderNumber": number,
        "version": version,
        "hold": None,
        "problems": [],
    }
    closed = {"__typename": "CartClosed", "code": "CART_CLOSED", "orderNumber": number}
    assert [{key: one[key] for key in closed} for one in refused] == [closed] * 7
    assert taken["cart"] == {"status": "ORDERED", "orderNumber": number}
    assert (await shopper.cart_now(guest))["status"] == "OPEN"


async def test_a_cart_that_was_not_paid_can_be_bought_by_another_card(shopper: Shopper) -> None:
    cart = await shopper.held()
    declined = await shopper.place(cart, paymentToken="tok_declined")
    seen = await shopper.cart_now(cart)
    held = await shopper.do(HOLD, cartId=cart["id"], version=seen["version"])
    placed = await shopper.place(held["cart"], idempotencyKey="another-key-for-the-same-cart")

    assert declined["__typename"] == "PaymentDeclined"
    assert (seen["status"], seen["orderNumber"], seen["hold"]) == ("OPEN", None, None)
    assert placed["__typename"] == "OrderPlaced"
    assert (await shopper.cart_now(cart))["orderNumber"] == placed["order"]["number"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"idempotencyKey": "short"}, ["idempotencyKey"]),
        ({"address": None}, ["address"]),
        ({"address": {**VERONA, "lines": []}}, ["address", "lines"]),
        ({"address": {**VERONA, "city": "\x00"}}, ["address", "city"]),
        ({"address": {**VERONA, "country": "it"}}, ["address", "country"]),
        ({"buyer": {**BUYER, "email": "ada"}}, ["buyer", "email"]),
        ({"buyer": {**BUYER, "name": " "}}, ["buyer", "name"]),
        ({"buyer": {**BUYER, "phone": "x"}}, ["buyer", "phone"]),
        ({"paymentToken": "x" * 501}, ["paymentToken"]),
    ],
)
async def test_what_cannot_be_is_told_before_anything_is_done(
    shopper: Shopper, wrong: dict[str, Any], path: list[str]
) -> None:
    refused = await shopper.place(await shopper.held(), **wrong)
    assert refused == {
        "__typename": "InvalidInput",
        "code": "INVALID_INPUT",
        "path": ["input", *path],
    }


async def test_who_says_nothing_of_how_to_pay_is_told_how_much_it_is(shopper: Shopper) -> None:
    cart = await shopper.held()
    needed = await shopper.place(cart, paymentToken=None)
    placed = await shopper.place(cart)

    due = {"amount": cart["subtotal"]["amount"], "currency": "EUR"}
    assert needed == {
        "__typename": "PaymentNeeded",
        "code": "PAYMENT_NEEDED",
        "message": f"{due['amount']} EUR are to be paid: ask again with a"
        " paymentToken, under the same key; or pay all of it with points.",
        "path": ["input", "paymentToken"],
        "due": due,
    }
    assert placed["order"]["total"] == due


async def test_a_cart_that_is_none_has_no_order(shopper: Shopper) -> None:
    refused = await shopper.place({"id": "nonsense", "version": 1})
    assert refused["__typename"] == "CartNotFound"


async def test_an_order_is_cancelled_by_who_has_its_token(shopper: Shopper) -> None:
    before = await shopper.sellable()
    placed = await shopper.place(await shopper.held())
    number, token = placed["order"]["number"], placed["accessToken"]
    await shopper.until(placed, "SOURCED")
    stranger = await shopper.do(CANCEL, number=number, accessToken="x")
    cancelled = await shopper.do(CANCEL, number=number, accessToken=token)
    order = await shopper.until(placed, "CANCELLED")

    assert stranger == {"__typename": "OrderNotFound", "code": "ORDER_NOT_FOUND"}
    assert cancelled == {"__typename": "OrderCancelled", "order": {"state": "CANCELLING"}}
    assert order["reason"] == "BUYER"
    assert order["payment"]["captured"] == order["payment"]["refunded"]
    assert await shopper.sellable() == before
    looked = await shopper.sandbox.ask.data(LOOK, number=number, token="x")
    assert looked == {"order": None}


async def three(shopper: Shopper) -> tuple[list[str], list[str]]:
    """The numbers and tokens of three orders, the latest first."""
    placed = [
        await shopper.place(await shopper.held(), idempotencyKey=f"a-key-of-order-{number}")
        for number in range(3)
    ][::-1]
    return [one["order"]["number"] for one in placed], [one["accessToken"] for one in placed]


async def test_a_guest_lists_the_orders_whose_tokens_it_has(shopper: Shopper) -> None:
    numbers, tokens = await three(shopper)
    await shopper.place(await shopper.held(), idempotencyKey="a-key-of-somebody-else")
    first = await shopper.list(first=2, tokens=tokens)
    second = await shopper.list(first=2, tokens=tokens, after=first["pageInfo"]["endCursor"])
    some = await shopper.list(tokens=[tokens[1], "nobody's"])
    none = [await shopper.list(), *[await shopper.list(tokens=one) for one in ([], numbers)]]
    undone = await shopper.list(tokens=tokens, states=["CANCELLED"])

    assert [one["node"]["number"] for one in first["edges"]] == numbers[:2]
    assert [one["node"]["number"] for one in second["edges"]] == numbers[2:]
    assert first["edges"][0]["node"]["lines"] == [{"sku": shopper.sku}]
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": first["edges"][0]["cursor"],
        "endCursor": first["edges"][1]["cursor"],
    }
    assert (second["pageInfo"]["hasNextPage"], second["pageInfo"]["hasPreviousPage"]) == (
        False,
        True,
    )
    assert [one["node"]["number"] for one in some["edges"]] == [numbers[1]]
    assert [one["edges"] for one in (*none, undone)] == [[], [], [], []]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"first": 101},
        {"tokens": ["x"] * 101},
        {"after": "x"},
        {"after": encode_cursor("2026-03-02T12:00:00", "N")},
        {"after": encode_cursor("soon", "N")},
        {"after": encode_cursor(1, "N")},
    ],
)
async def test_a_list_that_cannot_be_is_told(shopper: Shopper, wrong: dict[str, Any]) -> None:
    body = await shopper.sandbox.ask(LIST, **wrong)

    assert body["data"] == {"orders": None}
    [error] = body["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_nobody_on_the_way_keeps_a_list_of_orders(shopper: Shopper) -> None:
    answer = await shopper.sandbox.ask.http.get(
        "/graphql",
        params={"query": '{ orders(accessTokens: ["x"]) { edges { cursor } } }'},
        headers={"x-tessera-preflight": "1"},
    )

    assert answer.json() == {"data": {"orders": {"edges": []}}}
    assert answer.headers["cache-control"] == "no-store"
