"""A cart from its first line to its end, as a client sees it; the same on both databases."""

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from app.api.nodes import global_id
from app.api.paging import encode_cursor
from app.errors import UpstreamUnavailable
from app.store import Store, StoreUnavailable
from app.values import Money
from tests.builders import NOON, a_price
from tests.carts.shopping import COAT, GBP, SHIRT, SOCKS, Shopper, a_shop, shopping
from tests.gateways import gateway_over

DAY = timedelta(days=1)
NOWHERE = "Q2FydDpBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"  # Cart:AAAAAAAAAAAAAAAAAAAAAAAA


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store) as one:
        yield one


def said(cart: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(one["sku"], one["quantity"], one["unitPrice"]["amount"]) for one in cart["lines"]]


NULL_KEYS = {"appointment": global_id("Appointment", "A\0"), "order": "A\0", "token": "B\0"}
NULL_KEYS["after"] = encode_cursor(NOON.isoformat(), "A\0")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (
            "($order: ID!, $token: String) { order(number: $order, accessToken: $token) { late } }",
            [],
        ),
        ("($appointment: ID!) { node(id: $appointment) { id } }", ["BAD_USER_INPUT"]),
        (
            '($after: String) { orders(accessTokens: "A", after: $after) { __typename } }',
            ["BAD_USER_INPUT"],
        ),
    ],
)
async def test_a_key_with_a_null_character_names_nothing(
    shopper: Shopper, query: str, codes: list[str]
) -> None:
    body = await shopper.ask(f"query {query}", **NULL_KEYS)

    assert list(body["data"].values()) == [None]
    assert [one["extensions"]["code"] for one in body.get("errors", [])] == codes


async def test_a_cart_is_created_filled_changed_and_emptied(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=2)
    assert (cart["version"], cart["status"], cart["channel"]) == (1, "OPEN", "WEB")
    assert said(cart) == [(SHIRT, 2, "49.90")]
    assert cart["lines"][0]["pricedAt"] == NOON.isoformat()

    cart = await shopper.cart(
        "cartLinesAdd",
        cartId=cart["id"],
        version=1,
        lines=[{"sku": COAT, "quantity": 1}, {"sku": SHIRT, "quantity": 1}],
    )
    assert said(cart) == [(SHIRT, 3, "49.90"), (COAT, 1, "199.00")]
    assert cart["subtotal"] == {"amount": "348.70", "currency": "EUR"}

    shirts, coat = [one["id"] for one in cart["lines"]]
    cart = await shopper.cart(
        "cartLinesUpdate",
        cartId=cart["id"],
        version=2,
        lines=[{"lineId": shirts, "quantity": 1}],
    )
    assert said(cart) == [(SHIRT, 1, "49.90"), (COAT, 1, "199.00")]

    cart = await shopper.cart("cartLinesRemove", cartId=cart["id"], version=3, lineIds=[shirts])
    assert (cart["version"], said(cart)) == (4, [(COAT, 1, "199.00")])
    assert cart["lines"][0]["id"] == coat
    assert await shopper.look(cart["id"]) == cart
    assert await shopper.told() == [
        "CartCreated",
        "CartLinesAdded",
        "CartLinesUpdated",
        "CartLinesRemoved",
    ]


async def test_a_buyer_is_set_and_taken_back_and_never_told_to_the_log_of_facts(
    shopper: Shopper, store: Store
) -> None:
    cart = await shopper.new()
    buyer = {
        "email": "anna@example.com",
        "phone": "+39 02 1234567",
        "country": "IT",
        "postalCode": "20121",
    }
    cart = await shopper.cart("cartBuyerSet", cartId=cart["id"], version=1, buyer=buyer)
    assert cart["buyer"] == buyer
    text = await store.read(lambda db: str(db.exec_driver_sql("SELECT body FROM facts").all()))
    assert "anna" not in text

    cart = await shopper.cart("cartBuyerSet", cartId=cart["id"], version=2, buyer=None)
    assert cart["buyer"] is None


