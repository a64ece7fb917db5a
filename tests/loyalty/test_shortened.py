"""What an order goes on without gives back its part of the points, whatever was paid with them."""

from dataclasses import replace
from datetime import timedelta

from app.availability import ledger as stock
from app.availability.model import Spot
from app.loyalty import ledger
from app.loyalty.ordered import OrderPoints
from app.orders.model import CancelReason, Order, OrderState
from app.orders.service import Purchase
from app.store import Store, Work
from app.values import CustomerId
from tests.loyalty.builders import DELAY, at_once, balance, earned, joined
from tests.loyalty.sums import in_all, wrongs
from tests.orders.looked import cancelled, paid, shipped
from tests.orders.test_sourcing import AT_DC, AT_SHOP, BESIDE, BUSY, Shelves
from tests.orders.world import World, a_purchase, euro, opened, spot

SHOP, DC = spot("shop"), spot("dc")
ADA = CustomerId("ada")
HAD = 100


async def bought(
    world: World, spots: tuple[Spot, Spot], *, spent: int, value: str, earns: int
) -> Purchase:
    """Two things of 20.00 and the way for 5.00, held together with points."""
    await joined(world.store, ADA)
    await earned(world.store, "welcome", at_once(HAD), customer=ADA)
    await world.stock(*spots)
    until = world.clock() + timedelta(minutes=15)

    def change(work: Work) -> stock.Hold:
        goods = stock.place(work, "cart:a", dict.fromkeys(spots, 1), until=until)
        ledger.hold(work, ADA, goods.holder, spent, fence=goods.fence, until=until)
        return goods

    hold = await world.store.act(change, now=world.clock())
    agreed = OrderPoints(
        spent=spent,
        value=euro(value),
        earns=earns,
        available_at=world.clock() + DELAY,
        expires_at=None,
        good_for=timedelta(days=30),
    )
    return replace(a_purchase("a", hold), customer=ADA, points=agreed)


async def shortened(world: World, purchase: Purchase) -> Order:
    """The warehouse sends its part, the shop does not, and nobody else has it."""
    order = await world.worked((await world.service.place(purchase)).order)
    shipped(world, "dc", order.number)
    cancelled(world, "shop", order.number)
    order = await world.looked(order)
    assert (order.state, order.settled) == (OrderState.COMPLETED, True)
    return order


async def points(store: Store, world: World) -> tuple[int, int, int]:
    """What can be spent, what will be, and what is held; the books are in order."""
    assert await store.read(wrongs) == []
    assert await store.read(in_all) == 0
    found = await balance(store, ADA, now=world.clock())
    return found.available, found.pending, found.held


async def test_points_go_back_in_proportion(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world, (SHOP, DC), spent=50, value="0.50", earns=19)
        order = await shortened(world, purchase)

        assert await points(store, world) == (50 + 22, 19 - 8, 0)
        assert world.charges() == {order.number: ("authorised", *paid("44.50", "19.78"))}


async def test_where_points_pay_all_no_money_moves(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world, (SHOP, DC), spent=45, value="45.00", earns=9)
        await shortened(world, purchase)

        assert await points(store, world) == (55 + 20, 9 - 4, 0)
        assert world.charges() == {}


async def test_what_is_sourced_again_earns_once(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.stock(AT_DC, on_hand=10)
        purchase = await bought(world, (AT_SHOP, BESIDE), spent=50, value="0.50", earns=19)
        order = await world.worked((await world.service.place(purchase)).order)
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert order.state is OrderState.SOURCED
        assert await points(store, world) == (50, 19, 0)
        assert world.charges() == {order.number: ("authorised", *paid("44.50"))}


async def test_what_ends_late_gives_all_points_back(store: Store) -> None:
    async with opened(store) as world:
        purchase = await bought(world, (SHOP, DC), spent=50, value="0.50", earns=19)
        order = await world.worked((await world.service.place(purchase)).order)
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.REFUSED_UPSTREAM)
        assert await points(store, world) == (HAD, 0, 0)
        assert world.charges() == {order.number: ("authorised", *paid("44.50", "44.50"))}
