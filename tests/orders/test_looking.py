"""An order is followed until its systems are done with it, whoever fails or dies meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text

from app.customers.forgetting import Whose
from app.orders import keeping, repository
from app.orders.looking import MOST, OrderFollower
from app.orders.model import CancelReason, HandingState, Order, OrderNumber, OrderState
from app.orders.refusals import OrderNotCancellable
from app.orders.repository import Asked
from app.orders.sourcing import MOST_WAITS
from app.orders.tables import orders
from app.orders.turns import LEASE
from app.orders.working import OrderWorker
from app.principals.model import THE_HOUSE
from app.store import Store, Work
from app.store.tables import facts
from connectors.sandbox.faults import Fault
from tests.orders.dying import Died, Life, Mortal, plenty
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
from tests.orders.test_statements import counted
from tests.orders.world import NOON, World, assembled, opened, spot

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


def paid(captured: str, refunded: str = "0") -> tuple[Decimal, Decimal]:
    return Decimal(captured), Decimal(refunded)


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
    async with opened(store, patience=timedelta(seconds=0.5)) as world:
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


async def test_all_orders_of_a_system_are_asked_for_at_once(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(*BOTH, on_hand=100)
        for number in range(5):
            await world.worked((await world.place(str(number), *BOTH)).order)
        world.clock.move(60)
        before = calls(world)
        with counted(store) as five:
            assert await world.follower.round() == 5
        assert calls(world) == {sink: count + 1 for sink, count in before.items()}

        for number in range(5, 25):
            await world.worked((await world.place(str(number), *BOTH)).order)
        world.clock.move(3600)
        before = calls(world)
        with counted(store) as more:
            assert await world.follower.round() == 25
        assert calls(world) == {sink: count + 1 for sink, count in before.items()}
        assert len(more) == len(five)


def calls(world: World) -> Mapping[str, int]:
    """How often each system was asked for orders."""
    paths = {"shop": "/v1/orders", "dc": "/wms/deliveries"}
    return {sink: world.systems[sink].requests[path] for sink, path in paths.items()}


async def test_a_round_takes_so_many_orders_at_most(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP)

        def copied(work: Work) -> None:
            for number in range(MOST):
                name = f"C{number}"
                asked = Asked(asked=name, digest=name, access=name, due_at=NOON)
                copy = replace(order, number=OrderNumber(name), charge=None, cart=None)
                assert repository.add(work.connection, copy, asked)
            work.connection.execute(orders.update().values(look_at=NOON, due_at=None))

        await store.act(copied, now=world.clock())
        world.clock.move(60)
        assert [await world.follower.round() for _ in range(3)] == [MOST, 1, 0]
        assert (await look_at(world, order)) is not None


async def test_a_silent_system_costs_a_later_look_and_nobody_else_anything(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        for sink in ("shop", "dc"):
            shipped(world, sink, order.number)
        world.systems["shop"].break_with(Fault(kind="fail", status=503))
        order = await world.looked(order)
        assert parts(order) == [("shop", 1, TAKEN), ("dc", 1, COMPLETED)]
        assert (order.state, order.settled) == (OrderState.IN_FULFILMENT, True)
        at = await look_at(world, order)
        assert at is not None
        assert timedelta(minutes=1) <= at - world.clock() <= timedelta(hours=1)

        world.systems["shop"].mend()
        assert (await world.looked(order)).state is OrderState.COMPLETED
        assert world.follower.book.asked["shop", "silent"] == 1
        assert world.follower.book.ended == {("shop", "completed"): 1, ("dc", "completed"): 1}


async def test_a_sink_that_is_bound_no_more_is_passed_over(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        world.follower.sinks = {"dc": world.steps.sinks["dc"]}
        order = await world.looked(order)

        assert parts(order) == [("shop", 1, TAKEN), ("dc", 1, COMPLETED)]


async def test_it_is_given_up_in_the_end(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        world.clock.move(timedelta(days=30).total_seconds())
        order = await world.looked(order)

        assert order.state is OrderState.SOURCED
        assert await look_at(world, order) is None
        assert world.follower.book.given_up == 1
        before = calls(world)
        await world.looked(order)
        assert calls(world) == before


async def test_what_was_cancelled_is_looked_at_no_more(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        assert await look_at(world, order) == NOON + timedelta(minutes=1)
        await world.service.cancel(order.number, CancelReason.BUYER)
        assert await look_at(world, order) is None
        order = await world.worked(order)
        before = calls(world)
        await world.looked(order)

        assert calls(world) == before


async def test_an_answer_that_comes_too_late_starts_nothing_again(store: Store) -> None:
    """The buyer cancels while a system thinks about how far it is."""
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        desk = world.steps.sinks["shop"]

        class Slow:
            async def standing(self, keys: Any) -> Any:
                found = await desk.standing(keys)
                await world.service.cancel(order.number, CancelReason.BUYER)
                return found

        slow: Any = Slow()
        world.clock.move(60)
        follower = OrderFollower(turns=world.turns, sinks={"shop": slow}, worker=world.worker)
        assert await follower.round() == 1
        assert await look_at(world, order) is None

        assert (await world.worked(order)).state is OrderState.CANCELLED


async def test_two_who_look_at_once_tell_it_once(store: Store) -> None:
    async with opened(store, patience=BUSY) as world:
        await world.stock(*BOTH, on_hand=100)
        placed = [(await world.place(str(number), *BOTH)).order for number in range(8)]
        for order in placed:
            await world.worked(order)
            for sink in ("shop", "dc"):
                shipped(world, sink, order.number)
        world.clock.move(60)
        before = calls(world)
        counts = await asyncio.gather(*(follower(world).round() for _ in range(4)))
        ends = [await kinds(world, order) for order in placed]

        assert sum(counts) == len(placed)
        assert calls(world) == {sink: count + 1 for sink, count in before.items()}
        assert {one["OrderCompleted"] for one in ends} == {1}
        assert {one["HandingCompleted"] for one in ends} == {2}


async def test_who_looks_twice_tells_it_once(store: Store) -> None:
    """Whoever is so slow that another has looked meanwhile changes nothing."""
    async with opened(store, patience=BUSY) as world:
        order = await sourced(world, SHOP)
        shipped(world, "shop", order.number)
        world.clock.move(60)
        desk = world.steps.sinks["shop"]

        class Slow:
            async def standing(self, keys: Any) -> Any:
                found = await desk.standing(keys)
                world.clock.move(3600)
                assert await world.follower.round() == 1
                return found

        slow: Any = Slow()
        late = OrderFollower(turns=world.turns, sinks={"shop": slow}, worker=world.worker)
        assert await late.round() == 1
        seen = await kinds(world, order)

        assert (seen["OrderCompleted"], seen["HandingCompleted"]) == (1, 1)
        assert late.book.ended == {}


def follower(world: World) -> OrderFollower:
    return OrderFollower(turns=world.turns, sinks=world.steps.sinks, worker=world.worker)


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


async def test_what_is_due_is_found_by_an_index(store: Store) -> None:
    def plan(connection: Connection) -> str:
        asked = "SELECT number FROM orders WHERE look_at <= '2026-03-02' ORDER BY look_at LIMIT 9"
        if connection.dialect.name == "sqlite":
            return str(connection.execute(text(f"EXPLAIN QUERY PLAN {asked}")).all())
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        return str(connection.execute(text(f"EXPLAIN {asked}")).all())

    assert "ix_orders_look_at" in await store.read(plan)


async def test_how_it_stands_is_counted(store: Store) -> None:
    async with opened(store) as world:
        await sourced(world, SHOP, key="a")
        order = await sourced(world, DC, key="b")
        shipped(world, "dc", order.number)
        due = await look_at(world, order)
        world.clock.move(100)
        await world.follower.round()
        book = world.follower.book
        assert (book.followed, book.due_at) == (2, due)
        world.clock.move(30)
        await world.follower.round()
        assert book.followed == 1
        count = select(func.count()).select_from(orders).where(orders.c.look_at.is_not(None))
        assert await store.read(lambda connection: connection.scalar(count)) == 1