async def test_a_price_is_the_one_of_the_day_it_was_put_in(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    shopper.clock.passes(DAY)
    shopper.shop.known_prices = [a_price(SHIRT, "59.90")]

    seen = await shopper.look(
        cart["id"],
        "lines { unitPrice { amount } } problems { code severity line { sku } price { amount } }",
    )
    assert seen == {
        "lines": [{"unitPrice": {"amount": "49.90"}}],
        "problems": [
            {
                "code": "PRICE_CHANGED",
                "severity": "REVIEW",
                "line": {"sku": SHIRT},
                "price": {"amount": "59.90"},
            }
        ],
    }

    cart = await shopper.cart(
        "cartLinesUpdate",
        cartId=cart["id"],
        version=1,
        lines=[{"lineId": cart["lines"][0]["id"], "quantity": 1}],
    )
    assert said(cart) == [(SHIRT, 1, "59.90")]
    assert await shopper.look(cart["id"], "problems { code }") == {"problems": []}


async def test_problems_tell_what_stands_in_the_way(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=14, COAT_L=1, SOCKS=1)
    fields = "problems { code severity available line { sku } }"
    seen = await shopper.look(cart["id"], fields)
    assert seen == {
        "problems": [
            {
                "code": "INSUFFICIENT_STOCK",
                "severity": "BLOCKING",
                "available": available,
                "line": {"sku": sku},
            }
            for sku, available in ((SHIRT, 13), (SOCKS, 0))
        ]
    }

    shopper.clock.passes(DAY)
    gbp = a_price(SHIRT, amount="1")
    gbp = structs.replace(gbp, amount=Money(Decimal("40.00"), GBP))
    shopper.shop.known_prices = [gbp, a_price(SOCKS, "5.05")]
    seen = await shopper.look(cart["id"], "problems { code line { sku } }")
    assert seen is not None
    codes = [(one["line"]["sku"], one["code"]) for one in seen["problems"]]
    assert codes == [
        (SHIRT, "CURRENCY_MISMATCH"),
        (SHIRT, "INSUFFICIENT_STOCK"),
        (COAT, "NOT_SOLD"),
        (SOCKS, "INSUFFICIENT_STOCK"),
    ]


async def test_problems_of_silent_systems_may_pass(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    shopper.clock.passes(DAY)
    shopper.shop.error = UpstreamUnavailable("did not answer")

    body = await shopper.ask(
        "query Look($id: ID!) { cart(id: $id) { problems { code severity } } }", id=cart["id"]
    )
    assert body["data"]["cart"]["problems"] == [
        {"code": "PRICE_UNKNOWN", "severity": "TEMPORARY"},
        {"code": "STOCK_UNKNOWN", "severity": "TEMPORARY"},
    ]


async def test_nothing_of_a_channel_that_was_closed_can_be_bought_or_added(store: Store) -> None:
    euro = {"currency": "EUR", "country": "IT", "locale": "it"}
    async with shopping(store, channels={"WEB": euro, "APP": euro}) as shopper:
        lines = [{"sku": SHIRT, "quantity": 1}]
        cart = await shopper.cart("cartCreate", channel="APP", lines=lines)
    async with shopping(store) as shopper:
        seen = await shopper.look(cart["id"], "problems { code severity }")
        assert seen == {"problems": [{"code": "NOT_SOLD", "severity": "BLOCKING"}]}
        given = {"cartId": cart["id"], "version": 1}
        refused = [
            await shopper("cartLinesAdd", **given, lines=lines),
            await shopper("cartHold", **given),
        ]
        assert {one["code"] for one in refused} == {"INVALID_INPUT"}


async def test_a_cart_is_gone_when_its_time_is_over_and_every_change_prolongs_it(
    shopper: Shopper,
) -> None:
    cart = await shopper.new(SHIRT_M=1)
    shopper.clock.passes(29 * DAY)
    await shopper.cart("cartBuyerSet", cartId=cart["id"], version=1, buyer=None)
    shopper.clock.passes(29 * DAY)
    assert await shopper.look(cart["id"], "version") == {"version": 2}

    shopper.clock.passes(DAY)
    assert await shopper.look(cart["id"]) is None
    gone = await shopper("cartBuyerSet", cartId=cart["id"], version=2, buyer=None)
    never = await shopper("cartBuyerSet", cartId=NOWHERE, version=2, buyer=None)
    assert gone == never
    assert gone["code"] == "CART_NOT_FOUND"


async def test_one_cannot_change_what_one_has_not_seen(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    lines = [{"sku": COAT, "quantity": 1}]
    await shopper.cart("cartLinesAdd", cartId=cart["id"], version=1, lines=lines)

    refused = await shopper("cartLinesAdd", cartId=cart["id"], version=1, lines=lines)
    assert refused == {
        "__typename": "CartVersionConflict",
        "code": "CART_VERSION_CONFLICT",
        "message": "The cart was changed meanwhile: look at it and ask again.",
        "path": ["input"],
        "currentVersion": 2,
        "cart": {"version": 2},
    }


BAD_LINES = [
    ([{"sku": SHIRT, "quantity": 0}], "INVALID_INPUT", ["input", "lines", "0", "quantity"]),
    ([{"sku": SHIRT, "quantity": -1}], "INVALID_INPUT", ["input", "lines", "0", "quantity"]),
    ([{"sku": SHIRT, "quantity": 10**9}], "INVALID_INPUT", ["input", "lines", "0", "quantity"]),
    (
        [{"sku": COAT, "quantity": 1}, {"sku": SHIRT, "quantity": 0}],
        "INVALID_INPUT",
        ["input", "lines", "1", "quantity"],
    ),
    ([{"sku": SHIRT, "quantity": 9_999}], "INVALID_INPUT", ["input", "lines"]),
    ([{"sku": SHIRT, "quantity": 1}] * 101, "INVALID_INPUT", ["input", "lines"]),
    ([], "INVALID_INPUT", ["input", "lines"]),
    ([{"sku": COAT, "quantity": 1}, {"sku": "NOPE", "quantity": 1}], "VARIANT_NOT_SOLD", ["input"]),
    ([{"sku": "a\u0000b", "quantity": 1}], "VARIANT_NOT_SOLD", ["input"]),
]


@pytest.mark.parametrize(("lines", "code", "path"), BAD_LINES)
async def test_what_cannot_be_added_leaves_nothing_behind(
    shopper: Shopper, lines: list[dict[str, Any]], code: str, path: list[str]
) -> None:
    cart = await shopper.new(SHIRT_M=1)

    refused = await shopper("cartLinesAdd", cartId=cart["id"], version=1, lines=lines)

    assert (refused["code"], refused["path"]) == (code, path)
    assert await shopper.look(cart["id"]) == cart
    assert await shopper.told() == ["CartCreated"]


async def test_what_is_not_sold_is_named_and_so_is_a_price_nobody_knows(store: Store) -> None:
    shop = a_shop(known_prices=[a_price(SHIRT)])
    async with shopping(store, shop) as shopper:
        lines = [{"sku": SHIRT, "quantity": 1}, {"sku": COAT, "quantity": 1}]
        refused = await shopper("cartCreate", lines=lines)
        assert (refused["__typename"], refused["skus"]) == ("VariantNotSold", [COAT])

        shopper.clock.passes(DAY)
        shop.error = UpstreamUnavailable("did not answer")
        body = await shopper.ask(
            "mutation M($input: CartCreateInput!) { cartCreate(input: $input)"
            " { __typename ... on PriceUnknown { skus } } }",
            input={"lines": lines[:1]},
        )
        assert body["data"]["cartCreate"] == {"__typename": "PriceUnknown", "skus": [SHIRT]}
        assert await shopper.told() == []


@pytest.mark.parametrize("id_", ["", "x", "Q2FydDo", "Q2FydDphAGI", NOWHERE, "UHJvZHVjdDox", "é"])
async def test_whatever_is_no_cart_looks_the_same(shopper: Shopper, id_: str) -> None:
    refusals = [
        await shopper("cartLinesAdd", cartId=id_, version=1, lines=[{"sku": SHIRT, "quantity": 1}]),
        await shopper("cartLinesRemove", cartId=id_, version=1, lineIds=["x"]),
        await shopper("cartMerge", **{"from": id_, "into": NOWHERE, "version": 1}),
        await shopper("cartHandOver", cartId=id_),
        await shopper("cartHold", cartId=id_, version=1),
    ]

    assert await shopper.look(id_) is None
    codes = {one["code"] for one in refusals} - {"INVALID_INPUT"}  # of a line or of twice the same
    assert codes == {"CART_NOT_FOUND"}


@pytest.mark.parametrize(
    ("buyer", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": f"{'a' * 250}@b.it"}, "email"),
        ({"email": "a\u0000@b.it"}, "email"),
        ({"phone": "call me"}, "phone"),
        ({"country": "Italia"}, "country"),
        ({"postalCode": "'; drop table carts"}, "postalCode"),
    ],
)
async def test_a_buyer_who_cannot_be_is_refused_without_repeating_it(
    shopper: Shopper, buyer: dict[str, str], field: str
) -> None:
    cart = await shopper.new()
    refused = await shopper("cartBuyerSet", cartId=cart["id"], version=1, buyer=buyer)

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "buyer", field])
    assert buyer[field] not in refused["message"]


@pytest.mark.parametrize("line", ["x", "Q2FydExpbmU6OQ", "Q2FydExpbmU6eA", "UHJvZHVjdDox"])
async def test_a_line_that_is_not_there_is_refused(shopper: Shopper, line: str) -> None:
    cart = await shopper.new(SHIRT_M=1)
    given = {"cartId": cart["id"], "version": 1}

    gone = await shopper("cartLinesRemove", **given, lineIds=[cart["lines"][0]["id"], line])
    changed = await shopper("cartLinesUpdate", **given, lines=[{"lineId": line, "quantity": 1}])

    assert gone["code"] == changed["code"] == "INVALID_INPUT"
    assert (gone["path"][:3], changed["path"][:3]) == (
        ["input", "lineIds", "1"],
        ["input", "lines", "0"],
    )
    assert await shopper.look(cart["id"]) == cart


async def test_an_unknown_channel_is_refused(shopper: Shopper) -> None:
    refused = await shopper("cartCreate", channel="WEEB")

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "channel"])


