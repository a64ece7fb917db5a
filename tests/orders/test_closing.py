"""An order and the end of its cart are one: both, or neither."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.availability.refusals import HoldSuperseded
from app.carts import repository
from app.carts.model import Cart, CartId, CartStatus
from app.carts.refusals import CartClosed, CartNotFound, CartVersionConflict
from app.carts.repository import holder_of
from app.orders.model import CancelReason, OrderState
from app.orders.service import Placed, Purchase
from app.store import Store, Work
from app.values import ChannelCode, CurrencyCode
from connectors.sandbox.faults import Fault
from tests.orders.world import GOOD, NOON, World, a_key, a_purchase, opened, spot

SHOP = spot("shop")
ID = CartId("c" * 24)


async def bought(world: World, key: str = "a", *, token: str = GOOD) -> Purchase:
    """A purchase of a cart that is in the store."""
    cart = Cart(
        id=ID,
        channel=ChannelCode("WEB"),
        currency=CurrencyCode("EUR"),
        created_at=NOON,
        updated_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )

    def add(work: Work) -> None:
        repository.add(work.connection, cart)

    await world.stock(SHOP)
    await world.store.act(add, now=NOON)
    hold = await world.held(holder_of(ID), SHOP)
    return replace(a_purchase(key, hold, token=token), cart=ID, version=1)


async def the_cart(world: World) -> tuple[CartStatus, str | None, int]:
    found = await world.store.read(partial(repository.find, cart=ID, now=world.clock()))
    assert found is not None
    return found.status, found.order, found.version


async def test_a_cart_is_bought_once_whoever_asks_under_which_key(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world)
        keys = [replace(purchase, once=a_key(name, "digest")) for name in "abcde"]
        answers = await asyncio.gather(
            *(world.service.place(one) for one in keys), return_exceptions=True
        )
        placed = [one for one in answers if isinstance(one, Placed)]
        refused = [one for one in answers if isinstance(one, CartClosed)]

        assert (len(placed), len(refused)) == (1, 4)
        number = placed[0].order.number
        assert {one.order for one in refused} == {number}
        assert [order.number for order in await world.orders()] == [number]
        assert await the_cart(world) == (CartStatus.ORDERED, number, 2)


async def test_an_order_that_cannot_be_leaves_its_cart_open(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world)
        wrong = {
            HoldSuperseded: replace(purchase, fence=7),
            CartVersionConflict: replace(purchase, version=2),
            CartNotFound: replace(purchase, cart="d" * 24),
        }
        for refusal, given in wrong.items():
            with pytest.raises(refusal):
                await world.service.place(given)

        assert await world.orders() == []
        assert await the_cart(world) == (CartStatus.OPEN, None, 1)
        assert await world.sellable(SHOP) == 9  # it still holds


async def test_a_cart_is_open_again_when_its_order_is_not_paid(store: Store) -> None:
    async with opened(store) as world:
        order = (await world.service.place(await bought(world, token="tok_declined"))).order

        assert order.state is OrderState.REFUSED
        assert await the_cart(world) == (CartStatus.OPEN, None, 3)


async def test_a_cart_is_closed_while_nobody_knows_whether_it_is_paid(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world)
        world.systems["payments"].break_with(Fault(kind="fail", status=503))
        order = (await world.service.place(purchase)).order
        assert order.state is OrderState.PENDING_CONFIRMATION
        assert await the_cart(world) == (CartStatus.ORDERED, order.number, 2)

        world.systems["payments"].mend()
        world.clock.move(10)
        assert (await world.worked(order)).state is OrderState.REFUSED
        assert await the_cart(world) == (CartStatus.OPEN, None, 3)


async def test_a_cart_whose_order_was_cancelled_stays_closed(store: Store) -> None:
    async with opened(store) as world:
        order = (await world.service.place(await bought(world))).order
        await world.service.cancel(order.number, CancelReason.BUYER)

        assert (await world.worked(order)).state is OrderState.CANCELLED
        assert await the_cart(world) == (CartStatus.ORDERED, order.number, 2)


async def test_an_order_that_is_not_paid_needs_no_cart_that_is_still_there(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world)
        world.systems["payments"].break_with(Fault(kind="fail", status=503))
        order = (await world.service.place(purchase)).order
        world.systems["payments"].mend()
        world.clock.move(timedelta(days=2).total_seconds())

        assert (await world.worked(order)).state is OrderState.REFUSED
