"""A bundle that is refused goes elsewhere whole, and the work on it with it, whoever dies."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from app.availability import ledger
from app.availability.model import Spot
from app.availability.slots import Slot, Taking
from app.availability.tables import slot_places
from app.orders.model import (
    CancelReason,
    Handing,
    HandingState,
    Order,
    OrderState,
    demand_of,
    share,
)
from app.orders.replacing import lines_of, parts
from app.orders.sourcing import MOST_ATTEMPTS, Found, Wanted
from app.orders.turns import LEASE
from app.ports import BundleComponent, SoldLine
from app.store import Store, Work
from app.values import Discount, LocationCode, Sku
from tests.orders.test_sourcing import (
    ACTS,
    BUSY,
    MANY,
    Died,
    allocated,
    books,
    mortal,
    nothing,
    sold_out,
    told,
    upstream,
)
from tests.orders.test_sourcing import parts as states
from tests.orders.world import NOON, PLACES, World, a_purchase, euro, opened, other

SHOP, DC = LocationCode(PLACES["shop"]), LocationCode(PLACES["dc"])
SET, PLATES, GLASSES = Sku("SET20001"), Sku("PLT1269-OLV"), Sku("GLS1273-BRN")
MADE_OF = (BundleComponent(PLATES, 2), BundleComponent(GLASSES, 1))
TEN = int(NOON.timestamp())
HERE, THERE, THEN = Slot(SHOP, TEN), Slot(DC, TEN), Slot(DC, TEN + 3600)
PACKED, PICKED = Taking(3, frozenset({SHOP})), Taking(1, frozenset({DC}))
UNITS = {Spot(PLATES, SHOP): 5, Spot(GLASSES, SHOP): 2}  # of two sets, and a plate beside
MOVED = {spot._replace(location=DC): units for spot, units in UNITS.items()}
OFF = Discount("a-tenth", euro("4.01"))
TAKEN, REPLACED = HandingState.TAKEN, HandingState.REPLACED


@dataclass
class Warehouse:
    """Knows that the warehouse has all of it, and when it has the time."""

    slots: Mapping[Slot, Taking]
    meanwhile: Callable[[], Awaitable[object]] = nothing
    asked: int = 0

    async def find(self, wanted: Wanted) -> Found | None:
        self.asked += 1
        assert wanted.units == {SET: 2, PLATES: 1}
        assert wanted.made_of == {SET: MADE_OF}
        assert {sku: set(sinks) for sku, sinks in wanted.barred.items()} == {
            SET: {"shop"},
            PLATES: {"shop"},
        }
        found = Found(demand={Spot(SET, DC): 2, Spot(PLATES, DC): 1}, slots=self.slots)
        await self.meanwhile()
        return found


def the_warehouse() -> Warehouse:
    return Warehouse({THERE: PICKED, THEN: PICKED})


async def places(world: World) -> dict[str, set[tuple[Slot, str]]]:
    def question(connection: Connection) -> dict[str, set[tuple[Slot, str]]]:
        found: dict[str, set[tuple[Slot, str]]] = {}
        for row in connection.execute(select(slot_places)):
            slot = Slot(LocationCode(row.location), row.begins)
            found.setdefault(row.owner, set()).add((slot, row.origin))
        return found

    return await world.store.read(question)


async def placed(world: World) -> Order:
    """Two sets and a plate, of which the shop has no plates any more."""
    await world.stock(*UNITS, *MOVED, on_hand=MANY)
    sold_out(world, "shop", Spot(PLATES, SHOP))

    def hold(work: Work) -> ledger.Hold:
        until = NOON + timedelta(minutes=15)
        return ledger.place(work, "cart:a", UNITS, until=until, slots={HERE: PACKED})

    held = await world.store.act(hold, now=NOON)
    lines = (
        SoldLine(
            sku=SET,
            quantity=2,
            unit_price=euro("20.00"),
            location=SHOP,
            components=MADE_OF,
            discounts=(OFF,),
        ),
        SoldLine(sku=PLATES, quantity=1, unit_price=euro("7.00"), location=SHOP),
    )
    return (await world.service.place(other(a_purchase("a", held), lines=lines))).order


async def crowd(world: World, slot: Slot) -> None:
    """Somebody else takes the last place in a slot."""
    lone = Spot(GLASSES, DC)
    change = partial(
        ledger.place,
        holder="cart:other",
        demand={lone: 1},
        until=NOON + timedelta(minutes=15),
        slots={slot: PICKED},
    )
    await world.store.act(change, now=NOON)


async def test_a_bundle_is_sourced_again_by_what_it_is_made_of(store: Store) -> None:
    async with opened(store, finder=the_warehouse(), patience=BUSY) as world:
        before = await placed(world)
        order = await world.worked(before)

        assert order.state is OrderState.SOURCED
        assert states(order) == [("shop", 1, REPLACED), ("dc", 2, TAKEN)]
        assert {line.sku: line for line in order.lines} == {
            line.sku: replace(line, location=DC) for line in before.lines
        }
        assert share(order, order.handings[-1]).total == order.total == before.total
        assert order.total.amount == Decimal("47.99")  # two of 20.00 less 4.01, 7.00, and 5.00
        assert await allocated(world) == MOVED
        assert [await world.sellable(one) for one in UNITS] == [MANY, MANY]
        [taken] = upstream(world, "dc").book.orders.values()
        assert {line.sku: line.pieces for line in taken.lines} == {PLATES: 5, GLASSES: 2}
        assert world.charges()[order.number][1] == order.total.amount


async def test_the_old_place_has_its_slots_back_and_the_new_one_has_the_work(store: Store) -> None:
    async with opened(store, finder=the_warehouse(), patience=BUSY) as world:
        before = await placed(world)
        assert await places(world) == {before.number: {(HERE, SHOP)}}
        await world.worked(before)

        assert await places(world) == {before.number: {(THERE, DC), (THEN, DC)}}
        seen = await told(world, "StockGivenBack", "StockAllocated")
        slots = [(kind, body["slots"]) for kind, body in seen]
        assert slots == [
            ("StockAllocated", [HERE._asdict()]),
            ("StockGivenBack", [HERE._asdict()]),
            ("StockAllocated", [THERE._asdict(), THEN._asdict()]),
        ]


async def test_a_slot_that_somebody_else_took_meanwhile_is_not_over_full(store: Store) -> None:
    warehouse = the_warehouse()
    async with opened(store, finder=warehouse, patience=BUSY) as world:
        before = await placed(world)

        async def faster() -> None:
            await crowd(world, THEN)
            warehouse.slots, warehouse.meanwhile = {THERE: PICKED}, nothing

        warehouse.meanwhile = faster
        order = await world.worked(before)

        assert order.state is OrderState.SOURCED
        assert warehouse.asked == 2
        assert await places(world) == {order.number: {(THERE, DC)}, "cart:other": {(THEN, DC)}}


async def test_where_others_are_always_faster_nothing_is_moved_by_halves(store: Store) -> None:
    async with opened(store, finder=the_warehouse(), patience=BUSY) as world:
        before = await placed(world)
        await crowd(world, THERE)
        order = await world.worked(before)

        assert order.state is OrderState.PLACED  # it is looked for again later
        assert states(order) == [("shop", 1, HandingState.REFUSED)]
        assert await allocated(world) == UNITS
        assert await places(world) == {order.number: {(HERE, SHOP)}, "cart:other": {(THERE, DC)}}

        await world.service.cancel(order.number, CancelReason.BUYER)
        await world.worked(order)
        assert await places(world) == {"cart:other": {(THERE, DC)}}


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("edge", ACTS)
async def test_whoever_dies_the_pieces_and_the_work_are_at_one_place(
    store: Store, edge: str, *, kept: bool
) -> None:
    async with opened(store, finder=the_warehouse(), patience=BUSY) as world:
        before = await placed(world)
        number = before.number
        with pytest.raises(Died):
            await mortal(world, acts=ACTS.index(edge) + 1, kept=kept).round()
        there = await places(world) == {number: {(THERE, DC), (THEN, DC)}}
        assert await allocated(world) == (MOVED if there else UNITS)
        assert there or await places(world) == {number: {(HERE, SHOP)}}
        world.clock.move(LEASE.total_seconds())
        order = await world.worked(before)

        assert (order.state, order.settled) == (OrderState.SOURCED, True)
        assert states(order) == [("shop", 1, REPLACED), ("dc", 2, TAKEN)]
        assert books(world) == {"shop": [], "dc": [(f"{number}-2", True)]}
        assert await allocated(world) == MOVED
        assert await places(world) == {number: {(THERE, DC), (THEN, DC)}}
        assert upstream(world, "payments").till.charges[number].captured == order.total.amount


WHERE = [LocationCode(f"WH-{number}") for number in range(4)]
KINDS: Mapping[Sku, tuple[BundleComponent, ...]] = {
    SET: MADE_OF,
    Sku("DUO"): MADE_OF[:1],
    PLATES: (),
}
LINES = st.dictionaries(
    st.tuples(st.sampled_from(list(KINDS)), st.sampled_from(WHERE)),
    st.integers(1, 7),
    min_size=1,
)


def a_line(sku: Sku, at: LocationCode, units: int, cents: int) -> SoldLine:
    """Something is off, at most all of it."""
    off = (Discount("off", euro(str(Decimal(cents) / 100))),) if cents else ()
    return SoldLine(
        sku=sku,
        quantity=units,
        unit_price=euro("3.33"),
        location=at,
        components=KINDS[sku],
        discounts=off,
    )


@given(LINES, st.data())
def test_pieces_and_money_are_the_same_however_often_they_go_elsewhere(
    lines: dict[tuple[Sku, LocationCode], int], data: Any
) -> None:
    sold = tuple(
        a_line(sku, at, units, data.draw(st.integers(0, 333 * units)))
        for (sku, at), units in lines.items()
    )
    refused = [Handing(sink="shop", state=HandingState.REFUSED, lines=sold, with_fee=True)]
    for _ in range(MOST_ATTEMPTS - 1):
        demand = scattered(lines_of(refused), data)
        refused = parts(refused, demand, route=lambda code: code[-1])
        now = lines_of(refused)

        assert {Spot(one.sku, one.location): one.quantity for one in now} == demand
        assert pieces(now) == pieces(sold)
        assert paid(now) == paid(sold)
        assert all(one.total.amount >= 0 for one in now)
        assert [one.with_fee for one in refused].count(True) == 1


def scattered(lines: list[SoldLine], data: Any) -> dict[Spot, int]:
    """Each unit anywhere."""
    demand: dict[Spot, int] = {}
    for line in lines:
        for _ in range(line.quantity):
            at = Spot(line.sku, data.draw(st.sampled_from(WHERE)))
            demand[at] = demand.get(at, 0) + 1
    return demand


def pieces(lines: Any) -> dict[Sku, int]:
    found: dict[Sku, int] = {}
    for spot, units in demand_of(lines).items():
        found[spot.sku] = found.get(spot.sku, 0) + units
    return found


def paid(lines: Any) -> dict[Sku, Decimal]:
    found: dict[Sku, Decimal] = {}
    for line in lines:
        found[line.sku] = found.get(line.sku, Decimal(0)) + line.total.amount
    return found