async def test_merging_puts_everything_into_one_and_closes_the_other(shopper: Shopper) -> None:
    guest, own = await shopper.new(SHIRT_M=2, COAT_L=1), await shopper.new(SHIRT_M=1)
    given = {"from": guest["id"], "into": own["id"], "version": 1}

    merged = await shopper.cart("cartMerge", **given)

    assert said(merged) == [(SHIRT, 3, "49.90"), (COAT, 1, "199.00")]
    assert await shopper.cart("cartMerge", **given) == merged
    assert await shopper.look(guest["id"], "status lines { sku }") == {
        "status": "MERGED",
        "lines": [],
    }
    refused = await shopper("cartBuyerSet", cartId=guest["id"], version=2, buyer=None)
    assert refused["code"] == "CART_CLOSED"
    other = await shopper.new()
    elsewhere = await shopper("cartMerge", **{**given, "into": other["id"]})
    assert elsewhere["code"] == "CART_CLOSED"
    assert (await shopper.told()).count("CartMerged") == 1


async def test_carts_of_different_channels_do_not_become_one(store: Store) -> None:
    euro = {"currency": "EUR", "country": "IT", "locale": "it"}
    async with shopping(store, channels={"WEB": euro, "APP": euro}) as shopper:
        web, app = await shopper.new(SHIRT_M=1), await shopper.cart("cartCreate", channel="APP")
        given = {"from": web["id"], "into": app["id"], "version": 1}
        refused = await shopper("cartMerge", **given)

        assert refused["code"] == "CURRENCY_MISMATCH"
        assert await shopper.look(web["id"]) == web


