"""Places in slots of work go with the units of a hold, and no slot takes more than it takes."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select

from app.availability import ledger, slot_rows
from app.availability.ledger import Hold
from app.availability.model import Spot
from app.availability.promised import Promised
from app.availability.refusals import HoldExpired, HoldSuperseded, InsufficientStock, SlotsFull
from app.availability.slots import Place, Slot, SlotsTaken, Taking
from app.availability.tables import slot_places, slots
from app.carts.sweeping import sweep
from app.ports import StockLevel
from app.store import Store, Work
from app.store.log import since
from app.upstream.report import Report
from app.values import LocationCode, Sku
from tests.builders import NOON

MILAN, ROME = LocationCode("ST-MIL"), LocationCode("ST-ROM")
SHIRT = Spot(Sku("SHIRT"), MILAN)
TEN = int(NOON.timestamp())
EARLY, LATE, THERE = Slot(MILAN, TEN), Slot(MILAN, TEN + 3600), Slot(ROME, TEN)
MINUTE = timedelta(minutes=1)


async def stocked(store: Store, units: int = 1_000) -> None:
    level = StockLevel(sku=SHIRT.sku, location=MILAN, on_hand=units, as_of=NOON)
    await store.act(partial(ledger.record, source="tills", levels=[level]), now=NOON)


def own(room: Mapping[Slot, int]) -> dict[Slot, Taking]:
    """Slots that are taken for goods of their own locations."""
    return {slot: Taking(most, frozenset({slot.location})) for slot, most in room.items()}


async def hold(store: Store, holder: str, room: Mapping[Slot, int], *, at: datetime = NOON) -> Hold:
    places = own(room)
    change = partial(
        ledger.place, holder=holder, demand={SHIRT: 1}, until=at + MINUTE, slots=places
    )
    return await store.act(change, now=at)


async def order(store: Store, hold: Hold, number: str, *, at: datetime = NOON) -> None:
    change = partial(ledger.commit, holder=hold.holder, fence=hold.fence, order=number)
    await store.act(change, now=at)


async def again(store: Store, number: str, slot: Slot, *, at: datetime = NOON) -> None:
    """An order's units are sourced again at the same place, and worked on in another slot, too."""
    room = {slot: Taking(9, frozenset({MILAN, ROME}))}

    def change(work: Work) -> None:
        ledger.move(work, number, {SHIRT: 1}, {SHIRT: 1}, slots=room)

    await store.act(change, now=at)


async def taken(store: Store, *, at: datetime = NOON) -> dict[Slot, int]:
    every = [EARLY, LATE, THERE]
    return await store.read(partial(slot_rows.others, among=every, now=at, owner="nobody"))


async def test_a_slot_takes_so_many_orders_and_no_more(store: Store) -> None:
    await stocked(store)
    await hold(store, "cart:1", {EARLY: 2})
    await hold(store, "cart:2", {EARLY: 2, LATE: 1})

    with pytest.raises(SlotsFull):
        await hold(store, "cart:3", {EARLY: 2, THERE: 1})
    with pytest.raises(SlotsFull):
        await hold(store, "cart:3", {LATE: 1, THERE: 1})
    assert await taken(store) == {EARLY: 2, LATE: 1}


async def test_who_finds_no_room_holds_no_units_and_keeps_what_it_held(store: Store) -> None:
    await stocked(store, 5)
    await hold(store, "cart:1", {EARLY: 1})
    before = await hold(store, "cart:2", {LATE: 1})

    with pytest.raises(SlotsFull):
        await hold(store, "cart:2", {EARLY: 1})
    free = await store.read(partial(ledger.sellable, spots=[SHIRT], now=NOON))
    assert free == {SHIRT: 3}
    await order(store, before, "T-1")
    assert await taken(store) == {EARLY: 1, LATE: 1}


async def test_who_has_no_units_takes_no_place(store: Store) -> None:
    await stocked(store, 0)

    with pytest.raises(InsufficientStock):
        await hold(store, "cart:1", {EARLY: 1})
    assert await taken(store) == {}


