"""An order is followed until its systems are done with it, whoever dies meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.orders.looking import OrderFollower
from app.orders.model import Order, OrderState
from app.orders.tables import orders
from app.orders.turns import LEASE
from app.orders.working import OrderWorker
from app.principals.model import THE_HOUSE
from app.store import Store
from tests.orders.dying import Died, Life, Mortal
from tests.orders.looked import (
    COMPLETED,
    DC,
    REPLACED,
    SHOP,
    TAKEN,
    cancelled,
    kinds,
    paid,
    shipped,
    sourced,
)
from tests.orders.test_sourcing import (
    AT_DC,
    AT_SHOP,
    BESIDE,
    BUSY,
    Shelves,
    parts,
    upstream,
)
from tests.orders.world import World, assembled, opened


def dying(world: World, life: Life) -> tuple[OrderFollower, OrderWorker]:
    """A process that follows and works, for as long as it lives."""
    desk = world.steps.charging.desk
    assert desk is not None
    mortal: Any = Mortal(world.store, life)
    sinks = {name: Mortal(one.sink, life) for name, one in world.steps.sinks.items()}
    paying = Mortal(desk.provider, life)
    turns, steps, worker, _ = assembled(mortal, world.clock, sinks, paying, BUSY)
    worker.steps = replace(steps, sourcing=replace(steps.sourcing, finder=Shelves(world.store)))
    return OrderFollower(turns=turns, sinks=steps.sinks, worker=worker), worker


async def lived(world: World, life: Life) -> None:
    """All that is due is done, by a process that may die, and then by another."""
    world.clock.move(60)
    try:
        looking, worker = dying(world, life)
        while await looking.round() or await worker.round():
            pass
    except* Died:
        world.clock.move((LEASE + timedelta(minutes=1)).total_seconds())
    looking, worker = dying(world, Life())
    for _ in range(3):
        while await looking.round() or await worker.round():
            pass
        world.clock.move(600)


WHAT_HAPPENS = {
    "both leave": (
        (shipped, shipped),
        [("shop", 1, COMPLETED), ("dc", 1, COMPLETED)],
        {"OrderCompleted": 1, "HandingCompleted": 2, "OrderSourced": 1},
    ),
    "one leaves": (
        (shipped, None),
        [("shop", 1, COMPLETED), ("dc", 1, TAKEN)],
        {"OrderInFulfilment": 1, "HandingCompleted": 1, "OrderSourced": 1},
    ),
    "one is cancelled": (
        (cancelled, None),
        [("shop", 1, REPLACED), ("dc", 1, TAKEN), ("dc", 2, TAKEN)],
        {"OrderSetBack": 1, "HandingRefused": 1, "HandingReplaced": 1, "OrderSourced": 2},
    ),
    "one is cancelled and one leaves": (
        (cancelled, shipped),
        [("shop", 1, REPLACED), ("dc", 1, COMPLETED), ("dc", 2, TAKEN)],
        {"OrderSetBack": 1, "OrderSourced": 2, "OrderInFulfilment": 1, "HandingCompleted": 1},
    ),
}


@pytest.mark.parametrize("what", WHAT_HAPPENS)
async def test_wherever_a_process_dies_it_is_told_once(store: Store, what: str) -> None:
    ends, wanted, facts_ = WHAT_HAPPENS[what]
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.stock(AT_DC, on_hand=1000)
        point, over = 0, True
        while over:
            point += 1
            await world.stock(AT_SHOP, BESIDE, AT_DC, on_hand=1000)
            placed = await world.place(str(point), AT_SHOP, BESIDE)
            order = await world.worked(placed.order)
            for end, sink in zip(ends, ("shop", "dc"), strict=True):
                if end is not None:
                    end(world, sink, order.number)
            await lived(world, life := Life(at=point))
            over = life.over
            order = await world.service.find(order.number, by=THE_HOUSE)
            seen = await kinds(world, order)

            assert order.settled, point
            assert parts(order) == wanted, life.points
            assert {kind: seen[kind] for kind in facts_} == facts_, life.points
            assert seen["OrderPlaced"] == 1
            assert world.charges()[order.number] == ("authorised", *paid("45.00"))
            assert upstream_orders(world, order) == sum(
                one.state in {TAKEN, COMPLETED} for one in order.handings
            )
            emptied(world)
            await store.act(forget_looks, now=world.clock())
    assert point > (8 if "cancelled" not in what else 15)


def upstream_orders(world: World, order: Order) -> int:
    """How many parts of it are carried out, wherever."""
    return sum(
        key.startswith(order.number) and going
        for sink in ("shop", "dc")
        for key, going in world.book(sink)
    )


def emptied(world: World) -> None:
    """So that there is enough for the next."""
    for sink in ("shop", "dc"):
        upstream(world, sink).book.orders.clear()


def forget_looks(work: Any) -> None:
    work.connection.execute(orders.update().values(look_at=None))


async def test_whoever_pays_back_and_dies_pays_back_once(store: Store) -> None:
    async with opened(store, patience=BUSY) as world:
        point, over = 0, True
        while over:
            point += 1
            order = await sourced(world, SHOP, DC, key=str(point))
            shipped(world, "dc", order.number)
            cancelled(world, "shop", order.number)
            life = Life(at=point)
            await lived(world, life)
            over = life.over
            order = await world.service.find(order.number, by=THE_HOUSE)
            seen = await kinds(world, order)
            assert (order.state, order.settled) == (OrderState.COMPLETED, True), life.points
            assert (seen["OrderShortened"], seen["OrderCompleted"]) == (1, 1), life.points
            assert world.charges()[order.number] == ("authorised", *paid("45.00", "20.00"))
            emptied(world)
            await store.act(forget_looks, now=world.clock())
    assert point > 15
