"""A part that its upstream refuses is carried out by another, once, whoever dies meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, select

from app.availability import ledger
from app.availability.model import Spot
from app.availability.refusals import InsufficientStock
from app.availability.tables import allocations
from app.orders.model import CancelReason, HandingState, Order, OrderState, share
from app.orders.sourcing import MOST_ATTEMPTS, MOST_WAITS, Found, NotKnownError, Wanted
from app.orders.turns import LEASE, Turns
from app.orders.working import OrderWorker
from app.ports import Promised
from app.principals.model import THE_HOUSE
from app.store import Store, Work
from app.store.tables import facts
from app.values import LocationCode, Sku
from connectors.sandbox.faults import Fault
from connectors.sandbox.retailer.orders import Line
from tests.orders.world import NOON, PLACES, World, opened, other, spot

BUSY = timedelta(seconds=20)  # how busy the machine is, is no matter
MANY = 10  # on hand, as far as we know
AT_SHOP = Spot(spot("dc").sku, LocationCode(PLACES["shop"]))
AT_DC = AT_SHOP._replace(location=LocationCode(PLACES["dc"]))
BESIDE = spot("dc", 1)  # what the warehouse has of something else
TAKEN, REPLACED, REFUSED = HandingState.TAKEN, HandingState.REPLACED, HandingState.REFUSED
LATER = Promised(earliest=NOON + timedelta(days=5), latest=NOON + timedelta(days=6))
PROMISED = Promised(earliest=NOON + timedelta(days=1), latest=NOON + timedelta(days=2))


async def nothing() -> None:
    return None


@dataclass
class Shelves:
    """Finds units where the ledger has them; `meanwhile` happens after they were found."""

    store: Store
    silent: bool = False
    everywhere: bool = False  # at sinks that have refused, too
    expected: Promised | None = None
    meanwhile: Callable[[], Awaitable[object]] = nothing
    asked: int = 0

    async def find(self, wanted: Wanted) -> Found | None:
        self.asked += 1
        if self.silent:
            raise NotKnownError
        demand: dict[Spot, int] = {}
        for sku, units in wanted.units.items():
            barred = () if self.everywhere else wanted.barred[sku]
            spots = [
                Spot(sku, LocationCode(place))
                for sink, place in PLACES.items()
                if sink not in barred
            ]
            free = await self.store.read(partial(ledger.sellable, spots=spots, now=NOON))
            best = max(spots, key=lambda one: free.get(one, 0), default=None)
            if best is None or free.get(best, 0) < units:
                return None
            demand[best] = units
        await self.meanwhile()
        return Found(demand=demand, expected=self.expected)


def sold_out(world: World, sink: str, at: Spot) -> None:
    """Somebody has bought the last pieces in the system itself, and we do not know."""
    book = upstream(world, sink).book
    left = book.left(at.sku, at.location) - book.kept(at.sku, at.location, NOON)
    book.take(f"walk-in at {sink}", (Line(at.sku, at.location, left),), {})


def upstream(world: World, sink: str) -> Any:
    served: Any = world.systems[sink].served
    return served.state


def books(world: World) -> dict[str, list[tuple[str, bool]]]:
    """Our orders in the upstreams: their keys, and whether they are carried out."""
    return {
        sink: [one for one in world.book(sink) if not one[0].startswith("walk-in")]
        for sink in PLACES
    }


def parts(order: Order) -> list[tuple[str, int, HandingState]]:
    return [(one.sink, one.attempt, one.state) for one in order.handings]


async def allocated(world: World) -> Mapping[Spot, int]:
    def question(connection: Connection) -> dict[Spot, int]:
        rows = connection.execute(select(allocations))
        return {Spot(Sku(row.sku), LocationCode(row.location)): row.quantity for row in rows}

    return await world.store.read(question)


async def told(world: World, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    def question(connection: Connection) -> list[tuple[str, dict[str, Any]]]:
        rows = connection.execute(select(facts.c.kind, facts.c.body).order_by(facts.c.seq))
        return [(row.kind, row.body) for row in rows if row.kind in kinds]

    return await world.store.read(question)


async def refused_by_the_shop(world: World, *more: Spot) -> Order:
    """An order whose part at the shop will be refused."""
    await world.stock(AT_SHOP, AT_DC, BESIDE, on_hand=MANY)
    sold_out(world, "shop", AT_SHOP)
    return (await world.place("a", AT_SHOP, *more)).order


async def test_another_carries_out_what_was_refused_under_a_key_of_its_own(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        placed = await refused_by_the_shop(world)
        order = await world.worked(placed)

        assert order.state is OrderState.SOURCED
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 2, TAKEN)]
        assert books(world) == {"shop": [], "dc": [(f"{order.number}-2", True)]}
        assert [(one.sku, one.location, one.quantity) for one in order.lines] == [(*AT_DC, 1)]
        assert await allocated(world) == {AT_DC: 1}
        assert await world.sellable(AT_SHOP) == MANY
        assert await world.sellable(AT_DC) == MANY - 1
        assert order.total == placed.total
        assert world.charges() == {order.number: ("authorised", Decimal("25.00"), Decimal(0))}


async def test_its_facts_tell_what_went_where(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.worked(await refused_by_the_shop(world))
        kinds = ("HandingRefused", "HandingReplaced", "HandingSourced", "HandingTaken")
        seen = await told(world, *kinds, "StockGivenBack", "StockAllocated", "OrderDelayed")

    line = {"sku": AT_SHOP.sku, "quantity": 1}
    was, now = {**line, "location": AT_SHOP.location}, {**line, "location": AT_DC.location}
    assert [kind for kind, _ in seen] == [
        "StockAllocated",
        "HandingRefused",
        "StockGivenBack",
        "StockAllocated",
        "HandingReplaced",
        "HandingSourced",
        "HandingTaken",
    ]
    assert seen[2][1] == {"lines": [was], "slots": []}
    assert seen[3][1] == {"lines": [now], "slots": []}
    assert seen[5][1] == {"state": "PLACED", "sink": "dc", "attempt": 2, "lines": [now]}


async def test_the_other_parts_stay_and_the_fee_goes_with_one_of_them_once(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        order = await world.worked(await refused_by_the_shop(world, BESIDE))
        number = order.number

        assert order.state is OrderState.SOURCED
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 1, TAKEN), ("dc", 2, TAKEN)]
        shares = [share(order, one) for one in order.handings if one.live]
        assert [(one.key, one.delivery.amount, one.total.amount) for one in shares] == [
            (number, Decimal(0), Decimal("20.00")),
            (f"{number}-2", Decimal("5.00"), Decimal("25.00")),
        ]
        assert order.total.amount == Decimal("45.00")
        assert await allocated(world) == {AT_DC: 1, BESIDE: 1}

        await world.service.cancel(number, CancelReason.BUYER)
        order = await world.worked(order)
        assert order.state is OrderState.CANCELLED
        assert books(world) == {"shop": [], "dc": [(number, False), (f"{number}-2", False)]}
        assert await allocated(world) == {}


async def test_units_of_two_parts_at_one_spot_are_allocated_together(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        order = await world.worked(await refused_by_the_shop(world, AT_DC))

        assert order.state is OrderState.SOURCED
        assert [(one.location, one.quantity) for one in order.lines] == [(AT_DC.location, 1)] * 2
        assert await allocated(world) == {AT_DC: 2}
        assert await world.sellable(AT_DC) == MANY - 2


async def test_what_everybody_refuses_ends_the_order(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        placed = await refused_by_the_shop(world)
        sold_out(world, "dc", AT_DC)
        order = await world.worked(placed)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.REFUSED_UPSTREAM)
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 2, REFUSED)]
        assert books(world) == {"shop": [], "dc": []}
        assert await allocated(world) == {}
        assert world.charges() == {order.number: ("voided", Decimal(0), Decimal(0))}


async def test_it_is_sourced_again_a_few_times_only(store: Store) -> None:
    shelves = Shelves(store, everywhere=True)
    async with opened(store, finder=shelves, patience=BUSY) as world:
        placed = await refused_by_the_shop(world)
        sold_out(world, "dc", AT_DC)
        order = await world.worked(placed)

        assert order.state is OrderState.CANCELLED
        assert [one.attempt for one in order.handings] == list(range(1, MOST_ATTEMPTS + 1))
        assert shelves.asked == MOST_ATTEMPTS - 1


async def test_while_somebody_is_silent_it_is_asked_again(store: Store) -> None:
    shelves = Shelves(store, silent=True)
    async with opened(store, finder=shelves, patience=BUSY) as world:
        order = await world.worked(await refused_by_the_shop(world))
        assert order.state is OrderState.PLACED
        assert parts(order) == [("shop", 1, REFUSED)]

        shelves.silent = False
        world.clock.move(1)
        assert (await world.worked(order)).state is OrderState.SOURCED


async def test_who_stays_silent_is_not_waited_for_for_ever(store: Store) -> None:
    shelves = Shelves(store, silent=True)
    async with opened(store, finder=shelves, patience=BUSY) as world:
        order = await world.worked(await refused_by_the_shop(world))
        while (order := await world.worked(order)).state is OrderState.PLACED:
            world.clock.move(300)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.REFUSED_UPSTREAM)
        assert shelves.asked == MOST_WAITS + 1


async def test_units_that_somebody_else_took_meanwhile_are_not_sold_twice(store: Store) -> None:
    shelves = Shelves(store)
    async with opened(store, finder=shelves, patience=BUSY) as world:
        order = await refused_by_the_shop(world)

        async def faster() -> None:
            shelves.meanwhile = nothing
            await world.held("somebody else", AT_DC, quantity=MANY)

        shelves.meanwhile = faster
        order = await world.worked(order)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.REFUSED_UPSTREAM)
        assert shelves.asked == 2
        assert await world.sellable(AT_DC) == 0
        assert await world.sellable(AT_SHOP) == MANY


async def test_an_order_that_is_cancelled_meanwhile_goes_nowhere_else(store: Store) -> None:
    shelves = Shelves(store)
    async with opened(store, finder=shelves, patience=BUSY) as world:
        order = await refused_by_the_shop(world)
        shelves.meanwhile = lambda: world.service.cancel(order.number, CancelReason.BUYER)
        order = await world.worked(order)

        assert (order.state, order.reason) == (OrderState.CANCELLED, CancelReason.BUYER)
        assert parts(order) == [("shop", 1, REFUSED)]
        assert books(world) == {"shop": [], "dc": []}
        assert await allocated(world) == {}


async def test_what_is_there_in_time_only_later_is_told_once(store: Store) -> None:
    async with opened(store, finder=Shelves(store, expected=LATER)) as world:
        await world.stock(AT_SHOP, AT_DC, on_hand=MANY)
        sold_out(world, "shop", AT_SHOP)
        purchase = other(await world.purchase("a", AT_SHOP), promised=PROMISED)
        placed = (await world.service.place(purchase)).order
        order = await world.worked(placed)

        assert (placed.late, placed.expected) == (False, PROMISED)
        assert (order.late, order.promised, order.expected) == (True, PROMISED, LATER)
        times = {"promised": PROMISED.latest.isoformat(), "expected": LATER.latest.isoformat()}
        assert await told(world, "OrderDelayed") == [("OrderDelayed", {"state": "PLACED", **times})]
        [carried] = upstream(world, "dc").book.orders.values()
        assert LATER.latest.strftime("%Y-%m-%dT%H:%M:%S") in str(carried.told)


async def test_what_was_cancelled_before_it_was_asked_about_goes_elsewhere(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        await world.stock(AT_SHOP, AT_DC, on_hand=MANY)
        placed = (await world.place("a", AT_SHOP)).order
        world.systems["shop"].break_with(Fault(kind="cut", times=2))  # it happens, untold
        order = await world.worked(placed)
        assert parts(order) == [("shop", 1, HandingState.UNSURE)]
        upstream(world, "shop").book.cancel(order.number)  # by the shop's own staff
        world.clock.move(1)
        order = await world.worked(order)

        assert order.state is OrderState.SOURCED
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 2, TAKEN)]
        assert books(world) == {
            "shop": [(order.number, False)],
            "dc": [(f"{order.number}-2", True)],
        }
        assert await allocated(world) == {AT_DC: 1}


async def test_an_answer_that_is_lost_is_found_by_the_key_of_the_attempt(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        placed = await refused_by_the_shop(world)
        world.systems["dc"].break_with(Fault(kind="cut", times=2))
        order = await world.worked(placed)
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 2, HandingState.UNSURE)]
        world.clock.move(1)
        order = await world.worked(order)

        assert order.state is OrderState.SOURCED
        assert books(world)["dc"] == [(f"{order.number}-2", True)]


class Died(BaseException):
    """The process is gone."""


@dataclass
class Mortal:
    """A store whose process dies at its nth act: just before it, or once it is kept."""

    store: Store
    acts: int
    kept: bool

    async def read(self, question: Any) -> Any:
        return await self.store.read(question)

    async def act(self, change: Any, *, now: datetime) -> Any:
        self.acts -= 1
        if self.acts == 0 and not self.kept:
            raise Died
        done = await self.store.act(change, now=now)
        if self.acts == 0:
            raise Died
        return done


def mortal(world: World, *, acts: int, kept: bool) -> OrderWorker:
    """A worker of a process that dies."""
    store: Any = Mortal(world.store, acts, kept)
    turns: Turns = replace(world.turns, store=store)
    steps = replace(
        world.steps,
        turns=turns,
        charging=replace(world.steps.charging, turns=turns),
        sourcing=replace(world.steps.sourcing, turns=turns),
    )
    return OrderWorker(turns=turns, steps=steps)


ACTS = ("the lease", "refused", "sourced", "about to be told", "taken", "captured")


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("edge", ACTS)
async def test_whoever_dies_at_any_edge_the_next_goes_on(
    store: Store, edge: str, *, kept: bool
) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        placed = await refused_by_the_shop(world, BESIDE)
        number = placed.number
        with pytest.raises(Died):
            await mortal(world, acts=ACTS.index(edge) + 1, kept=kept).round()
        world.clock.move(LEASE.total_seconds())
        order = await world.worked(placed)

        assert (order.state, order.settled) == (OrderState.SOURCED, True)
        assert parts(order) == [("shop", 1, REPLACED), ("dc", 1, TAKEN), ("dc", 2, TAKEN)]
        assert books(world) == {"shop": [], "dc": [(number, True), (f"{number}-2", True)]}
        assert await allocated(world) == {AT_DC: 1, BESIDE: 1}
        paid = order.total.amount
        assert upstream(world, "payments").till.charges[number].captured == paid


async def test_a_process_dies_at_no_other_edge(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        order = await refused_by_the_shop(world, BESIDE)
        await mortal(world, acts=len(ACTS) + 1, kept=True).round()
        assert (await world.service.find(order.number, by=THE_HOUSE)).settled


async def test_the_late_and_the_next_source_it_once(store: Store) -> None:
    async with opened(store, finder=Shelves(store), patience=BUSY) as world:
        placed = await refused_by_the_shop(world)
        [late] = await world.turns.due(5)
        world.clock.move(LEASE.total_seconds())
        [after] = await world.turns.due(5)
        await asyncio.gather(world.worker.taken(late), world.worker.taken(after))
        order = await world.worked(placed)

        assert parts(order) == [("shop", 1, REPLACED), ("dc", 2, TAKEN)]
        assert books(world) == {"shop": [], "dc": [(f"{order.number}-2", True)]}
        assert await allocated(world) == {AT_DC: 1}


async def test_moving_what_is_not_there_moves_nothing(store: Store) -> None:
    async with opened(store) as world:
        await world.stock(AT_SHOP, AT_DC, on_hand=MANY)
        order = (await world.place("a", AT_SHOP)).order

        def move(work: Work) -> None:
            ledger.move(work, order.number, {AT_SHOP: 1}, {AT_DC: MANY + 1})

        with pytest.raises(InsufficientStock):
            await store.act(move, now=NOON)
        assert await allocated(world) == {AT_SHOP: 1}
