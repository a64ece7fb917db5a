"""Who has no lease any more changes nothing; what a dead process left is taken up by another."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from app.orders.model import (
    CANCELLABLE,
    TRANSITIONS,
    CancelReason,
    HandingState,
    Order,
    OrderState,
    Step,
    next_step,
)
from app.orders.tables import handings
from app.orders.turns import LEASE, LONGEST_WAIT, LeaseLostError, Turn, moved
from app.orders.working import OrderWorker
from app.principals.model import THE_HOUSE
from app.store import Store, Work
from connectors.sandbox.faults import Fault
from tests.orders.world import World, opened, spot

SHOP, DC = spot("shop"), spot("dc")


def unchanged(_work: Work, order: Order) -> Order:
    return order


async def a_turn(world: World) -> Turn:
    """The turn of an order that is to be handed over."""
    await world.stock(SHOP)
    await world.place("a", SHOP)
    (turn,) = await world.turns.due(5)
    return turn


async def test_a_lease_is_had_by_one_until_it_is_over(store: Store) -> None:
    async with opened(store) as world:
        turn = await a_turn(world)
        assert await world.turns.due(5) == []
        assert await world.turns.of(turn.order.number) is None

        world.clock.move(LEASE.total_seconds())
        (other,) = await world.turns.due(5)
        assert other.order.number == turn.order.number
        assert [one.tried for one in turn.order.handings] == [False]
        assert [one.tried for one in other.order.handings] == [True]  # it may have been
        assert other.lease.fence == turn.lease.fence + 1


async def test_who_wakes_up_late_changes_nothing(store: Store) -> None:
    async with opened(store) as world:
        late = await a_turn(world)
        world.clock.move(LEASE.total_seconds())
        (other,) = await world.turns.due(5)

        def cancelling(work: Work, order: Order) -> Order:
            return moved(work, order, OrderState.CANCELLING)

        with pytest.raises(LeaseLostError):
            await world.turns.keep(late, cancelling)
        with pytest.raises(LeaseLostError):
            await world.turns.end(late, done=True)
        await world.turns.keep(other, unchanged)
        assert (
            await world.service.find(late.order.number, by=THE_HOUSE)
        ).state is OrderState.PLACED


async def test_the_late_and_the_next_leave_one_order_upstream(store: Store) -> None:
    async with opened(store) as world:
        late = await a_turn(world)
        world.clock.move(LEASE.total_seconds())
        (other,) = await world.turns.due(5)
        before = Counter(world.turns.counts)
        await asyncio.gather(world.worker.taken(late), world.worker.taken(other))

        assert world.turns.counts - before == Counter(ended=1, left=1)
        order = await world.service.find(late.order.number, by=THE_HOUSE)
        assert order.state is OrderState.SOURCED
        assert world.book("shop") == [(order.number, True)]


async def test_a_turn_that_is_another_process_s_by_now_is_lost(store: Store) -> None:
    async with opened(store) as world:
        turn = await a_turn(world)
        before = Counter(world.turns.counts)
        await world.worker.taken(replace(turn, lease=replace(turn.lease, fence=0)))

        assert world.turns.counts - before == Counter(lost=1)


async def test_a_lease_is_prolonged_by_every_change(store: Store) -> None:
    async with opened(store) as world:
        turn = await a_turn(world)
        world.clock.move(LEASE.total_seconds() - 1)
        await world.turns.keep(turn, unchanged)
        world.clock.move(LEASE.total_seconds() - 1)
        assert await world.turns.due(5) == []


async def test_a_worker_that_is_cancelled_leaves_its_order_to_the_next(store: Store) -> None:
    async with opened(store) as world:
        turn = await a_turn(world)
        world.systems["shop"].break_with(Fault(kind="silent"))
        working = asyncio.create_task(world.worker.taken(turn))
        heard = world.systems["shop"].requests
        while not heard[f"/v1/orders/{turn.order.number}"]:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.wait([working])
        world.systems["shop"].mend()

        assert await world.worker.round() == 0
        world.clock.move(LEASE.total_seconds())
        order = await world.worked(turn.order)
        assert order.state is OrderState.SOURCED
        assert [one.tried for one in order.handings] == [True]


async def test_a_cancellation_meanwhile_is_seen_by_whoever_is_at_it(store: Store) -> None:
    async with opened(store) as world:
        turn = await a_turn(world)
        await world.service.cancel(turn.order.number, CancelReason.BUYER)
        await world.worker.taken(turn)

        order = await world.service.find(turn.order.number, by=THE_HOUSE)
        assert order.state is OrderState.CANCELLED
        assert world.book("shop") == [(order.number, False)]


async def test_an_order_that_nobody_can_work_on_does_not_stop_the_others(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP, DC)
        stuck = (await world.place("a", DC)).order
        fine = (await world.place("b", SHOP)).order
        sinks = {"shop": world.steps.sinks["shop"]}  # the other is not bound any more
        steps = replace(world.steps, sinks=sinks)
        worker = OrderWorker(turns=world.turns, steps=steps)
        before = Counter(world.turns.counts)

        assert await worker.round() == 2
        assert world.turns.counts - before == Counter(ended=1, bug=1)
        assert (await world.service.find(fine.number, by=THE_HOUSE)).state is OrderState.SOURCED
        assert (await world.service.find(stuck.number, by=THE_HOUSE)).state is OrderState.PLACED
        world.clock.move(LEASE.total_seconds())
        assert (await world.worked(stuck)).state is OrderState.SOURCED


def test_the_table_of_states_ends_everywhere() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    reached = {OrderState.PENDING_CONFIRMATION}
    while more := {state for one in reached for state in TRANSITIONS[one]} - reached:
        reached |= more
    assert reached == set(OrderState)
    final = {state for state, onwards in TRANSITIONS.items() if not onwards}
    assert final == {OrderState.REFUSED, OrderState.COMPLETED, OrderState.CANCELLED}
    assert final.isdisjoint(CANCELLABLE)


async def test_a_state_that_does_not_follow_is_a_bug(store: Store) -> None:
    async with opened(store) as world:
        turn = await a_turn(world)
        with pytest.raises(ValueError, match="does not go from PLACED to COMPLETED"):
            await world.turns.keep(
                turn, lambda work, order: moved(work, order, OrderState.COMPLETED)
            )


async def test_what_is_to_be_done_follows_from_the_state(store: Store) -> None:
    async with opened(store) as world:
        order = (await a_turn(world)).order
        steps = {state: next_step(replace(order, state=state)) for state in OrderState}
    assert steps == {
        OrderState.PENDING_CONFIRMATION: Step.PAY,
        OrderState.REFUSED: None,
        OrderState.PLACED: Step.HAND_OVER,
        OrderState.SOURCED: Step.CAPTURE,
        OrderState.IN_FULFILMENT: Step.CAPTURE,
        OrderState.COMPLETED: Step.CAPTURE,
        OrderState.CANCELLING: Step.STOP,
        OrderState.CANCELLED: None,
    }


async def test_an_order_that_cannot_be_read_stops_no_other(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(SHOP)
        bad, good = [(await world.place(key, SHOP)).order for key in "ab"]
        await spoil(world, bad, "NONESUCH")
        before = Counter(world.turns.counts)

        assert await world.worker.round() == 1
        assert world.turns.counts - before == Counter(ended=1, unreadable=1)
        assert (await world.service.find(good.number, by=THE_HOUSE)).state is OrderState.SOURCED
        world.clock.move(LEASE.total_seconds())
        assert await world.worker.round() == 0  # it is not looked at all the time

        await spoil(world, bad, HandingState.WAITING)
        world.clock.move(LONGEST_WAIT.total_seconds())
        assert await world.worker.round() == 1
        assert (await world.service.find(bad.number, by=THE_HOUSE)).state is OrderState.SOURCED


async def spoil(world: World, order: Order, state: str) -> None:
    """Write a state of its parts that nobody knows, or one that they have."""
    spoilt = handings.update().where(handings.c.order == order.number).values(state=state)
    await world.store.act(lambda work: work.connection.execute(spoilt), now=world.clock())
