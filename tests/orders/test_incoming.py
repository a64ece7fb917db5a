"""An order of a marketplace is one of ours, once, with its goods."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.orders.incoming import IncomingOrders, Market
from app.orders.model import OrderState
from app.orders.refusals import MarketOrderNotReady, NobodyCarriesOut
from app.orders.replacing import Route
from app.ports import (
    MarketBuyer,
    MarketLine,
    MarketOrder,
    MarketOrderNumber,
    MarketOrderStatus,
    Recipient,
)
from app.store import Store
from app.store.tables import facts
from app.values import ChannelCode, LocationCode
from tests.orders.world import NOON, VERONA, World, euro, opened, route, spot

SHOP, DC = spot("shop"), spot("dc")
AMAZON = Market(
    connection="amazon",
    channel=ChannelCode("AMAZON"),
    locations=(LocationCode(SHOP.location), LocationCode(DC.location)),
)


def a_line(quantity: int = 2, **changes: Any) -> MarketLine:
    given = {"reference": "1", "sku": SHOP.sku, "quantity": quantity, "unit_price": euro("20.00")}
    return MarketLine(**{**given, **changes})


def an_order(number: str = "402-1", **changes: Any) -> MarketOrder:
    given: dict[str, Any] = {
        "number": MarketOrderNumber(number),
        "marketplace": "IT",
        "placed_at": NOON,
        "changed_at": NOON,
        "status": MarketOrderStatus.OPEN,
        "lines": (a_line(),),
        "total": euro("45.00"),
        "buyer": MarketBuyer(name="Ada Byron", email="x7q@marketplace.example"),
        "recipient": Recipient(name="Ada Byron", address=VERONA),
    }
    return MarketOrder(**{**given, **changes})


def incoming(world: World, store: Store, to: Route = route) -> IncomingOrders:
    return IncomingOrders(store, world.turns, world.worker, service=world.service, route=to)


async def told(store: Store) -> list[str]:
    def question(connection: Any) -> list[str]:
        rows = connection.execute(select(facts.c.kind).order_by(facts.c.seq))
        return [row.kind for row in rows]

    return await store.read(question)


async def test_it_is_placed_with_its_goods_and_handed_over(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        order = await incoming(world, store).take(AMAZON, an_order())
        left = await world.sellable(SHOP)
        facts_told = await told(store)
        worked = await world.worked(order)

        assert (order.state, order.channel) == (OrderState.PLACED, "AMAZON")
        assert (order.delivery, order.total) == (euro("5.00"), euro("45.00"))
        assert left == 8
        assert facts_told == ["HoldPlaced", "StockAllocated", "OrderAsked", "OrderPlaced"]
        assert worked.state is OrderState.SOURCED
        assert world.book("shop") == [(order.number, True)]
        assert world.charges() == {}


async def test_told_again_it_is_the_same_order_whatever_has_changed(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        desk = incoming(world, store)
        first = await desk.take(AMAZON, an_order())
        again = await desk.take(AMAZON, an_order(status=MarketOrderStatus.SHIPPED, lines=()))

        assert again == first
        assert [one.number for one in await world.orders()] == [first.number]
        assert await world.sellable(SHOP) == 8


async def test_one_that_the_marketplace_cancels_is_stopped_once(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        desk = incoming(world, store)
        order = await desk.take(AMAZON, an_order())
        cancelled = an_order(status=MarketOrderStatus.CANCELLED, lines=(a_line(cancelled=True),))
        stopping = await desk.take(AMAZON, cancelled)
        stopped = await world.worked(order)
        again = await desk.take(AMAZON, cancelled)

        assert stopping.state is OrderState.CANCELLING
        assert stopped.state is OrderState.CANCELLED
        assert again == stopped
        assert await world.sellable(SHOP) == 10
        assert (await told(store)).count("OrderCancelling") == 1


async def test_told_many_times_at_once_it_is_one_order(store: Store) -> None:
    """Though there is stock for no second one."""
    async with opened(store, charged=False) as world:
        await world.stock(SHOP, on_hand=2)
        desks = [incoming(world, store) for _ in range(8)]
        taken = await asyncio.gather(*(desk.take(AMAZON, an_order()) for desk in desks))

        assert len({one.number for one in taken}) == 1
        assert len(await world.orders()) == 1
        assert await world.sellable(SHOP) == 0
        assert (await told(store)).count("OrderPlaced") == 1


async def test_the_same_number_of_two_connections_is_two_orders(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        desk = incoming(world, store)
        one = await desk.take(AMAZON, an_order())
        other = await desk.take(replace(AMAZON, connection="amazon-uk"), an_order())

        assert one.number != other.number
        assert await world.sellable(SHOP) == 6


async def test_goods_that_are_not_there_leave_nothing_and_may_come_again(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP, on_hand=1)
        desk = incoming(world, store)
        with pytest.raises(InsufficientStock):
            await desk.take(AMAZON, an_order())
        before = (await world.orders(), await world.sellable(SHOP), await told(store))
        world.clock.move(60)
        await world.stock(SHOP)
        order = await desk.take(AMAZON, an_order())

        assert before == ([], 1, [])
        assert order.state is OrderState.PLACED


async def test_goods_come_out_of_the_best_place_first(store: Store) -> None:
    elsewhere = Spot(SHOP.sku, DC.location)
    async with opened(store, charged=False) as world:
        await world.stock(SHOP, on_hand=3)
        await world.stock(elsewhere)
        order = await incoming(world, store).take(AMAZON, an_order(lines=(a_line(5),)))

        assert [(line.location, line.quantity) for line in order.lines] == [
            (SHOP.location, 3),
            (DC.location, 2),
        ]
        assert order.total.amount == Decimal("100.00")


async def test_only_what_has_yet_to_leave_is_taken(store: Store) -> None:
    lines = (
        a_line(3, shipped=1),
        a_line(4, reference="2", cancelled=True),
        a_line(1, reference="3"),
    )
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        order = await incoming(world, store).take(AMAZON, an_order(lines=lines))

        assert [(line.sku, line.quantity) for line in order.lines] == [(SHOP.sku, 3)]


NOT_READY: dict[str, dict[str, Any]] = {
    "unpaid": {"status": MarketOrderStatus.PENDING},
    "cancelled": {"status": MarketOrderStatus.CANCELLED},
    "shipped": {"status": MarketOrderStatus.SHIPPED},
    "nothing left": {"lines": (a_line(2, shipped=2),)},
    "no price": {"lines": (a_line(unit_price=None),)},
    "no total": {"total": None},
    "two prices": {"lines": (a_line(), a_line(reference="2", unit_price=euro("1.00")))},
    "nobody": {"buyer": None},
    "nowhere": {"recipient": None},
}


@pytest.mark.parametrize("changes", NOT_READY.values(), ids=NOT_READY.keys())
async def test_what_cannot_be_carried_out_is_refused(store: Store, changes: dict[str, Any]) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        with pytest.raises(MarketOrderNotReady):
            await incoming(world, store).take(AMAZON, an_order(**changes))

        assert await world.orders() == []
        assert await told(store) == []


async def test_goods_where_nobody_takes_orders_are_refused(store: Store) -> None:
    async with opened(store, charged=False) as world:
        await world.stock(SHOP)
        desk = incoming(world, store, lambda _: None)
        with pytest.raises(NobodyCarriesOut):
            await desk.take(AMAZON, an_order())

        assert (await world.orders(), await told(store)) == ([], [])
