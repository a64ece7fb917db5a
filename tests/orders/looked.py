"""Orders that systems have, and what these do with them."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from app.orders.model import HandingState, Order, OrderState
from app.orders.tables import orders
from app.store.tables import facts
from tests.orders.dying import plenty
from tests.orders.test_sourcing import (
    MANY,
    upstream,
)
from tests.orders.world import World, spot

SHOP, DC = spot("shop"), spot("dc")
BOTH = [plenty("shop"), plenty("dc")]
TAKEN, COMPLETED = HandingState.TAKEN, HandingState.COMPLETED
REFUSED, REPLACED, STOPPED = HandingState.REFUSED, HandingState.REPLACED, HandingState.STOPPED
ALL = ("OrderInFulfilment", "OrderCompleted", "OrderSetBack", "OrderSourced", "OrderShortened")


async def sourced(world: World, *spots: Any, key: str = "a") -> Order:
    """An order that its systems have."""
    await world.stock(*spots, on_hand=MANY)
    order = await world.worked((await world.place(key, *spots)).order)
    assert order.state is OrderState.SOURCED
    return order


def shipped(world: World, sink: str, key: str) -> None:
    assert upstream(world, sink).book.complete(key) is not None


def cancelled(world: World, sink: str, key: str) -> None:
    """By its own staff."""
    assert upstream(world, sink).book.cancel(key) is not None


async def look_at(world: World, order: Order) -> datetime | None:
    def question(connection: Connection) -> datetime | None:
        asked = select(orders.c.look_at).where(orders.c.number == order.number)
        found: datetime | None = connection.execute(asked).scalar_one()
        return found

    return await world.store.read(question)


async def kinds(world: World, order: Order) -> Counter[str]:
    """How often what was told of an order."""

    def question(connection: Connection) -> Counter[str]:
        found = connection.execute(select(facts.c.kind).where(facts.c.entity == order.number))
        return Counter(found.scalars())

    return await world.store.read(question)


def paid(captured: str, refunded: str = "0") -> tuple[Decimal, Decimal]:
    return Decimal(captured), Decimal(refunded)
