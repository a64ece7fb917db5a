"""What adds up the crash runs finds whatever does not add up."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.availability.tables import allocations
from app.orders import repository
from app.orders.tables import orders
from app.store import Store, Work
from app.store.tables import facts
from connectors.sandbox.retailer.orders import Line, Order
from tests.orders.crash.buyers import Told
from tests.orders.crash.sums import Sums, added_up, books_of
from tests.orders.world import NOON, World, opened, spot

SHOP, DC = spot("shop"), spot("dc")
ON_HAND = 10


async def sums(world: World) -> Sums:
    books = books_of(world.systems)
    return await world.store.read(partial(added_up, books=books, on_hand=ON_HAND))


async def bought(world: World) -> str:
    """An order of two systems, and one that was declined; the number of the first."""
    await world.stock(SHOP, DC, on_hand=ON_HAND)
    order = await world.worked((await world.place("a", SHOP, DC)).order)
    await world.place("b", SHOP, token="tok_declined")
    return order.number


async def declined(world: World) -> str:
    """The number of the order that was."""
    every = await world.store.read(partial(repository.page, first=9))
    return next(one.number for one in every if one.cart == "b")


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
        other = await declined(world)
        right = {"a": Told("PLACED", "a", number), "b": Told("REFUSED", "b", other)}
        wrong: dict[str, tuple[Told, str]] = {
            "a": (Told("REFUSED", "a", number), f"{number} was refused to a and is SOURCED"),
            "b": (Told("PLACED", "b", other), f"undone: {other} is REFUSED, which is not"),
            "c": (Told("PLACED", "c", "GONE"), "lost: GONE was told to c"),
            "d": (Told("REFUSED: HANGS"), "d was told REFUSED: HANGS"),
        }
        assert await said(world, right) == []
        for key, (told, violation) in wrong.items():
            assert await said(world, {**right, key: told}) == [violation]
        assert await said(world, {"a": right["a"]}) == [f"untold: {other} is REFUSED"]


async def test_two_orders_of_one_cart_are_found(store: Store) -> None:
    async with opened(store) as world:
        await bought(world)

        def joined(work: Work) -> None:
            work.connection.execute(update(orders).values(cart="a"))

        await world.store.act(joined, now=moment())
        assert "double: a has 2 orders" in await said(world, {})


async def test_a_fact_that_is_missing_is_found(store: Store) -> None:
    async with opened(store) as world:
        await bought(world)

        def forgotten(work: Work) -> None:
            work.connection.execute(delete(facts).where(facts.c.seq == 2))

        await world.store.act(forgotten, now=moment())
        assert any("the log has" in one for one in (await sums(world)).violations)


async def said(world: World, told: dict[str, Told]) -> list[str]:
    """What is wrong with what buyers were told."""
    found = await sums(world)
    found.acknowledged(told)
    return found.violations


def moment() -> datetime:
    return NOON
