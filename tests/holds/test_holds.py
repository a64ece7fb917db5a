"""Units are held and allocated all or nothing, and never more than there are."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app.availability import ledger
from app.availability.ledger import Hold
from app.availability.model import Spot
from app.availability.refusals import HoldExpired, HoldSuperseded, InsufficientStock
from app.availability.repository import Demand
from app.ports import StockLevel
from app.store import Store, Work
from app.values import LocationCode, Sku
from tests.builders import NOON

A = Spot(Sku("JACKET"), LocationCode("ST-1"))
B = Spot(Sku("JACKET"), LocationCode("WH-1"))
MINUTE = timedelta(minutes=1)


def level(spot: Spot, on_hand: int, *, as_of: datetime = NOON, **more: Any) -> StockLevel:
    return StockLevel(sku=spot.sku, location=spot.location, on_hand=on_hand, as_of=as_of, **more)


async def record(store: Store, *levels: StockLevel, at: datetime = NOON) -> None:
    await store.act(partial(ledger.record, source="tills", levels=levels), now=at)


async def place(
    store: Store, holder: str, demand: Demand, *, at: datetime = NOON, ttl: timedelta = MINUTE
) -> Hold:
    def change(work: Work) -> Hold:
        return ledger.place(work, holder, demand, until=at + ttl)

    return await store.act(change, now=at)


async def commit(store: Store, hold: Hold, order: str, *, at: datetime = NOON) -> Demand:
    def change(work: Work) -> Demand:
        return ledger.commit(work, hold.holder, hold.fence, order)

    return await store.act(change, now=at)


async def free(
    store: Store, *spots: Spot, at: datetime = NOON, holder: str | None = None
) -> Demand:
    return await store.read(partial(ledger.sellable, spots=spots, now=at, holder=holder))


async def test_what_is_sellable_follows_the_formula(store: Store) -> None:
    await record(store, level(A, 10, reserved=2, safety_stock=1), level(B, -3))

    assert await free(store, A, B) == {A: 7, B: 0}


async def test_a_spot_nobody_told_of_is_unknown_not_zero(store: Store) -> None:
    assert await free(store, A) == {}
    with pytest.raises(InsufficientStock) as refused:
        await place(store, "cart:1", {A: 1})
    assert [(one.asked, one.available) for one in refused.value.shortages] == [(1, None)]


async def test_older_news_never_overwrites_newer(store: Store) -> None:
    await record(store, level(A, 5))
    await record(store, level(A, 9, as_of=NOON - MINUTE), at=NOON + MINUTE)
    assert await free(store, A) == {A: 5}
    await record(store, level(A, 8), at=NOON - MINUTE)  # of the same age, but read before
    assert await free(store, A) == {A: 5}
    await record(store, level(A, 6), at=NOON + MINUTE)
    assert await free(store, A) == {A: 6}

    await record(store, level(A, 7, as_of=NOON + MINUTE))
    assert await free(store, A) == {A: 7}


async def test_a_hold_is_all_or_nothing(store: Store) -> None:
    await record(store, level(A, 5), level(B, 1))

    with pytest.raises(InsufficientStock) as refused:
        await place(store, "cart:1", {A: 5, B: 2})

    (shortage,) = refused.value.shortages
    assert (shortage.sku, shortage.location, shortage.asked) == (B.sku, B.location, 2)
    assert shortage.available == 1
    assert await free(store, A, B) == {A: 5, B: 1}


async def test_a_hold_counts_until_it_expires_whoever_sweeps(store: Store) -> None:
    await record(store, level(A, 2))
    await place(store, "cart:1", {A: 2})

    assert await free(store, A) == {A: 0}
    assert await free(store, A, at=NOON + MINUTE) == {A: 2}
    await place(store, "cart:2", {A: 2}, at=NOON + MINUTE)


async def test_a_holder_is_not_blocked_by_its_own_hold(store: Store) -> None:
    await record(store, level(A, 2), level(B, 1))
    first = await place(store, "cart:1", {A: 2})
    second = await place(store, "cart:1", {A: 1, B: 1})

    assert await free(store, A, B, holder="cart:1") == {A: 2, B: 1}
    assert await free(store, A, B) == {A: 1, B: 0}
    assert second.fence > first.fence


async def test_a_hold_that_cannot_be_changed_stays_as_it_was(store: Store) -> None:
    await record(store, level(A, 2))
    hold = await place(store, "cart:1", {A: 1})
    with pytest.raises(InsufficientStock):
        await place(store, "cart:1", {A: 3})

    assert await free(store, A) == {A: 1}
    assert await commit(store, hold, "T-1") == {A: 1}


async def test_committed_units_are_allocated_until_the_upstream_knows_of_them(
    store: Store,
) -> None:
    await record(store, level(A, 5))
    await commit(store, await place(store, "cart:1", {A: 2}), "T-1")
    assert await free(store, A, at=NOON + 9 * MINUTE) == {A: 3}

    await store.act(partial(ledger.known, order="T-1", since=NOON + MINUTE), now=NOON)
    assert await free(store, A) == {A: 3}  # the level we have is from before that
    await record(store, level(A, 5, reserved=2, as_of=NOON + MINUTE))
    assert await free(store, A) == {A: 3}


async def test_what_is_given_back_can_be_sold_again(store: Store) -> None:
    await record(store, level(A, 2))
    await commit(store, await place(store, "cart:1", {A: 2}), "T-1")

    assert await store.act(partial(ledger.give_back, order="T-1"), now=NOON)
    assert await free(store, A) == {A: 2}
    assert not await store.act(partial(ledger.give_back, order="T-1"), now=NOON)


async def test_a_late_or_foreign_fence_is_refused(store: Store) -> None:
    await record(store, level(A, 2))
    first = await place(store, "cart:1", {A: 1})
    await place(store, "cart:1", {A: 2})

    with pytest.raises(HoldSuperseded):
        await commit(store, first, "T-1")
    with pytest.raises(HoldSuperseded):
        await store.act(lambda work: ledger.commit(work, "nobody", 1, "T-1"), now=NOON)


async def test_an_expired_hold_is_refused_and_allocates_nothing(store: Store) -> None:
    await record(store, level(A, 2))
    hold = await place(store, "cart:1", {A: 2})

    with pytest.raises(HoldExpired):
        await commit(store, hold, "T-1", at=NOON + MINUTE)
    assert await free(store, A, at=NOON + MINUTE) == {A: 2}


async def test_a_hold_is_committed_once(store: Store) -> None:
    await record(store, level(A, 2))
    hold = await place(store, "cart:1", {A: 1})
    await commit(store, hold, "T-1")

    with pytest.raises(HoldSuperseded):
        await commit(store, hold, "T-2")
    assert await free(store, A) == {A: 1}


async def test_a_released_hold_holds_nothing_and_cannot_be_committed(store: Store) -> None:
    await record(store, level(A, 2))
    hold = await place(store, "cart:1", {A: 2})

    assert await store.act(partial(ledger.release, holder="cart:1"), now=NOON)
    assert await free(store, A) == {A: 2}
    with pytest.raises(HoldSuperseded):
        await commit(store, hold, "T-1")
    assert not await store.act(partial(ledger.release, holder="cart:1"), now=NOON)


async def test_a_clock_that_is_behind_cannot_commit_what_another_has_sold(store: Store) -> None:
    """One process sees the hold expire and sells its units; the other's clock says it is alive."""
    await record(store, level(A, 2))
    hold = await place(store, "cart:1", {A: 2})
    later = await place(store, "cart:2", {A: 2}, at=NOON + MINUTE, ttl=MINUTE)

    with pytest.raises(InsufficientStock):
        await commit(store, hold, "T-1", at=NOON + MINUTE - timedelta(milliseconds=1))
    assert await commit(store, later, "T-2", at=NOON + MINUTE) == {A: 2}


