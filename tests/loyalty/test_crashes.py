"""Wherever a process dies, points are spent with an order that stands, and with no other."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.availability import ledger as stock
from app.carts import spending
from app.loyalty import ledger
from app.loyalty.model import Balance
from app.loyalty.ordered import OrderPoints
from app.orders.model import OrderState
from app.orders.service import OrderService, Placed, Purchase
from app.orders.turns import LEASE
from app.principals.model import THE_HOUSE
from app.store import Store, Work
from app.values import CustomerId
from tests.loyalty.builders import DELAY, at_once, balance, earned, joined
from tests.loyalty.sums import in_all, wrongs
from tests.orders.dying import RIGHT, Died, Life, Variant, plenty, process, worked_off
from tests.orders.world import Kinds, World, a_purchase, euro, opened

SPENT, EARNS, HAD = 50, 19, 100
SPOT = plenty("shop")
UNDONE = {OrderState.REFUSED, OrderState.CANCELLED}


async def held(world: World, key: str, customer: CustomerId, token: str) -> Purchase:
    """A purchase of goods and points that are held together."""
    until = world.clock() + timedelta(minutes=15)

    def change(work: Work) -> stock.Hold:
        goods = stock.place(work, f"cart:{key}", {SPOT: 1}, until=until)
        ledger.hold(work, customer, goods.holder, SPENT, fence=goods.fence, until=until)
        return goods

    hold = await world.store.act(change, now=world.clock())
    points = OrderPoints(
        spent=SPENT,
        value=euro("0.50"),
        earns=EARNS,
        available_at=world.clock() + DELAY,
        expires_at=None,
        good_for=timedelta(days=30),
    )
    bought = a_purchase(key, hold, token=token)
    return replace(bought, customer=customer, points=points)


async def wrong_at_any_point(world: World, variant: Variant, token: str) -> tuple[int, list[str]]:
    """How many points there are, and what is wrong at the first where anything is."""
    await world.stock(SPOT, on_hand=1_000)
    point = 0
    while True:
        point += 1
        life, customer = Life(at=point), CustomerId(f"{token}-{point}")
        await joined(world.store, customer)
        await earned(world.store, f"welcome-{customer}", at_once(HAD), customer=customer)
        placed = await _bought_twice(world, variant, life, customer, token)
        if (wrong := await _wrong(world, customer, placed)) or not life.over:
            return len(life.points), wrong


async def _bought_twice(
    world: World, variant: Variant, life: Life, customer: CustomerId, token: str
) -> Placed:
    purchase = await held(world, str(customer), customer, token)
    service, worker = process(world, variant, life)
    try:
        await service.place(purchase)
        while await worker.round():
            pass
    except Died:
        world.clock.move(LEASE.total_seconds())
    service, worker = process(world, variant, Life())
    placed = await service.place(purchase)
    await worked_off(world, worker)
    return placed


async def _wrong(world: World, customer: CustomerId, placed: Placed) -> list[str]:
    order = await world.service.find(placed.order.number, by=THE_HOUSE)
    found = await balance(world.store, customer, now=world.clock())
    stands = order.state not in UNDONE
    wanted = Balance(available=HAD - SPENT, pending=EARNS) if stands else Balance(available=HAD)
    wrong = await world.store.read(wrongs)
    if await world.store.read(in_all):
        wrong.append("the books do not sum to zero")
    if replace(found, expiring=()) != wanted:
        wrong.append(f"{order.state}, and there is {found}")
    _, captured, refunded = world.charges()[order.number]
    charged = order.total.amount - euro("0.50").amount if stands else 0
    if captured - refunded != charged:
        wrong.append(f"{order.state}, and {captured - refunded} is charged")
    return wrong


@pytest.mark.parametrize("token", ["tok_ok", "tok_declined", "tok_lost"])
async def test_points_go_with_the_goods_wherever_a_process_dies(store: Store, token: str) -> None:
    async with opened(store) as world:
        points, wrong = await wrong_at_any_point(world, RIGHT, token)

    assert wrong == []
    assert points >= (6 if token == "tok_declined" else 12)


async def test_an_order_that_points_pay_in_full_charges_nothing(store: Store) -> None:
    customer = CustomerId("ada")
    async with opened(store) as world:
        await world.stock(SPOT)
        await joined(store, customer)
        await earned(store, "welcome", at_once(HAD), customer=customer)
        purchase = await held(world, "a", customer, "tok_declined")
        assert purchase.points is not None
        points = replace(purchase.points, value=purchase.total)
        placed = await world.service.place(replace(purchase, points=points))
        order = await world.worked(placed.order)

        assert (order.state, order.charge) == (OrderState.SOURCED, None)
        assert world.charges() == {}
        found = await balance(store, customer, now=world.clock())
        assert (found.available, found.pending) == (HAD - SPENT, EARNS)


class SpendsLater(OrderService):
    """Points are spent in a transaction of their own, once the order is there."""

    async def place(self, purchase: Purchase) -> Placed:
        new = await self.again(purchase.once, purchase.token) is None
        placed = await super().place(purchase)
        change = partial(
            ledger.commit,
            holder=purchase.holder,
            fence=purchase.fence,
            order=placed.order.number,
            points=SPENT,
        )
        if new:
            await self._store.act(change, now=self._turns.now())
        return placed


async def test_who_spends_them_later_may_not_live_to(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "commit", lambda *_: None)
    variant = Variant("points-later", Kinds(service=SpendsLater))
    async with opened(store) as world:
        _, wrong = await wrong_at_any_point(world, variant, "tok_ok")

    assert any("and there is" in one for one in wrong), wrong
