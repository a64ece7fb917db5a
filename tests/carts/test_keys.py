"""One key, one effect: the same answer again, and never another's."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.api.nodes import key_of
from app.carts.acting import CartActs, Change, Request
from app.carts.model import Cart, CartId
from app.settings import Carts
from app.store import Store
from app.store.keys import InFlight, KeyInProgress, Once
from app.upstream.deadline import Deadline
from app.upstream.readings import Inquiry
from app.upstream.report import Report
from tests.builders import NOON
from tests.carts.shopping import COAT, SHIRT, Shopper, a_shop, shopping

KEY = "4c1f6a52-5a0e-4c8e-9d6f-1b1a7c1d2e3f"
OTHER = "9b2e0d1c-0000-4c8e-9d6f-1b1a7c1d2e3f"


@pytest.fixture
async def shopper(store: Store) -> AsyncIterator[Shopper]:
    async with shopping(store) as one:
        yield one


async def test_the_same_key_and_request_get_the_stored_answer(shopper: Shopper) -> None:
    given: dict[str, Any] = {
        "lines": [{"sku": SHIRT, "quantity": 2}],
        "idempotencyKey": KEY,
    }
    first = await shopper.cart("cartCreate", **given)
    await shopper.cart("cartBuyerSet", cartId=first["id"], version=1, buyer={"email": "a@b.it"})
    shopper.shop.known_prices = []
    shopper.clock.passes(timedelta(days=6))
    shopper.shop.calls.clear()

    again = await shopper.cart("cartCreate", **given)

    assert again == {**first, "buyer": {**dict.fromkeys(again["buyer"]), "email": "a@b.it"}}
    assert shopper.shop.calls == []
    assert (await shopper.told()).count("CartCreated") == 1


async def test_the_same_key_with_another_request_is_refused(shopper: Shopper) -> None:
    cart = await shopper.new(SHIRT_M=1)
    given = {"cartId": cart["id"], "version": 1, "idempotencyKey": KEY}
    lines = [{"sku": COAT, "quantity": 1}]
    await shopper.cart("cartLinesAdd", **given, lines=lines)

    others = [
        await shopper("cartLinesAdd", **given, lines=[{"sku": COAT, "quantity": 2}]),
        await shopper("cartLinesAdd", **{**given, "version": 2}, lines=lines),
        await shopper("cartBuyerSet", **given, buyer=None),
    ]

    assert {one["__typename"] for one in others} == {"IdempotencyKeyRefused"}
    assert {one["code"] for one in others} == {"IDEMPOTENCY_KEY_REUSED"}
    seen = await shopper.look(cart["id"], "version")
    assert seen == {"version": 2}


async def test_a_key_means_something_for_one_cart_only(shopper: Shopper) -> None:
    carts = [await shopper.new(), await shopper.new()]
    for cart in carts:
        given = {"cartId": cart["id"], "version": 1, "idempotencyKey": KEY}
        changed = await shopper.cart("cartBuyerSet", **given, buyer=None)
        assert (changed["id"], changed["version"]) == (cart["id"], 2)


async def test_a_refusal_leaves_its_key_free(shopper: Shopper) -> None:
    cart = await shopper.new()
    given: dict[str, Any] = {
        "cartId": cart["id"],
        "version": 1,
        "idempotencyKey": KEY,
        "lines": [{"sku": COAT, "quantity": 1}],
    }
    prices, shopper.shop.known_prices = shopper.shop.known_prices, ()
    refused = await shopper("cartLinesAdd", **given)
    assert refused["code"] == "VARIANT_NOT_SOLD"

    shopper.shop.known_prices = prices
    shopper.clock.passes(timedelta(days=1))
    assert (await shopper.cart("cartLinesAdd", **given))["version"] == 2


async def test_a_key_is_forgotten_when_its_time_is_over(shopper: Shopper) -> None:
    given: dict[str, Any] = {"lines": [{"sku": SHIRT, "quantity": 1}], "idempotencyKey": KEY}
    first = await shopper.cart("cartCreate", **given)
    shopper.clock.passes(timedelta(days=7))

    again = await shopper.cart("cartCreate", **given)

    assert again["id"] != first["id"]


async def test_what_is_asked_many_times_at_once_is_done_once(shopper: Shopper) -> None:
    """In this process one is at work and the others are told so; then all get its answer."""
    given: dict[str, Any] = {"lines": [{"sku": SHIRT, "quantity": 1}], "idempotencyKey": KEY}

    done = await asyncio.gather(*(shopper("cartCreate", **given) for _ in range(8)))
    after = await shopper.cart("cartCreate", **given)

    carts = [one["cart"] for one in done if one["__typename"] == "CartChanged"]
    refused = {one["code"] for one in done if one["__typename"] != "CartChanged"}
    assert carts == [after] * len(carts)
    assert carts
    assert refused <= {"IDEMPOTENCY_IN_PROGRESS"}
    assert (await shopper.told()).count("CartCreated") == 1


async def test_other_processes_wait_and_get_the_same_answer(store: Store) -> None:
    """Each gateway stands for a process: what one knows of the others is in the store."""
    given: dict[str, Any] = {"lines": [{"sku": SHIRT, "quantity": 1}], "idempotencyKey": KEY}
    shop = a_shop()
    async with (
        shopping(store, shop) as one,
        shopping(store, shop) as two,
        shopping(store, shop) as three,
    ):
        created = await asyncio.gather(
            *(who.cart("cartCreate", **given) for who in (one, two, three))
        )
        assert [cart["id"] for cart in created] == [created[0]["id"]] * 3
        changes = {"cartId": created[0]["id"], "version": 1, "idempotencyKey": OTHER}
        lines = [{"sku": COAT, "quantity": 1}]
        added = await asyncio.gather(
            *(who.cart("cartLinesAdd", **changes, lines=lines) for who in (one, two, three))
        )

        assert added == [added[0]] * 3
        assert await one.told() == ["CartCreated", "CartLinesAdded"]


@pytest.mark.parametrize("key", ["", "short", "k" * 101, "käse" * 5, "a b" * 8, "a\u0000" * 10])
async def test_a_key_that_is_nobodys_own_is_refused(shopper: Shopper, key: str) -> None:
    refused = await shopper("cartCreate", idempotencyKey=key)

    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "idempotencyKey"])
    assert await shopper.told() == []


def test_while_one_is_at_work_the_same_is_refused_and_others_are_not() -> None:
    flying = InFlight()
    once = Once(scope="new", key=KEY, digest="1")
    with flying.alone(once):
        with pytest.raises(KeyInProgress), flying.alone(once):
            pass
        with flying.alone(Once(scope="new", key=OTHER, digest="1")):
            pass
    with flying.alone(once):
        pass


async def test_what_another_process_did_meanwhile_is_told_and_not_refused(
    shopper: Shopper, store: Store
) -> None:
    made = await shopper.new(SHIRT_M=1)
    cart = CartId(key_of(made["id"], "Cart", argument="cart"))
    inquiry = Inquiry(Deadline.after(timedelta(seconds=30)), Report())
    request = Request(now=NOON, inquiry=inquiry, once=Once(scope="test", key=KEY, digest="1"))
    ours, theirs = (CartActs(store, terms=Carts(), channels={}) for _ in range(2))
    first: list[Cart] = []

    async def touching(acts: CartActs) -> Change:
        await acts.open_at(cart, 1, request)
        return lambda work: acts.keep(work, acts.locked(work, cart, 1))

    async def too_late() -> Change:
        first.append(await theirs.once(request, partial(touching, theirs)))
        return await touching(ours)

    assert await ours.once(request, too_late) == first[0]
    assert first[0].version == 2