async def test_a_holder_has_its_own_place_already(store: Store) -> None:
    await stocked(store)
    await hold(store, "cart:1", {EARLY: 1, LATE: 1})

    await hold(store, "cart:1", {EARLY: 1})
    assert await taken(store) == {EARLY: 1}


async def test_a_place_is_free_once_its_hold_ran_out_whoever_sweeps(store: Store) -> None:
    await stocked(store)
    late = await hold(store, "cart:1", {EARLY: 1})

    assert await taken(store, at=NOON + MINUTE) == {}
    await hold(store, "cart:2", {EARLY: 1}, at=NOON + MINUTE)
    # Its clock is behind: to it the hold is alive, and its place is somebody else's.
    with pytest.raises(HoldExpired):
        await order(store, late, "T-1", at=NOON + MINUTE - timedelta(milliseconds=1))
    assert await taken(store, at=NOON + MINUTE) == {EARLY: 1}


async def test_a_place_goes_the_way_of_its_units(store: Store) -> None:
    await stocked(store)
    await hold(store, "cart:1", {EARLY: 1})
    await store.act(partial(ledger.release, holder="cart:1"), now=NOON)
    assert await taken(store) == {}

    await order(store, await hold(store, "cart:2", {EARLY: 1}), "T-1")
    assert await taken(store, at=NOON + timedelta(days=1)) == {EARLY: 1}  # for good
    with pytest.raises(SlotsFull):
        await hold(store, "cart:3", {EARLY: 1}, at=NOON + MINUTE)
    await store.act(partial(ledger.give_back, order="T-1"), now=NOON)
    assert await taken(store) == {}


async def test_facts_tell_of_places(store: Store) -> None:
    await stocked(store)
    await order(store, await hold(store, "cart:1", {LATE: 1, EARLY: 1}), "T-1")

    kinds = {"HoldPlaced", "StockAllocated"}
    told = await store.read(lambda db: [one.fact.body["slots"] for one in since(db, 0, kinds)])
    assert told == [[{"location": MILAN, "begins": at} for at in (TEN, TEN + 3600)]] * 2


async def test_a_limit_that_was_lowered_breaks_no_hold(store: Store) -> None:
    await stocked(store)
    first, second = [await hold(store, f"cart:{n}", {EARLY: 2}) for n in range(2)]

    with pytest.raises(SlotsFull):
        await hold(store, "cart:3", {EARLY: 1})
    await order(store, first, "T-1")
    await order(store, second, "T-2")
    assert await taken(store) == {EARLY: 2}


async def test_what_is_past_is_swept(store: Store) -> None:
    await stocked(store)
    await order(store, await hold(store, "cart:1", {EARLY: 1}), "T-1")
    await hold(store, "cart:2", {LATE: 1})

    async def rows() -> tuple[int, int]:
        def counted(connection: Any) -> tuple[int, int]:
            both = (select(func.count()).select_from(table) for table in (slots, slot_places))
            places, orders = (connection.execute(one).scalar_one() for one in both)
            return places, orders

        return await store.read(counted)

    await store.act(sweep, now=NOON + timedelta(hours=23))
    assert await rows() == (2, 2)
    await store.act(sweep, now=NOON + timedelta(days=1))
    assert await rows() == (1, 1)
    await store.act(sweep, now=NOON + timedelta(days=1, hours=1))
    assert await rows() == (0, 0)


async def wanted_at_once(store: Store) -> dict[Slot, int]:
    """What is taken after thirty at once wanted places in slots of three, in any order."""
    await stocked(store)
    room = [{EARLY: 3, LATE: 3}, {LATE: 3, THERE: 3}, {THERE: 3, EARLY: 3}]

    async def wants(buyer: int) -> None:
        with suppress(SlotsFull):
            await hold(store, f"cart:{buyer}", dict(reversed(room[buyer % 3].items())))

    await asyncio.gather(*(wants(buyer) for buyer in range(30)))
    return await taken(store)


