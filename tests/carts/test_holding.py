"""What a cart holds is gone for everybody else, until it is not held any more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from app.availability.model import Spot
from app.availability.promised import Promised
from app.carts.holding import shared_out
from app.errors import UpstreamUnavailable
from app.store import Store
from app.values import LocationCode, Sku
from tests.builders import a_level
from tests.carts.shopping import COAT, DEPOT, MILAN, SHIRT, SOCKS, Shopper, a_shop, shopping
from tests.gateways import Retailer

MINUTE = timedelta(minutes=1)
SEEN = """query Seen($cart: ID) { variants(skus: ["SHIRT-M"]) {
  anybody: availability { location { code } status availableToSell promised }
  cart: availability(cart: $cart) { location { code } availableToSell promised }
  together: availableToSell { availableToSell }
  forCart: availableToSell(cart: $cart) { availableToSell } } }"""


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store) as one:
        yield one


async def held(shopper: Shopper, cart: dict[str, Any], **more: Any) -> dict[str, Any]:
    return await shopper.cart("cartHold", cartId=cart["id"], version=cart["version"], **more)


async def refused(shopper: Shopper, cart: dict[str, Any], **more: Any) -> dict[str, Any]:
    done = await shopper("cartHold", cartId=cart["id"], version=cart["version"], **more)
    assert done["__typename"] != "CartChanged"
    return done


def units(cart: dict[str, Any]) -> list[tuple[str, str, int]]:
    held_units = cart["hold"]["units"]
    return [(one["sku"], one["locationCode"], one["quantity"]) for one in held_units]


async def seen(shopper: Shopper, cart: str) -> tuple[Any, ...]:
    [variant] = (await shopper.ask.data(SEEN, cart=cart))["variants"]
    return (
        {one["location"]["code"]: one["availableToSell"] for one in variant["anybody"]},
        {one["location"]["code"]: one["availableToSell"] for one in variant["cart"]},
        variant["together"]["availableToSell"],
        variant["forCart"]["availableToSell"],
    )


async def test_what_is_held_is_gone_for_others_and_not_for_the_holder(shopper: Shopper) -> None:
    cart = await held(shopper, await shopper.new(SHIRT_M=3))

    assert units(cart) == [(SHIRT, MILAN, 3)]
    assert cart["hold"]["units"][0]["location"] == {"code": MILAN}
    assert await seen(shopper, cart["id"]) == ({MILAN: 0, DEPOT: 10}, {MILAN: 3, DEPOT: 10}, 10, 13)
    shopper.clock.passes(15 * MINUTE)
    assert await seen(shopper, cart["id"]) == ({MILAN: 3, DEPOT: 10}, {MILAN: 3, DEPOT: 10}, 13, 13)
    assert (await shopper.look(cart["id"], "hold { id }")) == {"hold": None}


async def test_answers_that_follow_soon_cost_one_question_to_the_store(
    shopper: Shopper, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual: Any = Promised.__init__.__kwdefaults__
    monkeypatch.setitem(usual, "every", MINUTE)  # what is soon on a busy machine
    cart = await held(shopper, await shopper.new(SHIRT_M=1))
    questions = 0

    class Counting:
        async def read(self, question: Any) -> Any:
            nonlocal questions
            questions += 1
            return await store.read(question)

        async def act(self, change: Any, *, now: Any, queue: Any = None) -> Any:
            return await store.act(change, now=now, queue=queue)

    store = shopper.store
    async with shopping(Counting(), shopper.shop) as counted:
        data = await counted.ask.data(
            """{ variants(skus: ["SHIRT-M", "COAT-L", "SOCKS"]) {
                   all: availability { promised } one: availability(first: 1) { promised }
                   availableToSell { availableToSell } } }"""
        )
        assert data["variants"][0]["all"][0]["promised"] == 1
        first = questions
        await counted.ask.data(SEEN, cart=cart["id"])
    assert (first, questions - first) == (1, 0)


async def test_a_hold_takes_several_places_where_none_has_all(shopper: Shopper) -> None:
    cart = await held(shopper, await shopper.new(SHIRT_M=12))

    assert units(cart) == [(SHIRT, MILAN, 3), (SHIRT, DEPOT, 9)]


async def test_a_hold_is_placed_where_it_is_wanted(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=4, COAT_L=1)
    shirts, coat = [line["id"] for line in cart["lines"]]
    parts = [
        {"lineId": shirts, "location": DEPOT, "quantity": 3},
        {"lineId": shirts, "location": MILAN, "quantity": 1},
        {"lineId": coat, "location": MILAN, "quantity": 1},
    ]
    cart = await held(shopper, cart, parts=parts)

    assert units(cart) == [(COAT, MILAN, 1), (SHIRT, MILAN, 1), (SHIRT, DEPOT, 3)]


@pytest.mark.parametrize(
    ("quantity", "location", "path"),
    [
        (1, MILAN, ["input", "parts"]),  # the line has two units
        (3, MILAN, ["input", "parts"]),
        (0, MILAN, ["input", "parts", "0", "quantity"]),
        (2, "NOWHERE", ["input", "parts", "0", "location"]),
        (2, "a\u0000b", ["input", "parts", "0", "location"]),
    ],
)
async def test_parts_that_cannot_be_are_refused(
    shopper: Shopper, quantity: int, location: str, path: list[str]
) -> None:
    cart = await shopper.new(SHIRT_M=2)
    part = {"lineId": cart["lines"][0]["id"], "location": location, "quantity": quantity}

    done = await refused(shopper, cart, parts=[part])

    assert (done["code"], done["path"]) == ("INVALID_INPUT", path)
    assert (await shopper.look(cart["id"])) == cart


async def test_parts_of_lines_that_are_not_there_are_refused(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    for parts, path in (
        ([{"lineId": "Q2FydExpbmU6OQ", "location": MILAN, "quantity": 1}], ["0"]),
        ([{"lineId": "x", "location": MILAN, "quantity": 1}], ["0", "lineId"]),
        ([], []),
    ):
        done = await refused(shopper, cart, parts=parts)
        assert (done["code"], done["path"]) == ("INVALID_INPUT", ["input", "parts", *path])


async def test_a_hold_is_all_or_nothing_and_says_what_is_missing(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1, COAT_L=3)
    done = await refused(shopper, cart)

    assert done["code"] == "INSUFFICIENT_STOCK"
    assert done["shortages"] == [{"sku": COAT, "location": None, "asked": 3, "available": 2}]
    assert await shopper.look(cart["id"]) == cart
    assert "HoldPlaced" not in await shopper.told()
    coat = [
        {"lineId": cart["lines"][n]["id"], "location": MILAN, "quantity": q}
        for n, q in ((0, 1), (1, 3))
    ]
    chosen = await refused(shopper, cart, parts=coat)
    assert chosen["shortages"] == [{"sku": COAT, "location": MILAN, "asked": 3, "available": 2}]


async def test_two_carts_do_not_hold_the_same_units(shopper: Shopper) -> None:
    one, two = await shopper.new(COAT_L=2), await shopper.new(COAT_L=1)
    await held(shopper, one)

    done = await refused(shopper, two)
    assert done["shortages"] == [{"sku": COAT, "location": None, "asked": 1, "available": 0}]
    problems = await shopper.look(two["id"], "problems { code available }")
    assert problems == {"problems": [{"code": "INSUFFICIENT_STOCK", "available": 0}]}
    assert await shopper.look(one["id"], "problems { code }") == {"problems": []}

    shopper.clock.passes(15 * MINUTE)
    await held(shopper, two)


async def test_a_hold_takes_the_place_of_the_cart_s_own_and_a_late_use_of_that_fails(
    shopper: Shopper,
) -> None:
    cart = await held(shopper, await shopper.new(COAT_L=2))
    again = await held(shopper, cart)

    assert units(again) == units(cart)
    assert again["hold"]["id"] != cart["hold"]["id"]


@pytest.mark.parametrize("change", ["add", "update", "remove", "merge"])
async def test_another_content_ends_what_was_held_for_the_old(
    shopper: Shopper, change: str
) -> None:
    cart = await held(shopper, await shopper.new(COAT_L=2))
    line, given = cart["lines"][0]["id"], {"cartId": cart["id"], "version": 2}
    if change == "add":
        after = await shopper.cart("cartLinesAdd", **given, lines=[{"sku": SHIRT, "quantity": 1}])
    elif change == "update":
        lines = [{"lineId": line, "quantity": 1}]
        after = await shopper.cart("cartLinesUpdate", **given, lines=lines)
    elif change == "remove":
        after = await shopper.cart("cartLinesRemove", **given, lineIds=[line])
    else:
        own = await shopper.new()
        await shopper.cart("cartMerge", **{"from": cart["id"], "into": own["id"], "version": 1})
        after = await shopper.look(cart["id"]) or {}

    assert after["hold"] is None
    assert (await shopper.told()).count("HoldReleased") == 1
    await held(shopper, await shopper.new(COAT_L=2))


async def test_who_buys_is_no_reason_to_let_go(shopper: Shopper) -> None:
    cart = await held(shopper, await shopper.new(COAT_L=2))
    after = await shopper.cart("cartBuyerSet", cartId=cart["id"], version=2, buyer=None)

    assert after["hold"] == cart["hold"]


async def test_what_is_released_is_there_for_others_and_releasing_again_is_harmless(
    shopper: Shopper,
) -> None:
    cart = await held(shopper, await shopper.new(COAT_L=2))
    free = await shopper.cart("cartHoldRelease", cartId=cart["id"], version=2)
    assert (free["hold"], free["version"]) == (None, 3)

    same = await shopper.cart("cartHoldRelease", cartId=cart["id"], version=3)
    assert same == free
    await held(shopper, await shopper.new(COAT_L=2))


async def test_a_hold_asked_twice_by_one_key_is_one_hold(shopper: Shopper) -> None:
    cart = await shopper.new(COAT_L=2)
    key = {"idempotencyKey": "4c1f6a52-5a0e-4c8e-9d6f-1b1a7c1d2e3f"}

    first, again = await held(shopper, cart, **key), await held(shopper, cart, **key)

    assert again == first
    assert (await shopper.told()).count("HoldPlaced") == 1


async def test_unknown_stock_is_not_held_whatever_was_known_before(shopper: Shopper) -> None:
    before = await shopper.new(COAT_L=1)
    await held(shopper, before)  # so that the store has a level
    cart = await shopper.new(COAT_L=1)
    shopper.clock.passes(60 * MINUTE)
    shopper.shop.error = UpstreamUnavailable("did not answer")

    line = cart["lines"][0]["id"]
    for parts in (None, [{"lineId": line, "location": MILAN, "quantity": 1}]):
        body = await shopper.ask(
            """mutation M($input: CartHoldInput!) { cartHold(input: $input) { __typename
               ... on StockUnknown { code shortages { sku location asked available } } } }""",
            input={"cartId": cart["id"], "version": 1, "parts": parts},
        )
        at = None if parts is None else MILAN
        assert body["data"]["cartHold"] == {
            "__typename": "StockUnknown",
            "code": "STOCK_UNKNOWN",
            "shortages": [{"sku": COAT, "location": at, "asked": 1, "available": None}],
        }


async def test_a_sku_that_no_place_carries_is_out_of_stock_not_unknown(shopper: Shopper) -> None:
    done = await refused(shopper, await shopper.new(SOCKS=1))

    assert done["shortages"] == [{"sku": SOCKS, "location": None, "asked": 1, "available": 0}]


async def test_an_empty_cart_holds_nothing(shopper: Shopper) -> None:
    done = await refused(shopper, await shopper.new())

    assert done["code"] == "INVALID_INPUT"


async def test_the_stock_of_now_counts_not_that_of_a_moment_ago(shopper: Shopper) -> None:
    first = await held(shopper, await shopper.new(COAT_L=1))
    shopper.clock.passes(MINUTE)
    shopper.has(COAT, MILAN, 1)  # the till has sold one

    done = await refused(shopper, await shopper.new(COAT_L=1))
    assert done["shortages"] == [{"sku": COAT, "location": None, "asked": 1, "available": 0}]
    shopper.clock.passes(MINUTE)
    shopper.has(COAT, MILAN, 2)
    await held(shopper, await shopper.new(COAT_L=1))
    assert (await shopper.look(first["id"], "hold { id }")) is not None


async def test_older_news_does_not_bring_units_back(shopper: Shopper) -> None:
    """A source that lags behind what the store has heard already."""
    shopper.clock.passes(MINUTE)
    shopper.has(COAT, MILAN, 1)
    await held(shopper, await shopper.new(COAT_L=1))
    shopper.has(COAT, MILAN, 2)
    behind = [structs.replace(one, as_of=one.as_of - MINUTE) for one in shopper.shop.levels]
    shopper.shop.levels = behind

    done = await refused(shopper, await shopper.new(COAT_L=1))

    assert done["shortages"] == [{"sku": COAT, "location": MILAN, "asked": 1, "available": 0}]


async def test_what_a_system_has_without_end_can_be_told_and_held(store: Store) -> None:
    endless = [a_level(sku=SHIRT, location=one, on_hand=9_999_999_999) for one in (MILAN, DEPOT)]
    async with shopping(store, a_shop(levels=endless)) as shopper:
        cart = await held(shopper, await shopper.new(SHIRT_M=2))

        assert units(cart) == [(SHIRT, MILAN, 2)]
        most, left = 999_999_999, 999_999_997
        assert await seen(shopper, cart["id"]) == (
            {MILAN: left, DEPOT: most},
            {MILAN: most, DEPOT: most},
            most,
            most,
        )


async def test_the_buffer_of_a_channel_is_never_held(store: Store) -> None:
    web = {"currency": "EUR", "country": "IT", "locale": "it", "global_buffer": 2}
    async with shopping(store, channels={"WEB": web}) as shopper:
        many = await shopper.new(SHIRT_M=12)
        done = await refused(shopper, many)
        assert done["shortages"] == [{"sku": SHIRT, "location": None, "asked": 12, "available": 11}]
        carts = [await shopper.new(SHIRT_M=6) for _ in range(2)]
        done_at_once = await asyncio.gather(
            *(shopper("cartHold", cartId=cart["id"], version=1) for cart in carts)
        )

    kinds = sorted(one["__typename"] for one in done_at_once)
    assert kinds == ["CartChanged", "InsufficientStock"]


async def test_a_channel_holds_only_where_it_sells_from(store: Store) -> None:
    web = {"currency": "EUR", "country": "IT", "locale": "it", "sells_from": ["WH-*"]}
    async with shopping(store, channels={"WEB": web}) as shopper:
        cart = await shopper.new(SHIRT_M=2)
        part = {"lineId": cart["lines"][0]["id"], "location": MILAN, "quantity": 2}
        done = await refused(shopper, cart, parts=[part])
        assert done["path"] == ["input", "parts", "0", "location"]
        assert units(await held(shopper, cart)) == [(SHIRT, DEPOT, 2)]


@pytest.mark.parametrize("processes", [1, 3])
async def test_a_flash_sale_through_the_gateway_holds_exactly_what_there_is(
    store: Store, processes: int
) -> None:
    """Sixteen carts want the two coats at once, through as many processes."""
    shop: Retailer = a_shop()
    async with (
        shopping(store, shop) as one,
        shopping(store, shop) as two,
        shopping(store, shop) as three,
    ):
        shoppers = (one, two, three)[:processes]
        carts = [await one.new(COAT_L=1) for _ in range(16)]
        done = await asyncio.gather(
            *(
                shoppers[n % processes]("cartHold", cartId=cart["id"], version=1)
                for n, cart in enumerate(carts)
            )
        )

    kinds = [each["__typename"] for each in done]
    assert kinds.count("CartChanged") == 2
    assert kinds.count("InsufficientStock") == 14


async def test_who_was_overtaken_at_one_place_is_served_at_another(shopper: Shopper) -> None:
    """All look at Milan first, which has three; the depot has ten."""
    carts = [await shopper.new(SHIRT_M=1) for _ in range(16)]
    done = await asyncio.gather(
        *(shopper("cartHold", cartId=cart["id"], version=1) for cart in carts)
    )

    kinds = [each["__typename"] for each in done]
    assert (kinds.count("CartChanged"), kinds.count("InsufficientStock")) == (13, 3)


async def test_a_store_that_is_silent_takes_nobody_s_stock_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.availability.promised.WITHIN", timedelta())

    class Silent:
        async def read(self, _question: Any) -> Any:
            await asyncio.Event().wait()

        async def act(self, change: Any, *, now: Any, queue: Any = None) -> Any:
            return await store.act(change, now=now, queue=queue)

    async with shopping(Silent()) as shopper:
        body = await shopper.ask(SEEN)

    [variant] = body["data"]["variants"]
    assert [one["availableToSell"] for one in variant["anybody"]] == [3, 10]
    [error] = body["errors"]
    assert error["extensions"] == {
        "connection": "store",
        "code": "UPSTREAM_UNAVAILABLE",
        "retryable": True,
    }


async def test_a_view_of_what_is_no_cart_is_a_typed_error(shopper: Shopper) -> None:
    for id_ in ("x", "UHJvZHVjdDox", "Q2FydDphAGI"):
        body = await shopper.ask(SEEN, cart=id_)
        assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}


PLACES = [Spot(Sku("A"), LocationCode(f"L{n}")) for n in range(4)]


@given(free=st.lists(st.integers(0, 6), min_size=1, max_size=4), asked=st.integers(1, 12))
def test_what_is_shared_out_is_exactly_what_was_asked(free: list[int], asked: int) -> None:
    there = dict(zip(PLACES, free, strict=False))
    if sum(free) < asked:
        return
    shared = shared_out(asked, there)

    assert sum(shared.values()) == asked
    assert all(0 < units <= there[spot] for spot, units in shared.items())
    assert (len(shared) == 1) is any(units >= asked for units in free)


def test_five_of_three_and_ten_are_three_and_two_where_no_place_has_all() -> None:
    a, b = PLACES[:2]

    assert shared_out(5, {a: 3, b: 4}) == {a: 3, b: 2}
    assert shared_out(5, {a: 3, b: 10}) == {b: 5}