async def test_a_flash_sale_sells_exactly_what_there_is(store: Store) -> None:
    """Many buyers at once of many things of which there are two each: two are sold of each."""
    spots = [Spot(Sku(f"S{n}"), LocationCode("ST-1")) for n in range(15)]
    await record(store, *(level(spot, 2) for spot in spots))

    room = asyncio.Semaphore(40)  # more than the database has connections for

    async def buy(spot: Spot, buyer: int) -> bool:
        async with room:
            try:
                hold = await place(store, f"cart:{spot.sku}:{buyer}", {spot: 1})
            except InsufficientStock:
                return False
            await commit(store, hold, f"T-{spot.sku}-{buyer}")
            return True

    bought = await asyncio.gather(*(buy(spot, buyer) for buyer in range(8) for spot in spots))

    assert sum(bought) == 2 * len(spots)
    assert set((await free(store, *spots)).values()) == {0}


async def test_carts_that_want_the_same_things_in_other_orders_do_not_wait_for_ever(
    store: Store,
) -> None:
    spots = [Spot(Sku(f"S{n}"), LocationCode("ST-1")) for n in range(8)]
    await record(store, *(level(spot, 100) for spot in spots))

    async def churn(buyer: int) -> None:
        for turn in range(10):
            wanted = spots[buyer % 8 :] + spots[: buyer % 8]
            if turn % 2:
                wanted.reverse()
            await place(store, f"cart:{buyer}", dict.fromkeys(wanted, 1))

    await asyncio.wait_for(asyncio.gather(*(churn(buyer) for buyer in range(12))), 60)

    assert set((await free(store, *spots)).values()) == {88}


def test_an_instant_without_a_zone_is_refused() -> None:
    from app.store.instants import Instant  # noqa: PLC0415

    with pytest.raises(ValueError, match="zone"):
        Instant().process_bind_param(datetime(2026, 1, 1), None)  # noqa: DTZ001
    assert Instant().process_result_value(datetime(2026, 1, 1), None) == datetime(  # noqa: DTZ001
        2026, 1, 1, tzinfo=UTC
    )