async def test_a_merge_that_is_too_much_changes_neither(shopper: Shopper) -> None:
    one, other = await shopper.new(SHIRT_M=9_000), await shopper.new(SHIRT_M=1_000)
    given = {"from": one["id"], "into": other["id"], "version": 1}
    refused = await shopper("cartMerge", **given)
    itself = await shopper("cartMerge", **{**given, "from": other["id"]})
    stale = await shopper("cartMerge", **{**given, "version": 7})

    assert [one["code"] for one in (refused, itself)] == ["INVALID_INPUT"] * 2
    assert stale["code"] == "CART_VERSION_CONFLICT"
    assert await shopper.look(one["id"]) == one
    assert await shopper.look(other["id"]) == other


async def test_lines_tell_of_their_variants_in_one_question(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1, COAT_L=1)
    shopper.clock.passes(DAY)
    shopper.shop.calls.clear()

    seen = await shopper.look(cart["id"], "lines { variant { sku name } }")

    assert seen == {
        "lines": [{"variant": {"sku": sku, "name": f"Camicia {sku}"}} for sku in (SHIRT, COAT)]
    }
    assert [name for name, _ in shopper.shop.calls] == ["products"]


async def test_nobody_keeps_an_answer_about_a_cart(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    query = "query Look($id: ID!) { cart(id: $id) { version } }"
    response = await shopper.ask.post(query, id=cart["id"])
    assert response.json()["data"]["cart"] == {"version": 1}
    assert "etag" not in response.headers
    assert "public" not in response.headers.get("cache-control", "")

    await shopper.cart("cartBuyerSet", cartId=cart["id"], version=1, buyer=None)
    again = await shopper.ask.post(query, id=cart["id"])
    assert again.json()["data"]["cart"] == {"version": 2}


async def test_a_mutation_is_not_asked_by_get(shopper: Shopper) -> None:
    response = await shopper.ask.http.get(
        "/graphql",
        params={"query": "mutation { cartCreate(input: {}) { __typename } }"},
        headers={"x-tessera-preflight": "1"},
    )

    assert response.status_code == 405
    assert await shopper.told() == []


async def test_a_store_that_is_silent_is_a_typed_error_and_no_bug() -> None:
    async with gateway_over({"shop": a_shop()}) as ask:
        written = await ask.post("mutation { cartCreate(input: {}) { __typename } }")
        read = await ask(f'{{ cart(id: "{NOWHERE}") {{ version }} }}')

    assert written.status_code == 200
    assert written.json()["data"] is None
    for body in (written.json(), read):
        [error] = body["errors"]
        assert error["message"] == "The store does not answer. Try again later."
        assert error["extensions"] == {"code": "STORE_UNAVAILABLE", "retryable": True}


async def test_what_the_store_may_have_done_is_told_by_the_same_error(store: Store) -> None:
    class Cut:
        """Commits, and is gone before it says so."""

        async def read(self, question: Any) -> Any:
            return await store.read(question)

        async def act(self, change: Any, *, now: Any, queue: Any = None) -> Any:
            await store.act(change, now=now, queue=queue)
            raise StoreUnavailable("The store does not answer. Try again later.")

    given = {"lines": [{"sku": SHIRT, "quantity": 1}], "idempotencyKey": "k" * 16}
    async with shopping(Cut()) as shopper:
        query = "mutation M($i: CartCreateInput!) { cartCreate(input: $i) { __typename } }"
        body = await shopper.ask(query, i=given)
        assert body["errors"][0]["extensions"]["code"] == "STORE_UNAVAILABLE"
    async with shopping(store) as shopper:
        cart = await shopper.cart("cartCreate", **given)
        assert said(cart) == [(SHIRT, 1, "49.90")]
        assert await shopper.told() == ["CartCreated"]


async def test_a_cart_id_has_more_bits_than_anybody_can_try(shopper: Shopper) -> None:
    ids = [(await shopper.new())["id"] for _ in range(3)]
    keys = [urlsafe_b64decode(f"{id_}==").decode().removeprefix("Cart:") for id_ in ids]

    assert len(set(keys)) == 3
    assert all(len(urlsafe_b64decode(key)) * 8 >= 128 for key in keys)
