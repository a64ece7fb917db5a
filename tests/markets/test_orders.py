"""Each order of a marketplace is ours once, or is seen; and the marketplace hears of it."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from app.markets.desk import MarketDesk
from app.orders.model import CancelReason, OrderState
from app.ports import MarketOrderNumber, MarketWriteKey, Parcel
from app.store import Store
from connectors.sandbox.faults import Fault
from tests.markets.bazaar import LONG, NAME, OTHER, THING, Bazaar, bazaar, some_terms
from tests.orders.dying import Died, Life
from tests.orders.world import NOON

MINUTE = timedelta(minutes=1)


def desk_of(there: Bazaar) -> MarketDesk:
    return MarketDesk(there.world.store, {NAME: some_terms()})


async def test_an_order_is_taken_once_and_acknowledged(store: Store) -> None:
    async with bazaar(store) as there:
        sold, poller = there.buy(pieces=2), there.poller()
        await there.polled(poller)
        (order,) = await there.world.orders()
        for _ in range(3):
            there.passes(MINUTE)
            await there.polled(poller)
        again = await there.world.orders()

        assert [(line.sku, line.quantity) for line in order.lines] == [(THING, 2)]
        assert (order.channel, order.state) == ("MARKET", OrderState.PLACED)
        assert [one.number for one in again] == [order.number]
        assert sold.accepted
        assert (await there.row(sold.no)).order == order.number
        assert there.book.taken == {NAME: 1}


async def test_it_is_asked_no_more_often_than_it_should_be(store: Store) -> None:
    async with bazaar(store) as there:
        poller = there.poller()
        await there.polled(poller)
        there.passes(MINUTE - timedelta(seconds=1))
        await there.polled(poller)
        before = there.system.requests["/market/orders"]
        there.passes(timedelta(seconds=1))
        await there.polled(poller)

        assert (before, there.system.requests["/market/orders"]) == (1, 2)


async def test_two_processes_and_an_overlap_make_no_second_order(store: Store) -> None:
    async with bazaar(store) as there:
        pollers = [there.poller(overlap="PT10M") for _ in range(3)]
        for _ in range(4):
            there.buy()
            await asyncio.gather(*(one.once() for one in pollers))
            there.passes(MINUTE)

        assert len(await there.world.orders()) == 4
        assert there.book.taken == {NAME: 4}


async def test_an_overlap_reads_what_was_read_a_moment_ago_again(store: Store) -> None:
    async with bazaar(store) as there:
        sold, poller = there.buy(), there.poller(overlap="PT3M")
        await there.polled(poller)
        there.passes(MINUTE)
        told = there.site.since
        asked: list[int] = []

        def since(change: int, most: int) -> object:
            asked.append(change)
            return told(change, most)

        there.site.since = since  # type: ignore[assignment,method-assign]  # it only listens
        for _ in range(5):
            await there.polled(poller)
            there.passes(MINUTE)

        assert asked == [1, 1, 1, 1, 2]  # the acknowledgement changed it, too
        assert sold.accepted


async def test_what_is_short_is_seen_and_taken_when_it_is_there(store: Store) -> None:
    async with bazaar(store) as there:
        there.has[THING] = 0
        sold, poller, desk = there.buy(), there.poller(), desk_of(there)
        await there.polled(poller)
        ((known, _),) = await desk.troubled(NAME)
        refused = dict(there.book.refused)
        there.has[THING] = 5
        there.passes(MINUTE + timedelta(seconds=1))
        await there.polled(poller)

        assert (known.number, known.fate) == (sold.no, "REFUSED")
        assert known.reason == f"there is not enough of {THING}"
        assert refused == {(NAME, "NOT_ENOUGH"): 1}
        assert await there.fates() == {sold.no: "TAKEN"}
        assert await desk.troubled(NAME) == []
        assert sold.accepted


async def test_one_that_we_fail_at_does_not_hold_up_the_others(store: Store) -> None:
    async with bazaar(store) as there:
        there.broken = {THING}
        bad, good, poller = there.buy(), there.buy(OTHER), there.poller()
        await there.polled(poller)
        before = await there.fates()
        there.broken.clear()
        there.passes(2 * MINUTE)
        await there.polled(poller)

        assert before == {bad.no: "REFUSED", good.no: "TAKEN"}
        assert (await there.fates())[bad.no] == "TAKEN"
        assert there.book.refused == {(NAME, "FAILED"): 1}


async def test_what_nobody_carries_is_seen_and_tried_on_demand(store: Store) -> None:
    async with bazaar(store) as there:
        del there.has[THING]
        sold, poller, desk = there.buy(), there.poller(), desk_of(there)
        await there.polled(poller)
        ((known, _),) = await desk.troubled(NAME)
        there.has[THING] = 5
        again = await desk.retry(NAME, None, there.world.clock())
        await there.polled(poller)

        assert known.reason == f"nobody carries {THING}"
        assert again == [sold.no]
        assert await there.fates() == {sold.no: "TAKEN"}


async def test_an_unpaid_order_waits_and_a_cancelled_one_is_over(store: Store) -> None:
    async with bazaar(store) as there:
        paid, unpaid, poller = there.buy(paid=False), there.buy(paid=False), there.poller()
        await there.polled(poller)
        waiting = await there.fates()
        there.site.pay(paid.no)
        there.site.cancel(unpaid.no)
        there.passes(MINUTE)
        await there.polled(poller)

        assert waiting == {paid.no: "WAITING", unpaid.no: "WAITING"}
        assert await there.fates() == {paid.no: "TAKEN", unpaid.no: "OVER"}
        assert len(await there.world.orders()) == 1


async def test_what_the_buyer_cancels_is_stopped_here(store: Store) -> None:
    async with bazaar(store) as there:
        sold, poller = there.buy(), there.poller()
        await there.polled(poller)
        (order,) = await there.world.orders()
        there.site.cancel(sold.no)
        there.passes(MINUTE)
        await there.polled(poller)
        stopped = await there.world.worked(order)

        assert stopped.state is OrderState.CANCELLED
        assert await desk_of(there).troubled(NAME) == []


async def test_what_we_could_not_carry_out_is_seen(store: Store) -> None:
    async with bazaar(store) as there:
        sold = there.buy()
        await there.polled(there.poller())
        (order,) = await there.world.orders()
        await there.world.service.cancel(order.number, CancelReason.STAFF)
        ((known, ours),) = await desk_of(there).troubled(NAME)

        assert (known.number, known.status, ours) == (sold.no, "OPEN", "CANCELLING")


async def test_a_row_that_cannot_be_read_is_seen_and_read_again(store: Store) -> None:
    async with bazaar(store) as there:
        sold, poller = there.buy(), there.poller()
        there.system.break_with(Fault(kind="bad_rows", path="/market/orders"))
        await there.polled(poller)
        ((unread, _),) = await desk_of(there).troubled(NAME)
        there.system.mend()
        there.site.accept(sold.no)  # it comes by itself, too
        there.passes(2 * MINUTE)
        await there.polled(poller)

        aside = await desk_of(there).put_aside(NAME, unread.number, there.world.clock())

        assert unread.fate == "UNREADABLE"
        assert (await there.fates())[sold.no] == "TAKEN"
        assert (aside, await desk_of(there).troubled(NAME)) == (True, [])
        assert not await desk_of(there).put_aside(NAME, sold.no, there.world.clock())


async def test_what_is_ours_stays_so_though_it_cannot_be_read(store: Store) -> None:
    async with bazaar(store) as there:
        sold, poller = there.buy(), there.poller()
        await there.polled(poller)
        there.site.cancel(sold.no)
        sold.currency = ""
        there.passes(MINUTE)
        await there.polled(poller)
        ((known, _),) = await desk_of(there).troubled(NAME)
        sold.currency = "EUR"
        there.passes(2 * MINUTE)
        await there.polled(poller)
        (order,) = await there.world.orders()

        assert (known.fate, known.order) == ("TAKEN", order.number)
        assert order.state is OrderState.CANCELLING
        assert await desk_of(there).troubled(NAME) == []
        assert there.book.taken == {NAME: 1}


async def test_a_message_names_an_order_that_is_read_without_waiting(store: Store) -> None:
    async with bazaar(store) as there:
        poller = there.poller()
        await there.polled(poller)
        sold = there.buy()
        await desk_of(there).retry(NAME, None, there.world.clock())
        there.passes(timedelta(milliseconds=1))
        await there.polled(poller)

        assert await there.fates() == {sold.no: "TAKEN"}


async def test_after_a_failure_it_waits_as_long_as_it_is_told_to(store: Store) -> None:
    async with bazaar(store) as there:
        there.system.break_with(Fault(kind="throttle", retry_after=200, times=1))
        sold, poller = there.buy(), there.poller()
        await there.polled(poller)
        failed = (await desk_of(there).standing(NAME)).poll_reason
        for passed in (199, 2):
            await desk_of(there).retry(NAME, None, there.world.clock())  # no reason to go on
            there.passes(timedelta(seconds=passed))
            asked = there.system.requests["/market/orders"]
            await there.polled(poller)

        assert failed == "UPSTREAM_THROTTLED"
        assert (asked, there.system.requests["/market/orders"]) == (1, 2)
        assert sold.accepted


async def test_a_parcel_is_told_once_with_all_that_is_left(store: Store) -> None:
    async with bazaar(store) as there:
        sold, poller = there.buy(pieces=3), there.poller()
        await there.polled(poller)
        parcel = Parcel(
            key=MarketWriteKey("P-1"),
            order=MarketOrderNumber(sold.no),
            lines=(),
            carrier="CORRIERE",
            tracking="IT1",
            shipped_at=NOON,
        )
        desk = desk_of(there)
        new = [await desk.ship(NAME, parcel, there.world.clock()) for _ in range(2)]
        there.system.break_with(Fault(kind="cut", path="*parcels*", times=1))
        await there.polled(poller)
        there.passes(MINUTE)
        await there.polled(poller)

        assert new == [True, False]
        assert sold.parcels == {"P-1": {"1": 3}}
        assert sold.state == "shipped"


async def test_a_parcel_of_no_order_is_seen(store: Store) -> None:
    async with bazaar(store) as there:
        parcel = Parcel(
            key=MarketWriteKey("P-1"),
            order=MarketOrderNumber("M-0"),
            lines=(),
            carrier="CORRIERE",
            tracking="IT1",
            shipped_at=NOON,
        )
        await desk_of(there).ship(NAME, parcel, there.world.clock())
        await there.polled(there.poller())
        (leaving,) = await desk_of(there).parcels(NAME)

        assert leaving.reason == "UPSTREAM_REFUSED"


async def test_dying_at_any_point_loses_no_order_and_takes_none_twice(store: Store) -> None:
    async with bazaar(store) as there:
        open_, gone, point = list[str](), list[str](), 0
        while True:
            point += 1
            sold, other = there.buy(), there.buy(pieces=2)
            life = Life(at=point)
            with suppress(Died):
                await there.polled(there.poller(life))
                there.site.cancel(other.no)
                there.passes(MINUTE)
                await there.polled(there.poller(life))
            if other.state != "cancelled":
                there.site.cancel(other.no)
            there.passes(LONG)
            await there.polled(there.poller())
            open_.append(sold.no)
            gone.append(other.no)
            assert await wrong(there, open_, gone) == []
            if not life.over:
                break

        assert point > 20


async def wrong(there: Bazaar, open_: list[str], gone: list[str]) -> list[str]:
    """What does not add up: of open orders each is ours and known there, of gone ones none is."""
    fates, orders = await there.fates(), await there.world.orders()
    states = {one.number: one.state for one in orders}
    ours = {number: (await there.row(number)).order for number in [*open_, *gone]}
    kept = [order for order in ours.values() if order is not None]
    found = [f"{one} is not taken" for one in open_ if fates.get(one) != "TAKEN"]
    found += [f"{one} is unheard of" for one in open_ if not there.site.orders[one].accepted]
    found += [f"{one} goes on" for one in gone if states.get(ours[one]) == OrderState.PLACED]
    if sorted(kept) != sorted(states):
        found.append(f"{len(states)} orders for {len(kept)} of the marketplace")
    return found
