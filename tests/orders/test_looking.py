"""Systems are asked for many orders at once, now and then, whoever fails or asks meanwhile."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text

from app.orders import repository
from app.orders.looking import MOST, OrderFollower
from app.orders.model import CancelReason, Order, OrderNumber, OrderState
from app.orders.repository import Asked
from app.orders.tables import handings, orders
from app.orders.turns import Change, Turns
from app.store import Store, Work
from connectors.sandbox.faults import Fault
from tests.orders.looked import (
    BOTH,
    COMPLETED,
    DC,
    SHOP,
    TAKEN,
    kinds,
    look_at,
    shipped,
    sourced,
)
from tests.orders.test_sourcing import (
    BUSY,
    parts,
)
from tests.orders.test_statements import counted
from tests.orders.world import NOON, World, opened


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


async def copies(world: World, order: Order, count: int, look_at: datetime) -> None:
    """More of the same; all are to be looked at then."""

    def copied(work: Work) -> None:
        for number in range(count):
            name = f"C{number}"
            asked = Asked(asked=name, digest=name, access=name, due_at=NOON)
            copy = replace(order, number=OrderNumber(name), charge=None, cart=None)
            assert repository.add(work.connection, copy, asked)
        work.connection.execute(orders.update().values(look_at=look_at, due_at=None))

    await world.store.act(copied, now=world.clock())


async def test_a_round_takes_so_many_orders_at_most(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        await copies(world, order, MOST, NOON)
        world.clock.move(60)
        assert [await world.follower.round() for _ in range(3)] == [MOST, 1, 0]
        assert (await look_at(world, order)) is not None


async def test_what_a_system_has_is_looked_at_soon_after_it_says_that_something_changed(
    store: Store,
) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP, DC, key="a")
        other = await sourced(world, DC, key="b")
        later = await look_at(world, other)
        shipped(world, "shop", order.number)
        world.clock.move(0.3)
        await world.follower.hear("payments")  # it carries out nothing
        assert await look_at(world, order) == later
        await world.follower.hear("shop")
        assert await look_at(world, order) == NOON + timedelta(seconds=1)
        assert await look_at(world, other) == later
        assert await world.follower.round() == 0
        world.clock.move(0.7)
        assert await world.follower.round() == 1

        assert (await world.worked(order)).state is OrderState.IN_FULFILMENT
        await world.follower.hear("shop")  # it is done with its part
        assert await look_at(world, order) == NOON + timedelta(seconds=61)


async def test_however_much_a_system_says_it_is_asked_once_a_second(store: Store) -> None:
    """For as many orders as a call takes, and so for all of them in the end."""
    late = NOON + timedelta(hours=1)
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        await copies(world, order, 2 * MOST, late)
        asked, looked = [], []
        for _ in range(4):
            before = calls(world)["shop"]
            rounds = []
            for _ in range(4):
                await world.follower.hear("shop")
                world.clock.move(0.25)
                rounds.append(await world.follower.round())
            asked.append(calls(world)["shop"] - before)
            looked.append(sum(rounds))
        latest = await store.read(lambda one: one.scalar(select(func.max(orders.c.look_at))))

    assert asked == [1, 1, 1, 1]
    assert looked == [MOST, MOST, MOST, MOST]
    assert latest is not None
    assert latest < late


async def test_what_a_system_says_while_it_is_asked_has_it_asked_again(store: Store) -> None:
    async with opened(store) as world:
        order = await sourced(world, SHOP)
        desk = world.steps.sinks["shop"]

        class Slow:
            async def standing(self, keys: Any) -> Any:
                found = await desk.standing(keys)
                shipped(world, "shop", order.number)
                await world.follower.hear("shop")
                return found

        slow: Any = Slow()
        world.clock.move(60)
        follower = OrderFollower(turns=world.turns, sinks={"shop": slow}, worker=world.worker)
        assert await follower.round() == 1
        world.clock.move(1)
        assert await world.follower.round() == 1

        assert (await world.worked(order)).state is OrderState.COMPLETED


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


async def test_a_bug_with_one_order_costs_it_a_later_look_and_nobody_else_anything(
    store: Store,
) -> None:
    class Buggy(Turns):
        async def heard(self, number: OrderNumber, change: Change) -> tuple[Order, Order]:
            if number == bad.number:
                raise ValueError(number)
            return await super().heard(number, change)

    async with opened(store) as world:
        bad, good = [await sourced(world, SHOP, key=key) for key in "ab"]
        for order in (bad, good):
            shipped(world, "shop", order.number)
        buggy = world.follower.turns = Buggy(store=store, now=world.clock)
        book = world.follower.book
        assert (await world.looked(good)).state is OrderState.COMPLETED
        waits = [await _wait(world, bad)]
        before = calls(world)
        world.clock.move(buggy.lasting.total_seconds())
        assert await world.follower.round() == 0
        assert (calls(world), book.bugs) == (before, 1)

        world.clock.move(timedelta(days=20).total_seconds())
        assert await world.follower.round() == 1
        waits.append(await _wait(world, bad))
        assert waits == [timedelta(minutes=1), timedelta(hours=1)]
        assert (book.bugs, book.given_up) == (2, 0)
        world.follower.turns = world.turns
        assert (await world.looked(bad)).state is OrderState.COMPLETED


async def test_an_order_that_cannot_be_read_costs_nobody_else_anything(store: Store) -> None:
    async with opened(store) as world:
        bad, good, other = [await sourced(world, SHOP, key=key) for key in "abc"]
        for order in (good, other):
            shipped(world, "shop", order.number)
        spoilt = handings.update().where(handings.c.order == bad.number).values(state="NONESUCH")
        await store.act(lambda work: work.connection.execute(spoilt), now=world.clock())
        world.clock.move(60)
        assert await world.follower.round() == 3
        assert await world.follower.round() == 0
        ends = [(await kinds(world, one))["OrderCompleted"] for one in (bad, good, other)]

        assert ends == [0, 1, 1]
        assert await _wait(world, bad) == timedelta(hours=1)
        assert world.follower.book.bugs == 1


async def _wait(world: World, order: Order) -> timedelta:
    """How long it is until an order is looked at."""
    at = await look_at(world, order)
    assert at is not None
    return at - world.clock()


async def test_a_connector_that_answers_rubbish_is_silent(store: Store) -> None:
    class Rubbish:
        async def placed(self, _keys: Any) -> Any:
            return None

    async with opened(store) as world:
        order = await sourced(world, SHOP, DC)
        shipped(world, "dc", order.number)
        rubbish: Any = Rubbish()
        shop = replace(world.steps.sinks["shop"], sink=rubbish)
        world.follower.sinks = {**world.steps.sinks, "shop": shop}
        order = await world.looked(order)

        assert parts(order) == [("shop", 1, TAKEN), ("dc", 1, COMPLETED)]
        assert world.follower.book.asked == {("shop", "silent"): 1, ("dc", "told"): 1}


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