async def test_at_once_nobody_waits_in_a_circle_and_no_slot_is_over_full(store: Store) -> None:
    found = await wanted_at_once(store)

    assert max(found.values()) == 3
    assert sum(found.values()) >= 6  # each has two places: no third slot is left for another pair


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_without_the_lock_a_slot_is_over_full(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = ledger.sellable  # it would keep them apart by the units

    def unlocked(connection: Any, spots: Any, **more: Any) -> Any:
        return level(connection, spots, **more | {"locked": False})

    monkeypatch.setattr(ledger, "sellable", unlocked)
    assert max((await wanted_at_once(store)).values()) == 3
    await store.act(lambda work: slot_rows.drop(work.connection, *_carts()), now=NOON)
    monkeypatch.setattr(slot_rows, "lock", lambda _connection, _wanted: None)

    assert max((await wanted_at_once(store)).values()) > 3


def _carts() -> list[str]:
    return [f"cart:{buyer}" for buyer in range(30)]


class Ticking:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.parametrize("seed", range(4))
async def test_every_process_knows_what_the_store_says(store: Store, seed: int) -> None:
    dice, now = Random(seed), Ticking()
    await stocked(store)
    followers = [Promised(store, now=now, every=timedelta()) for _ in range(2)]
    holds: dict[str, Hold] = {}
    orders: list[str] = []
    known: dict[int, Any] = {}
    for step in range(50):
        holder = f"cart:{dice.randrange(4)}"
        match dice.randrange(7):
            case 0 | 1:
                room = {one: 3 for one in (EARLY, LATE, THERE) if dice.random() < 0.6}
                with suppress(SlotsFull):
                    holds[holder] = await hold(store, holder, room, at=now.now)
            case 2:
                await store.act(partial(ledger.release, holder=holder), now=now.now)
            case 3 if holder in holds:
                with suppress(HoldExpired, HoldSuperseded):
                    await order(store, holds.pop(holder), f"T-{step}", at=now.now)
                    orders.append(f"T-{step}")
            case 4 if orders:
                given = orders.pop(dice.randrange(len(orders)))
                await store.act(partial(ledger.give_back, order=given), now=now.now)
            case 5 if orders:
                await again(store, dice.choice(orders), dice.choice([EARLY, THERE]), at=now.now)
            case 6:
                now.now += timedelta(seconds=dice.randint(1, 40))
        followers[dice.randrange(2)].changed()
        for one in followers:
            await one.of([SHIRT.sku], holder=None, report=Report())
            said = {at: dict(one.slots.taken(at)) for at in (MILAN, ROME)}
            rows = await taken(store, at=now.now)
            assert {Slot(at, b): n for at, of in said.items() for b, n in of.items()} == rows
            its = await store.read(
                partial(slot_rows.others, among=[EARLY, LATE], now=now.now, owner="cart:0")
            )
            mine = one.slots.taken(MILAN, holder="cart:0")
            assert {Slot(MILAN, b): n for b, n in mine.items() if n} == its
        edition = followers[0].slots.edition
        assert known.setdefault(edition, followers[0].slots.taken(MILAN)) == followers[
            0
        ].slots.taken(MILAN)


def test_the_edition_changes_when_a_hold_runs_out() -> None:
    now = Ticking()
    book = SlotsTaken(now)
    book.replace(["cart:1"], [Place("cart:1", EARLY, NOON + MINUTE), Place("T-1", LATE)])
    before = book.edition
    assert (book.taken(MILAN), book.has("cart:1")) == ({TEN: 1, TEN + 3600: 1}, True)
    assert book.edition == before

    now.now += MINUTE
    assert book.edition != before
    assert (book.taken(MILAN), book.has("cart:1")) == ({TEN + 3600: 1}, False)
    book.drop_past(NOON + timedelta(hours=1))
    assert book.taken(MILAN) == {}


def test_a_hold_that_was_placed_anew_does_not_end_with_the_first() -> None:
    now = Ticking()
    book = SlotsTaken(now)
    book.replace(["cart:1"], [Place("cart:1", EARLY, NOON + MINUTE)])
    book.replace(["cart:1"], [Place("cart:1", EARLY, NOON + 2 * MINUTE)])

    now.now += MINUTE
    assert book.taken(MILAN) == {TEN: 1}
    book.replace(None, [Place("T-1", THERE)])
    assert (book.taken(MILAN), book.taken(ROME)) == ({}, {TEN: 1})
