"""What adds up the crash runs finds whatever does not add up."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.availability.tables import allocations
from app.orders.tables import orders
from app.store import Store, Work
from connectors.sandbox.retailer.orders import Line, Order
from tests.orders.crash.sums import Sums, added_up
from tests.orders.world import NOON, World, opened, spot

SHOP, DC = spot("shop"), spot("dc")
ON_HAND = 10


async def sums(world: World) -> Sums:
    return await world.store.read(partial(added_up, systems=world.systems, on_hand=ON_HAND))


async def bought(world: World) -> str:
    """An order of two systems, and one that was declined; the number of the first."""
    await world.stock(SHOP, DC, on_hand=ON_HAND)
    order = await world.worked((await world.place("a", SHOP, DC)).order)
    await world.place("b", SHOP, token="tok_declined")
    return order.number


def stopped(number: str, served: Any) -> None:
    served["shop"].state.book.orders[number].cancelled = NOON


def doubled(_number: str, served: Any) -> None:
    line = Line(SHOP.sku, SHOP.location, 1)
    served["shop"].state.book.orders["X"] = Order("X", "SO-9", (line,), {}, NOON)


def sold_out(number: str, served: Any) -> None:
    line = Line(SHOP.sku, SHOP.location, ON_HAND + 1)
    served["shop"].state.book.orders[number].lines = (line,)


def unpaid(number: str, served: Any) -> None:
    served["payments"].state.till.charges[number].captured = Decimal(0)


def charged(number: str, served: Any) -> None:
    for key, charge in served["payments"].state.till.charges.items():
        if key != number:
            charge.state, charge.captured = "authorised", charge.authorised


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (stopped, "lost: "),
        (doubled, "nobody's: X"),
        (sold_out, "oversold: "),
        (unpaid, "unpaid: "),
        (charged, "charged: "),
    ],
)
async def test_what_an_upstream_has_differently_is_found(
    store: Store, spoil: Callable[[str, Any], None], told: str
) -> None:
    async with opened(store) as world:
        number = await bought(world)
        assert (await sums(world)).violations == []
        spoil(number, {name: system.served for name, system in world.systems.items()})
        assert any(one.startswith(told) for one in (await sums(world)).violations)


async def test_what_the_store_has_differently_is_found(store: Store) -> None:
    async with opened(store) as world:
        number = await bought(world)

        def unallocated(work: Work) -> None:
            work.connection.execute(delete(allocations).where(allocations.c.order == number))

        def hanging(work: Work) -> None:
            work.connection.execute(update(orders).values(state="PLACED"))

        for change, told in ((unallocated, "allocated is not"), (hanging, "hangs: ")):
            await store.act(change, now=moment())
            assert any(one.startswith(told) for one in (await sums(world)).violations)


async def test_what_a_buyer_was_told_and_is_not_so_is_found(store: Store) -> None:
    async with opened(store) as world:
        number = await bought(world)
        found = await sums(world)
        found.acknowledged({"a": {"number": number, "state": "PLACED"}})
        assert found.violations == []
        found.acknowledged(
            {
                "a": {"number": number, "state": "REFUSED"},
                "c": {"number": "GONE", "state": "PLACED"},
                "d": {"state": "TWO"},
            }
        )
        assert [one.split(":")[0].split(" ")[0] for one in found.violations] == [
            number,
            "lost",
            "d",
        ]


def moment() -> datetime:
    return NOON
