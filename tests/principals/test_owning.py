"""What is a customer's own is there for them and for staff; to everybody else it is not there."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from app.api.schema import build_schema, core
from app.values import PrincipalKind
from tests.gateways import Asker, Sandbox, sandbox_gateway
from tests.staff import as_

CUSTOMER, STAFF = PrincipalKind.CUSTOMER, PrincipalKind.STAFF
OTHERS = {
    "a guest": {},
    "another customer": as_(CUSTOMER, "eve"),
    "a partner": as_(PrincipalKind.PARTNER, "acme"),
}
NOWHERE = b64encode(b"Cart:" + b"x" * 24).decode()
ADA, BUYER = as_(CUSTOMER, "ada"), {"name": "Ada Byron", "email": "ada@example.com"}
VERONA = {"lines": ["Via Roma 1"], "city": "Verona", "postalCode": "37121", "country": "IT"}
KEY = "a-key-of-nobody-else-"
BUYER_IN_CART = {"email": "ada@example.com"}
LINE = b64encode(b"CartLine:1").decode()
# What is said to a cart by each mutation that names one, beside its id and version.
SAID: dict[str, dict[str, Any]] = {
    "cartLinesAdd": {"lines": [{"sku": "SET20001", "quantity": 1}]},
    "cartLinesUpdate": {"lines": [{"lineId": LINE, "quantity": 2}]},
    "cartLinesRemove": {"lineIds": [LINE]},
    "cartBuyerSet": {"buyer": {"email": "eve@example.com"}},
    "cartCustomerSet": {},
    "cartDiscountCodesSet": {"codes": ["WELCOME10"]},
    "cartPromiseSelect": {"token": "of-an-option"},
    "cartHandOver": {},
    "cartHold": {},
    "cartHoldRelease": {},
    "cartPointsSet": {"points": 100},
    "orderPlace": {
        "buyer": BUYER,
        "method": "SHIP_TO_HOME",
        "address": VERONA,
        "paymentToken": "tok_ok",
        "idempotencyKey": KEY + "order",
    },
}
CART = "... on CartChanged { cart { id version buyer { email } } }"
TOLD = "__typename ... on Problem { code message path }"
LOOK = "query Look($id: ID!) { cart(id: $id) { version buyer { email } } }"
ORDER = """query Look($number: ID!, $token: String) {
  order(number: $number, accessToken: $token) { number } }"""
ORDERS = "query List($of: ID) { orders(customer: $of) { edges { node { number } } } }"


def naming_a_cart() -> dict[str, GraphQLInputObjectType]:
    """The input of every mutation that names a cart by `cartId`."""
    mutations = core(build_schema()).mutation_type
    assert mutations is not None
    inputs = {
        name: get_named_type(field.args["input"].type)
        for name, field in mutations.fields.items()
        if "input" in field.args
    }
    return {name: one for name, one in inputs.items() if "cartId" in one.fields}


INPUTS = naming_a_cart()


@dataclass
class Shop:
    """The retailer, and people who ask it."""

    sandbox: Sandbox

    def by(self, headers: dict[str, str]) -> Asker:
        return Asker(self.sandbox.ask.http, headers)

    async def do(self, name: str, headers: dict[str, str], **given: Any) -> dict[str, Any]:
        kind, told = name[0].upper() + name[1:], [TOLD]
        told += [CART] if name.startswith("cart") and name != "cartHandOver" else []
        told += ["... on CartHandedOver { takeOverCode }"] * (name == "cartHandOver")
        told += ["... on OrderPlaced { accessToken order { number } }"] * (name == "orderPlace")
        told += ["... on OrderCancelled { order { reason } }"] * (name == "orderCancel")
        query = f"""mutation Do($input: {kind}Input!) {{
          done: {name}(input: $input) {{ {" ".join(told)} }} }}"""
        done: dict[str, Any] = (await self.by(headers).data(query, input=given))["done"]
        return done

    async def cart(self, headers: dict[str, str], **more: Any) -> dict[str, Any]:
        lines = [{"sku": self.sku, "quantity": 1}]
        done = await self.do("cartCreate", headers, channel="WEB", lines=lines, **more)
        cart: dict[str, Any] = done["cart"]
        return cart

    async def ordered(self, headers: dict[str, str], key: str = "order") -> dict[str, Any]:
        cart = await self.cart(headers)
        held = await self.do("cartHold", headers, cartId=cart["id"], version=cart["version"])
        said = SAID["orderPlace"] | {"idempotencyKey": KEY + key}
        at = {"cartId": cart["id"], "version": held["cart"]["version"]}
        placed = await self.do("orderPlace", headers, **at, **said)
        assert placed["__typename"] == "OrderPlaced", placed
        return placed

    async def find_sku(self) -> None:
        """Something there is enough of in the depot."""
        query = """{ products(first: 10) { edges { node { variants { sku
          availability(locations: ["ECOM-1"]) { availableToSell } } } } } }"""
        found = (await self.sandbox.ask.data(query))["products"]["edges"]
        variants = [one for edge in found for one in edge["node"]["variants"]]
        self.sku = max(variants, key=lambda one: one["availability"][0]["availableToSell"] or 0)[
            "sku"
        ]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def shop() -> AsyncIterator[Shop]:
    settings = {"connection": {"timeout": "PT20S"}, "requests": {"budget": "PT60S"}}
    async with sandbox_gateway(**settings) as sandbox:
        shop = Shop(sandbox)
        await shop.find_sku()
        yield shop


def test_every_mutation_that_names_a_cart_is_tried() -> None:
    assert set(SAID) == set(INPUTS)


@pytest.mark.parametrize("who", OTHERS)
@pytest.mark.parametrize("name", SAID)
async def test_somebody_elses_cart_is_like_none(shop: Shop, name: str, who: str) -> None:
    cart = await shop.cart(ADA)
    version = {"version": cart["version"]} if "version" in INPUTS[name].fields else {}
    if name == "cartCustomerSet" and who != "another customer":
        query = """mutation Do($input: CartCustomerSetInput!) {
          cartCustomerSet(input: $input) { __typename } }"""
        refused = await shop.by(OTHERS[who])(query, input={"cartId": cart["id"], **version})
        assert refused["errors"][0]["extensions"]["code"] in {"UNAUTHENTICATED", "FORBIDDEN"}
        return
    foreign, missing = [
        await shop.do(name, OTHERS[who], cartId=id_, **version, **SAID[name])
        for id_ in (cart["id"], NOWHERE)
    ]

    assert (foreign["__typename"], foreign["code"]) == ("CartNotFound", "CART_NOT_FOUND")
    assert foreign == missing
    now = (await shop.by(ADA).data(LOOK, id=cart["id"]))["cart"]
    assert now == {"version": cart["version"], "buyer": None}  # untouched


@pytest.mark.parametrize("who", OTHERS)
async def test_it_is_neither_seen_nor_merged_by_others(shop: Shop, who: str) -> None:
    cart, own = await shop.cart(ADA), await shop.cart(OTHERS[who])
    assert (await shop.by(OTHERS[who]).data(LOOK, id=cart["id"])) == {"cart": None}
    for given in (
        {"from": cart["id"], "into": own["id"], "version": own["version"]},
        {"from": own["id"], "into": cart["id"], "version": cart["version"]},
        {"from": own["id"], "into": NOWHERE, "version": 1},
    ):
        assert (await shop.do("cartMerge", OTHERS[who], **given))["code"] == "CART_NOT_FOUND"


async def test_who_hears_of_a_code_without_being_the_customer_has_nothing(shop: Shop) -> None:
    cart = await shop.cart(ADA)
    code = (await shop.do("cartHandOver", ADA, cartId=cart["id"]))["takeOverCode"]

    assert (await shop.do("cartTakeOver", OTHERS["another customer"], code=code))["__typename"] == (
        "HandOverCodeRefused"
    )
    assert (await shop.do("cartTakeOver", ADA, code=code))["cart"]["id"] == cart["id"]


async def test_a_repeated_request_tells_nobody_else(shop: Shop) -> None:
    cart, key = await shop.cart(ADA), KEY + "repeated"
    given = {"cartId": cart["id"], "version": 1, "buyer": BUYER_IN_CART, "idempotencyKey": key}
    first = await shop.do("cartBuyerSet", ADA, **given)

    assert await shop.do("cartBuyerSet", ADA, **given) == first
    for headers in OTHERS.values():
        assert (await shop.do("cartBuyerSet", headers, **given))["code"] == "CART_NOT_FOUND"


async def test_a_guests_cart_becomes_ones_own_and_is_a_guests_no_more(shop: Shop) -> None:
    cart = await shop.cart({})
    owned = await shop.do("cartCustomerSet", ADA, cartId=cart["id"], version=cart["version"])

    assert owned["cart"]["version"] == cart["version"] + 1
    assert (await shop.by({}).data(LOOK, id=cart["id"])) == {"cart": None}
    assert (await shop.by(as_(STAFF)).data(LOOK, id=cart["id"]))["cart"]


async def test_a_guests_cart_is_merged_into_ones_own(shop: Shop) -> None:
    guest, own = await shop.cart({}), await shop.cart(ADA)
    merged = await shop.do(
        "cartMerge", ADA, **{"from": guest["id"], "into": own["id"], "version": own["version"]}
    )
    assert merged["cart"]["id"] == own["id"]


async def test_staff_gives_a_cart_to_a_customer_and_customers_only_to_themselves(
    shop: Shop,
) -> None:
    await shop.cart(ADA)
    ada = (await shop.by(ADA).data("{ me { id } }"))["me"]["id"]
    cart = await shop.cart(as_(STAFF))
    at = {"cartId": cart["id"], "version": cart["version"]}
    nobody = b64encode(b"Customer:nobody").decode()

    assert (await shop.do("cartCustomerSet", as_(STAFF), **at))["code"] == "INVALID_INPUT"
    for whom, headers in ((nobody, as_(STAFF)), (ada, OTHERS["another customer"])):
        refused = await shop.do("cartCustomerSet", headers, **at, customerId=whom)
        assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "customerId"])
    assert (await shop.do("cartCustomerSet", as_(STAFF), **at, customerId=ada))["cart"]
    assert (await shop.by(ADA).data(LOOK, id=cart["id"]))["cart"]


@pytest.mark.parametrize("who", OTHERS)
async def test_somebody_elses_order_is_like_none(shop: Shop, who: str) -> None:
    placed = await shop.ordered(ADA, key=f"for {who}".replace(" ", "-"))
    number, theirs = (
        placed["order"]["number"],
        await shop.ordered(OTHERS[who], key=f"of {who}".replace(" ", "-")),
    )
    others = shop.by(OTHERS[who])
    for token in (None, theirs["accessToken"]):
        assert await others.data(ORDER, number=number, token=token) == {"order": None}
        cancel = {"number": number, "accessToken": token}
        foreign = await shop.do("orderCancel", OTHERS[who], **cancel)
        missing = await shop.do("orderCancel", OTHERS[who], **cancel | {"number": "NOBODYS"})
        assert foreign == missing
        assert foreign["__typename"] == "OrderNotFound"
    ada = (await shop.by(ADA).data("{ me { id } }"))["me"]["id"]
    for of in (None, ada):
        found = (await others.data(ORDERS, of=of))["orders"]["edges"]
        assert number not in [one["node"]["number"] for one in found]


async def test_its_buyer_sees_it_without_a_token_and_cancels_it(shop: Shop) -> None:
    number = (await shop.ordered(ADA, key="own"))["order"]["number"]

    assert await shop.by(ADA).data(ORDER, number=number) == {"order": {"number": number}}
    listed = (await shop.by(ADA).data(ORDERS))["orders"]["edges"]
    assert number in [one["node"]["number"] for one in listed]
    done = await shop.do("orderCancel", ADA, number=number)
    assert done["order"]["reason"] == "BUYER"


async def test_staff_sees_an_order_and_those_of_a_customer(shop: Shop) -> None:
    number = (await shop.ordered(ADA, key="served"))["order"]["number"]
    ada = (await shop.by(ADA).data("{ me { id } }"))["me"]["id"]
    staff = shop.by(as_(STAFF))

    assert (await staff.data(ORDER, number=number))["order"]
    listed = (await staff.data(ORDERS, of=ada))["orders"]["edges"]
    assert number in [one["node"]["number"] for one in listed]
    assert (await staff.data(ORDERS))["orders"]["edges"] == []
    assert (await shop.do("orderCancel", as_(STAFF), number=number))["order"]["reason"] == "STAFF"


async def test_a_guest_with_the_token_of_a_customers_order_sees_it(shop: Shop) -> None:
    placed = await shop.ordered(ADA, key="mailed")
    given = {"number": placed["order"]["number"], "token": placed["accessToken"]}

    assert (await shop.by({}).data(ORDER, **given))["order"]
