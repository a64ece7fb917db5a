"""What becomes of an order by what its systems say once they have it?"""

import pytest

from app.customers.forgetting import Whose
from app.orders import keeping
from app.orders.model import CancelReason, OrderState
from app.orders.refusals import OrderNotCancellable
from app.orders.sourcing import MOST_WAITS
from app.store import Store
from connectors.sandbox.faults import Fault
from tests.orders.looked import (
    ALL,
    COMPLETED,
    DC,
    REPLACED,
    SHOP,
    STOPPED,
    TAKEN,
    cancelled,
    kinds,
    look_at,
    paid,
    shipped,
    sourced,
)
from tests.orders.test_sourcing import (
    AT_DC,
    AT_SHOP,
    BESIDE,
    BUSY,
    MANY,
    Shelves,
    allocated,
    books,
    parts,
    told,
    upstream,
)
from tests.orders.world import opened


async def test_an_order_is_done_when_its_system_is(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        shipped(world, "shop", order.number)
        before = world.charges()
        order = await world.looked(order)

        assert (order.state, order.settled) == (OrderState.COMPLETED, True)
        assert parts(order) == [("shop", 1, COMPLETED)]
        assert await told(world, "HandingCompleted", *ALL) == [
            ("OrderSourced", {"state": "SOURCED"}),
            (
                "HandingCompleted",
                {
                    "state": "SOURCED",
                    "sink": "shop",
                    "attempt": 1,
                    "reference": "SO-100001",
                    "error": None,
                },
            ),
            ("OrderCompleted", {"state": "COMPLETED"}),
        ]
        assert await look_at(world, order) is None
        assert world.charges() == before == {order.number: ("authorised", *paid("25.00"))}


async def test_one_part_after_the_other(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        order = await world.looked(order)
        assert order.state is OrderState.IN_FULFILMENT
        assert parts(order) == [("shop", 1, TAKEN), ("dc", 1, COMPLETED)]

        order = await world.looked(order)  # and nothing is new
        shipped(world, "shop", order.number)
        order = await world.looked(order)

        assert order.state is OrderState.COMPLETED
        assert [kind for kind, _ in await told(world, *ALL)] == [
            "OrderSourced",
            "OrderInFulfilment",
            "OrderCompleted",
        ]
        assert (await kinds(world, order))["HandingCompleted"] == 2


async def test_its_goods_are_taken_off_neither_twice_nor_never(store: Store) -> None:
    """Allocations count until the figures of the system have them, as before."""
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        shipped(world, "shop", order.number)
        order = await world.looked(order)
        assert order.state is OrderState.COMPLETED
        assert await world.sellable(SHOP) == MANY - 1

        await world.stock(SHOP, on_hand=MANY - 1)  # as the system says itself by now
        assert await world.sellable(SHOP) == MANY - 1


async def test_what_is_done_or_begun_cannot_be_cancelled(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        order = await world.looked(order)
        for state in (OrderState.IN_FULFILMENT, OrderState.COMPLETED):
            with pytest.raises(OrderNotCancellable) as refused:
                await world.service.cancel(order.number, CancelReason.BUYER)
            assert refused.value.state is state
            shipped(world, "shop", order.number)
            order = await world.looked(order)

        assert order.state is OrderState.COMPLETED
        assert world.book("dc") == [(order.number, True)]


async def test_a_part_that_its_system_cancels_later_is_sourced_again(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.stock(AT_DC, on_hand=MANY)
        order = await sourced(world, AT_SHOP)
        assert world.charges() == {order.number: ("authorised", *paid("25.00"))}
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert (order.state, order.settled) == (OrderState.SOURCED, True)
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 2, TAKEN)]
        assert books(world) == {
            "shop": [(order.number, False)],
            "dc": [(f"{order.number}-2", True)],
        }
        assert await allocated(world) == {AT_DC: 1}
        assert world.charges() == {order.number: ("authorised", *paid("25.00"))}
        seen = await kinds(world, order)
        assert (seen["OrderPlaced"], seen["OrderSetBack"], seen["OrderSourced"]) == (1, 1, 2)
        assert seen["PaymentAuthorised"] == 2  # kept ready, and taken

        shipped(world, "dc", f"{order.number}-2")
        assert (await world.looked(order)).state is OrderState.COMPLETED


async def test_the_other_part_stays_known_while_one_is_sourced_again(store: Store) -> None:
    """What the warehouse has of its own part is not counted a second time."""
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.stock(AT_DC, on_hand=MANY)
        order = await sourced(world, AT_SHOP, BESIDE)
        world.clock.move(60)
        await world.stock(BESIDE, on_hand=MANY - 1)  # the warehouse's figures have it
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert parts(order) == [("shop", 1, REPLACED), ("dc", 1, TAKEN), ("dc", 2, TAKEN)]
        assert await world.sellable(BESIDE) == MANY - 1
        assert await world.sellable(AT_DC) == MANY - 1


async def test_what_nobody_else_has_is_cancelled_and_paid_back(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.REFUSED_UPSTREAM)
        assert world.book("dc") == [(order.number, False)]
        assert await allocated(world) == {}
        assert world.charges() == {order.number: ("authorised", *paid("45.00", "45.00"))}
        assert await look_at(world, order) is None


async def test_what_has_begun_goes_on_without_what_nobody_has(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert (order.state, order.settled) == (OrderState.COMPLETED, True)
        assert order.reason is None
        assert parts(order) == [("shop", 1, STOPPED), ("dc", 1, COMPLETED)]
        assert await allocated(world) == {DC: 1}
        assert world.charges() == {order.number: ("authorised", *paid("45.00", "20.00"))}
        line = {"sku": SHOP.sku, "location": SHOP.location, "quantity": 1}
        assert await told(world, "OrderShortened") == [
            ("OrderShortened", {"state": "PLACED", "lines": [line], "worth": "20.00"})
        ]
        with pytest.raises(OrderNotCancellable):
            await world.service.cancel(order.number, CancelReason.BUYER)


async def test_while_a_begun_order_is_sourced_again_it_is_not_cancelled(store: Store) -> None:
    shelves = Shelves(store, silent=True)
    async with opened(store, finder=shelves, patience=BUSY) as world:
        order = await sourced(world, AT_SHOP, BESIDE)
        shipped(world, "dc", order.number)
        cancelled(world, "shop", order.number)
        order = await world.looked(order)
        assert (order.state, order.begun) == (OrderState.PLACED, True)
        with pytest.raises(OrderNotCancellable):
            await world.service.cancel(order.number, CancelReason.BUYER)

        while (order := await world.worked(order)).state is OrderState.PLACED:
            world.clock.move(300)
        assert order.state is OrderState.COMPLETED
        assert shelves.asked == MOST_WAITS + 1
        assert world.charges() == {order.number: ("authorised", *paid("45.00", "20.00"))}


async def test_a_cancellation_that_one_system_refuses_ends_the_parts_of_others(
    store: Store,
) -> None:
    """The lorry has left, and nobody has looked: the rest is stopped, and paid back, once."""
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        await world.service.cancel(order.number, CancelReason.BUYER)
        order = await world.worked(order)
        assert (order.state, order.reason) == (OrderState.SOURCED, None)
        assert parts(order) == [("shop", 1, STOPPED), ("dc", 1, TAKEN)]
        assert await allocated(world) == {DC: 1}
        assert world.charges() == {order.number: ("authorised", *paid("45.00", "20.00"))}

        order = await world.looked(order)
        assert order.state is OrderState.COMPLETED
        seen = await kinds(world, order)
        assert (seen["OrderShortened"], seen["OrderCancelRefused"]) == (1, 1)
        assert world.charges() == {order.number: ("authorised", *paid("45.00", "20.00"))}


async def test_a_shortened_order_that_is_cancelled_whole_is_paid_back_whole(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        book = upstream(world, "dc").book
        shipped(world, "dc", order.number)
        await world.service.cancel(order.number, CancelReason.BUYER)
        order = await world.worked(order)
        book.orders[order.number].completed = None  # the lorry has come back
        await world.service.cancel(order.number, CancelReason.STAFF)
        order = await world.worked(order)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.STAFF)
        assert parts(order) == [("shop", 1, STOPPED), ("dc", 1, STOPPED)]
        assert await allocated(world) == {}
        assert world.charges() == {order.number: ("authorised", *paid("45.00", "45.00"))}
        assert (await kinds(world, order))["OrderShortened"] == 1


async def test_a_cancellation_waits_until_every_system_has_said_what_it_does(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        world.systems["shop"].break_with(Fault(kind="fail", status=503))
        await world.service.cancel(order.number, CancelReason.BUYER)
        order = await world.worked(order)
        assert order.state is OrderState.CANCELLING

        world.systems["shop"].mend()
        world.clock.move(1)
        order = await world.worked(order)
        assert order.state is OrderState.SOURCED
        assert parts(order) == [("shop", 1, STOPPED), ("dc", 1, TAKEN)]


async def test_whose_buyer_is_forgotten_is_not_sent_elsewhere(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.stock(AT_DC, on_hand=MANY)
        order = await sourced(world, AT_SHOP)
        whose = Whose(selves=frozenset(), emails=frozenset({order.buyer.email}))
        await store.act(lambda work: keeping.forget(work, whose), now=world.clock())
        cancelled(world, "shop", order.number)
        order = await world.looked(order)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.REFUSED_UPSTREAM)
        assert books(world) == {"shop": [(order.number, False)], "dc": []}
        assert world.charges() == {order.number: ("authorised", *paid("25.00", "25.00"))}
